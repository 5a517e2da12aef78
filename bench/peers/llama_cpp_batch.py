#!/usr/bin/env python3
"""Sequences that generate side by side: hermes bench and the llama-batched-bench of llama.cpp and its forks, in turns.

    bench/peers/llama_cpp_batch.py --hermes build/cpu-release/hermes --peer llama.cpp=PATH/llama-batched-bench \
        [--peer ik=PATH/llama-batched-bench ...] model.gguf [...] \
        [-b 1,2,4,8,16,32] [-n 32] [-d 16] [-t 2] [--rounds 3] [--json FILE]

Tokens per second of all sequences together, n steps behind d positions each. Rounds, medians and ratios as in
llama_cpp.py, but a round runs all numbers of sequences with one engine before it turns to the next: each program loads
the model once. llama-batched-bench is a target beside llama-bench.
"""
import functools
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile

from llama_cpp import arguments, compared, figures, heading, numbers, race, run

COLUMNS = ("pp", "tg", "batch", "n_kv", "t_pp", "s_pp", "t_tg", "s_tg", "t", "s")


def hermes(args, model):
    out = json.loads(run([args.hermes, "bench", model, "-p", 0, "-n", args.gen, "-d", args.depth, "-b", args.batches,
                          "-r", 1, "-t", args.threads, "--kv-dtype", args.kv_dtype, "--json"]).stdout)
    return {test["batch"]: test["tokens_per_second"] for test in out}


def peer(command, args, model):
    """From the table, on either stream, which forks have in common; no other line has ten numbers."""
    context = max(numbers(args.batches)) * (args.gen + args.depth)
    program = shutil.which(command[0]) or sys.exit(f"{command[0]}: no such program")
    with tempfile.TemporaryDirectory() as folder:  # ik_llama.cpp's leaves a log where it runs
        result = run([os.path.abspath(program), *command[1:], "-m", os.path.abspath(model), "-c", context,
                      "-npp", args.depth, "-ntg", args.gen, "-npl", args.batches, "-t", args.threads], folder)
    rates = {}
    for line in (result.stdout + result.stderr).splitlines():
        try:
            cells = dict(zip(COLUMNS, map(float, line.strip("| ").split("|")), strict=True))
        except ValueError:
            continue
        rates[int(cells["batch"])] = cells["s_tg"]
    return rates


def main():
    parser = arguments(__doc__)
    parser.add_argument("-b", "--batches", default="1,2,4,8,16,32")
    parser.add_argument("-n", "--gen", type=int, default=32)
    parser.add_argument("-d", "--depth", type=int, default=16)
    args = parser.parse_args()

    rows = []
    print(f"{'model':<28} {'sequences':>9} {heading(args)}")
    for model in args.models:
        engines = {"hermes": functools.partial(hermes, args, model)}
        engines |= {name: functools.partial(peer, command, args, model) for name, command in args.peer}
        results = race(engines, args.rounds)
        for batch in numbers(args.batches):
            rates = {name: [made.get(batch) for made in rounds] for name, rounds in results.items()}
            row = {
                "model": pathlib.Path(model).name, "sequences": batch, "n": args.gen, "d": args.depth,
                "threads": args.threads,
                "hermes": statistics.median(rates["hermes"]),
                "peers": {name: compared(rates["hermes"], rates[name]) for name, _ in args.peer},
                "rounds": rates,
            }
            rows.append(row)
            print(f"{row['model']:<28} {batch:>9} {figures(row)}", flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
