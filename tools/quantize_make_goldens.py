#!/usr/bin/env python3
"""Makes src/quantize/testdata/type_mixes.json: the types that llama.cpp's quantiser gives the tensors of small models.

    tools/quantize_make_goldens.py path/to/llama-quantize

Needs the packages gguf and numpy. Made with gguf 0.19 and llama-quantize of llama-cpp-python 0.3.36. The models have
random weights; only their names and shapes matter, and rows are whole super-blocks.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy

OUT = pathlib.Path(__file__).resolve().parents[1] / "src/quantize/testdata/type_mixes.json"
MIXES = ["F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "IQ4_NL",
         "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "Q2_K_S"]
NEED_IMPORTANCE = ["Q2_K_S"]  # llama.cpp refuses it otherwise
HIDDEN = 256


def matrices(n_layers, n_heads, n_kv_heads, tied):
    kv = HIDDEN // n_heads * n_kv_heads
    yield "token_embd.weight", (64, HIDDEN)
    if not tied:
        yield "output.weight", (64, HIDDEN)
    for i in range(n_layers):
        for name, rows in [("attn_q", HIDDEN), ("attn_k", kv), ("attn_v", kv), ("attn_output", HIDDEN),
                           ("ffn_gate", HIDDEN), ("ffn_up", HIDDEN), ("ffn_down", HIDDEN)]:
            yield f"blk.{i}.{name}.weight", (rows, HIDDEN)


def write_model(path, n_layers, n_heads, n_kv_heads, tied):
    rng = numpy.random.default_rng(1)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(n_layers)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(n_heads)
    writer.add_head_count_kv(n_kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HIDDEN // n_heads)
    writer.add_vocab_size(64)
    writer.add_tokenizer_model("none")
    norms = ["output_norm"] + [f"blk.{i}.{n}" for i in range(n_layers) for n in ("attn_norm", "ffn_norm")]
    for norm in norms:
        writer.add_tensor(norm + ".weight", numpy.ones(HIDDEN, numpy.float32))
    for name, shape in matrices(n_layers, n_heads, n_kv_heads, tied):
        writer.add_tensor(name, rng.standard_normal(shape, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_imatrix(path, *shape_args):
    """The legacy form: all columns weigh the same."""
    entries = list(matrices(*shape_args))
    with open(path, "wb") as out:
        out.write(numpy.int32(len(entries)).tobytes())
        for name, (_, columns) in entries:
            out.write(numpy.int32(len(name)).tobytes() + name.encode())
            out.write(numpy.array([1, columns], numpy.int32).tobytes())
            out.write(numpy.ones(columns, numpy.float32).tobytes())


def main():
    quantiser = sys.argv[1]
    models = []
    for shape in [(16, 4, 1, False), (16, 4, 2, True), (32, 2, 2, False), (5, 4, 1, False)]:
        for importance in (False, True):
            n_layers, n_heads, n_kv_heads, tied = shape
            mixes = {}
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                write_model(folder / "in.gguf", *shape)
                write_imatrix(folder / "imatrix.dat", *shape)
                for mix in MIXES:
                    if mix in NEED_IMPORTANCE and not importance:
                        continue
                    extra = ["--imatrix", str(folder / "imatrix.dat")] if importance else []
                    subprocess.run([quantiser, *extra, str(folder / "in.gguf"), str(folder / "out.gguf"), mix, "2"], check=True,
                                   capture_output=True)
                    types = {t.name: t.tensor_type.name for t in gguf.GGUFReader(folder / "out.gguf").tensors}
                    types = {name: types[name] for name, _ in matrices(*shape)}
                    most = collections.Counter(types.values()).most_common(1)[0][0]
                    mixes[mix] = {"most": most, "others": {n: t for n, t in types.items() if t != most}}
            models.append({"architecture": "llama", "n_layers": n_layers, "queries_per_kv_head": n_heads // n_kv_heads,
                           "tied_embeddings": tied, "has_importance": importance,
                           "names": [name for name, _ in matrices(*shape)], "mixes": mixes})
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"models": models}, separators=(",", ":")) + "\n")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
