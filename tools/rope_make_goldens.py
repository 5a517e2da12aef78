#!/usr/bin/env python3
"""Writes src/ops/testdata/rope_goldens.json: inv_freq, and cos and sin at some positions, as Hugging Face transformers
computes them in F32 (LlamaRotaryEmbedding on a CPU). The versions are noted in the file.

    python3 -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python tools/rope_make_goldens.py src/ops/testdata/rope_goldens.json
"""
import json
import sys

import torch
import transformers
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

POSITIONS = [0, 1, 8191, 65536, 131071]
# name, head_dim, theta, factor of llama3 scaling (None: unscaled)
CASES = [
    ("llama-3.1", 128, 500000.0, 8.0),
    ("llama-3.2-1b", 64, 500000.0, 32.0),
    ("qwen3-14b", 128, 1000000.0, None),
    ("seed-oss-36b", 128, 10000000.0, None),
]


def case(name, head_dim, theta, factor):
    rope = {"rope_type": "default", "rope_theta": theta}
    if factor is not None:
        rope = {"rope_type": "llama3", "rope_theta": theta, "factor": factor, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    config = LlamaConfig(hidden_size=2 * head_dim, num_attention_heads=2, head_dim=head_dim,
                         max_position_embeddings=131072, rope_parameters=rope)
    rotary = LlamaRotaryEmbedding(config)
    assert rotary.attention_scaling == 1.0 and rotary.inv_freq.dtype == torch.float32
    cos, sin = rotary(torch.zeros(1, dtype=torch.float32), torch.tensor([POSITIONS]))
    half = head_dim // 2  # the second half repeats the first
    return {"name": name, "head_dim": head_dim, "theta": theta, "llama3_factor": factor,
            "inv_freq": rotary.inv_freq.tolist(),
            "cos": cos[0, :, :half].tolist(), "sin": sin[0, :, :half].tolist()}


def shortest(value):
    """Numbers as the shortest text that gives the same F32 again."""
    if isinstance(value, float):
        for digits in range(1, 10):
            text = float(f"{value:.{digits}g}")
            if torch.tensor(text, dtype=torch.float32).item() == value:
                return text
    if isinstance(value, list):
        return [shortest(v) for v in value]
    if isinstance(value, dict):
        return {k: shortest(v) for k, v in value.items()}
    return value


def main():
    goldens = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__},
               "positions": POSITIONS, "cases": [shortest(case(*c)) for c in CASES]}
    with open(sys.argv[1], "w") as out:
        out.write(json.dumps(goldens, separators=(",", ":")).replace('"inv_freq"', '\n"inv_freq"')
                  .replace('"cos"', '\n"cos"').replace('"sin"', '\n"sin"').replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
