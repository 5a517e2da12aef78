#!/usr/bin/env python3
"""Our ids beside those of Hugging Face's `tokenizers`, on texts made to disagree about.

  tokenizer_compare.py --encode BINARY tokenizer.json... [--texts 20000] [--seed 1] [--sample FILE...]

BINARY is bench/tokenizer_encode. Texts are random mixtures of scripts, white space of every kind, digits, contractions,
combining marks, emoji, unassigned code points and the file's own added tokens, and pieces of the sample files. Every
text is encoded twice, with special tokens parsed and kept as text. Prints the first differences; fails if there is one.
"""

import argparse
import pathlib
import random
import subprocess
import sys

import tokenizers

SCRIPTS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "éèüßñçøåžłı", "αβγδεζηθικ", "абвгдежзийкл", "אבגדהוזח",
    "ابتثجحخد", "नमस्तेहिन्दी", "ไทยภาษา", "한국어조선말", "ㄱㄴㄷ각", "日本語漢字中文", "ひらがなカタカナ", "ａｂｃ１２３", "ǅǈǋʰʲ",
    "𝒜𝓑𝕮𝟘𝟙", "𐎀𐎁𐎂", "𠀀𠮷𪚥",
]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\u2029",
          "\u0085", "\x0b", "\x0c", "\u180e", "\u200b", "\u1680", "\u202f", "\u205f", "\x1c", "\ufeff"]
DIGITS = ["0", "1", "42", "123", "1234", "1234567", "٣٤٥", "Ⅷ", "½", "²", "₃", "①", "६७", "𝟘𝟙𝟚𝟛", "〇", "㉑"]
SIGNS = list(".,;:!?-_()[]{}<>/\\|@#$%^&*+=~`\"'") + ["...", "--", "=>", "//", "€", "§", "“", "”", "、", "。", "！", "‰"]
CONTRACTIONS = ["'s", "'S", "'t", "'re", "'RE", "'Ve", "'m", "'ll", "'lL", "'d", "'ſ", "'ſt", "'", "''s", "'k", "\u2019s"]
MARKS = ["\u0301", "\u0300\u0323", "\u0323\u0300", "\u20dd", "\u0344", "\u093c", "\u3099", "\u1161", "\u11a8", "\u0338"]
EMOJI = ["😀", "👨\u200d👩\u200d👧", "🏳️\u200d🌈", "👍🏽", "🇩🇪", "\u200d", "\ufe0f", "❤️"]
ODD = ["\u0378", "\U0003fffd", "\ue000", "\U000e0001", "\ufffd", "\uffff", "\U0010ffff", "\x00".replace("\x00", "\x01"),
       "\x7f", "\u212b", "\u2126", "\uf900", "\u0958", "\u0340", "\U0002f800", "\U00011f00", "\U00031350", "\u0130"]


def word(rng):
    script = rng.choice(SCRIPTS)
    return "".join(rng.choice(script) for _ in range(rng.randint(1, 9)))


def text(rng, added):
    kinds = [lambda: word(rng), lambda: rng.choice(SPACES), lambda: rng.choice(DIGITS), lambda: rng.choice(SIGNS),
             lambda: rng.choice(CONTRACTIONS), lambda: rng.choice(MARKS), lambda: rng.choice(EMOJI),
             lambda: rng.choice(ODD), lambda: chr(rng.choice([rng.randrange(0x20, 0xd800), rng.randrange(0xe000, 0x110000)])),
             lambda: rng.choice(added) if added else "", lambda: " " * rng.randint(1, 40),
             lambda: rng.choice("a=-*\u4e00") * rng.randint(1, 300)]
    weights = [30, 25, 8, 10, 6, 5, 4, 3, 4, 4, 1, 0.3]
    return "".join(rng.choices(kinds, weights)[0]() for _ in range(rng.randint(0, 30)))


def cut(rng, sample):
    start = rng.randrange(max(1, len(sample) - 10))
    return sample[start:start + rng.choice([5, 50, 500, 3000])]


def ours(binary, path, texts, flags):
    out = subprocess.run([binary, *flags, path], input="\0".join(texts).encode(), capture_output=True)
    if out.returncode != 0:
        print(f"{path}: {out.stderr.decode()}")
    return [[int(x) for x in line.split()] for line in out.stdout.decode().split("\n")[:-1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encode", required=True)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--texts", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", nargs="*", default=[])
    options = parser.parse_args()
    samples = [pathlib.Path(p).read_text(encoding="utf-8", errors="replace").replace("\0", "") for p in options.sample]
    n_different = 0
    for path in options.files:
        theirs = tokenizers.Tokenizer.from_file(path)
        added = [t.content for t in theirs.get_added_tokens_decoder().values()]
        rng = random.Random(options.seed)
        texts = [text(rng, added) if not samples or rng.random() < 0.7 else cut(rng, rng.choice(samples))
                 for _ in range(options.texts)]
        for keep_special in (False, True):
            theirs.encode_special_tokens = keep_special
            for add_special in (False, True):
                flags = ["--text-specials"] * keep_special + ["--add-special"] * add_special
                got = ours(options.encode, path, texts, flags)
                expected = [e.ids for e in theirs.encode_batch_fast(texts, add_special_tokens=add_special)]
                different = [i for i in range(len(texts)) if got[i] != expected[i]]
                n_different += len(different)
                print(f"{path} {' '.join(flags) or '(no flags)'}: {len(texts)} texts, {sum(map(len, expected))} ids, "
                      f"{len(different)} different")
                for i in different[:5]:
                    at = next((k for k, (a, b) in enumerate(zip(got[i], expected[i])) if a != b), 0)
                    print(f"  {texts[i][:200]!a}\n    from id {at}: ours {got[i][at:at + 8]} theirs {expected[i][at:at + 8]}")
    print(f"tokenizers {tokenizers.__version__}: {n_different} differences")
    sys.exit(1 if n_different else 0)


if __name__ == "__main__":
    main()
