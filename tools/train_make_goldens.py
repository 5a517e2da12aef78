#!/usr/bin/env python3
"""Writes tests/golden/train: two training steps of the tiny F32 models of tests/golden/models, by PyTorch.

A row holds two documents; here each goes through transformers by itself, in fp32, eager attention. The loss is the mean
over the labelled tokens of both. Then torch.optim.AdamW, twice, after clipping the norm of the gradient to CLIP_NORM.

NAME.safetensors holds: tokens, labels (-1: none) and documents; token_losses of the first step; losses and norms of both
steps; and for each tensor "gradient.NAME" (first step, before clipping) and "updated.NAME" (after both steps), at most
SAMPLES elements of it: every k-th from the first on, with k = ceil(size / SAMPLES). Options are in the metadata.

    venv/bin/python tools/train_make_goldens.py tests/golden
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

MODELS = ["llama-f32", "llama-tied-f32", "qwen3-f32", "seed-oss-f32"]
DOCUMENTS = [37, 83]  # the second is longer than a tile of attention
SAMPLES = 64
LEARNING_RATE, BETAS, WEIGHT_DECAY, CLIP_NORM = 1e-3, (0.9, 0.95), 0.1, 1.0
# Far above rounding errors of the gradient, so that AdamW's first steps, which divide it by its own size, do not turn
# these errors into steps of another sign.
EPS = 1e-3


def sampled(tensor):
    flat = tensor.detach().flatten()
    return flat[::(flat.numel() + SAMPLES - 1) // SAMPLES].float().contiguous().clone()


def optimizer_of(model):
    def decays(name):
        return not (name.endswith("norm.weight") or name.endswith(".bias") or "embed_tokens" in name
                    or name.startswith("lm_head"))

    groups = [{"params": [p for n, p in model.named_parameters() if decays(n)], "weight_decay": WEIGHT_DECAY},
              {"params": [p for n, p in model.named_parameters() if not decays(n)], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=BETAS, eps=EPS)


def token_losses(model, tokens, labels, documents):
    losses = []
    for begin, end in zip(documents[:-1], documents[1:]):
        logits = model(tokens[None, begin:end]).logits[0]
        chosen = labels[begin:end] >= 0
        losses.append(torch.nn.functional.cross_entropy(logits[chosen], labels[begin:end][chosen], reduction="none"))
    return torch.cat(losses)


def main():
    root = pathlib.Path(sys.argv[1])
    (root / "train").mkdir(exist_ok=True)
    for index, name in enumerate(MODELS):
        model = AutoModelForCausalLM.from_pretrained(root / "models" / name, dtype=torch.float32,
                                                     attn_implementation="eager").eval()  # no dropout
        generator = torch.Generator().manual_seed(3000 + index)
        length = sum(DOCUMENTS)
        tokens = torch.randint(3, model.config.vocab_size, (length,), generator=generator)
        labels = torch.randint(3, model.config.vocab_size, (length,), generator=generator)
        labels[torch.rand(length, generator=generator) < 0.4] = -1
        documents = [0, DOCUMENTS[0], length]

        optimizer = optimizer_of(model)
        out = {"tokens": tokens.to(torch.int32), "labels": labels.to(torch.int32),
               "documents": torch.tensor(documents, dtype=torch.int32)}
        losses, norms = [], []
        for step in range(2):
            optimizer.zero_grad()
            each = token_losses(model, tokens, labels, documents)
            each.mean().backward()
            if step == 0:
                out["token_losses"] = each.detach().clone()
                out |= {f"gradient.{n}": sampled(p.grad) for n, p in model.named_parameters()}
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM).item())
            losses.append(each.mean().item())
            optimizer.step()
        out |= {f"updated.{n}": sampled(p) for n, p in model.named_parameters()}
        out |= {"losses": torch.tensor(losses), "norms": torch.tensor(norms)}
        options = {"learning_rate": LEARNING_RATE, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS,
                   "weight_decay": WEIGHT_DECAY, "clip_norm": CLIP_NORM, "samples": SAMPLES, "torch": torch.__version__,
                   "transformers": transformers.__version__}
        save_file(out, root / "train" / f"{name}.safetensors", metadata={k: json.dumps(v) for k, v in options.items()})
        print(f"{name}: losses {losses}, norms {norms}")


if __name__ == "__main__":
    main()
