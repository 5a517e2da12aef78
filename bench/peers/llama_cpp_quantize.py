#!/usr/bin/env python3
"""hermes quantize and llama.cpp's llama-quantize on the same GGUF file, in turns: seconds, and the errors they leave.

    bench/peers/llama_cpp_quantize.py --hermes build/cpu-release/hermes --llama-quantize PATH/llama-quantize model-bf16.gguf \
        [--types Q4_K_M,Q8_0] [-t 2] [--rounds 3] [--json FILE]
    bench/peers/llama_cpp_quantize.py ... --drawn        errors of single types on drawn weights, instead of a model

Rates are medians over rounds, the order turned round from one to the next; the ratio is the median of the rounds'. Errors
are root mean squares relative to the weights', decoded by the gguf package, of rows of each tensor that both rounded; with
--drawn, 262,144 elements of N(0, 0.02) and of a t distribution of 4 degrees of freedom, without importance and with one
drawn from a Gamma distribution of shape 1/2 for each column (the error then weighted by it).
Needs the packages gguf and numpy.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import gguf
import gguf.quants
import numpy

COLUMNS, ROWS = 1024, 256


def run(command):
    begin = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stderr[-2000:]}")
    return time.monotonic() - begin


def commands(args, model, mix, folder, extra_ours=(), extra_theirs=()):
    ours, theirs = folder / "ours.gguf", folder / "theirs.gguf"
    return [(ours, [args.hermes, "quantize", model, ours, "--type", mix, "--force", "-t", str(args.threads), *extra_ours]),
            (theirs, [args.llama_quantize, *extra_theirs, model, theirs, mix, str(args.threads)])]


def floats(tensor, most_rows=None):
    """The elements, or those of some rows, evenly spaced: decoding takes longer than encoding did."""
    data = tensor.data
    if most_rows and data.ndim == 2:
        data = data[:: max(1, data.shape[0] // most_rows)]
    return decoded(data, tensor)


def decoded(data, tensor):
    if tensor.tensor_type == gguf.GGMLQuantizationType.BF16:
        return (data.view(numpy.uint16).astype(numpy.uint32) << 16).view(numpy.float32)
    if tensor.tensor_type in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16):
        return data.astype(numpy.float32)
    return gguf.quants.dequantize(data, tensor.tensor_type)


def error(x, y, weights=1.0):
    x, y = x.astype(numpy.float64), y.astype(numpy.float64)
    return float(numpy.sqrt((weights * (y - x) ** 2).sum() / (weights * x**2).sum()))


def by_name(path):
    return {t.name: t for t in gguf.GGUFReader(path).tensors}


def compare_model(args, model, mix):
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        pair = commands(args, model, mix, pathlib.Path(folder))
        rounds = []
        for turn in range(args.rounds):
            seconds = {}
            for path, command in pair if turn % 2 == 0 else reversed(pair):
                seconds[path] = run(command)
            rounds.append([seconds[path] for path, _ in pair])
        source, ours, theirs = by_name(model), by_name(pair[0][0]), by_name(pair[1][0])
        errors = {}
        for name, tensor in source.items():
            if ours[name].tensor_type != theirs[name].tensor_type:
                sys.exit(f"{name}: {ours[name].tensor_type.name} and {theirs[name].tensor_type.name}")
            if ours[name].tensor_type == tensor.tensor_type:
                continue
            x = floats(tensor, args.error_rows)
            errors[name] = [error(x, floats(made[name], args.error_rows)) for made in (ours, theirs)]
        sizes = [path.stat().st_size for path, _ in pair]
    elements = sum(int(numpy.prod(t.shape)) for t in source.values())
    ours_s, theirs_s = (statistics.median(r[i] for r in rounds) for i in (0, 1))
    ratio = statistics.median(r[1] / r[0] for r in rounds)
    shares = sorted(o / t for o, t in errors.values() if t > 0)
    print(f"{pathlib.Path(model).name} {mix}: {elements / ours_s / 1e6:.1f} and {elements / theirs_s / 1e6:.1f} M weights/s, ratio "
          f"{ratio:.2f}; {sizes[0] / 1e6:.1f} and {sizes[1] / 1e6:.1f} MB; error beside llama.cpp's: median "
          f"{statistics.median(shares):.3f}, worst {shares[-1]:.4f} of {len(shares)} tensors", flush=True)
    return {"model": pathlib.Path(model).name, "type": mix, "threads": args.threads, "seconds": rounds, "ratio": ratio,
            "bytes": sizes, "errors": errors}


def write_drawn(path, rng):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_embedding_length(COLUMNS)
    writer.add_feed_forward_length(ROWS)
    writer.add_head_count(8)
    writer.add_head_count_kv(8)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(COLUMNS // 8)
    writer.add_vocab_size(32)
    writer.add_tokenizer_model("none")
    x = {"blk.0.ffn_gate.weight": 0.02 * rng.standard_normal((ROWS, COLUMNS)),
         "blk.0.ffn_up.weight": 0.02 * rng.standard_t(4, (ROWS, COLUMNS))}
    square = 0.02 * rng.standard_normal((COLUMNS, COLUMNS))
    rest = {f"blk.0.attn_{n}.weight": square for n in ("q", "k", "v", "output")}
    rest["blk.0.ffn_down.weight"] = 0.02 * rng.standard_normal((COLUMNS, ROWS))
    rest["token_embd.weight"] = rest["output.weight"] = 0.02 * rng.standard_normal((32, COLUMNS))
    for norm in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        rest[norm + ".weight"] = numpy.ones(COLUMNS)
    for name, values in {**x, **rest}.items():
        writer.add_tensor(name, values.astype(numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return {name: values.astype(numpy.float32) for name, values in x.items()}, {**x, **rest}


def write_importance(path, names, importance):
    with open(path, "wb") as out:
        out.write(numpy.int32(len(names)).tobytes())
        for name, columns in names:
            out.write(numpy.int32(len(name)).tobytes() + name.encode())
            out.write(numpy.array([1, columns], numpy.int32).tobytes())
            out.write(importance[:columns].astype(numpy.float32).tobytes())


def compare_drawn(args):
    rng = numpy.random.default_rng(1)
    importance = rng.gamma(0.5, 1, COLUMNS).astype(numpy.float32)
    print("| | " + " | ".join(f"{what}{kind}" for what in ("normal", "heavy-tailed") for kind in
                              (": ggml", ": ours", ", by importance: ggml", ", by importance: ours")) + " |")
    rows = {}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        folder = pathlib.Path(folder)
        x, every = write_drawn(folder / "in.gguf", rng)
        write_importance(folder / "imatrix.dat", [(n, v.shape[1]) for n, v in every.items() if v.ndim == 2], importance)
        for mix in args.types.split(","):
            cells = {name: [] for name in x}
            for weighted in (False, True):
                ours = ["--pure", *(["--imatrix", folder / "imatrix.dat"] if weighted else [])]
                pair = commands(args, folder / "in.gguf", mix, folder, ours, ours)
                for _, command in pair:
                    run(command)
                made = [by_name(path) for path, _ in pair]
                for name, values in x.items():
                    weights = importance if weighted else 1.0
                    cells[name] += [error(values, floats(tensors[name]), weights) for tensors in reversed(made)]
            rows[mix] = [e for name in x for e in cells[name]]
            print(f"| {mix} | " + " | ".join(f"{100 * e:.3f}" for e in rows[mix]) + " |", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--hermes", default="build/cpu-release/hermes")
    parser.add_argument("--llama-quantize", required=True)
    parser.add_argument("--types")
    parser.add_argument("--drawn", action="store_true")
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--error-rows", type=int, default=64, help="rows of each tensor of which errors are taken; 0: all")
    parser.add_argument("--folder", help="where to write what is compared (twice the size of the result)")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    if args.drawn:
        args.types = args.types or "Q4_0,Q4_1,Q5_0,Q5_1,Q8_0,Q2_K,Q3_K_S,Q4_K_S,Q5_K_S,Q6_K,IQ4_NL,IQ4_XS"
        found = compare_drawn(args)
    else:
        types = (args.types or "Q4_K_M").split(",")
        found = [compare_model(args, model, mix) for model in args.models for mix in types]
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
