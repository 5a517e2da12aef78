#!/usr/bin/env python3
"""Writes tests/golden/models: tiny random checkpoints and what Hugging Face transformers makes of them.

The first model also gets a byte-level tokenizer, and `golden.json` says what transformers makes of a text prompt.

For each model a folder in Hugging Face layout, as save_pretrained writes it, with F32 or BF16 weights, and beside the
weights `golden.safetensors`: token ids of a prompt, its logits at every position, and 64 greedy tokens that follow,
all from a run in fp32 (BF16 weights widened first), eager attention. The versions are noted in VERSIONS.

    python3 -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python tools/model_make_goldens.py tests/golden/models
"""
import json
import pathlib
import shutil
import sys

import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3Config, SeedOssConfig

LLAMA3_ROPE = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)

# Small, and awkward where real models are: odd vocabularies, q width apart from hidden, tied and untied embeddings.
MODELS = {
    # The shape of the 70B and 405B: llama3 scaling, untied. original_max 64, so that all three bands of frequencies occur.
    "llama": LlamaConfig(
        vocab_size=263, hidden_size=48, intermediate_size=88, num_hidden_layers=3, num_attention_heads=6,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=512, rms_norm_eps=1e-5, rope_theta=500000.0,
        rope_scaling=LLAMA3_ROPE, tie_word_embeddings=False, bos_token_id=0, eos_token_id=[1, 2]),
    # Llama-3.2-1B's kind: tied embeddings.
    "llama-tied": LlamaConfig(
        vocab_size=131, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, head_dim=16, max_position_embeddings=256, rms_norm_eps=1e-5, rope_theta=10000.0,
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=1),
    # The 14B: QK norm, no biases, head_dim given.
    "qwen3": Qwen3Config(
        vocab_size=257, hidden_size=40, intermediate_size=72, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=256, rms_norm_eps=1e-6, rope_theta=1000000.0,
        tie_word_embeddings=False, bos_token_id=0, eos_token_id=1),
    # The 36B: q, k, v biases, q width 2 x hidden, output projection without bias.
    "seed-oss": SeedOssConfig(
        vocab_size=311, hidden_size=32, intermediate_size=80, num_hidden_layers=2, num_attention_heads=8,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=256, rms_norm_eps=1e-6, rope_theta=10000000.0,
        attention_bias=True, attention_out_bias=False, mlp_bias=False, tie_word_embeddings=False,
        bos_token_id=0, eos_token_id=1),
}
TEXT_PROMPT = "Hello, thé world"
PROMPT_TOKENS = 40
GREEDY_TOKENS = 64


def randomise(model, seed):
    """Weights large enough that attention and the norms matter; transformers' own start is nearly uniform."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            if name.endswith("norm.weight"):
                p.copy_(1.0 + 0.3 * noise)
            elif name.endswith("bias"):
                p.copy_(0.5 * noise)
            elif "embed" in name:
                p.copy_(noise)
            else:
                p.copy_(noise * 1.5 / p.shape[1] ** 0.5)


def golden(model, seed):
    generator = torch.Generator().manual_seed(seed)
    prompt = torch.randint(3, model.config.vocab_size, (1, PROMPT_TOKENS), generator=generator)
    with torch.no_grad():
        logits = model(prompt).logits[0]
        ids, margins = prompt, []
        for _ in range(GREEDY_TOKENS):  # no cache: the plainest run there is
            row = model(ids).logits[0, -1]
            top = torch.topk(row, 2)
            margins.append(((top.values[0] - top.values[1]) / row.std()).item())
            ids = torch.cat([ids, top.indices[:1].view(1, 1)], dim=1)
    print(f"  smallest margin between first and second: {min(margins):.4f} standard deviations of the logits")
    return {"prompt": prompt[0].to(torch.int32), "logits": logits.float().contiguous(),
            "greedy": ids[0, PROMPT_TOKENS:].to(torch.int32)}


def write_tokenizer(folder, vocab_size):
    """Bytes and four merges, behind three special tokens: as many ids as the model has rows."""
    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    merges = [("h", "e"), ("l", "l"), ("he", "ll"), ("Ġ", "w")]
    texts = specials + alphabet + ["".join(pair) for pair in merges]
    assert len(texts) == vocab_size
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE({t: i for i, t in enumerate(texts)}, merges))
    tokenizer.add_special_tokens(specials)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"bos_token": specials[0], "eos_token": specials[2], "model_max_length": 512,
         "chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}"}, indent=2) + "\n")
    return tokenizer


def write_text_golden(folder, model):
    tokenizer = write_tokenizer(folder, model.config.vocab_size)
    ids = tokenizer.encode(TEXT_PROMPT).ids
    prompt = torch.tensor([ids])
    out = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=32, do_sample=False,
                         pad_token_id=0)[0].tolist()[len(ids):]
    text = tokenizer.decode(out, skip_special_tokens=True)
    (folder / "golden.json").write_text(json.dumps(
        {"prompt": TEXT_PROMPT, "prompt_ids": ids, "completion_ids": out, "text": text}, indent=1) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    for index, (name, config) in enumerate(MODELS.items()):
        for dtype in ("f32", "bf16"):
            print(f"{name}-{dtype}")
            config._attn_implementation = "eager"
            model = AutoModelForCausalLM.from_config(config)
            randomise(model, seed=1000 + index)
            folder = out / f"{name}-{dtype}"
            shutil.rmtree(folder, ignore_errors=True)
            if dtype == "bf16":
                model = model.to(torch.bfloat16)
            # The first F32 model is sharded, so that the index file is read in earnest.
            model.save_pretrained(folder, max_shard_size="100KB" if (name, dtype) == ("llama", "f32") else "1GB")
            # Loaded anew: a cast in place would also have rounded the rotary table.
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
            save_file(golden(model, seed=2000 + index), folder / "golden.safetensors")
            if (name, dtype) == ("llama", "f32"):
                write_text_golden(folder, model)
    (out / "VERSIONS").write_text(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__},
                                             indent=2) + "\n")


if __name__ == "__main__":
    main()
