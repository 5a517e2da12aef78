#!/usr/bin/env python3
"""`hermes train` as a user meets it: a recipe to a model, interrupted and resumed, on two ranks, and what it refuses.

    python3 tests/e2e/train_test.py build/cpu-release/hermes [mpiexec]
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SPECIAL = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
STEPS = 12


def run(*args, environment=None):
    return subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=240,
                          env=os.environ | (environment or {}))


class Train(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        with open(cls.folder / "data.jsonl", "w") as data, open(cls.folder / "corpus.txt", "w") as corpus:
            for i in range(600):
                a, b = 3 * i % 97, 7 * i % 89
                question, answer = f"What is {a} + {b}?", f"<think>\n{a} and {b}\n</think>\n{a + b}"
                data.write(json.dumps({"messages": [{"role": "user", "content": question},
                                                    {"role": "assistant", "content": answer}],
                                       "thinking": True, "split": "test" if i % 50 == 0 else "train"}) + "\n")
                corpus.write(question + answer + "\n")
        made = run(HERMES, "train-tokenizer", cls.folder / "corpus.txt", "--vocab-size", 300, "-o",
                   cls.folder / "tokenizer.json", *[x for s in SPECIAL for x in ("--special", s)])
        assert made.returncode == 0, made.stderr

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def recipe(self, name, **changes):
        recipe = {
            "name": name, "output": str(self.folder / name),
            "model": {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
                      "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 64, "vocab_size": 300,
                      "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                      "tie_word_embeddings": True},
            "tokenizer": str(self.folder / "tokenizer.json"),
            "chat_template": str(SOURCE / "recipes/nano/chat_template.jinja"),
            "tokens": {"bos": SPECIAL[0], "end_of_turn": SPECIAL[3]},
            "data": {"files": [str(self.folder / "data.jsonl")], "train_split": "train", "test_split": "test"},
            "packing": {"row_tokens": 512, "rows_per_step": 2, "group_size": 5000},
            "steps": STEPS,
            "optimizer": {"learning_rate": 1e-2, "warmup_steps": 2, "min_lr_ratio": 0.1, "beta1": 0.9, "beta2": 0.95,
                          "eps": 1e-8, "weight_decay": 0.1, "clip_norm": 1.0},
            "seed": 1, "checkpoint_every": 5, "eval_every": 6, "eval_samples": 10,
            "export": {"dtype": "bf16", "generation": {"do_sample": False}}}
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(recipe | changes))
        return path

    def metrics(self, name):
        return [json.loads(line) for line in (self.folder / name / "metrics.jsonl").read_text().splitlines()]

    def weights(self, name):
        return (self.folder / name / "model/model.safetensors").read_bytes()

    def trained(self, name, *options, **changes):
        done = run(HERMES, "train", self.recipe(name, **changes), *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{self.folder / name}/model\n")
        return done

    def test_starts_from_a_folder_not_from_gguf(self):
        recipe = json.loads(self.recipe("gguf", init_from=str(SOURCE / "tests/golden/gguf/llama-f32.gguf")).read_text())
        del recipe["model"]
        path = self.folder / "gguf.json"
        path.write_text(json.dumps(recipe))
        refused = run(HERMES, "train", path)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("a GGUF file; what is asked for here is a folder", refused.stderr)

    def test_a_recipe_becomes_a_model(self):
        self.trained("plain")
        points = self.metrics("plain")
        self.assertEqual([p["step"] for p in points], list(range(1, STEPS + 1)))
        self.assertLess(points[-1]["loss"], 0.8 * points[0]["loss"])
        self.assertEqual([p["step"] for p in points if "test_loss" in p], [6, 12])
        report = run(HERMES, "info", self.folder / "plain/model", "--json")
        self.assertEqual(report.returncode, 0, report.stderr)
        self.assertIn("</svg>", (self.folder / "plain/report.html").read_text())

    def test_interrupted_and_resumed_gives_the_same_bytes(self):
        self.trained("whole")
        recipe = self.recipe("parts")
        process = subprocess.Popen([HERMES, "train", str(recipe)], stderr=subprocess.PIPE, text=True)
        metrics = self.folder / "parts/metrics.jsonl"
        while not (metrics.exists() and metrics.stat().st_size > 0) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, said)
        if "stopped after step" in said:  # else it was done before the signal came
            self.assertIn(f"hermes train {recipe} --resume", said)
            self.assertLess(len(self.metrics("parts")), STEPS)
            resumed = run(HERMES, "train", recipe, "--resume")
            self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual([p["loss"] for p in self.metrics("parts")], [p["loss"] for p in self.metrics("whole")])
        self.assertEqual(self.weights("parts"), self.weights("whole"))

    def test_threads_do_not_change_bits(self):
        self.trained("one", "--threads", 1)
        self.trained("three", "--threads", 3)
        self.assertEqual(self.weights("one"), self.weights("three"))

    def test_goes_on_from_a_model(self):
        self.trained("base")
        path = self.recipe("more", init_from=str(self.folder / "base/model"))
        recipe = json.loads(path.read_text())
        del recipe["model"]
        path.write_text(json.dumps(recipe))
        done = run(HERMES, "train", path, "--steps", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertAlmostEqual(self.metrics("more")[0]["loss"], self.metrics("base")[-1]["loss"], delta=0.5)

    def test_refusals_name_what_is_wrong(self):
        broken = self.folder / "broken.jsonl"
        broken.write_text('{"messages": [{"role": "user", "content": "hi"}]}\n')
        data = {"files": [str(broken)], "train_split": "train", "test_split": "test"}
        for changes, expected in [({"sequence": 1}, 'unknown member "sequence"'),
                                  ({"tokens": {"end_of_turn": "<|im_end|>"}}, 'no token "<|im_end|>"'),
                                  ({"data": data}, "broken.jsonl:1: no assistant turn"),
                                  ({"tokenizer": "/nowhere.json"}, "/nowhere.json")]:
            done = run(HERMES, "train", self.recipe("refused", **changes))
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(expected, done.stderr)
        self.trained("twice")
        done = run(HERMES, "train", self.recipe("twice"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is a run already", done.stderr)

    def test_two_ranks_train_as_one(self):
        if MPIEXEC is None:
            self.skipTest("no mpiexec given")
        self.trained("alone")
        done = run(MPIEXEC, "-n", 2, "--allow-run-as-root", "--oversubscribe", HERMES, "train", self.recipe("ranks"),
                   environment={"ASAN_OPTIONS": "detect_leaks=0"})  # MPI itself leaks
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 ranks", done.stderr)
        for alone, ranks in zip(self.metrics("alone"), self.metrics("ranks"), strict=True):
            self.assertAlmostEqual(alone["loss"], ranks["loss"], delta=1e-3)


if __name__ == "__main__":
    HERMES = sys.argv[1]
    MPIEXEC = sys.argv[2] if len(sys.argv) > 2 else None
    unittest.main(argv=sys.argv[:1])
