#!/usr/bin/env python3
"""Makes GGUF files with the public `gguf` package, for tests to read:

  src/formats/testdata/golden.gguf            every type of value, tensors of several types, an alignment of its own
  src/formats/testdata/split-0000N-of-00003.gguf  one model in three parts
  tests/golden/gguf/MODEL-TYPE.gguf           the tiny checkpoints of tests/golden/models, converted
  src/tokenizer/testdata/named_pre_tokenizers.json  what Hugging Face tokenizers does with each named pre-tokenizer
  tests/fuzz/corpus/gguf/                     what the fuzzer starts from

    python3 -m venv venv && venv/bin/pip install gguf numpy safetensors tokenizers
    venv/bin/python tools/gguf_make_goldens.py

  gguf_make_goldens.py FOLDER OUT.gguf [f32|f16|bf16]   converts one model folder, or only its tokenizer.json

Models are converted as llama.cpp's convert_hf_to_gguf does: matrices in the type asked for and vectors in F32; the rows
of q and k of the llama architecture put in the order of interleaved RoPE, head by head; llama3 scaling of frequencies as
factors in rope_freqs.weight.
"""
import json
import pathlib
import sys

import gguf
import numpy as np
from safetensors import safe_open

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN_MODELS = ROOT / "tests/golden/models"

LAYER_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
OUTER_NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
TYPES = {"f32": gguf.GGMLQuantizationType.F32, "f16": gguf.GGMLQuantizationType.F16,
         "bf16": gguf.GGMLQuantizationType.BF16}

# tokenizer.ggml.pre, and the pre_tokenizer, normalizer and ignore_merges that it stands for.
PATTERNS = {
    "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "seed-coder": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
}


def name_of_pre_tokenizer(tokenizer):
    """The name for a tokenizer.json's pre-tokenizer, by what it says."""
    fields = tokenizer["pre_tokenizer"]
    steps = fields.get("pretokenizers", [fields])
    patterns = [s["pattern"]["Regex"] for s in steps if s["type"] == "Split"]
    if not patterns:
        return {1: "gpt-2", 2: "starcoder"}[len(steps)]
    for name, pattern in PATTERNS.items():
        if [pattern] == patterns:
            return name
    sys.exit(f"no name for pre-tokenizer {patterns}")


def add_vocabulary(writer, folder, vocab_size):
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    config_file = folder / "tokenizer_config.json"
    config = json.loads(config_file.read_text(encoding="utf-8")) if config_file.exists() else {}
    model, added = tokenizer["model"], {t["id"]: t for t in tokenizer["added_tokens"]}
    texts = {i: text for text, i in model["vocab"].items()} | {i: t["content"] for i, t in added.items()}
    tokens, kinds = [], []
    for i in range(max(vocab_size, 1 + max(texts))):
        tokens.append(texts.get(i, f"[PAD{i}]"))
        special = i in added and (added[i]["special"] or (tokens[i].startswith("<|") and tokens[i].endswith("|>")))
        kinds.append(gguf.TokenType.UNUSED if i not in texts else gguf.TokenType.CONTROL if special
                     else gguf.TokenType.USER_DEFINED if i in added else gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name_of_pre_tokenizer(tokenizer))
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    ids = {text: i for i, text in texts.items()}
    text_of = lambda token: token if isinstance(token, str) or token is None else token["content"]
    for role, add in (("bos", writer.add_bos_token_id), ("eos", writer.add_eos_token_id), ("pad", writer.add_pad_token_id)):
        if (token := text_of(config.get(f"{role}_token"))) is not None:
            add(ids[token])
    if "TemplateProcessing" in json.dumps(tokenizer["post_processor"]):
        writer.add_add_bos_token(True)
    if "chat_template" in config:
        writer.add_chat_template(config["chat_template"])


def permute(rows, n_heads):
    """Half-split heads to interleaved ones: row i and row i + D/2 of a head become neighbours."""
    return rows.reshape(n_heads, 2, rows.shape[0] // n_heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def rope_factors(head_dim, theta, scaling):
    freqs = 1.0 / (theta ** (np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)))
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    original, factor = scaling["original_max_position_embeddings"], scaling["factor"]
    factors = []
    for wavelength in 2 * np.pi / freqs.astype(np.float64):
        smooth = (original / wavelength - low) / (high - low)
        factors.append(1 if wavelength < original / high else factor if wavelength > original / low
                       else 1 / ((1 - smooth) / factor + smooth))
    return np.array(factors, dtype=np.float32)


def to_type(values, dtype):
    """F32 values as the array that the writer takes for the type."""
    if dtype == "f32":
        return values
    if dtype == "f16":
        return values.astype(np.float16)
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def read_tensors(folder):
    """name -> F32 array, of all *.safetensors of a model."""
    import torch  # BF16, which numpy does not have
    for path in sorted(folder.glob("model*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                yield name, file.get_tensor(name).to(torch.float32).numpy()


def gguf_name(name, architecture):
    base, kind = name.rsplit(".", 1)
    if base in OUTER_NAMES:
        return f"{OUTER_NAMES[base]}.{kind}"
    _, _, layer, rest = base.split(".", 3)
    part = LAYER_NAMES[rest]
    if architecture == "seed_oss" and part == "ffn_norm":
        part = "post_attention_norm"
    return f"blk.{layer}.{part}.{kind}"


def convert(folder, out, dtype):
    config = json.loads((folder / "config.json").read_text()) if (folder / "config.json").exists() else {}
    architecture = config.get("model_type", "llama")
    writer = gguf.GGUFWriter(out, architecture)
    writer.add_name(folder.name)
    if config:
        rope = config.get("rope_parameters") or {"rope_theta": config["rope_theta"], **(config.get("rope_scaling") or {})}
        head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        writer.add_block_count(config["num_hidden_layers"])
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(config["num_attention_heads"])
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_rope_freq_base(rope["rope_theta"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
        writer.add_vocab_size(config["vocab_size"])
        if architecture == "llama":
            writer.add_rope_dimension_count(head_dim)
    if (folder / "tokenizer.json").exists():
        add_vocabulary(writer, folder, config.get("vocab_size", 0))
    else:
        writer.add_tokenizer_model("no_vocab")
    if config and rope.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_factors(head_dim, rope["rope_theta"], rope))
    for name, values in read_tensors(folder):
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        if architecture == "llama" and ".q_proj." in name:
            values = permute(values, config["num_attention_heads"])
        if architecture == "llama" and ".k_proj." in name:
            values = permute(values, config["num_key_value_heads"])
        kind = dtype if values.ndim > 1 else "f32"
        writer.add_tensor(gguf_name(name, architecture), np.ascontiguousarray(to_type(values, kind)), raw_dtype=TYPES[kind])
    close(writer)


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_golden(path):
    writer = gguf.GGUFWriter(path, "golden")
    writer.add_custom_alignment(64)
    writer.add_uint8("value.u8", 200)
    writer.add_int8("value.i8", -100)
    writer.add_uint16("value.u16", 60000)
    writer.add_int16("value.i16", -30000)
    writer.add_uint32("value.u32", 4000000000)
    writer.add_int32("value.i32", -2000000000)
    writer.add_uint64("value.u64", 2**63)
    writer.add_int64("value.i64", -(2**62))
    writer.add_float32("value.f32", 0.1)
    writer.add_float64("value.f64", 0.1)
    writer.add_bool("value.true", True)
    writer.add_bool("value.false", False)
    writer.add_string("value.string", "été")
    writer.add_key_value("array.u8", [1, 2, 250], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT8)
    writer.add_key_value("array.i64", [-1, 2], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.INT64)
    writer.add_key_value("array.f64", [0.5, -0.25], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.FLOAT64)
    writer.add_key_value("array.bool", [True, False], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.BOOL)
    writer.add_array("array.strings", ["one", "", "three"])
    writer.add_array("array.nested", [[1, 2], [3]])
    for name, shape, dtype in (("f32", (2, 3), np.float32), ("f16", (3, 1, 5), np.float16), ("i32", (4,), np.int32),
                               ("i8", (2, 2, 2, 2), np.int8), ("i64", (3,), np.int64)):
        writer.add_tensor(name, np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    writer.add_tensor("bf16", to_type(np.array([[1.0, -2.5]], dtype=np.float32), "bf16"), raw_dtype=TYPES["bf16"])
    blocks = gguf.quants.quantize(np.linspace(-1, 1, 128, dtype=np.float32).reshape(2, 64), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("q8_0", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    close(writer)


def make_split(folder):
    writer = gguf.GGUFWriter(folder / "split.gguf", "golden", split_max_tensors=2)
    writer.add_string("value.string", "in the first part")
    for i in range(5):
        writer.add_tensor(f"tensor.{i}", np.full((2, 8), i, dtype=np.float32))
    close(writer)


def make_fuzz_corpus(folder):
    """A model as small as can be, with a vocabulary; and the same without tensors."""
    folder.mkdir(exist_ok=True)
    for name in ("model", "vocabulary"):
        writer = gguf.GGUFWriter(folder / name, "llama")
        for add, value in ((writer.add_block_count, 1), (writer.add_context_length, 8), (writer.add_embedding_length, 4),
                           (writer.add_feed_forward_length, 4), (writer.add_head_count, 2), (writer.add_head_count_kv, 1),
                           (writer.add_layer_norm_rms_eps, 1e-5), (writer.add_rope_freq_base, 1e4)):
            add(value)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("llama-bpe")
        writer.add_token_list(["a", "b", "ab", "<s>", "<t>", "[PAD5]"])
        writer.add_token_types([1, 1, 1, 3, 4, 5])
        writer.add_token_merges(["a b"])
        writer.add_bos_token_id(3)
        writer.add_eos_token_id(3)
        writer.add_chat_template("{{ messages[0].content }}")
        if name == "model":
            shapes = {"token_embd": (6, 4), "output_norm": (4,), "blk.0.attn_norm": (4,), "blk.0.attn_q": (4, 4),
                      "blk.0.attn_k": (2, 4), "blk.0.attn_v": (2, 4), "blk.0.attn_output": (4, 4), "blk.0.ffn_norm": (4,),
                      "blk.0.ffn_gate": (4, 4), "blk.0.ffn_up": (4, 4), "blk.0.ffn_down": (4, 4), "rope_freqs": (1,)}
            for tensor, shape in shapes.items():
                writer.add_tensor(f"{tensor}.weight", np.ones(shape, dtype=np.float32))
        close(writer)


TEXTS = ["the cat sat on the mat, it's 2024!", "  two  spaces \n\n\t x", "Été à la plage, e\u0301te\u0301 chaud", "don't WE'LL 'S",
         "日本語 日本、本。カタカナ 한국어", "1234567 12 3.14 ½ ٣", "a\r\nb\n\n  \n c   ", "https://x.y/z?q=1&r=[2] -- ***", "ǆ Ω ﬁ Ａ１ 𐐀 ᾳ",
         "trailing   ", "\u3000。，！ ‘quoted’ “so”", "ПРИВЕТ мир ქართული ไทย"]


def make_named_pre_tokenizers(path):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = lambda pattern: {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    sequence = lambda *steps: {"type": "Sequence", "pretokenizers": list(steps)}
    han = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
    fields = {name: sequence(split(pattern), byte_level) for name, pattern in PATTERNS.items()}
    fields["deepseek-coder"] = sequence(split("[\r\n]"), split("\\s?\\p{L}+"), split("\\s?\\p{P}+"), split(han),
                                        {"type": "Digits", "individual_digits": True}, byte_level)
    fields["gpt-2"] = byte_level | {"use_regex": True}
    fields["starcoder"] = sequence({"type": "Digits", "individual_digits": True}, byte_level | {"use_regex": True})
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.train_from_iterator(TEXTS * 3, trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    cases = {}
    for name, pre_tokenizer in fields.items():
        model["ignore_merges"] = name == "llama-bpe"
        file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
                "normalizer": {"type": "NFC"} if name == "qwen2" else None, "pre_tokenizer": pre_tokenizer,
                "post_processor": None, "decoder": byte_level, "model": model}
        made = Tokenizer.from_str(json.dumps(file))
        cases[name] = [made.encode(text).ids for text in TEXTS]
    tokens = [text for text, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    import tokenizers
    path.write_text(json.dumps({"tokenizers": tokenizers.__version__, "tokens": tokens, "merges": merges, "texts": TEXTS,
                                "cases": cases}, ensure_ascii=True) + "\n")


def main():
    if len(sys.argv) > 2:
        return convert(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), (sys.argv[3:] or ["f32"])[0])
    formats = ROOT / "src/formats/testdata"
    make_golden(formats / "golden.gguf")
    for old in formats.glob("split-*.gguf"):
        old.unlink()
    make_split(formats)
    corpus = ROOT / "tests/fuzz/corpus/gguf"
    make_fuzz_corpus(corpus)
    make_golden(corpus / "golden")
    make_named_pre_tokenizers(ROOT / "src/tokenizer/testdata/named_pre_tokenizers.json")
    out = ROOT / "tests/golden/gguf"
    out.mkdir(exist_ok=True)
    for name in ("llama", "qwen3", "seed-oss"):
        for dtype in ("f32", "f16", "bf16"):
            # BF16 weights fit F16 exactly here but for the tiniest; F32 ones would be rounded.
            convert(GOLDEN_MODELS / f"{name}-{'f32' if dtype == 'f32' else 'bf16'}", out / f"{name}-{dtype}.gguf", dtype)


if __name__ == "__main__":
    main()
