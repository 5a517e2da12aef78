#!/usr/bin/env python3
"""hermes bench and the llama-bench of llama.cpp and its forks on the same GGUF files, in turns, side by side.

    bench/peers/llama_cpp.py --hermes build/cpu-release/hermes --peer llama.cpp=PATH/llama-bench \
        [--peer "ik -rtr=PATH/llama-bench -rtr 1" ...] model.gguf [...] \
        [-p 512,2048] [-n 32] [-d 0,8192] [-t 2] [--rounds 3] [--json FILE]

A peer is a name and a command, with options of its own where it has any. Each round runs every test once with each
engine, the order turned round from one round to the next, so that a machine that changes its speed by the minute does
so to all; figures are medians over the rounds, ratios (hermes by peer) are medians of the rounds' ratios. All use an
F16 cache; llama-bench its other defaults. ik_llama.cpp's has no -d: generation at a depth is its -gp, a prompt at a
depth it does not measure.
llama.cpp is built from the source package of llama-cpp-python (`pip download --no-binary :all: --no-deps
llama-cpp-python`, then its vendor/llama.cpp with cmake, target llama-bench), ik_llama.cpp from its repository, or each
is whatever the path says.
"""
import argparse
import functools
import json
import pathlib
import shlex
import statistics
import subprocess
import sys


def run(command, folder=None):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=folder)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stderr[-2000:]}")
    return result


def hermes(args, model, test):
    extra = ["--activations", "bf16"] if args.activations == "bf16" else []
    out = json.loads(run([args.hermes, "bench", model, "-p", test["p"], "-n", test["n"], "-d", test["d"], "-r", 1,
                          "-t", args.threads, "--kv-dtype", args.kv_dtype, "--json", *extra]).stdout)
    return out[0]


@functools.cache
def has_depth(program):
    return "--n-depth" in subprocess.run([program, "--help"], capture_output=True, text=True).stdout


def peer(command, args, model, test):
    """Tokens per second, or None for what the peer has no test for."""
    what = ["-p", test["p"], "-n", test["n"]]
    if test["d"] and has_depth(command[0]):
        what += ["-d", test["d"]]
    elif test["d"] and test["p"]:
        return None
    elif test["d"]:
        what = ["-p", 0, "-n", 0, "-gp", f"{test['d']},{test['n']}"]
    return json.loads(run([*command, "-m", model, *what, "-r", 1, "-t", args.threads, "-o", "json"]).stdout)[0]["avg_ts"]


def race(engines, rounds):
    """What each engine returned, by its name, a list of one for each round."""
    results = {name: [] for name in engines}
    for turn in range(rounds):
        for name in engines if turn % 2 == 0 else reversed(engines):
            results[name].append(engines[name]())
    return results


def compared(ours, theirs):
    """Median and ratio of a peer's rates by round; None where it has none."""
    if None in theirs:
        return None
    return {"tokens_per_second": statistics.median(theirs),
            "ratio": statistics.median(o / t for o, t in zip(ours, theirs))}


def heading(args):
    return f"{'hermes':>9}" + "".join(f" {name:>14} {'ratio':>6}" for name, _ in args.peer)


def figures(row):
    return f"{row['hermes']:>9.2f}" + "".join(
        f" {p['tokens_per_second']:>14.2f} {p['ratio']:>6.2f}" if p else f" {'-':>14} {'-':>6}"
        for p in row["peers"].values())


def numbers(text):
    return [int(n) for n in text.split(",") if n]


def named_command(text):
    name, equals, command = text.partition("=")
    if not name or not equals or not shlex.split(command):
        raise argparse.ArgumentTypeError(f"{text}: not NAME=COMMAND")
    return name, shlex.split(command)


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--hermes", default="build/cpu-release/hermes")
    parser.add_argument("--peer", type=named_command, action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--kv-dtype", default="f16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    return parser


def main():
    parser = arguments(__doc__)
    parser.add_argument("-p", "--prompt", type=numbers, default=[512])
    parser.add_argument("-n", "--gen", type=numbers, default=[32])
    parser.add_argument("-d", "--depth", type=numbers, default=[0])
    parser.add_argument("--activations", choices=["f32", "bf16"], default="f32", help="of hermes, for BF16 weights")
    args = parser.parse_args()

    tests = [{"p": p, "n": 0, "d": d} for d in args.depth for p in args.prompt if p > 0]
    tests += [{"p": 0, "n": n, "d": d} for d in args.depth for n in args.gen if n > 0]
    rows = []
    print(f"{'model':<28} {'test':<16} {heading(args)}  of bandwidth  of arithmetic peak")
    for model in args.models:
        for test in tests:
            engines = {"hermes": functools.partial(hermes, args, model, test)}
            engines |= {name: functools.partial(peer, command, args, model, test) for name, command in args.peer}
            results = race(engines, args.rounds)
            ours = results["hermes"]
            rates = results | {"hermes": [o["tokens_per_second"] for o in ours]}
            row = {
                "model": pathlib.Path(model).name, **test, "threads": args.threads,
                "hermes": statistics.median(rates["hermes"]),
                "peers": {name: compared(rates["hermes"], rates[name]) for name, _ in args.peer},
                "bandwidth_share": statistics.median(o["bandwidth_share"] for o in ours) if test["n"] else None,
                "matrix_share": statistics.median(o["matrix_share"] for o in ours),
                "rounds": rates,
            }
            rows.append(row)
            name = f"pp{test['p']}" if test["p"] else f"tg{test['n']}"
            share = f"{100 * row['bandwidth_share']:.0f} %" if test["n"] else ""
            print(f"{row['model']:<28} {name + ' @ ' + str(test['d']):<16} {figures(row)}  {share:>12}  "
                  f"{100 * row['matrix_share']:>16.0f} %", flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
