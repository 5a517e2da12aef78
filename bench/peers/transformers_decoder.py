#!/usr/bin/env python3
"""The peer of decoder_bench: Hugging Face transformers on the same shape (Llama-3.2-1B, random BF16 weights, CPU).

    python3 bench/peers/transformers_decoder.py --threads 2 --prompt 512 --generate 32 --repeat 3
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
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=32)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    config = LlamaConfig(vocab_size=128256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16,
                         num_attention_heads=32, num_key_value_heads=8, head_dim=64, tie_word_embeddings=True,
                         max_position_embeddings=131072, rope_theta=500000.0)
    with torch.no_grad():
        model = AutoModelForCausalLM.from_config(config).eval()
        prompt = torch.randint(0, 128256, (1, args.prompt))
        first = torch.randint(0, 128256, (1, 1))
        prefill, decode = [], []
        for _ in range(args.repeat + 1):  # the first round warms up
            start = time.perf_counter()
            model(prompt, use_cache=True, logits_to_keep=1)
            prefill.append(args.prompt / (time.perf_counter() - start))
            cache, token = None, first
            start = time.perf_counter()
            for _ in range(args.generate):
                out = model(token, past_key_values=cache, use_cache=True)
                cache, token = out.past_key_values, out.logits[:, -1:].argmax(-1)
            decode.append(args.generate / (time.perf_counter() - start))
    print(json.dumps({"engine": f"transformers {transformers.__version__}, torch {torch.__version__}",
                      "threads": args.threads, "prefill_tokens_per_second": statistics.median(prefill[1:]),
                      "decode_tokens_per_second": statistics.median(decode[1:])}))


if __name__ == "__main__":
    main()
