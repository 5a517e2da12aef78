#!/usr/bin/env python3
"""Keys typed on a pseudo-terminal into the line editor of `hermes chat`, and the messages that come out.

    tests/e2e/line_editor_test.py build/cpu-release/src/apps/line_editor_echo
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

ECHO = None
PROMPT = r">(\x1b\[0m)? "
UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~"
BACKSPACE, ALT_ENTER, CTRL_C, CTRL_D, CTRL_R = "\x7f", "\x1b\r", "\x03", "\x04", "\x12"


def paste(text):
    return f"\x1b[200~{text}\x1b[201~"


class Terminal:
    """line_editor_echo on a terminal of its own."""

    def __init__(self, *args, columns=80, **environment):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.pop("LC_ALL", None)
            os.environ.update({"TERM": "xterm-256color", "LANG": "C.UTF-8"} | environment)
            os.execv(ECHO, [ECHO, *args])
        self.pid = pid
        self.output = ""
        self.at = 0
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.bytes = b""
        self.expect(PROMPT)

    def expect(self, pattern, seconds=30):
        """Waits until the output after what was found before matches; returns the match."""
        limit = time.monotonic() + seconds
        while True:
            match = re.compile(pattern, re.DOTALL).search(self.output, self.at)
            if match:
                self.at = match.end()
                return match
            if not select.select([self.fd], [], [], max(0, limit - time.monotonic()))[0]:
                raise AssertionError(f"no {pattern!r} in {self.output[self.at:]!r}")
            try:
                self.bytes += os.read(self.fd, 65536)
            except OSError:
                raise AssertionError(f"ended without {pattern!r}: {self.output[self.at:]!r}") from None
            self.output = self.bytes.decode(errors="ignore")

    def type(self, *keys, pause=0.03):
        """Keys as a person sends them: one after the other, and after a line that goes on, at the next prompt."""
        for i, key in enumerate(keys):
            os.write(self.fd, key.encode())
            if key == "\r" and i + 1 < len(keys):
                self.expect(r"\.\.\. ")
            time.sleep(pause)

    def message(self, *keys):
        self.type(*keys)
        text = json.loads(self.expect(r'message ("[^\r\n]*")\r\n').group(1))
        self.expect(PROMPT)
        return text

    def close(self):
        os.close(self.fd)
        _, status = os.waitpid(self.pid, 0)
        return status


class LineEditor(unittest.TestCase):
    def open(self, *args, **environment):
        terminal = Terminal(*args, **environment)

        def end():
            try:
                os.kill(terminal.pid, signal.SIGKILL)
                terminal.close()
            except OSError:
                pass
        self.addCleanup(end)
        return terminal

    def test_a_line(self):
        terminal = self.open()
        self.assertEqual(terminal.message("hello", "\r"), "hello")
        self.assertEqual(terminal.message("\r"), "")
        terminal.type(CTRL_D)
        terminal.expect('end ""')

    def test_editing(self):
        terminal = self.open()
        self.assertEqual(terminal.message("helo", LEFT, "l", "\r"), "hello")
        self.assertEqual(terminal.message("world", HOME, "a ", END, "!", "\r"), "a world!")
        self.assertEqual(terminal.message("xab", HOME, DELETE, END, BACKSPACE, "\r"), "a")
        self.assertEqual(terminal.message("xab", HOME, CTRL_D, "\r"), "ab")

    def test_characters_beyond_ascii_are_one_key_each(self):
        for locale in ({"LANG": "C.UTF-8"}, {"LANG": "C"}, {"LC_ALL": "POSIX"}, {"LANG": "xx_YY.ISO-8859-1"}):
            terminal = self.open(**locale)
            self.assertEqual(terminal.message("grüßé日本", BACKSPACE, BACKSPACE, LEFT, BACKSPACE, "\r"), "grüé")
            self.assertEqual(terminal.message("a👍b", LEFT, BACKSPACE, "\r"), "ab")

    def test_history(self):
        terminal = self.open()
        terminal.message("first", "\r")
        terminal.message("second ", "\r")
        self.assertEqual(terminal.message(UP, UP, "!", "\r"), "first!")
        self.assertEqual(terminal.message(UP, UP, DOWN, "\r"), "first!")
        self.assertEqual(terminal.message("draft ", UP, UP, DOWN, DOWN, "kept", "\r"), "draft kept")
        self.assertEqual(terminal.message(CTRL_R, "fir", "\x1b", END, "?", "\r"), "first!?")
        long = "x" * 3000
        self.assertEqual(terminal.message(long, UP, DOWN, "\r"), long)

    def test_history_of_several_lines(self):
        terminal = self.open()
        terminal.message("ab", ALT_ENTER, "cd", "\r")
        terminal.message("other", "\r")
        self.assertEqual(terminal.message(UP, UP, "!", "\r"), "ab\ncd!")
        self.assertEqual(terminal.message(UP, UP, "?", "\r"), "ab?\ncd!")

    def test_history_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "history")
            terminal = self.open(str(path))
            terminal.message("one\\", "\r", "zwei ü", "\r")
            terminal.message("two", "\r")
            self.assertEqual(path.read_text(), '"one\\nzwei ü"\n"two"\n')
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            terminal = self.open(str(path))
            self.assertEqual(terminal.message(UP, UP, "\r"), "one\nzwei ü")
            self.assertEqual(terminal.message(CTRL_R, "tw", "\r"), "two")

    def test_continuation(self):
        terminal = self.open()
        terminal.type("one \\", "\r")
        terminal.expect(r"\.\.\. ")
        self.assertEqual(terminal.message("two", "\r"), "one \ntwo")
        self.assertEqual(terminal.message('"""', "\r", "a \\", "\r", "", "\r", "b", "\r", '"""', "\r"), "a \\\n\nb")
        self.assertEqual(terminal.message("a", ALT_ENTER, "b", ALT_ENTER, "c", LEFT, UP, UP, "x", "\r"), "xa\nb\nc")
        self.assertEqual(terminal.message("one \\", "\r", "two", UP, DOWN, "\r"), "one \ntwo")

    def test_a_paste_is_one_message(self):
        terminal = self.open()
        for text in ("a\rb \\\r\rc", "a\nb \\\n\nc"):
            self.assertEqual(terminal.message(paste(text), "\r"), "a\nb \\\n\nc")
        self.assertEqual(terminal.message("see: ", paste("ü\ty\x03\x1b[A\r\n日\r"), " end", "\r"), "see: ü\ty[A\n日 end")
        long = "\r".join(f"line {i} {'x' * 100}" for i in range(300))
        self.assertEqual(terminal.message(paste(long), "\r"), long.replace("\r", "\n"))

    def test_a_paste_without_marks_is_one_message(self):
        terminal = self.open()
        self.assertEqual(terminal.message("a\rb\r\rc", "\r"), "a\nb\n\nc")
        self.assertEqual(terminal.message("a\rb\r"), "a\nb")

    def test_commands_typed_ahead_stay_apart(self):
        terminal = self.open()
        terminal.type("/think\rhello\r")
        terminal.expect('message "/think"\r\n.*message "hello"\r\n')

    def test_interrupt(self):
        terminal = self.open()
        terminal.type("dropped", CTRL_C)
        terminal.expect(PROMPT)
        self.assertEqual(terminal.message("kept", "\r"), "kept")
        terminal.type("one \\", "\r", "two", CTRL_C)
        terminal.expect(PROMPT)
        self.assertNotIn("/quit", terminal.output)
        terminal.type(CTRL_C)
        terminal.expect("/quit leaves\r\n")
        self.assertEqual(terminal.message("kept", LEFT, "\r"), "kept")
        terminal.type("left in the middle", LEFT, LEFT, CTRL_C)
        self.assertEqual(terminal.message("new", "\r"), "new")

    def test_end_of_input(self):
        terminal = self.open()
        terminal.type("a", CTRL_D)  # not on an empty line
        self.assertEqual(terminal.message("\r"), "a")
        terminal.type("one \\", "\r", CTRL_D)
        terminal.expect('message "one \\\\n"|message "one "')
        terminal.expect(PROMPT)
        terminal.type(CTRL_D)
        terminal.expect('end ""')
        self.assertEqual(terminal.close(), 0)

    def test_completion(self):
        terminal = self.open()
        self.assertEqual(terminal.message("/q\t", "\r"), "/quit ")
        terminal.type("/th\t")
        terminal.expect("/think  /theme  \r\n")
        self.assertEqual(terminal.message("i\t", "\r"), "/think ")
        self.assertEqual(terminal.message("/zzz\t", "\r"), "/zzz")
        self.assertEqual(terminal.message("a\tb", "\r"), "a\tb")

    def test_a_question(self):
        terminal = self.open()
        for keys, expected in ((("y", "\r"), 'answer "y"'), ((CTRL_C,), "no "), ((CTRL_D,), "no "), ((UP, "\r"), 'answer ""')):
            terminal.type("ask", "\r")
            terminal.expect(r"sure\? \[y/N\] ")
            terminal.type(*keys)
            terminal.expect(expected)
            terminal.expect(PROMPT)
        self.assertEqual(terminal.message(UP, "!", "\r"), "ask!")  # answers are not remembered

    def test_the_terminal_is_left_as_it_was(self):
        terminal = self.open()
        before = termios.tcgetattr(terminal.fd)
        terminal.type(CTRL_D)
        terminal.expect('end ""')
        after = termios.tcgetattr(terminal.fd)
        self.assertTrue(after[3] & termios.ICANON and after[3] & termios.ECHO and after[3] & termios.ISIG)
        self.assertFalse(before[3] & termios.ICANON)
        self.assertEqual(after[6][termios.VINTR], b"\x03")
        self.assertEqual(terminal.output.count("\x1b[?2004h"), terminal.output.count("\x1b[?2004l"))

    def test_a_terminal_that_cannot_move_its_cursor(self):
        terminal = self.open(TERM="dumb")
        terminal.type("one \\\r")
        terminal.expect(r"\.\.\. ")
        self.assertEqual(terminal.message("two\r"), "one \ntwo")
        self.assertNotIn("2004", terminal.output)

    def test_a_pipe(self):
        text = 'one\ntwo \\\nthree\r\n"""\na\\\n\n"""\n\nü \xff\nlast \\'
        run = subprocess.run([ECHO], input=text.encode("latin-1"), capture_output=True, timeout=60)
        self.assertEqual(run.stdout.decode("latin-1"),
                         'message "one"\nmessage "two \\nthree"\nmessage "a\\\\\\n"\nmessage ""\nmessage "ü ÿ"\n'
                         'message "last "\nend ""\n')


if __name__ == "__main__":
    ECHO = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
