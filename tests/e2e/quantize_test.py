#!/usr/bin/env python3
"""hermes quantize as a user meets it: from a folder and from GGUF, types, refusals, Ctrl-C.

    tests/e2e/quantize_test.py build/cpu-release/hermes
"""
import json
import math
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/golden/models/llama-f32"
GGUF = ROOT / "tests/golden/gguf/llama-f32.gguf"
HERMES = None


def hermes(*args, status=0):
    """Runs the program; returns its standard output, or standard error where a failure is expected."""
    run = subprocess.run([HERMES, *map(str, args)], capture_output=True, timeout=300)
    if run.returncode != status:
        raise AssertionError(f"hermes {args} gave {run.returncode}: {run.stderr.decode()}{run.stdout.decode()}")
    return (run.stderr if status else run.stdout).decode()


class Quantize(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)
        self.folder = pathlib.Path(self.temp.name)
        self.out = self.folder / "out.gguf"

    def greedy(self, *model):
        return json.loads(hermes("generate", *model, "--prompt", "What is 12 + 30?", "--max-tokens", 24,
                                 "--temperature", 0, "--json"))["message"]["content"]

    def test_a_folder_becomes_a_file_that_answers_the_same(self):
        hermes("quantize", "embedded:hermes-nano", self.out, "--type", "BF16")
        self.assertEqual(self.greedy(self.out), self.greedy())
        out = json.loads(hermes("info", self.out, "--json"))
        self.assertEqual((out["model_type"], out["findings"]), ("llama", []))

    def test_a_golden_folder_and_its_gguf_give_the_same_logits(self):
        hermes("quantize", FOLDER, self.out, "--type", "F32")
        rows = [hermes("logits", model, "--tokens", "5,6,7", "--json") for model in (self.out, GGUF)]
        self.assertEqual(rows[0], rows[1])

    def test_blocks(self):
        report = self.folder / "report.json"
        text = hermes("quantize", "embedded:hermes-nano", self.out, "--type", "q4_k_m", "--report", report, "--tensors",
                      "--tensor", "ffn_down=Q8_0")
        self.assertRegex(text, r"blk\.0\.ffn_down\.weight .* BF16 -> Q8_0 +0\.\d+ %")
        self.assertRegex(text, r"bits per weight \(source: [0-9.]+ MB, 16\.")
        made = json.loads(report.read_text())
        by_name = {tensor["name"]: tensor for tensor in made["tensors"]}
        self.assertEqual(by_name["blk.0.ffn_down.weight"]["to"], "Q8_0")
        self.assertTrue(all(tensor["relative_error"] < 0.1 for tensor in made["tensors"]))
        self.greedy(self.out)

    def test_refusals(self):
        refused = lambda *args: hermes("quantize", *args, status=1)
        self.assertIn("no type \"Q4_X\"; there are", refused(FOLDER, self.out, "--type", "Q4_X"))
        self.assertIn("not PATTERN=TYPE", refused(FOLDER, self.out, "--tensor", "ffn_down"))
        self.assertIn("no matrix of the model", refused(FOLDER, self.out, "--tensor", "ffm=Q8_0"))
        self.assertIn("no folder", refused(FOLDER, self.folder / "no/out.gguf"))
        self.assertIn("a folder", refused(FOLDER, self.folder))
        self.out.write_text("mine")
        self.assertIn("--force replaces it", refused(FOLDER, self.out))
        self.assertEqual(self.out.read_text(), "mine")
        self.assertEqual([p.name for p in self.folder.iterdir()], ["out.gguf"])

    def test_ctrl_c_keeps_what_is_done(self):
        source = self.folder / "source.gguf"
        write_zeros(source, n_layers=6, hidden=768)
        arguments = [str(a) for a in (HERMES, "quantize", source, "--type", "Q5_K_S", "-t", 1)]
        hermes(*arguments[1:], self.folder / "whole.gguf")
        for _ in range(20):  # a machine may be so slow that it has not begun, or so fast that it has ended
            with subprocess.Popen([*arguments, self.out], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as run:
                part = pathlib.Path(f"{self.out}.part")
                while run.poll() is None and not (part.exists() and part.stat().st_size > 1 << 22):
                    time.sleep(0.001)
                run.send_signal(signal.SIGINT)
                _, error = run.communicate(timeout=60)
            if run.returncode == 1:
                break
            self.out.unlink(missing_ok=True)
        self.assertIn("out.gguf.part keeps what is done, the same command goes on", error.decode())
        self.assertFalse(self.out.exists())
        text = hermes(*arguments[1:], self.out)
        self.assertRegex(text, r"^[1-9]\d* tensors were done before")
        self.assertEqual(self.out.read_bytes(), (self.folder / "whole.gguf").read_bytes())
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["out.gguf", "source.gguf", "whole.gguf"])


def write_zeros(path, n_layers, hidden):
    """A llama of zeros, F32: a sparse file."""
    text = lambda s: struct.pack("<Q", len(s)) + s.encode()
    u32 = lambda key, value: text(f"llama.{key}") + struct.pack("<II", 4, value)
    fields = [text("general.architecture") + struct.pack("<I", 8) + text("llama"),
              text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5),
              u32("block_count", n_layers), u32("context_length", 64), u32("embedding_length", hidden),
              u32("feed_forward_length", hidden), u32("attention.head_count", 8), u32("vocab_size", 32)]
    shapes = {"token_embd.weight": [hidden, 32], "output_norm.weight": [hidden]}
    for i in range(n_layers):
        shapes |= {f"blk.{i}.{name}.weight": [hidden] for name in ("attn_norm", "ffn_norm")}
        shapes |= {f"blk.{i}.{name}.weight": [hidden, hidden] for name in
                   ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")}
    infos, offset = b"", 0
    for name, shape in shapes.items():
        infos += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, offset)
        offset += 4 * math.prod(shape)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(fields)) + b"".join(fields) + infos
    with open(path, "wb") as out:
        out.write(head + bytes(-len(head) % 32))
        out.truncate(out.tell() + offset)


if __name__ == "__main__":
    HERMES = sys.argv.pop(1)
    unittest.main(verbosity=1)
