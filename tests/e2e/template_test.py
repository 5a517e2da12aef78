#!/usr/bin/env python3
"""`hermes template` as a user meets it, beside the goldens of jinja2.

    tests/e2e/template_test.py build/cpu-release/hermes
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/templates"
NANO = ROOT / "recipes/nano/chat_template.jinja"
HERMES = None


def template(*args, stdin=None, status=0):
    """Standard output, or standard error where a failure is expected."""
    run = subprocess.run([HERMES, "template", *map(str, args)], input=stdin, capture_output=True, timeout=60)
    if run.returncode != status:
        raise AssertionError(f"hermes template {args} gave {run.returncode}: {run.stderr.decode()}{run.stdout.decode()}")
    return (run.stderr if status else run.stdout).decode()


class Template(unittest.TestCase):
    conversations = json.loads((GOLDEN / "conversations.json").read_text(encoding="utf-8"))
    texts = {g["name"]: g["text"] for g in json.loads((GOLDEN / "nano.json").read_text(encoding="utf-8"))}

    def test_renders_a_file_as_jinja2_does(self):
        for conversation in self.conversations[::9]:
            variables = dict(conversation["variables"])
            whole = {"messages": variables.pop("messages"), "tools": variables.pop("tools")}
            flags = [] if variables.pop("add_generation_prompt") else ["--no-generation-prompt"]
            flags += [f"--set={name}={json.dumps(value)}" for name, value in variables.items()]
            out = template(NANO, "--messages", "-", *flags, stdin=json.dumps(whole).encode())
            self.assertEqual(out, self.texts[conversation["name"]], conversation["name"])

    def test_chooses_among_a_model_s_templates(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "config.json").write_text("{}")
            (folder / "messages.json").write_text('[{"role": "user", "content": "hi"}]')
            (folder / "tools.json").write_text('[{"type": "function", "function": {"name": "f"}}]')
            (folder / "tokenizer_config.json").write_text(json.dumps({
                "bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": [
                    {"name": "default", "template": "{{ bos_token }}plain{{ eos_token }} {{ style }}"},
                    {"name": "tool_use", "template": "tools: {{ tools | length }}"}]}))
            messages = ("--messages", folder / "messages.json")
            self.assertEqual(template(folder, *messages, "--set", "style=a b"), "<s>plain</s> a b")
            tools = ("--tools", folder / "tools.json")
            self.assertEqual(template(folder, *messages, *tools), "tools: 1")
            self.assertEqual(template(folder, *messages, *tools, "--name", "default"), "<s>plain</s> ")
            (folder / "chat_template.jinja").write_text("from the file")
            self.assertEqual(template(folder, *messages), "from the file")

    def test_refusals(self):
        self.assertIn("chat_template.jinja: line 50: 'dict object' has no attribute 'content'",
                      template(NANO, "--messages", "-", stdin=b'[{"role": "user"}]', status=1))
        self.assertIn("must be an array of messages", template(NANO, "--messages", "-", stdin=b"3", status=1))
        self.assertIn("must be NAME=VALUE", template(NANO, "--messages", "-", "--set", "x", stdin=b"[]", status=1))
        self.assertIn("no such file", template(NANO, "--messages", "/nonexistent", status=1))
        template(NANO, status=2)


if __name__ == "__main__":
    HERMES = sys.argv.pop(1)
    unittest.main(verbosity=2)
