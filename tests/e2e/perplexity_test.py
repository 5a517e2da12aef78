#!/usr/bin/env python3
"""hermes imatrix and hermes eval perplexity, as a user meets them.

    tests/e2e/perplexity_test.py build/cpu-release/hermes
"""
import json
import os
import pathlib
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/golden/models/llama-f32"
GGUF = ROOT / "tests/golden/gguf/llama-f32.gguf"
F16 = ROOT / "tests/golden/gguf/llama-f16.gguf"  # weights rounded, no vocabulary
GOLDEN = json.loads((ROOT / "tests/golden/perplexity/llama_cpp.json").read_text())
HERMES = None


def hermes(*args, status=0):
    """Runs the program; returns its standard output, or standard error where a failure is expected."""
    run = subprocess.run([HERMES, *map(str, args)], capture_output=True, timeout=120)
    if run.returncode != status:
        raise AssertionError(f"hermes {args} gave {run.returncode}: {run.stderr.decode()}{run.stdout.decode()}")
    return (run.stderr if status else run.stdout).decode()


def read_legacy(path):
    """name -> (calls, values) of an importance matrix in the older form, and what stands behind."""
    data = path.read_bytes()
    at = 0

    def take(format_):
        nonlocal at
        values = struct.unpack_from("<" + format_, data, at)
        at += struct.calcsize("<" + format_)
        return values

    entries = {}
    for _ in range(take("i")[0]):
        name = take(f"{take('i')[0]}s")[0].decode()
        calls, n = take("ii")
        entries[name] = (calls, take(f"{n}f"))
    chunks, length = take("ii")
    return entries, chunks, take(f"{length}s")[0].decode()


class WithText(unittest.TestCase):
    def setUp(self):
        self.folder_object = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder_object.cleanup)
        self.folder = pathlib.Path(self.folder_object.name)
        self.text = self.folder / "text.txt"
        self.text.write_text(GOLDEN["text"])
        self.short = self.folder / "short.txt"
        self.short.write_text("a few words")


class Perplexity(WithText):
    def evaluate(self, *args):
        return json.loads(hermes("eval", *args, "-f", self.text, "--ctx", GOLDEN["context"], "--json"))

    def test_is_that_of_llama_cpp(self):
        for run in GOLDEN["runs"]:
            chunks = [] if run["chunks"] < 0 else ["--chunks", run["chunks"]]
            for model in (GGUF, FOLDER):
                out = self.evaluate(model, "perplexity", *chunks)
                value, error = run["perplexity"]
                self.assertAlmostEqual(out["perplexity"]["value"], value, delta=0.01)
                self.assertAlmostEqual(out["perplexity"]["standard_error"], error, delta=0.01)
                self.assertEqual((out["task"], out["context"], out["interrupted"]), ("perplexity", 64, False))
                self.assertEqual(out["tokens"], 31 * out["chunks"])
                self.assertNotIn("against", out)

    def test_beside_itself_is_no_divergence(self):
        against = self.evaluate(GGUF, "perplexity", "--against", GGUF)["against"]
        for key in ("kl_divergence", "log_perplexity_ratio", "probability_change"):
            self.assertEqual(against[key], {"value": 0, "standard_error": 0})
        self.assertEqual(against["kl_divergence_maximum"], 0)
        self.assertEqual(against["same_top"]["value"], 1)

    def test_beside_another(self):
        out = self.evaluate(GGUF, "perplexity", "--against", F16)
        against = out["against"]
        self.assertGreater(against["kl_divergence"]["value"], 1e-4)
        self.assertGreaterEqual(against["kl_divergence_maximum"], against["kl_divergence_99"])
        self.assertGreater(against["kl_divergence_99"], against["kl_divergence_median"])
        self.assertLess(against["same_top"]["value"], 1)
        text = hermes("eval", GGUF, "perplexity", "-f", self.text, "--ctx", 64, "--against", F16)
        for piece in (f"{GGUF}: perplexity {out['perplexity']['value']:.4f} ± ", f" tokens in {out['chunks']} chunks of 64",
                      f"beside {F16}, perplexity ", "KL divergence", "99 %", "same top token"):
            self.assertIn(piece, text)

    def test_the_embedded_model(self):
        self.assertIn("perplexity", hermes("eval", "perplexity", "-f", self.text, "--ctx", 32, "--chunks", 1))

    def test_refusals(self):
        def refusal(*args):
            return hermes("eval", *args, status=1)

        self.assertIn("no task \"perplex\"; there are nano", refusal(GGUF, "perplex"))
        self.assertIn("needs a text: -f FILE", refusal(GGUF, "perplexity"))
        self.assertIn("none.txt", refusal(GGUF, "perplexity", "-f", self.folder / "none.txt"))
        self.assertIn("fewer than one chunk of 512: give a longer text", refusal(GGUF, "perplexity", "-f", self.short))
        self.text.write_text(GOLDEN["text"] * 2)
        self.assertIn("longer than the model's context of 512", refusal(GGUF, "perplexity", "-f", self.text, "--ctx", 513))
        self.assertIn("--against", refusal("nano", "--against", GGUF))
        self.assertIn("--limit is no option of the task perplexity", refusal(GGUF, "perplexity", "-f", self.text, "--limit", 3))
        self.assertIn("no such model", refusal(GGUF, "perplexity", "-f", self.text, "--against", "none"))
        self.assertIn(str(F16), refusal(F16, "perplexity", "-f", self.text))  # no vocabulary
        nano = refusal("perplexity", "-f", self.text, "--ctx", 32, "--against", GGUF)
        self.assertIn("not the same tokens for both", nano)
        hermes("eval", GGUF, "perplexity", "-f", self.text, "--ctx", 3, status=2)


class Imatrix(WithText):
    def test_has_an_entry_for_every_linear_weight(self):
        golden, *_ = read_legacy(ROOT / "src/formats/testdata/imatrix.dat")
        for model in (GGUF, FOLDER):
            out = self.folder / "made.dat"
            said = hermes("imatrix", model, "-f", self.text, "-o", out, "--ctx", 64)
            self.assertIn(f"{out}: 21 weights, 10 of 10 chunks of 64 tokens", said)
            entries, chunks, dataset = read_legacy(out)
            self.assertEqual((chunks, dataset), (10, str(self.text)))
            self.assertEqual(list(entries), sorted(golden))
            for name, (calls, values) in golden.items():
                self.assertEqual(entries[name][0], calls)
                for ours, theirs in zip(entries[name][1], values, strict=True):
                    self.assertAlmostEqual(ours, theirs, delta=2e-5 * theirs)

    def test_writes_gguf_the_same_each_time(self):
        written = set()
        for threads in (1, 2, 3):
            out = self.folder / f"made-{threads}.gguf"
            hermes("imatrix", GGUF, "-f", self.text, "-o", out, "--ctx", 64, "--chunks", 3, "-t", threads)
            written.add(out.read_bytes())
        self.assertEqual(len(written), 1)
        data = written.pop()
        self.assertTrue(data.startswith(b"GGUF"))
        for piece in (b"imatrix.datasets", b"imatrix.chunk_count", b"imatrix.chunk_size", b"blk.2.ffn_down.weight.in_sum2",
                      b"blk.0.attn_output.weight.counts"):
            self.assertIn(piece, data)
        self.assertNotIn(b"output.weight.in_sum2", data.replace(b"attn_output.weight", b""))

    def test_the_output_matrix_where_asked_for(self):
        out = self.folder / "made.dat"
        hermes("imatrix", GGUF, "-f", self.text, "-o", out, "--ctx", 64, "--chunks", 1, "--with-output")
        entries, *_ = read_legacy(out)
        self.assertEqual(len(entries["output.weight"][1]), 48)
        self.assertEqual(len(entries), 22)

    def test_special_tokens_where_asked_for(self):
        self.text.write_text("<|eot_id|>" * 40)
        out = self.folder / "made.dat"
        hermes("imatrix", GGUF, "-f", self.text, "-o", out, "--ctx", 64)
        self.assertIn("fewer than one chunk", hermes("imatrix", GGUF, "-f", self.text, "-o", out, "--ctx", 64,
                                                     "--parse-special", status=1))

    def test_an_interrupt_keeps_what_there_is(self):
        self.text.write_text(GOLDEN["text"] * 3000)
        out = self.folder / "made.dat"
        ours, theirs = pty.openpty()  # progress is for terminals
        run = subprocess.Popen([HERMES, "imatrix", str(GGUF), "-f", str(self.text), "-o", str(out)],
                               stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = b""
        while b"tokens, " not in shown:
            shown += os.read(ours, 4096)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=60)
        os.close(ours)
        self.assertEqual(run.returncode, 0, shown)
        self.assertIn(b"(interrupted)", said)
        self.assertRegex(shown, rb"of \d+ tokens, [0-9.]+/s, .* left")
        self.assertEqual(len(read_legacy(out)[0]), 21)

    def test_refusals(self):
        out = self.folder / "made.gguf"

        def refusal(*args, status=1):
            message = hermes("imatrix", *args, status=status)
            self.assertFalse(out.exists())
            return message

        self.assertIn("--text is required", refusal(GGUF, "-o", out, status=2))
        self.assertIn("--output is required", refusal(GGUF, "-f", self.text, status=2))
        self.assertIn("fewer than one chunk of 512: give a longer text or a smaller context",
                      refusal(FOLDER, "-f", self.short, "-o", out))
        self.assertIn("the folder", refusal(GGUF, "-f", self.text, "-o", self.folder / "no/made.gguf"))
        self.assertIn("none.txt", refusal(GGUF, "-f", "none.txt", "-o", out))


if __name__ == "__main__":
    HERMES = sys.argv.pop(1)
    unittest.main()
