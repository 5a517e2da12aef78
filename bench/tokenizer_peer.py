#!/usr/bin/env python3
"""Our tokenizer beside Hugging Face's `tokenizers`: the same texts, the same files, one thread each, taking turns.

  tokenizer_peer.py texts --out DIR --english PATH... --code PATH... --cjk PATH... [--megabytes 10]
      makes english.txt, code.txt and cjk.txt from real material, and the texts that time must stay linear on:
      letters.txt (one letter), spaces.txt, emoji.txt (emoji joined by ZWJ). Paths are files or folders:
      .jsonl (its question and answer members), .mo message catalogues (their translations), man pages (gzipped or
      not, macros left out), and for --code C, C++ and Python sources.
  tokenizer_peer.py compare --bench BINARY --vocab tokenizer.json... --text FILE... [--runs 3]
      runs both in turn, prints medians and ratios, and fails where the ids differ.

Needs the Python package `tokenizers`.
"""

import argparse
import array
import gettext
import gzip
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

CODE_SUFFIXES = {".h", ".hpp", ".c", ".cc", ".cpp", ".py"}
FAMILY_EMOJI = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d"


def files_under(paths):
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            yield from (p for p in sorted(path.rglob("*")) if p.is_file())
        else:
            yield path


def man_page(data):
    lines = data.decode("utf-8", errors="replace").splitlines()
    return "\n".join(line for line in lines if not line.startswith((".", "'")))


def catalogue(path):
    with open(path, "rb") as file:
        translations = gettext.GNUTranslations(file)._catalog
    return [text for key, text in translations.items() if key and isinstance(text, str)]


def pieces_of(path):
    """The texts of one file, by its kind."""
    if path.suffix == ".jsonl":
        for line in path.open(encoding="utf-8"):
            record = json.loads(line)
            yield "\n".join(record[name] for name in ("question", "answer") if name in record)
    elif path.suffix == ".mo":
        try:
            yield from catalogue(path)
        except (OSError, UnicodeDecodeError, ValueError):
            return
    elif path.suffix == ".gz":
        yield man_page(gzip.decompress(path.read_bytes()))
    else:
        yield path.read_bytes().decode("utf-8", errors="replace")


def is_cjk(text):
    wide = sum(1 for c in text if "\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3")
    return wide * 3 >= len(text)


def collect(paths, n_bytes, wanted=lambda path: True, accept=lambda piece: True):
    """Pieces in a shuffled order, each once; from the start again only where there is too little material."""
    pieces = list(dict.fromkeys(p for path in files_under(paths) if wanted(path) for p in pieces_of(path)))
    pieces = [p for p in pieces if accept(p)]
    if not pieces:
        sys.exit("no material under " + ", ".join(map(str, paths)))
    random.Random(1).shuffle(pieces)
    size = sum(len(p.encode()) + 1 for p in pieces)
    text = "\n".join(pieces * (n_bytes // size + 1)).encode()[:n_bytes].decode(errors="ignore")
    return text, min(1.0, size / n_bytes)


def make_texts(options):
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    n_bytes = int(options.megabytes * 1e6)
    texts = {
        "english": collect(options.english, n_bytes),
        "code": collect(options.code, n_bytes, wanted=lambda p: p.suffix in CODE_SUFFIXES),
        "cjk": collect(options.cjk, n_bytes, accept=is_cjk),
        "letters": ("a" * n_bytes, 0),
        "spaces": (" " * n_bytes, 0),
        "emoji": (FAMILY_EMOJI * (n_bytes // len(FAMILY_EMOJI.encode())), 0),
    }
    for name, (text, unique) in texts.items():
        (out / (name + ".txt")).write_text(text, encoding="utf-8", newline="")
        print(f"{name}: {len(text.encode())} bytes, {unique:.0%} of them without repeating a piece")


def run_ours(bench, vocab, text):
    with tempfile.TemporaryDirectory() as folder:
        ids_path = os.path.join(folder, "ids")
        out = subprocess.run([bench, "--runs", "1", "--ids", ids_path, vocab, "--", text], check=True,
                             capture_output=True, text=True).stdout
        ids = array.array("i")
        ids.frombytes(pathlib.Path(ids_path).read_bytes())
    report = json.loads(out)
    return report["seconds"], report["load_seconds"], ids


def run_theirs(vocab, text):
    from tokenizers import Tokenizer

    content = pathlib.Path(text).read_bytes().decode()
    start = time.perf_counter()
    tokenizer = Tokenizer.from_file(vocab)
    load_seconds = time.perf_counter() - start
    start = time.perf_counter()
    encoding = tokenizer.encode(content, add_special_tokens=True)
    seconds = time.perf_counter() - start
    return seconds, load_seconds, array.array("i", encoding.ids)


def compare(options):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["RAYON_NUM_THREADS"] = "1"
    differ = False
    for vocab in options.vocab:
        for text in options.text:
            ours, theirs, loads = [], [], [[], []]
            for _ in range(options.runs):
                seconds, load, our_ids = run_ours(options.bench, vocab, text)
                ours.append(seconds)
                loads[0].append(load)
                seconds, load, their_ids = run_theirs(vocab, text)
                theirs.append(seconds)
                loads[1].append(load)
            megabytes = os.path.getsize(text) / 1e6
            a, b = statistics.median(ours), statistics.median(theirs)
            same = our_ids == their_ids
            differ |= not same
            name = f"{pathlib.Path(vocab).parent.name}/{pathlib.Path(text).stem}"
            print(f"{name:20} ours {megabytes / a:7.1f} MB/s  theirs {megabytes / b:6.2f} MB/s  ratio {b / a:6.1f}"
                  f"  ids {'same' if same else 'DIFFER'} ({len(our_ids)})"
                  f"  load {statistics.median(loads[0]):.3f} s / {statistics.median(loads[1]):.3f} s", flush=True)
    sys.exit(1 if differ else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    texts = commands.add_parser("texts")
    texts.add_argument("--out", required=True)
    for kind in ("english", "code", "cjk"):
        texts.add_argument("--" + kind, nargs="+", required=True)
    texts.add_argument("--megabytes", type=float, default=10)
    texts.set_defaults(run=make_texts)
    peers = commands.add_parser("compare")
    peers.add_argument("--bench", required=True)
    peers.add_argument("--vocab", nargs="+", required=True)
    peers.add_argument("--text", nargs="+", required=True)
    peers.add_argument("--runs", type=int, default=3)
    peers.set_defaults(run=compare)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
