#!/usr/bin/env python3
"""The embedded model as a user meets it: it thinks, answers, calls tools, keeps to budgets.

    tests/e2e/nano_test.py build/cpu-release/hermes
"""
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERMES = None
SUM = "What is 348 + 921 + 77 + 605?"
CALCULATOR = [{
    "type": "function",
    # Evaluates "a OP b" with integers, and nothing else.
    "command": [sys.executable, "-c",
                "import json,re,sys; e=json.load(sys.stdin)['expression']; "
                "assert re.fullmatch(r'[0-9 +*-]+', e), e; print(json.dumps({'result': eval(e)}))"],
    "timeout_seconds": 20,
    "function": {"name": "calculator", "description": "Evaluate an arithmetic expression",
                 "parameters": {"type": "object", "properties": {"expression": {"type": "string"}},
                                "required": ["expression"]}}}]
CLOCK = [{
    "type": "function", "command": "cat > /dev/null; echo '{\"time\": \"14:45\"}'",
    "function": {"name": "get_time", "description": "Local time of a city",
                 "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
LIGHT = [{
    "type": "function", "command": "cat > /dev/null; echo '{\"ok\": true}'",
    "function": {"name": "set_light", "description": "Turn a light on or off",
                 "parameters": {"type": "object", "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
                                "required": ["room", "on"]}}}]


def hermes(*args, stdin="", status=0):
    run = subprocess.run([HERMES, *map(str, args)], input=stdin.encode(), capture_output=True, timeout=120)
    if run.returncode != status:
        raise AssertionError(f"hermes {args} gave {run.returncode}: {run.stderr.decode()}{run.stdout.decode()}")
    return (run.stderr if status else run.stdout).decode()


def generate(*args):
    return json.loads(hermes("generate", "--json", *args))


class Answers(unittest.TestCase):
    def test_thinks_and_is_right(self):
        answer = generate("--think", "--prompt", SUM)
        message = answer["message"]
        self.assertRegex(message["content"], r"1951\W*$")
        self.assertIn("1951", message["reasoning_content"])
        self.assertEqual(answer["finish_reason"], "stop")
        self.assertGreater(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 10)
        self.assertIn("1951", hermes("generate", "--think", "--prompt", SUM).splitlines()[-1])

    def test_no_think_is_no_reasoning(self):
        answer = generate("--no-think", "--prompt", SUM)
        self.assertIsNone(answer["message"]["reasoning_content"])
        self.assertNotEqual(answer["message"]["content"], "")
        self.assertEqual(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 0)

    def test_the_same_bits_for_any_threads(self):
        texts = {json.dumps(generate("--think", "--prompt", SUM, "--threads", n)["message"]) for n in (1, 2, 3)}
        self.assertEqual(len(texts), 1)

    def test_a_budget_of_16_tokens_ends_in_an_answer(self):
        for extra in ([], ["--soft-reasoning-budget", "8"], ["--max-tokens", "40"]):
            answer = generate("--think", "--prompt", SUM, "--reasoning-budget", "16", *extra)
            self.assertLessEqual(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 16)
            self.assertNotEqual(answer["message"]["content"], "")
            self.assertNotIn("think>", answer["message"]["content"])

    def test_thinking_in_the_request_file(self):
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name) / "request.json"
            messages = [{"role": "user", "content": SUM}]
            for fields, thinks in (({"thinking": True}, True), ({"reasoning_effort": "none"}, False),
                                   ({"thinking": {"type": "enabled", "budget_tokens": 9}}, True),
                                   ({"chat_template_kwargs": {"enable_thinking": True}}, True), ({}, False)):
                file.write_text(json.dumps({"messages": messages, **fields}))
                answer = generate("--messages", file)
                self.assertEqual(answer["message"]["reasoning_content"] is not None, thinks, fields)
            file.write_text(json.dumps({"messages": messages, "thinking": True, "enable_thinking": False}))
            self.assertIn("contradict", hermes("generate", "--messages", file, status=1))
            # A system message of the user's does not switch thinking off, and the answer says what was done.
            file.write_text(json.dumps({"messages": [{"role": "system", "content": "Be brief."}, *messages]}))
            answer = generate("--messages", file, "--think")
            self.assertTrue(answer["reasoning_prompt_added"])
            self.assertIsNotNone(answer["message"]["reasoning_content"])

    def test_a_tool_call(self):
        with tempfile.TemporaryDirectory() as name:
            tools = pathlib.Path(name) / "tools.json"
            declared = [{k: v for k, v in t.items() if k in ("type", "function")} for t in LIGHT + CALCULATOR]
            tools.write_text(json.dumps(declared))
            question = "What is 1250 + 263? Calculate with the tool."
            answer = generate("--think", "--prompt", question, "--tools", tools)
            self.assertEqual(answer["finish_reason"], "tool_calls")
            call = answer["message"]["tool_calls"][0]["function"]
            self.assertEqual((call["name"], json.loads(call["arguments"])), ("calculator", {"expression": "1250 + 263"}))

    def test_evaluation(self):
        report = json.loads(hermes("eval", "nano", "--limit", "60", "--json"))
        modes = {result["mode"]: result["accuracy"] for result in report["results"]}
        self.assertGreater(modes["think"], modes["direct"])


class Parse(unittest.TestCase):
    TEXT = '<think>hm</think>\n\nYes.<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>'

    def test_a_message(self):
        for chunk in (1, 7, 1000):
            message = json.loads(hermes("parse", "--json", "--chunk", chunk, stdin=self.TEXT))
            self.assertEqual((message["reasoning_content"], message["content"]), ("hm", "Yes."))
            self.assertEqual(message["tool_calls"][0]["function"], {"name": "f", "arguments": '{"x": 1}'})
            self.assertEqual(message["finish_reason"], "tool_calls")
        self.assertIn("tool call call_0: f", hermes("parse", "--format", "hermes", stdin=self.TEXT))

    def test_events_and_refusals(self):
        events = [json.loads(line) for line in hermes("parse", "--events", "--chunk", "9", stdin=self.TEXT).splitlines()]
        self.assertEqual("".join(e["text"] for e in events if e["event"] == "arguments"), '{"x": 1}')
        self.assertIn("there are hermes, llama3_json", hermes("parse", "--format", "no", stdin="x", status=1))
        cut = json.loads(hermes("parse", "--json", "--cut-off", stdin=self.TEXT[:-20]))
        self.assertEqual((cut["finish_reason"], cut["tool_calls"]), ("length", []))
        self.assertTrue(cut["withheld"].startswith("<tool_call>"))


class Agent(unittest.TestCase):
    def chat(self, *args, lines, tools=CALCULATOR):
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name) / "tools.json"
            file.write_text(json.dumps(tools))
            return hermes("chat", "--tools", file, *args, stdin="\n".join(lines) + "\n")

    def test_a_tool_inside_reasoning(self):
        out = self.chat("--think", "--yes", lines=["What is 4348 - 411? Calculate with the tool."],
                        tools=LIGHT + CALCULATOR)
        self.assertIn("tool: calculator", out)
        self.assertIn('{"result": 3937}', out)
        self.assertRegex(out.strip(), r"3937\W*$")

    def test_a_tool_outside_reasoning(self):
        for mode in ("--no-think", "--think"):
            out = self.chat(mode, "--yes", lines=["What time is it in Zurich?"], tools=LIGHT + CLOCK)
            self.assertIn('{"city": "Zurich"}', out)
            self.assertIn('{"time": "14:45"}', out)
            self.assertRegex(out.strip(), r"14:45\D*$")

    def test_nothing_runs_that_nobody_confirmed(self):
        out = self.chat("--no-think", lines=["What time is it in Zurich?"], tools=LIGHT + CLOCK)
        self.assertIn("declined", out)
        self.assertNotIn("14:45", out)

    def test_a_broken_tools_file(self):
        broken = [{k: v for k, v in CALCULATOR[0].items() if k != "command"}]
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name) / "tools.json"
            file.write_text(json.dumps(broken))
            self.assertIn("command", hermes("chat", "--tools", file, stdin="", status=1))


class Terminal:
    """hermes chat on a pseudo-terminal."""

    def __init__(self, *args):
        self.home = tempfile.TemporaryDirectory()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "HOME": self.home.name, "XDG_STATE_HOME": self.home.name})
            os.execv(HERMES, [HERMES, "chat", *args])
        self.text = ""

    def wait_for(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            match = re.search(pattern, self.text)
            if match:
                seen, self.text = self.text[:match.end()], self.text[match.end():]
                return seen
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
        raise AssertionError(f"no {pattern!r} in {self.text!r}")

    def send(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        self.send("\x15/quit\r")
        for _ in range(100):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
            time.sleep(0.1)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError("hermes chat does not leave")
        os.close(self.fd)
        self.home.cleanup()


class Chat(unittest.TestCase):
    def test_on_a_terminal(self):
        chat = Terminal()
        try:
            chat.wait_for(r"hermes-nano(.|\n)*Questions it can answer(.|\n)*> ")
            chat.send(SUM + "\r")
            seen = chat.wait_for(r"1951\s+(.|\n)*> ")
            self.assertIn("\x1b[2m", seen)  # dim
            chat.send("/no-think\r")
            chat.wait_for("thinking is off(.|\n)*> ")
            chat.send("\x1b[A\x1b[A\r")  # the question again, from the history
            seen = chat.wait_for(r"77 \+ 605\?\s+(.|\n)*\d+(.|\n)*> ")
            self.assertNotIn("thinking\r\n", seen)
            chat.send("/nonsense\r")
            chat.wait_for("no command /nonsense(.|\n)*> ")
            chat.send("/think\r")
            chat.wait_for("thinking is on(.|\n)*> ")
            chat.send("/fold\r")
            chat.wait_for("folded(.|\n)*> ")
            chat.send("/regenerate\r")
            chat.wait_for(r"thought for .* tokens(.|\n)*\d(.|\n)*> ")
            chat.send("/reasoning\r")
            chat.wait_for(r"thinking(.|\n)*\d(.|\n)*> ")
            file = pathlib.Path(chat.home.name) / "chat.json"
            chat.send(f"/save {file}\r")
            chat.wait_for("saved to(.|\n)*> ")
            saved = json.loads(file.read_text())
            self.assertEqual([m["role"] for m in saved["messages"]], ["user", "assistant", "user", "assistant"])
            chat.send("/new\r")
            chat.wait_for("a new conversation(.|\n)*> ")
            chat.send(f"/load {file}\r")
            chat.wait_for("4 messages(.|\n)*> ")
            chat.send("/load /no/such/file\r")
            chat.wait_for("/no/such/file: (.|\n)*> ")
        finally:
            chat.close()

    def test_ctrl_c_stops_the_answer_and_keeps_the_chat(self):
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name) / "tools.json"
            file.write_text(json.dumps([LIGHT[0], {**CLOCK[0], "command": "sleep 60"}]))
            chat = Terminal("--no-think", "--tools", str(file))
            try:
                chat.wait_for("> ")
                chat.send("What time is it in Zurich?\r")
                chat.wait_for("run get_time(.|\n)*: ")
                begin = time.monotonic()
                chat.send("y\r")
                time.sleep(1)
                chat.send("\x03")
                chat.wait_for(r"\(stopped\)(.|\n)*> ")
                self.assertLess(time.monotonic() - begin, 30)
                chat.send("/new\r")
                chat.wait_for("a new conversation(.|\n)*> ")
            finally:
                chat.close()

    def test_several_lines_are_one_message(self):
        chat = Terminal("--no-think")
        try:
            chat.wait_for("> ")
            chat.send("What is 2\\\r")
            chat.wait_for(r"\.\.\. ")
            chat.send("+ 2?\r")
            chat.wait_for(r"\+ 2\?(.|\n)*\n[^\n]*> ")  # whatever it answers
            chat.send("/history\r")
            self.assertIn("What is 2\r\n+ 2?", chat.wait_for(r"assistant(.|\n)*> "))
        finally:
            chat.close()


if __name__ == "__main__":
    HERMES = os.path.abspath(sys.argv.pop(1))
    unittest.main()
