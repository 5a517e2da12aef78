#!/usr/bin/env python3
"""Makes src/formats/testdata/: files of the reference safetensors library, for the tests of our reader and writer.

golden.safetensors   every element type that we compute with, one that we do not (I64), a scalar, an empty tensor and
                     a name beyond ASCII; safetensors_file_test.cpp knows the values
written.safetensors  what safetensors_writer_test.cpp writes, which must come out the same byte for byte

Made with safetensors 0.8.0 and torch 2.15.0. Run from the repository's root.
"""

import pathlib

import safetensors
import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path("src/formats/testdata")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    golden = {
        "f32": torch.tensor([[0.0, -1.5, 2.0**-149], [3.25, 1e30, -0.0]]),
        "f16": torch.tensor([1.0, -2.0, 65504.0], dtype=torch.float16),
        "bf16": torch.tensor([1.0, -2.0, 3.0], dtype=torch.bfloat16),
        "e4m3": torch.tensor([448.0, -1.0], dtype=torch.float32).to(torch.float8_e4m3fn),
        "e5m2": torch.tensor([57344.0, -1.0], dtype=torch.float32).to(torch.float8_e5m2),
        "i32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        "i64": torch.tensor([-1, 2**40], dtype=torch.int64),
        "i8": torch.tensor([-128, 127], dtype=torch.int8),
        "u8": torch.tensor([255, 0, 1], dtype=torch.uint8),
        "scalar": torch.tensor(0.5),
        "empty": torch.zeros(0, 4),
        "é.weight": torch.tensor([1.0, 2.0]).reshape(1, 1, 2, 1),
    }
    save_file(golden, FOLDER / "golden.safetensors", metadata={"format": "pt"})

    written = {
        "b.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "a.weight": torch.arange(4, dtype=torch.float32),
        "c.scale": torch.tensor([1.0, 0.5, 0.25], dtype=torch.bfloat16),
        "d.half": torch.tensor([1.0], dtype=torch.float16),
        'name "quoted" \\ é\n': torch.tensor([7, 8, 9], dtype=torch.int8),
        "e.bytes": torch.tensor([1, 2, 3], dtype=torch.uint8),
        "f.fp8": torch.tensor([1.0, -2.0]).to(torch.float8_e4m3fn),
        "g.ids": torch.tensor([-5], dtype=torch.int32),
        "h.empty": torch.zeros(0),
    }
    save_file(written, FOLDER / "written.safetensors", metadata={"format": "pt"})
    print(f"made with safetensors {safetensors.__version__}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
