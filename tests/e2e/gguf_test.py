#!/usr/bin/env python3
"""Every command with a GGUF file for a model; and damaged files, none of which may crash, hang or run.

    tests/e2e/gguf_test.py build/cpu-release/hermes
"""
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/golden/models/llama-f32"
GGUF = ROOT / "tests/golden/gguf/llama-f32.gguf"
SPLIT = ROOT / "src/formats/testdata/split-00002-of-00003.gguf"
HERMES = None


def hermes(*args, stdin=None, status=0):
    """Runs the program; returns its standard output, or standard error where a failure is expected."""
    run = subprocess.run([HERMES, *map(str, args)], input=stdin, capture_output=True, timeout=60)
    if run.returncode != status:
        raise AssertionError(f"hermes {args} gave {run.returncode}: {run.stderr.decode()}{run.stdout.decode()}")
    return (run.stderr if status else run.stdout).decode()


class Commands(unittest.TestCase):
    golden = json.loads((FOLDER / "golden.json").read_text())

    def test_greedy_text_is_that_of_transformers(self):
        out = json.loads(hermes("generate", GGUF, "--raw", "--prompt", self.golden["prompt"], "--max-tokens", 32, "--json"))
        self.assertEqual(out["message"]["content"], self.golden["text"])

    def test_gives_what_the_folder_gives(self):
        messages = '[{"role": "user", "content": "hello world"}]'
        commands = [("tokenize", "Hello, thé <|eot_id|> world", "--json"), ("template", "--messages", "-"),
                    ("parse", "--json")]
        for command, *rest in commands:
            outs = {hermes(command, model, *rest, stdin=messages.encode()) for model in (FOLDER, GGUF)}
            self.assertEqual(len(outs), 1, command)
        rows = [json.loads(hermes("logits", model, "--tokens", "5,6,7", "--json"))["logits"] for model in (FOLDER, GGUF)]
        for a, b in zip(rows[0], rows[1]):
            for x, y in zip(a, b):
                self.assertAlmostEqual(x, y, delta=1e-4)
        chat = [hermes("generate", model, "--prompt", "hello", "--max-tokens", 8, "--temperature", 0) for model in (FOLDER, GGUF)]
        self.assertEqual(chat[0], chat[1])

    def test_info(self):
        out = json.loads(hermes("info", GGUF, "--json"))
        self.assertEqual((out["model_type"], out["n_layers"], out["weight_files"]), ("llama", 3, 1))
        self.assertEqual(out["end_tokens"], [2])
        self.assertEqual(out["findings"], [])
        self.assertEqual(out["gguf"]["version"], 3)
        self.assertEqual(out["gguf"]["tensors_by_type"], {"F32": 31})
        self.assertEqual(out["gguf"]["metadata"]["llama.block_count"], "3")
        text = hermes("info", GGUF)
        for piece in ("llama (llama-f32)", "1 file, F32", "(31 tensors)", "GGUF version 3", "llama.context_length = 512",
                      "tokenizer.ggml.tokens = [263 strings]", "findings        none"):
            self.assertIn(piece, text)

    def test_info_of_what_cannot_run(self):
        out = json.loads(hermes("info", SPLIT, "--json"))
        self.assertEqual(out["weight_files"], 3)
        self.assertTrue(any('is "golden": not supported (llama, qwen3 and seed_oss are)' in f for f in out["findings"]))
        self.assertNotIn("model_type", out)
        self.assertIn("not supported", hermes("logits", SPLIT, "--tokens", "1", status=1))

    def test_a_folder_with_one_model(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(GGUF, folder)
            self.assertEqual(json.loads(hermes("info", folder, "--json"))["n_layers"], 3)


class Damaged(unittest.TestCase):
    """Each is refused by a message, within the time limit; none by a signal."""
    original = GGUF.read_bytes()

    def refused(self, data, *expected):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "m.gguf"
            path.write_bytes(data)
            message = hermes("generate", path, "--raw", "--prompt", "hello", "--max-tokens", 2, status=1)
            self.assertIn("m.gguf", message)
            for piece in expected:
                self.assertIn(piece, message)

    def patched(self, key, value, kind="<I"):
        """The model with the value of a key, in place."""
        at = self.original.index(struct.pack("<Q", len(key)) + key.encode()) + 8 + len(key) + 4
        new = struct.pack(kind, value)
        return self.original[:at] + new + self.original[at + len(new):]

    def test_truncation(self):
        size = len(self.original)
        for n in (0, 3, 4, 8, 23, 24, 30, 100, 1000, 5000, size // 2, size - 1000, size - 64):
            self.refused(self.original[:n])

    def test_counts_and_lengths(self):
        for at, name in ((8, "tensors"), (16, "metadata entries")):
            for value in (2**60, 2**63, 2**64 - 1):
                self.refused(self.original[:at] + struct.pack("<Q", value) + self.original[at + 8:], f"claims {value} {name}")
        for value in (2**30, 2**63, 2**64 - 1):
            self.refused(self.original[:24] + struct.pack("<Q", value) + self.original[32:], f"a string of {value} bytes")
        tokens = b"tokenizer.ggml.tokens"
        at = self.original.index(tokens) + len(tokens) + 8
        for value in (2**60, 2**63):
            self.refused(self.original[:at] + struct.pack("<Q", value) + self.original[at + 8:], f"an array of {value} elements")

    def test_version_and_magic(self):
        self.refused(b"GGML" + self.original[4:], "not with")
        for version, message in ((1, "version 1"), (4, "version 4"), (0x03000000, "big-endian")):
            self.refused(self.original[:4] + struct.pack("<I", version) + self.original[8:], message)

    def test_tensors(self):
        name = b"token_embd.weight"
        at = self.original.index(name) + len(name)  # rank, two dimensions, type, offset
        put = lambda offset, kind, value: (self.original[:at + offset] + struct.pack(kind, value) +
                                           self.original[at + offset + struct.calcsize(kind):])
        self.refused(put(0, "<I", 5), "5 dimensions")
        self.refused(put(0, "<I", 2**32 - 1), "4294967295 dimensions")
        self.refused(put(4, "<Q", 2**62), "can be counted")
        self.refused(put(4, "<Q", 2**64 - 1), "can be counted")
        self.refused(put(12, "<Q", 2**40), "go beyond")
        self.refused(put(20, "<I", 99), "is no type")
        self.refused(put(20, "<I", 4), "has been removed")
        self.refused(put(20, "<I", 27), "")
        self.refused(put(24, "<Q", 1), "no multiple of the alignment")
        self.refused(put(24, "<Q", 2**63), "go beyond")
        self.refused(put(24, "<Q", 2**64 - 32), "go beyond")
        self.refused(self.original.replace(b"blk.0.attn_q.weight", b"blk.0.attn_k.weight", 1), "is there twice")
        self.refused(self.original.replace(b"blk.0.attn_q.weight", b"blk.0.attn_X.weight", 1), "is missing")

    def test_values(self):
        for key, value, message in (("llama.block_count", 0, "is 0, must be between 1 and 4096"),
                                    ("llama.block_count", 100000, "is 100000, must be between 1 and 4096"),
                                    ("llama.block_count", 4, "is missing"),
                                    ("llama.context_length", 0, "is 0, must be between"),
                                    ("llama.attention.head_count", 0, "is 0, must be between"),
                                    ("llama.attention.head_count_kv", 5, "not a multiple"),
                                    ("llama.embedding_length", 96, "has shape"),
                                    ("llama.vocab_size", 1000, "has shape"),
                                    ("tokenizer.ggml.bos_token_id", 263, "but the vocabulary has 263 tokens"),
                                    ("tokenizer.ggml.eos_token_id", 2**32 - 1, "but the vocabulary has 263 tokens")):
            self.refused(self.patched(key, value), message, key.split(".")[-1] if "shape" not in message and
                         "is missing" not in message else "")
        self.refused(self.patched("llama.attention.layer_norm_rms_epsilon", float("nan"), "<f"), "must be finite")
        self.refused(self.patched("llama.rope.freq_base", -1.0, "<f"), "must be above 0")
        self.refused(self.patched("tokenizer.ggml.add_bos_token", 2, "<B"), "a bool is 0 or 1")
        self.refused(self.original.replace(b"gpt2", b"bert", 1), "\"bert\": not supported")
        self.refused(self.original.replace(b"gpt-2", b"gpt-9", 1), "pre-tokenizer \"gpt-9\" is not supported")


if __name__ == "__main__":
    HERMES = sys.argv.pop(1)
    unittest.main()
