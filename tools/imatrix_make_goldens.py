#!/usr/bin/env python3
"""Asks llama.cpp's own tools for importance matrices and perplexities of tiny models:

  src/formats/testdata/imatrix.gguf, .dat   llama-imatrix on tests/golden/gguf/llama-f32.gguf, both forms of one run
  tests/golden/perplexity/llama_cpp.json    the text, and what llama-perplexity prints of it: perplexity, and the
                                            divergence of one model from another
  tests/fuzz/corpus/imatrix/                what the fuzzer starts from

    tools/imatrix_make_goldens.py FOLDER_WITH_LLAMA_TOOLS "what version they are"

The committed files were made with llama.cpp as llama-cpp-python 0.3.36 has it in vendor/. One thread, F32 cache, no flash
attention, so that a run can be repeated.
"""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "tests/golden/gguf"
CONTEXT = 64
TEXT = """\
A lighthouse keeps no secrets. It turns, it says the same word in every direction, and whoever reads the word knows where
the rocks are. The keeper (there was one until 1987) wrote down wind, rain and ships: 14 in a good week, 3 in a bad one.

"Why count them?" asked the girl who brought the bread.
"Because somebody may ask," he said. "And because 14 + 3 is 17, whatever the weather does."

She thought about it for a while; then she counted the loaves, too. Six. On Sundays seven, with raisins.
Later she built a machine of brass & string that counted everything twice, and rang a bell when the two counts differed.
It rang only once, in the winter of the great storm, and nobody ever found out which of the two had been right.
"""


def run(tool, *arguments, folder, until=""):
    """What the tool prints. Its log is written by a thread that the program's end may overtake: it is asked again until
    the text `until` is there."""
    for _ in range(50):
        done = subprocess.run([tool, *map(str, arguments), "-c", str(CONTEXT), "-t", "1", "-fa", "off", "-ctk", "f32",
                               "-ctv", "f32"], cwd=folder, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            break
        if until in done.stdout + done.stderr:
            return done.stdout + done.stderr
    sys.exit(f"{tool} {arguments}: {done.stdout}{done.stderr}")


def pair(output, label):
    """The two numbers of a line "label  value ± error", perhaps in percent."""
    match = re.search(re.escape(label) + r"\s*[:=]\s*(-?[0-9.]+)\s*(?:±|\+/-)\s*([0-9.]+)", output)
    return [float(match.group(1)), float(match.group(2))]


def single(output, label):
    return float(re.search(re.escape(label) + r"\s*:\s*(-?[0-9.]+)", output).group(1))


def make_fuzz_corpus(folder):
    """Two entries in either form, as small as can be."""
    pack = struct.pack
    text = lambda length, value: pack(length, len(value)) + value
    dat = b"".join(text("<i", name) + pack("<ii2f", 3, 2, 1.5, 6.0) for name in (b"a", b"b"))
    (folder / "dat").write_bytes(pack("<i", 2) + dat + pack("<i", 3) + text("<i", b"t.txt"))

    strings, u32 = 8, 4  # types of values
    key = lambda name, kind: text("<Q", name) + pack("<I", kind)
    head = (b"GGUF" + pack("<IQQ", 3, 4, 4) + key(b"general.type", strings) + text("<Q", b"imatrix") +
            key(b"imatrix.datasets", 9) + pack("<IQ", strings, 1) + text("<Q", b"t.txt") +
            key(b"imatrix.chunk_count", u32) + pack("<I", 3) + key(b"imatrix.chunk_size", u32) + pack("<I", 64))
    data = b""
    for name in (b"a", b"b"):
        for suffix, values in ((b".in_sum2", (1.5, 6.0)), (b".counts", (192.0,))):
            head += text("<Q", name + suffix) + pack("<IQIQ", 1, len(values), 0, len(data))
            data += pack(f"<{len(values)}f", *values).ljust(32, b"\0")
    (folder / "gguf").write_bytes(head + bytes(-len(head) % 32) + data)


def main():
    tools, version = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    golden = {"made_with": version, "text": TEXT, "context": CONTEXT, "model": "llama-f32", "runs": []}
    make_fuzz_corpus(ROOT / "tests/fuzz/corpus/imatrix")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text.txt").write_text(TEXT)
        common = ["-f", "text.txt"]
        for form in ("gguf", "dat"):
            run(tools / "llama-imatrix", "-m", MODELS / "llama-f32.gguf", *common, "--no-ppl", "-o", f"imatrix.{form}",
                "--output-format", form, folder=folder)
            shutil.copy(folder / f"imatrix.{form}", ROOT / "src/formats/testdata")
        for chunks in (1, -1):
            output = run(tools / "llama-perplexity", "-m", MODELS / "llama-f32.gguf", *common, "--chunks", chunks,
                         folder=folder, until="Final estimate")
            golden["runs"].append({"chunks": chunks, "perplexity": pair(output, "Final estimate: PPL")})
        # Another model of the same vocabulary: the first and the last layer in each other's place.
        data = (MODELS / "llama-f32.gguf").read_bytes()
        swapped = data.replace(b"blk.0.", b"blk.#.").replace(b"blk.2.", b"blk.0.").replace(b"blk.#.", b"blk.2.")
        (folder / "model.gguf").write_bytes(swapped)
        run(tools / "llama-perplexity", "-m", MODELS / "llama-f32.gguf", *common, "--kl-divergence-base", "base", folder=folder)
        output = run(tools / "llama-perplexity", "-m", "model.gguf", *common, "--kl-divergence-base", "base",
                     "--kl-divergence", folder=folder, until="Same top p:")
        golden["divergence"] = {
            "model": "llama-f32 with layers 0 and 2 swapped", "reference": "llama-f32",
            "perplexity": pair(output, "Mean PPL(Q)"), "log_ratio": pair(output, "Mean ln(PPL(Q)/PPL(base))"),
            "mean": pair(output, "Mean    KLD"),
            "maximum": single(output, "Maximum KLD"), "percentile_99": single(output, "99.0%   KLD"),
            "median": single(output, "Median  KLD"), "change_percent": pair(output, "Mean    Δp"),
            "change_rms_percent": pair(output, "RMS Δp"), "same_top_percent": pair(output, "Same top p")}
    (ROOT / "tests/golden/perplexity/llama_cpp.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
