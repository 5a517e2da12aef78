#!/usr/bin/env python3
"""The peer of train_bench: the same training step (nano's shape, AdamW, clipped, fp32) by PyTorch and transformers on CPU.

The documents of the row are a batch here, which suits PyTorch best: no padding, no mask but the causal one.

    python3 bench/peers/pytorch_train.py --threads 2 --documents 32 --length 128 --repeat 3 [--compile]
"""
import argparse
import json
import statistics
import time

import torch
import transformers
from transformers import AutoModelForCausalLM, LlamaConfig


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--documents", type=int, default=32)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="through torch.compile")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=1024, hidden_size=192, intermediate_size=512, num_hidden_layers=6,
                         num_attention_heads=6, num_key_value_heads=3, head_dim=32, tie_word_embeddings=True,
                         max_position_embeddings=4096, rope_theta=10000.0, attn_implementation="sdpa")
    model = AutoModelForCausalLM.from_config(config).train()
    forward = torch.compile(model) if args.compile else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    tokens = torch.randint(0, config.vocab_size, (args.documents, args.length))
    labels = torch.randint(0, config.vocab_size, (args.documents, args.length))
    rates = []
    for _ in range(args.repeat + 1):  # the first round warms up
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        logits = forward(tokens, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()
        rates.append(args.documents * args.length / (time.perf_counter() - start))
    print(json.dumps({"engine": f"transformers {transformers.__version__}, torch {torch.__version__}"
                                + (", compiled" if args.compile else ""),
                      "threads": args.threads, "documents": args.documents, "length": args.length,
                      "tokens_per_second": statistics.median(rates[1:])}))


if __name__ == "__main__":
    main()
