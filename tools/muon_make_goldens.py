#!/usr/bin/env python3
"""Writes goldens of Muon by PyTorch: src/ops/testdata/muon_goldens.json and tests/golden/train/muon-NAME.safetensors.

torch.optim.Muon(adjust_lr_fn="match_rms_adamw") does momentum, decay and step. Its Newton-Schulz iteration runs in
BF16, whatever the weights are; here newton_schulz() stands in its place, the same formula in the dtype of the gradient.
The two are compared as the script runs: they may differ by what BF16 loses, COARSE of the norm of the update.

muon_goldens.json: the op alone, in float64, three steps for some shapes, hyperparameters and inputs exact in F32.

muon-NAME.safetensors: two training steps as train_make_goldens.py makes them, on its rows (which are read from
tests/golden/train/NAME.safetensors, made before), in fp32: Muon for the hidden matrices, AdamW for the rest. It holds
the row, losses and norms of both steps, and after them "updated.NAME", sampled in the same way.

    venv/bin/python tools/muon_make_goldens.py .
"""
import json
import pathlib
import sys

import torch
import train_make_goldens as training
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

MOMENTUM = 0.95
COARSE = 0.05
SHAPES = [(3, 5), (5, 3), (4, 4), (1, 6), (2, 1)]
ROUGH = torch.optim._muon._zeropower_via_newtonschulz


def newton_schulz(grad, coefficients, steps, eps):
    a, b, c = coefficients
    x = grad.T if grad.size(0) > grad.size(1) else grad.clone()
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    x = x.T if grad.size(0) > grad.size(1) else x
    rough = ROUGH(grad, coefficients, steps, eps).to(x.dtype)
    # Small singular values, which BF16 may lose altogether, are left out: what both say of the large ones.
    u, s, v = torch.linalg.svd(grad, full_matrices=False)
    seen = int((s > 0.1 * s[0]).sum())
    difference = u[:, :seen].T @ (rough - x) @ v[:seen].T
    assert difference.norm() <= COARSE * max(x.norm(), 1e-30), f"{difference.norm()} of {x.norm()}"
    return x


def op_goldens():
    cases = []
    generator = torch.Generator().manual_seed(4000)
    for index, shape in enumerate(SHAPES):
        def draw():
            return torch.randn(shape, generator=generator, dtype=torch.float32).double()

        parameter = torch.nn.Parameter(draw())
        nesterov = index % 2 == 0
        optimizer = torch.optim.Muon([parameter], lr=0.125, weight_decay=0.25, momentum=0.75, nesterov=nesterov,
                                     adjust_lr_fn="match_rms_adamw")
        case = {"shape": list(shape), "nesterov": nesterov, "parameter": parameter.flatten().tolist(), "steps": []}
        for _ in range(3):
            parameter.grad = draw()
            optimizer.step()
            buffer = optimizer.state[parameter]["momentum_buffer"]
            case["steps"].append({"grad": parameter.grad.flatten().tolist(),
                                  "parameter": parameter.flatten().tolist(), "m": buffer.flatten().tolist()})
        cases.append(case)
    return {"torch": torch.__version__, "lr": 0.125, "weight_decay": 0.25, "momentum": 0.75, "cases": cases}


def optimizers_of(model):
    def hidden(name, parameter):
        return parameter.ndim == 2 and "embed_tokens" not in name and not name.startswith("lm_head")

    matrices = [p for n, p in model.named_parameters() if hidden(n, p)]
    others = [p for n, p in model.named_parameters() if not hidden(n, p)]
    return [torch.optim.Muon(matrices, lr=training.LEARNING_RATE, weight_decay=training.WEIGHT_DECAY,
                             momentum=MOMENTUM, nesterov=True, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=training.LEARNING_RATE, betas=training.BETAS, eps=training.EPS,
                              weight_decay=0.0)]


def train(root, name):
    model = AutoModelForCausalLM.from_pretrained(root / "models" / name, dtype=torch.float32,
                                                 attn_implementation="eager").eval()
    row = load_file(root / "train" / f"{name}.safetensors")
    tokens, labels, documents = row["tokens"].long(), row["labels"].long(), row["documents"].tolist()
    optimizers = optimizers_of(model)
    losses, norms = [], []
    for _ in range(2):
        model.zero_grad()
        loss = training.token_losses(model, tokens, labels, documents).mean()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), training.CLIP_NORM).item())
        losses.append(loss.item())
        for optimizer in optimizers:
            optimizer.step()
    out = {f"updated.{n}": training.sampled(p) for n, p in model.named_parameters()}
    out |= {n: row[n] for n in ("tokens", "labels", "documents")}
    out |= {"losses": torch.tensor(losses), "norms": torch.tensor(norms)}
    options = {"learning_rate": training.LEARNING_RATE, "beta1": training.BETAS[0], "beta2": training.BETAS[1],
               "eps": training.EPS, "weight_decay": training.WEIGHT_DECAY, "clip_norm": training.CLIP_NORM,
               "momentum": MOMENTUM, "samples": training.SAMPLES, "torch": torch.__version__,
               "transformers": transformers.__version__}
    save_file(out, root / "train" / f"muon-{name}.safetensors", metadata={k: json.dumps(v) for k, v in options.items()})
    print(f"{name}: losses {losses}, norms {norms}")


def main():
    source = pathlib.Path(sys.argv[1])
    torch.optim._muon._zeropower_via_newtonschulz = newton_schulz
    with open(source / "src/ops/testdata/muon_goldens.json", "w") as file:
        json.dump(op_goldens(), file)
        file.write("\n")
    for name in training.MODELS:
        train(source / "tests/golden", name)


if __name__ == "__main__":
    main()
