#!/usr/bin/env python3
"""Does Hugging Face's `tokenizers` read a tokenizer.json that we trained, and agree on its ids?

  tokenizer_check_trained.py --encode BINARY tokenizer.json text... [--texts 2000]

BINARY is bench/tokenizer_encode. Cuts the text files into pieces of many lengths, encodes each with both (with what the
post-processor adds), and compares; also compares the vocabulary's size and decodes with both.
"""

import argparse
import pathlib
import random
import subprocess
import sys

import tokenizers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encode", required=True)
    parser.add_argument("tokenizer")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--texts", type=int, default=2000)
    options = parser.parse_args()

    theirs = tokenizers.Tokenizer.from_file(options.tokenizer)
    samples = [pathlib.Path(p).read_text(encoding="utf-8", errors="replace").replace("\0", "") for p in options.files]
    specials = [t.content for t in theirs.get_added_tokens_decoder().values()]
    rng = random.Random(1)
    texts = []
    for _ in range(options.texts):
        sample = rng.choice(samples)
        start = rng.randrange(max(1, len(sample) - 10))
        texts.append(sample[start:start + rng.choice([3, 30, 300, 3000])] + rng.choice(["", "", *specials, "  \n", "é\u0301"]))

    out = subprocess.run([options.encode, "--add-special", options.tokenizer], input="\0".join(texts).encode(),
                         capture_output=True)
    if out.returncode != 0:
        sys.exit(out.stderr.decode())
    ours = [[int(x) for x in line.split()] for line in out.stdout.decode().split("\n")[:-1]]
    n_different = n_ids = 0
    for text, ids in zip(texts, ours, strict=True):
        expected = theirs.encode(text).ids
        n_ids += len(ids)
        if ids != expected:
            n_different += 1
            print(f"{text[:80]!r}\n  ours   {ids[:20]}\n  theirs {expected[:20]}")
    faithful = sum(theirs.decode(ids, skip_special_tokens=False).endswith(text) for text, ids in zip(texts, ours))
    print(f"tokenizers {tokenizers.__version__}: vocabulary {theirs.get_vocab_size()}, {len(texts)} texts, {n_ids} ids, "
          f"{n_different} different; their decode gives back {faithful} texts")
    sys.exit(1 if n_different else 0)


if __name__ == "__main__":
    main()
