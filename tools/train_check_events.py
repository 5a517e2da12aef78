#!/usr/bin/env python3
"""Reads a run's event files with the tensorboard package and holds their scalars against metrics.jsonl.

    venv/bin/pip install tensorboard
    venv/bin/python tools/train_check_events.py runs/nano/sft
"""
import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TAGS = {"loss": "loss/training", "learning_rate": "learning_rate", "gradient_norm": "gradient_norm",
        "tokens_per_second": "tokens_per_second", "test_loss": "loss/held_out"}


def as_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def main():
    folder = pathlib.Path(sys.argv[1])
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    points = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    wrong = 0
    for name, tag in TAGS.items():
        expected = {p["step"]: as_float32(p[name]) for p in points if name in p}
        actual = {e.step: e.value for e in events.Scalars(tag)} if expected else {}
        if actual != expected:
            wrong += 1
        print(f"{tag}: {len(actual)} scalars, {'as in metrics.jsonl' if actual == expected else 'NOT as in metrics.jsonl'}")
    sys.exit(1 if wrong or not points else 0)


if __name__ == "__main__":
    main()
