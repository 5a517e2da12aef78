#!/usr/bin/env python3
"""hermes bench and llama.cpp's llama-bench on the same GGUF files, in turns, side by side.

    bench/peers/llama_cpp.py --hermes build/cpu-release/hermes --llama-bench PATH/llama-bench model.gguf [...] \
        [-p 512,2048] [-n 32] [-d 0,8192] [-t 2] [--rounds 3] [--json FILE]

Each round runs every test once with each engine, the order turned round from one round to the next, so that a machine
that changes its speed by the minute does so to both; figures are medians over the rounds, ratios are medians of the
rounds' ratios. Both use an F16 cache; llama-bench its other defaults. llama-bench is built from the source package of
llama-cpp-python (`pip download --no-binary :all: --no-deps llama-cpp-python`, then its vendor/llama.cpp with cmake,
target llama-bench), or is whatever the path says.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout)


def hermes(args, model, test):
    extra = ["--activations", "bf16"] if args.activations == "bf16" else []
    out = run([args.hermes, "bench", model, "-p", str(test["p"]), "-n", str(test["n"]), "-d", str(test["d"]), "-r", "1",
               "-t", str(args.threads), "--kv-dtype", args.kv_dtype, "--json", *extra])
    return out[0]["tokens_per_second"], out[0]["bandwidth_share"], out[0]["matrix_share"]


def llama(args, model, test):
    command = [args.llama_bench, "-m", model, "-p", str(test["p"]), "-n", str(test["n"]), "-d", str(test["d"]), "-r", "1",
               "-t", str(args.threads), "-o", "json"]
    return run(command)[0]["avg_ts"]


def numbers(text):
    return [int(n) for n in text.split(",") if n]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--hermes", default="build/cpu-release/hermes")
    parser.add_argument("--llama-bench", required=True)
    parser.add_argument("-p", "--prompt", type=numbers, default=[512])
    parser.add_argument("-n", "--gen", type=numbers, default=[32])
    parser.add_argument("-d", "--depth", type=numbers, default=[0])
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--kv-dtype", default="f16")
    parser.add_argument("--activations", choices=["f32", "bf16"], default="f32", help="of hermes, for BF16 weights")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()

    tests = [{"p": p, "n": 0, "d": d} for d in args.depth for p in args.prompt]
    tests += [{"p": 0, "n": n, "d": d} for d in args.depth for n in args.gen]
    rows = []
    print(f"{'model':<28} {'test':<16} {'hermes':>9} {'llama.cpp':>10} {'ratio':>6}  of bandwidth  of arithmetic peak")
    for model in args.models:
        for test in tests:
            ours, theirs = [], []
            for turn in range(args.rounds):
                engines = [lambda: ours.append(hermes(args, model, test)), lambda: theirs.append(llama(args, model, test))]
                for engine in engines if turn % 2 == 0 else reversed(engines):
                    engine()
            row = {
                "model": pathlib.Path(model).name, **test, "threads": args.threads,
                "hermes": statistics.median(o[0] for o in ours), "llama_cpp": statistics.median(theirs),
                "ratio": statistics.median(o[0] / t for o, t in zip(ours, theirs)),
                "bandwidth_share": statistics.median(o[1] for o in ours) if test["n"] else None,
                "matrix_share": statistics.median(o[2] for o in ours),
                "rounds": [[o[0], t] for o, t in zip(ours, theirs)],
            }
            rows.append(row)
            name = f"pp{test['p']}" if test["p"] else f"tg{test['n']}"
            share = f"{100 * row['bandwidth_share']:.0f} %" if test["n"] else ""
            print(f"{row['model']:<28} {name + ' @ ' + str(test['d']):<16} {row['hermes']:>9.2f} {row['llama_cpp']:>10.2f} "
                  f"{row['ratio']:>6.2f}  {share:>12}  {100 * row['matrix_share']:>16.0f} %", flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
