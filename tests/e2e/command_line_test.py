#!/usr/bin/env python3
"""The program as a user meets it: commands on the tiny golden models, their output and their errors.

    tests/e2e/command_line_test.py build/cpu-release/hermes
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests/golden/models"
SHARED = pathlib.Path(os.environ.get("HERMES_SHARED", ROOT.parent / "shared"))
HERMES = None


def hermes(*args, stdin=None, status=0):
    """Runs the program; returns its standard output, or standard error where a failure is expected."""
    run = subprocess.run([HERMES, *map(str, args)], input=stdin, capture_output=True, timeout=300)
    if run.returncode != status:
        raise AssertionError(f"hermes {args} gave {run.returncode}: {run.stderr.decode()}{run.stdout.decode()}")
    return (run.stderr if status else run.stdout).decode()


def read_safetensors(path, name):
    """One F32 or I32 tensor as rows, without a library."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    entry = json.loads(data[8:8 + length])[name]
    begin, end = entry["data_offsets"]
    values = struct.unpack(f"<{(end - begin) // 4}{'f' if entry['dtype'] == 'F32' else 'i'}",
                           data[8 + length + begin:8 + length + end])
    width = entry["shape"][-1]
    return [values[i:i + width] for i in range(0, len(values), width)]


class Logits(unittest.TestCase):
    def test_matches_transformers(self):
        for name in ("llama-f32", "qwen3-f32", "seed-oss-f32", "llama-tied-bf16"):
            golden = MODELS / name / "golden.safetensors"
            prompt = read_safetensors(golden, "prompt")[0]
            expected = read_safetensors(golden, "logits")
            out = json.loads(hermes("logits", MODELS / name, "--tokens", ",".join(map(str, prompt)), "--json"))
            self.assertEqual(out["tokens"], list(prompt))
            error = sum((a - b) ** 2 for r, e in zip(out["logits"], expected) for a, b in zip(r, e))
            norm = sum(b * b for e in expected for b in e)
            self.assertEqual([len(r) for r in out["logits"]], [len(e) for e in expected])
            self.assertLess((error / norm) ** 0.5, 1e-5, name)

    def test_same_bits_for_any_number_of_threads(self):
        outs = {hermes("logits", MODELS / "qwen3-f32", "--tokens", "5,6,7,8,9", "--json", "-t", t) for t in (1, 2, 4)}
        self.assertEqual(len(outs), 1)

    def test_types_of_the_cache(self):
        def logits(dtype, threads=2):
            return hermes("logits", MODELS / "llama-f32", "--tokens", "5,6,7,8,9", "--kv-dtype", dtype, "--json", "-t", threads)
        exact = json.loads(logits("f32"))["logits"]
        norm = sum(x * x for row in exact for x in row)
        errors = []
        for dtype in ("f16", "bf16", "q8_0"):
            error = sum((a - b) ** 2 for r, e in zip(json.loads(logits(dtype))["logits"], exact) for a, b in zip(r, e))
            errors.append((error / norm) ** 0.5)
            self.assertGreater(errors[-1], 0, dtype)
        # One rounding in 11, 8 and about 8 bits; a little more for what the layers above make of it.
        for error, bound in zip(errors, (0.002, 0.02, 0.02)):
            self.assertLess(error, bound, errors)
        self.assertEqual(logits("q8_0"), logits("q8_0", 1))
        self.assertIn("q8_0", hermes("logits", "--help"))
        hermes("logits", MODELS / "llama-f32", "--tokens", "5", "--kv-dtype", "q4_0", status=2)

    def test_refuses_tokens_outside_the_vocabulary(self):
        self.assertIn("token id 999 is outside the vocabulary of 263",
                      hermes("logits", MODELS / "llama-f32", "--tokens", "1,999", status=1))


class Generate(unittest.TestCase):
    golden = json.loads((MODELS / "llama-f32/golden.json").read_text())

    def test_greedy_text_matches_transformers(self):
        out = json.loads(hermes("generate", MODELS / "llama-f32", "--raw", "--prompt", self.golden["prompt"], "--max-tokens", 32,
                                "--temperature", 0, "--json"))
        self.assertEqual(out["message"], {"role": "assistant", "content": self.golden["text"],
                                          "reasoning_content": None, "tool_calls": []})
        self.assertEqual(out["finish_reason"], "length")
        self.assertEqual(out["usage"], {"prompt_tokens": 16, "completion_tokens": 32, "total_tokens": 48})

    def test_text_output_is_the_completion(self):
        out = hermes("generate", MODELS / "llama-f32", "--raw", "--prompt", self.golden["prompt"], "--max-tokens", 3)
        self.assertEqual(out, self.golden["text"][:3] + "\n")  # two bytes that are no character, and a letter

    def test_same_seed_same_text(self):
        def sample(seed, threads):
            return json.loads(hermes("generate", MODELS / "llama-f32", "--raw", "--prompt", "a", "--max-tokens", 24, "--seed", seed,
                                     "--temperature", 1, "--top-k", 50, "--top-p", 0.95, "--min-p", 0.01, "--json",
                                     "-t", threads))["message"]
        self.assertEqual(sample(1, 1), sample(1, 2))
        self.assertNotEqual(sample(1, 1), sample(2, 1))

    def test_stop_string(self):
        out = json.loads(hermes("generate", MODELS / "llama-f32", "--raw", "--prompt", self.golden["prompt"], "--max-tokens", 32,
                                "--stop", "j1", "--json"))
        self.assertEqual((out["message"]["content"], out["finish_reason"]), (self.golden["text"].split("j1")[0], "stop"))

    def test_refusals(self):
        model = MODELS / "llama-f32"
        self.assertIn("top_p is 0", hermes("generate", model, "--raw", "--prompt", "a", "--temperature", 1, "--top-p", 0, status=1))
        self.assertIn("the context holds 8", hermes("generate", model, "--raw", "--prompt", "a" * 20, "--ctx", 8, status=1))
        self.assertIn("no tokenizer.json", hermes("generate", MODELS / "qwen3-f32", "--raw", "--prompt", "a", status=1))


class Tokenize(unittest.TestCase):
    def test_own_tokenizer(self):
        golden = Generate.golden
        out = json.loads(hermes("tokenize", MODELS / "llama-f32", golden["prompt"], "--json"))
        self.assertEqual(out["ids"], golden["prompt_ids"])
        self.assertEqual(out["tokens"][0], "<|begin_of_text|>")
        text = "<|eot_id|>"
        self.assertEqual(json.loads(hermes("tokenize", MODELS / "llama-f32", text, "--json"))["ids"], [0, 2])
        self.assertEqual(len(json.loads(hermes("tokenize", MODELS / "llama-f32", text, "--json", "--no-special",
                                               "--no-bos"))["ids"]), len(text))

    def test_reads_standard_input(self):
        out = json.loads(hermes("tokenize", MODELS / "llama-f32", "-", "--json", stdin=Generate.golden["prompt"].encode()))
        self.assertEqual(out["ids"], Generate.golden["prompt_ids"])

    def test_real_vocabularies(self):
        if not SHARED.is_dir():
            self.skipTest(f"{SHARED} is missing: real vocabularies are not checked")
        for name in ("llama3", "qwen3"):
            folder = SHARED / "data/tokenizers" / name
            texts = (folder / "cases.inp").read_bytes().split(b"\n__ggml_vocab_test__\n")[:-1]  # each ends with one
            expected = (folder / "cases.out").read_text().split("\n")[:-1]
            self.assertEqual((len(texts), len(expected)), (46, 46))
            for text, ids in zip(texts, expected):
                out = json.loads(hermes("tokenize", folder, "-", "--json", stdin=text))
                self.assertEqual(out["ids"], list(map(int, ids.split())), text)


class Info(unittest.TestCase):
    def test_reports_a_whole_model(self):
        out = json.loads(hermes("info", MODELS / "llama-f32", "--json"))
        self.assertEqual((out["model_type"], out["n_layers"], out["weight_files"]), ("llama", 3, 4))
        self.assertEqual(out["weight_bytes"], 4 * out["parameters"])
        self.assertEqual(out["end_tokens"], [1, 2])
        self.assertEqual(out["findings"], [])
        text = hermes("info", MODELS / "llama-f32")
        for piece in ("llama3 scaling x8", "special tokens", "<|eot_id|>", "findings        none"):
            self.assertIn(piece, text)

    def test_reports_the_405b_from_its_config_alone(self):
        config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 16384,
                  "num_hidden_layers": 126, "num_attention_heads": 128, "num_key_value_heads": 8,
                  "intermediate_size": 53248, "vocab_size": 128256, "max_position_embeddings": 131072,
                  "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "torch_dtype": "bfloat16",
                  "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                   "original_max_position_embeddings": 8192, "rope_type": "llama3"}}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "config.json"
            path.write_text(json.dumps(config))
            for model in (folder, path):
                out = json.loads(hermes("info", model, "--json"))
                self.assertEqual(out["parameters"], 405853388800)
                self.assertEqual(out["kv_bytes_per_token"]["bf16"], 516096)
                self.assertEqual(out["kv_bytes_per_token"]["q8_0"], 516096 // 64 * 34)
                self.assertTrue(any("tokenizer.json is missing" in f for f in out["findings"]))
            self.assertIn("405.85 B", hermes("info", folder))

    def test_names_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "m"
            shutil.copytree(MODELS / "seed-oss-f32", model)
            config = json.loads((model / "config.json").read_text())
            config["hidden_size"] = 64
            (model / "config.json").write_text(json.dumps(config))
            findings = json.loads(hermes("info", model, "--json"))["findings"]
            self.assertTrue(any('"model.embed_tokens.weight" has shape [311, 32], config.json asks for [311, 64]' in f
                                for f in findings), findings)
            self.assertIn("config.json asks for", hermes("logits", model, "--tokens", "1", status=1))
            (model / "config.json").write_text("{")
            self.assertIn("JSON ends early", hermes("info", model, status=1))
            shutil.rmtree(model)
            self.assertIn("no such model", hermes("info", model, status=1))


class TrainTokenizer(unittest.TestCase):
    def test_trains_and_loads(self):
        with tempfile.TemporaryDirectory() as folder:
            corpus, out = pathlib.Path(folder) / "corpus.txt", pathlib.Path(folder) / "tokenizer.json"
            corpus.write_text("the cat sat on the mat, the cat sat on the hat\n" * 50)
            hermes("train-tokenizer", corpus, "--vocab-size", 270, "--special", "<s>", "--special", "</s>", "-o", out)
            first = out.read_bytes()
            ids = json.loads(hermes("tokenize", out, "<s>the cat</s>", "--json"))
            self.assertEqual((ids["tokens"][0], ids["tokens"][-1]), ("<s>", "</s>"))
            self.assertLess(len(ids["ids"]), 9)
            hermes("train-tokenizer", corpus, "--vocab-size", 270, "--special", "<s>", "--special", "</s>", "-o", out)
            self.assertEqual(out.read_bytes(), first)
            self.assertIn("vocab", hermes("train-tokenizer", corpus, "--vocab-size", 5, "-o", out, status=1))
            self.assertEqual(out.read_bytes(), first)


class Synth(unittest.TestCase):
    def test_makes_the_same_data_again_and_says_what_it_made(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = []
            for name, threads in (("a", 1), ("b", 2)):
                out = pathlib.Path(folder, name)
                report = json.loads(hermes("synth", ROOT / "recipes/nano/data.json", "--records", 2000, "--out", out,
                                           "--json", "-t", threads))
                runs.append(report["data_hash"])
                self.assertEqual(report["discarded"], {})
                self.assertIn("arithmetic 1", (out / "report.txt").read_text())
                self.assertTrue((out / "train.jsonl.zst").stat().st_size > 0)
            self.assertEqual(runs[0], runs[1])
            tokenizer = pathlib.Path(folder, "tokenizer.json")
            hermes("train-tokenizer", pathlib.Path(folder, "a/train.jsonl.zst"), "--chat-template",
                   ROOT / "recipes/nano/chat_template.jinja", "--split", "qwen", "--vocab-size", 400, "--special",
                   "<|eot_id|>", "--shown", "<think>", "-o", tokenizer)
            tokens = json.loads(hermes("tokenize", tokenizer, "<think>12<|eot_id|>", "--json"))["tokens"]
            self.assertEqual(tokens, ["<think>", "1", "2", "<|eot_id|>"])
            self.assertIn("chat data needs --chat-template",
                          hermes("train-tokenizer", pathlib.Path(folder, "a/train.jsonl.zst"), "-o", tokenizer, status=1))


class Bench(unittest.TestCase):
    def test_one_object_for_each_test(self):
        out = json.loads(hermes("bench", MODELS / "llama-f32", "-p", "8", "-n", "3", "-d", "0,20", "-b", "2", "-r", "2",
                                "--thread-counts", "1,2", "--json"))
        tests = [(t["n_prompt"], t["n_gen"], t["depth"], t["batch"], t["threads"]) for t in out]
        self.assertEqual(tests, [(p, n, d, b, t) for t in (1, 2) for d in (0, 20)
                                 for p, n, b in ((8, 0, 1), (0, 3, 2))])
        for test in out:
            self.assertEqual((test["type"], len(test["samples"])), ("F32", 2))
            self.assertGreater(test["tokens_per_second"], 0)
            self.assertGreater(test["matrix_share"], 0)
            self.assertEqual(test["bandwidth_share"] is None, test["n_gen"] == 0)

    def test_refusals(self):
        self.assertIn("beyond the model's context", hermes("bench", MODELS / "llama-f32", "-d", "1000000", status=1))
        hermes("bench", MODELS / "llama-f32", "-b", "0", status=2)


class Usage(unittest.TestCase):
    def test_help_and_wrong_usage(self):
        for command in ("info", "chat", "generate", "tokenize", "logits", "template", "train-tokenizer", "synth", "train",
                        "eval"):
            self.assertRegex(hermes(command, "--help"), r"Examples?:\s+hermes " + command)
        hermes("--version")
        for wrong in ([], ["nonsense"], ["synth"], ["eval"], ["generate", "m"], ["logits", "m", "--tokens", "x"],
                      ["logits", "m", "--tokens", "1", "--threads", "0"], ["info", "m", "--unknown"]):
            hermes(*wrong, status=2)


if __name__ == "__main__":
    HERMES = sys.argv.pop(1)
    unittest.main(verbosity=2)
