#!/usr/bin/env python3
"""Keeps files small, names alike and the map complete.

Rules, each with the place that breaks it:
  - no source file (.h .cpp .cu .cuh .py under src, tests, bench, tools, lab) above 800 lines; 90 % within 350
  - file names in snake_case
  - each folder directly under src/ (for one without files of its own, such as kernels/: each folder in it), and each
    that NAMED_BELOW lists, has a one-line caption in README.md: a line "name/   caption" in the fenced block under
    "## Map", indented below the folder that contains it, with or without the strokes of a tree

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


def folders_to_caption(root: pathlib.Path) -> list[str]:
    """Folders directly under src/; one that holds only folders (kernels/) stands for these."""
    folders: set[str] = {f for f in NAMED_BELOW if (root / "src" / f).is_dir()}
    for folder in (f for f in (root / "src").glob("*") if f.is_dir()):
        inside = list(folder.iterdir())
        if any(f.is_file() for f in inside):
            folders.add(folder.name)
        else:
            folders |= {f"{folder.name}/{f.name}" for f in inside}
    return sorted(folders)


def map_errors(root: pathlib.Path) -> list[str]:
    readme = root / "README.md"
    captions = map_captions(readme.read_text(encoding="utf-8")) if readme.is_file() else None
    if captions is None:
        return ['README.md:1: no fenced block under a heading "## Map"']
    captions = {path.removeprefix("src/"): found for path, found in captions.items()}
    errors = []
    for folder in folders_to_caption(root):
        if folder not in captions:
            errors.append(f"README.md:1: the map has no line for src/{folder}")
            continue
        line, caption = captions[folder]
        if not re.search(r"[A-Za-z]{2}", re.sub(r"^F\d+\b", "", caption)):
            errors.append(f"README.md:{line}: {folder}/ has no caption")
    return errors


def check(root: pathlib.Path) -> list[str]:
    files = sources(root)
    return size_errors(root, files) + name_errors(root, files) + map_errors(root)


SELF_TEST_README = """# project

```
not/   the map
```

## Map

```
src/
├── base/             F0   result, files
├── chat/             F3   messages
│   └── template/          Jinja
├── kernels/cpu/      F3   scalar, AVX2
└── net/              F1   bytes on the wire
tests/                     what crosses folders
```
"""

# name -> (files to add to a tree that passes, part of the message expected; None where it must still pass)
SELF_TESTS = {
    "the tree as it is": ({}, None),
    "at the limits": ({"src/base/b.cpp": "x\n" * 800, "src/base/c.cpp": "x\n" * 350}, None),
    "too long": ({"src/base/b.cpp": "x\n" * 801}, "src/base/b.cpp:801: 801 lines, above 800"),
    "too long in tools": ({"tools/b.py": "x\n" * 801}, "tools/b.py:801"),
    "too many long files": ({f"src/base/b{i}.h": "x\n" * 351 for i in range(3)}, "3 of 16 files are above 350 lines"),
    "other files may be long": ({"src/base/b.txt": "x\n" * 900, "docs/b.py": "x\n" * 900}, None),
    "CamelCase": ({"src/base/FileName.h": ""}, "src/base/FileName.h:1: file name is not snake_case"),
    "a hyphen": ({"tests/a-b.cpp": ""}, "tests/a-b.cpp:1: file name is not snake_case"),
    "two underscores": ({"tests/a__b.cpp": ""}, "file name is not snake_case"),
    "package marker": ({"tools/__init__.py": ""}, None),
    "folder not in the map": ({"src/extra/b.h": ""}, "the map has no line for src/extra"),
    "kernels in part": ({"src/kernels/cuda/b.h": ""}, "the map has no line for src/kernels/cuda"),
    "named subfolder": ({"src/tensor/quant/b.h": ""}, "the map has no line for src/tensor/quant"),
    "other subfolders are free": ({"src/base/deep/b.h": ""}, None),
    "a name elsewhere does not count": ({"src/chat/stream_parser/b.h": "", "src/template/b.h": ""}, "src/template"),
    "caption empty": (
        {"README.md": SELF_TEST_README.replace("result, files", "")}, "README.md:11: base/ has no caption"),
    "flat map": (
        {"README.md": "## Map\n```\nbase/  a caption\nchat/ b caption\nchat/template/ c caption\nkernels/cpu/ vectors\n"
                      "net/ wire bytes\n```\n"}, None),
    "no map": ({"README.md": "# project\n"}, 'no fenced block under a heading "## Map"'),
    "map not closed": ({"README.md": "## Map\n```\nbase/ all of it\n"}, "no fenced block"),
}


def self_test() -> int:
    failures = 0
    for name, (added, expected) in SELF_TESTS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            files = {"README.md": SELF_TEST_README, "src/CMakeLists.txt": "", "src/chat/template/a.h": ""}
            files |= {f"src/{f}/a.h": "" for f in ("base", "chat", "kernels/cpu", "net")}
            files |= {f"tests/a{i}.cpp": "" for i in range(8)}
            for path, text in (files | added).items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            errors = check(root)
        fine = not errors if expected is None else any(expected in error for error in errors)
        if not fine:
            failures += 1
            print(f"self-test failed: {name}: expected {expected!r}, found {errors}", file=sys.stderr)
    print(f"{len(SELF_TESTS) - failures} of {len(SELF_TESTS)} self-tests passed")
    return 1 if failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="file sizes, file names and the map in README.md")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true", help="break each rule in a tree of its own")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    errors = check(arguments.root)
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
