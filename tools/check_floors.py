#!/usr/bin/env python3
"""Holds every #include under src/ and lab/ against the table in cmake/floors.cmake.

Rules, each with the place that breaks it:
  - the table names only strictly lower floors; "*" (all of them) is for the highest floor alone
  - a file includes only its own folder and those that the table allows; subfolders belong to the entry above them,
    except where STRICTER says otherwise
  - every folder with sources under src/ is in the table; src/ never includes lab/
  - no #include of a source file; files of src/ are included by their path from src/
  - CUDA headers only in kernels/cuda (and lab/); getenv only in apps

Usage: check_floors.py [--root DIR] | --self-test. Exit status 1 where a rule is broken.
"""

import argparse
import pathlib
import re
import sys
import tempfile

SOURCES = {".h", ".hpp", ".cpp", ".cc", ".c", ".cu", ".cuh", ".inl"}
# Subfolders that may include less than the entry they belong to.
STRICTER = {"swarm/coordinator": {"base"}}
CUDA_FOLDER = "kernels/cuda"
ENVIRONMENT_FOLDER = "apps"

TABLE_LINE = re.compile(r'^\s*"([^"|]*)\|([^"|]*)\|([^"|]*)"\)?\s*$')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')
CUDA_HEADER = re.compile(
    r"^(cuda|cublas|cudnn|cufft|curand|cusolver|cusparse|nvml|nvrtc|nvtx|nvjitlink)[^/]*\.h(pp)?$"
    r"|^(cuda|cub|thrust|cute|cutlass|nvtx3|cooperative_groups)/|^(mma|cooperative_groups|device_launch_parameters)\.h$")
GETENV = re.compile(r"\b(secure_)?getenv\b|\benviron\b")
# Comments, and string and character literals (raw ones too); the longest alternatives first.
TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^()\\\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def without(text: str, strings: bool) -> str:
    """The text with comments and raw strings blanked, and other literals too where `strings`; line numbers stay."""

    def blank(match: re.Match) -> str:
        token = match.group()
        keep = token.startswith(('"', "'")) and not strings
        return token if keep else re.sub(r"[^\n]", " ", token)

    return TOKENS.sub(blank, text)


class Table:
    """folder -> (floor, folders it may include), as cmake/floors.cmake lists them."""

    def __init__(self, path: pathlib.Path, name: str):
        self.floor: dict[str, int] = {}
        self.allowed: dict[str, set[str]] = {}
        self.errors: list[str] = []
        lines: dict[str, int] = {}
        inside = False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("set(HERMES_FLOORS"):
                inside = True
                continue
            if not inside:
                continue
            row = TABLE_LINE.match(line)
            if row is None:
                self.errors.append(f"{name}:{number}: not a line of the table: {line.strip()}")
                break
            folder, floor, allowed = (part.strip() for part in row.groups())
            if folder in self.floor:
                self.errors.append(f"{name}:{number}: {folder} has two lines")
            if not floor.isdigit():
                self.errors.append(f"{name}:{number}: floor of {folder} is {floor!r}, not a number")
                floor = "0"
            self.floor[folder] = int(floor)
            self.allowed[folder] = set(allowed.split())
            lines[folder] = number
            if line.rstrip().endswith(")"):
                break
        if not self.floor:
            self.errors.append(f"{name}:1: no table HERMES_FLOORS")
        for folder, number in lines.items():
            self.errors += [f"{name}:{number}: {fault}" for fault in self.faults_of(folder)]

    def faults_of(self, folder: str) -> list[str]:
        floor, faults = self.floor[folder], []
        for other in sorted(self.allowed[folder]):
            if other == "*":
                if any(f >= floor for name, f in self.floor.items() if name != folder):
                    faults.append(f"{folder} may include everything, but is not alone on the highest floor")
            elif other not in self.floor:
                faults.append(f"{folder} may include {other}, which has no line")
            elif self.floor[other] >= floor:
                faults.append(f"{folder} (floor {floor}) may include {other} (floor {self.floor[other]}): not lower")
        if "*" in self.allowed[folder]:
            self.allowed[folder] = set(self.floor)
        return faults

    def owner(self, path: str) -> str | None:
        """The entry that a path under src/ belongs to: the longest that is a folder above it."""
        parts = path.split("/")[:-1]
        for length in range(len(parts), 0, -1):
            if "/".join(parts[:length]) in self.floor:
                return "/".join(parts[:length])
        return None


def stricter_folder(path: str) -> str | None:
    return next((folder for folder in STRICTER if path.startswith(folder + "/")), None)


def fault_of_include(table: Table, root: pathlib.Path, path: str, owner: str, quoted: bool, target: str) -> str | None:
    """What is wrong with this #include in src/`path`, or None."""
    if CUDA_HEADER.match(target) and owner != CUDA_FOLDER:
        return f"CUDA header {target} outside {CUDA_FOLDER}"
    if not quoted:
        return f"<{target}> is a file of src/: include it with quotes" if (root / "src" / target).is_file() else None
    if pathlib.PurePosixPath(target).suffix in {".cpp", ".cc", ".c", ".cu"}:
        return f'includes a source file: "{target}"'
    target_owner = table.owner(target)
    if target_owner is None and path.endswith("_test.cpp") and target.startswith("support/"):
        return None  # tests/support: what tests of several folders share
    if target_owner is None:
        if (root / "src" / path).parent.joinpath(target).is_file():
            return f'"{target}": include it by its path from src/'
        return f'"{target}" is in no folder of the table (headers of other projects go in <>)'
    strict = stricter_folder(path)
    if strict is not None:
        if target.startswith(strict + "/") or target_owner in STRICTER[strict]:
            return None
        return f"{strict} may include {' '.join(sorted(STRICTER[strict]))} only, not {target_owner}"
    if target_owner == owner or target_owner in table.allowed[owner]:
        return None
    return f'{owner} (floor {table.floor[owner]}) may not include {target_owner} (floor {table.floor[target_owner]}): "{target}"'


def check_file(table: Table, root: pathlib.Path, file: pathlib.Path) -> list[str]:
    name = file.relative_to(root).as_posix()
    in_src = name.startswith("src/")
    path = name.removeprefix("src/")
    owner = table.owner(path) if in_src else None
    if in_src and owner is None:
        return [f"{name}:1: folder {path.rpartition('/')[0] or 'src'} has no line in cmake/floors.cmake"]
    text = file.read_text(encoding="utf-8", errors="replace")
    errors = []
    for number, line in enumerate(without(text, strings=False).splitlines(), 1):
        include = INCLUDE.match(line)
        if include is None:
            continue
        quoted, target = include.group(1) == '"', include.group(2)
        if in_src:
            fault = fault_of_include(table, root, path, owner, quoted, target)
        else:
            is_source = quoted and pathlib.PurePosixPath(target).suffix in {".cpp", ".cc", ".c", ".cu"}
            fault = f'includes a source file: "{target}"' if is_source else None
        if fault is not None:
            errors.append(f"{name}:{number}: {fault}")
    if in_src and owner != ENVIRONMENT_FOLDER:
        for number, line in enumerate(without(text, strings=True).splitlines(), 1):
            if GETENV.search(line):
                errors.append(f"{name}:{number}: reads the environment outside {ENVIRONMENT_FOLDER}")
    return errors


def check(root: pathlib.Path) -> list[str]:
    table = Table(root / "cmake/floors.cmake", "cmake/floors.cmake")
    errors = list(table.errors)
    for folder in ("src", "lab"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in SOURCES and file.is_file():
                errors += check_file(table, root, file)
    return errors


SELF_TEST_TABLE = '''set(HERMES_FLOORS
  "base         | 0 |"
  "tensor       | 1 | base"
  "net          | 1 | base"
  "kernels/cpu  | 3 | base tensor"
  "kernels/cuda | 3 | base tensor"
  "swarm        | 6 | base tensor net"
  "apps         | 7 | *")
'''

# name -> (files to add to a tree that passes, part of the message expected; None where it must still pass)
SELF_TESTS = {
    "the tree as it is": ({}, None),
    "own folder and allowed": ({"src/tensor/b.h": '#include "tensor/a.h"\n#include "base/a.h"\n#include <vector>\n'}, None),
    "upwards": ({"src/base/b.h": '// \n#include "tensor/a.h"\n'}, "src/base/b.h:2: base (floor 0) may not include tensor"),
    "sideways": ({"src/net/b.h": '#include "tensor/a.h"\n'}, "net (floor 1) may not include tensor"),
    "indented": ({"src/base/b.h": '#if 1\n  #  include "tensor/a.h"\n#endif\n'}, "src/base/b.h:2:"),
    "subfolder belongs to its parent": ({"src/tensor/quant/b.h": '#include "net/a.h"\n'}, "tensor (floor 1) may not"),
    "longest entry wins": ({"src/kernels/cpu/b.h": '#include "kernels/cuda/a.h"\n'}, "kernels/cpu (floor 3) may not"),
    "apps see all": ({"src/apps/b.cpp": '#include "swarm/a.h"\n#include "net/a.h"\nauto x = getenv("A");\n'}, None),
    "coordinator sees base only": ({"src/swarm/coordinator/b.h": '#include "tensor/a.h"\n'}, "swarm/coordinator may include base"),
    "coordinator does not see swarm": ({"src/swarm/coordinator/b.h": '#include "swarm/a.h"\n'}, "swarm/coordinator may"),
    "coordinator sees itself and base": (
        {"src/swarm/coordinator/b.h": '#include "swarm/coordinator/c.h"\n#include "base/a.h"\n'}, None),
    "folder without a line": ({"src/extra/b.h": "\n"}, "src/extra/b.h:1: folder extra has no line"),
    "file in src itself": ({"src/b.h": "\n"}, "folder src has no line"),
    "source file": ({"src/net/b.cpp": '#include "net/a.cpp"\n'}, "src/net/b.cpp:1: includes a source file"),
    "source file in lab": ({"lab/b.cpp": '#include "base/a.cpp"\n'}, "lab/b.cpp:1: includes a source file"),
    "lab uses src": ({"lab/b.cu": '#include "swarm/a.h"\n#include <cuda_runtime.h>\n'}, None),
    "src never uses lab": ({"src/net/b.cpp": '#include "lab/b.h"\n'}, '"lab/b.h" is in no folder of the table'),
    "relative": ({"src/net/b.cpp": '#include "a.h"\n'}, "include it by its path from src/"),
    "in angle brackets": ({"src/base/b.h": "#include <tensor/a.h>\n"}, "include it with quotes"),
    "getenv": ({"src/net/b.cpp": 'int f();\nauto x = std::getenv("A");\n'}, "src/net/b.cpp:2: reads the environment"),
    "getenv in words": ({"src/net/b.cpp": '// getenv\n/* getenv\n getenv */ auto s = "getenv";\n'}, None),
    "include in words": ({"src/base/b.cpp": '// #include "tensor/a.h"\n/*\n#include "tensor/a.h"\n*/\n'}, None),
    "include in a raw string": ({"src/base/b.cpp": 'char q = \'"\';\nauto s = R"x(\n#include "tensor/a.h"\n)x";\n'}, None),
    "CUDA outside": ({"src/kernels/cpu/b.cpp": "#include <cuda_runtime.h>\n"}, "CUDA header cuda_runtime.h outside"),
    "CUB outside": ({"src/net/b.cpp": "#include <cub/cub.cuh>\n"}, "CUDA header cub/cub.cuh outside"),
    "CUDA inside": ({"src/kernels/cuda/b.cu": "#include <cuda_bf16.h>\n#include <mma.h>\n"}, None),
    "table: not lower": (
        {"cmake/floors.cmake": SELF_TEST_TABLE.replace('net          | 1 | base', 'net          | 1 | base tensor')},
        "cmake/floors.cmake:4: net (floor 1) may include tensor (floor 1): not lower"),
    "table: unknown folder": (
        {"cmake/floors.cmake": SELF_TEST_TABLE.replace("| 1 | base", "| 1 | bass")}, "may include bass, which has no line"),
    "table: everything from the middle": (
        {"cmake/floors.cmake": SELF_TEST_TABLE.replace("base tensor net", "*")}, "swarm may include everything, but"),
    "table: twice": (
        {"cmake/floors.cmake": SELF_TEST_TABLE.replace('"net          ', '"base         ')}, "base has two lines"),
    "table: absent": ({"cmake/floors.cmake": "\n"}, "no table HERMES_FLOORS"),
}


def self_test() -> int:
    failures = 0
    for name, (added, expected) in SELF_TESTS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            files = {"cmake/floors.cmake": SELF_TEST_TABLE, "lab/README.md": ""}
            files |= {f"src/{f}/a.h": "#pragma once\n" for f in ("base", "tensor", "net", "swarm", "kernels/cuda")}
            for path, text in (files | added).items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            errors = check(root)
        fine = not errors if expected is None else any(expected in error for error in errors)
        if not fine:
            failures += 1
            print(f"self-test failed: {name}: expected {expected!r}, found {errors}", file=sys.stderr)
    print(f"{len(SELF_TESTS) - failures} of {len(SELF_TESTS)} self-tests passed")
    return 1 if failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="#include lines against cmake/floors.cmake")
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
