#!/usr/bin/env python3
"""Keeps files small, names alike and the map complete.

Rules, each with the place that breaks it:
  - no source file (.h .cpp .cu .cuh .py under src, tests, bench, tools, lab) above 800 lines; 90 % within 350
  - file names in snake_case
  - each folder directly under src/, and each below it that NAMED_BELOW lists, has a one-line caption in README.md: a
    line "name/   caption" in the fenced block under "## Map", with or without the strokes of a tree

Usage: check_sizes.py [--root DIR] | --self-test. Exit status 1 where a rule is broken.
"""

import argparse
import pathlib
import re
import sys
import tempfile

MOST_LINES = 800
USUAL_LINES = 350
USUAL_SHARE = 0.9
SOURCES = {".h", ".cpp", ".cu", ".cuh", ".py"}
FOLDERS = ("src", "tests", "bench", "tools", "lab")
# Subfolders of src/ that the architecture names; they need a caption once they exist.
NAMED_BELOW = ("tensor/quant", "ops/reference", "kernels/cpu", "kernels/cuda", "chat/template", "chat/stream_parser",
               "model/families", "verify/sandbox", "serve/web", "swarm/coordinator")

SNAKE_CASE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
MAP_LINE = re.compile(r"^([\s│├└─|`+-]*)((?:[A-Za-z0-9_.-]+/)+)(?:\s+(.*\S))?\s*$")


def sources(root: pathlib.Path) -> list[pathlib.Path]:
    found = []
    for folder in FOLDERS:
        found += [f for f in sorted((root / folder).rglob("*")) if f.suffix in SOURCES and f.is_file()]
    return found


def size_errors(root: pathlib.Path, files: list[pathlib.Path]) -> list[str]:
    lines = {f.relative_to(root).as_posix(): f.read_bytes().count(b"\n") for f in files}
    errors = [f"{name}:{n}: {n} lines, above {MOST_LINES}" for name, n in lines.items() if n > MOST_LINES]
    long = sorted(((n, name) for name, n in lines.items() if n > USUAL_LINES), reverse=True)
    if len(long) > (1 - USUAL_SHARE) * len(lines):
        named = ", ".join(f"{name} ({n})" for n, name in long)
        errors.append(f"{len(long)} of {len(lines)} files are above {USUAL_LINES} lines, more than one in ten: {named}")
    return errors


def name_errors(root: pathlib.Path, files: list[pathlib.Path]) -> list[str]:
    return [f"{f.relative_to(root).as_posix()}:1: file name is not snake_case" for f in files
            if not SNAKE_CASE.fullmatch(f.stem) and f.name != "__init__.py"]


def map_captions(readme: str) -> dict[str, tuple[int, str]] | None:
    """Folder as a path without the last slash -> (line, caption), from the map's block; None where there is none."""
    captions: dict[str, tuple[int, str]] = {}
    above: list[tuple[int, str]] = []  # column and path of the folders that contain the present line
    seen_heading = inside = False
    for number, line in enumerate(readme.splitlines(), 1):
        if line.startswith("```"):
            if inside:
                return captions
            inside = seen_heading
        elif line.startswith("#") and not inside:
            seen_heading = line.strip() == "## Map"
        elif inside:
            match = MAP_LINE.match(line)
            if match is None:
                continue
            column, name = len(match.group(1)), match.group(2).rstrip("/")
            while above and above[-1][0] >= column:
                above.pop()
            path = f"{above[-1][1]}/{name}" if above else name
            above.append((column, path))
            captions[path] = (number, match.group(3) or "")
    return None


def map_errors(root: pathlib.Path) -> list[str]:
    readme = root / "README.md"
    captions = map_captions(readme.read_text(encoding="utf-8")) if readme.is_file() else None
    if captions is None:
        return ["README.md:1: no fenced block under a heading \"## Map\""]
    required = sorted(f.name for f in (root / "src").iterdir() if f.is_dir()) if (root / "src").is_dir() else []
    required += [f for f in NAMED_BELOW if (root / "src" / f).is_dir()]
    errors = []
    for folder in required:
        # kernels/ itself is only the way to its two entries.
        if any(named.startswith(folder + "/") for named in captions) and folder not in captions and folder == "kernels":
            continue
        line, caption = captions.get(f"src/{folder}", captions.get(folder, (1, None)))
        if caption is None and any(p.startswith(f"src/{folder}/") for p in captions) and folder == "kernels":
            continue
        if caption is None:
            errors.append(f"README.md:1: the map has no line for src/{folder}")
        elif not re.search(r"[A-Za-z]{2}", re.sub(r"^F\d+\b", "", caption)):
            errors.append(f"README.md:{line}: {folder}/ has no caption")
    return errors


def check(root: pathlib.Path) -> list[str]:
    files = sources(root)
    return size_errors(root, files) + name_errors(root, files) + map_errors(root)
