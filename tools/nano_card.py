#!/usr/bin/env python3
"""Copies a finished nano run into models/hermes-nano and writes its model card: what it is, what made it, how good it is.

Usage: tools/nano_card.py RUN_FOLDER MODEL_FOLDER
"""
import hashlib
import json
import pathlib
import shutil
import sys

FILES = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
         "chat_template.jinja"]


def percent(cell):
    low, high = cell["ci95"]
    return f"{100 * cell['accuracy']:.1f} % ({100 * low:.1f} to {100 * high:.1f}, n = {cell['n']})"


def table(results):
    modes = {r["mode"]: r for r in results}
    families = sorted({family for r in results for family in r["by"]})
    lines = ["| family | level | with thinking | without |", "|---|---|---|---|"]
    for family in families:
        levels = sorted({level for r in results for level in r["by"].get(family, {})}, key=lambda x: (x != "all", x))
        if len(levels) == 2:
            levels = ["all"]
        for level in levels:
            cells = [modes[m]["by"].get(family, {}).get(level) if m in modes else None for m in ("think", "direct")]
            lines.append(f"| {family} | {level} | " + " | ".join(percent(c) if c else "-" for c in cells) + " |")
    lines.append("| **all** | | " + " | ".join(percent(modes[m]) if m in modes else "-" for m in ("think", "direct")) + " |")
    return "\n".join(lines)


def main(run, target):
    run, target = pathlib.Path(run), pathlib.Path(target)
    model = run / "sft" / "model"
    evaluation = json.loads((run / "eval.json").read_text())
    data = json.loads((run / "data" / "report.json").read_text())
    recipe = json.loads(pathlib.Path("recipes/nano/train.json").read_text())
    config = json.loads((model / "config.json").read_text())
    metrics = [json.loads(line) for line in (run / "sft" / "metrics.jsonl").read_text().splitlines()]
    steps = [m for m in metrics if "loss" in m]
    weights = (model / "model.safetensors").read_bytes()
    kept = sum(data["report"]["kept"].values())
    commit = (run / "commit").read_text().strip()
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(model / name, target / name)
    shutil.copyfile(run / "data" / "test.jsonl.zst", target / "test.jsonl.zst")
    c = config
    card = f"""# hermes-nano

A very small Hermes: Llama-3.1 architecture, {len(weights) / 1e6:.1f} MB of BF16 weights, trained from nothing by this
repository on problems that it draws and checks itself. It is the default of `hermes chat`, `generate` and `eval`, the
fixture of end-to-end tests, and the small proof of the method: the same weights answer better when they think first.
It calculates, sorts, spells, tells dates and times, fills in JSON, repairs it and calls tools; it knows nothing of the world,
speaks English only, and is not made for any use beyond showing and testing the software.

## What made it

| | |
|---|---|
| commit | `{commit}` |
| recipe | `recipes/nano` (`make nano` runs it) |
| data | {kept} records, hash `{data['data_hash']}`, no test problem among the training problems |
| weights | SHA-256 `{hashlib.sha256(weights).hexdigest()}` |
| shape | {c['num_hidden_layers']} layers, hidden {c['hidden_size']}, {c['num_attention_heads']} heads and {c['num_key_value_heads']} KV heads of {c['head_dim']}, MLP {c['intermediate_size']}, vocabulary {c['vocab_size']}, context {c['max_position_embeddings']} |
| training | {len(steps)} steps of {recipe['packing']['rows_per_step']} x {recipe['packing']['row_tokens']} tokens, {"Muon" if recipe["optimizer"].get("kind") == "muon" else "AdamW"}, peak learning rate {recipe['optimizer']['learning_rate']}, loss {steps[-1]['loss']:.4f} at the end |

The same commit on the same instruction set gives the same weights, bit for bit.

## How often it is right

Test split (problems that training never saw), greedy, share right with its 95 % interval (Wilson):

{table(evaluation['results'])}

## Format

Llama-3 headers and Hermes tags, each one token: `<think>`, `<tool_call>`, `<tool_response>`, `<tools>`. The chat template
takes `thinking` (default false), `keep_cots` (default false) and `tools`. `test.jsonl.zst` is the test split of its data.
"""
    (target / "README.md").write_text(card)
    print(f"{target}: {len(weights) / 1e6:.1f} MB, commit {commit}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
