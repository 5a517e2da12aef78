#!/usr/bin/env python3
"""Writes src/tensor/quant/testdata/quant_goldens.json: what ggml makes of blocks and rows.

For each block type a block as ggml writes it with the floats that it decodes to (bits), a hash of the floats that 256
blocks of random bytes decode to (the gguf package and ggml must agree on both), and for rows of many kinds the squared
error of ggml's encoder, for the plain types also a hash of its bytes. Blocks and rows are drawn with the project's own
counter-based generator, so the tests make the same ones again. The versions are noted in the file.

    python3 -m venv venv && venv/bin/pip install gguf llama-cpp-python
    venv/bin/python tools/quant_make_goldens.py venv/lib/python3*/site-packages/llama_cpp/lib/libggml-base.so \\
        "llama-cpp-python 0.3.36" src/tensor/quant/testdata/quant_goldens.json
"""
import ctypes
import importlib.metadata
import json
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

SEED = 1
ROW = 4096
RANDOM_BLOCKS = 256
PLAIN = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]  # their bytes are ggml's
SEARCHED = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4"]
ONLY_READ = ["IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S"]
TYPES = PLAIN + SEARCHED + ONLY_READ
# Where a block holds scales in F16, in bytes.
F16_FIELDS = {"Q4_1": [0, 2], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2],
              "Q6_K": [208], "MXFP4": [], "IQ1_M": []}


def words(stream, n):
    """The first n words of Rng(SEED, stream): Philox4x32-10."""
    blocks = np.arange((n + 3) // 4, dtype=np.uint64)
    low = np.uint64(0xFFFFFFFF)
    c = [blocks & low, blocks >> np.uint64(32), np.full_like(blocks, stream), np.zeros_like(blocks)]
    k = [SEED, 0]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]),
             p0 & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, axis=1).ravel()[:n].astype(np.uint32)


def rows():
    """Rows of every kind, as quant_goldens_for_test.cpp makes them: all arithmetic is exact or rounded once."""
    w = words(0, 2 * ROW).astype(np.int64).reshape(ROW, 2)
    halves = (w & 0xFFFF).sum(axis=1) + (w >> 16).sum(axis=1)
    bell = (halves - 131070).astype(np.float32)  # nearly normal, deviation 37837
    i = np.arange(ROW)

    def times(x, e):
        return np.ldexp(x, e).astype(np.float32)

    t = times(bell, -17)
    normal = times(bell, -21)
    positive = np.abs(normal) + np.float32(0.125)
    return {
        "normal": normal,
        "heavy": t * t * t * np.float32(0.25),
        "positive": positive,
        "negative": -positive,
        "sparse": np.where(w[:, 0] % 8 == 0, normal, np.float32(0)),
        "outliers": np.where(i % 256 == 77, normal * np.float32(1024), normal),
        "constants": normal[i // 16 * 16],
        "ternary": times((w[:, 0] % 3 - 1).astype(np.float32), -5),
        "ramp": times((i % 256 - 100).astype(np.float32), -8),
        "tiny": times(bell, -37),
        "large": times(bell, -2),
        "denormal": times(bell, -149),
        "zeros": np.zeros(ROW, np.float32),
    }


def importance():
    w = words(1, ROW)
    t = (w >> np.uint32(16)).astype(np.float32) * np.float32(2.0**-16)
    return np.where(w % 16 == 0, np.float32(0), t * t * t).astype(np.float32)


def random_blocks(name):
    """Any bytes, but that no scale in F16 is infinite or NaN."""
    n_bytes = GGML_QUANT_SIZES[GGMLQuantizationType[name]][1]
    size = RANDOM_BLOCKS * n_bytes
    blocks = words(100 + TYPES.index(name), (size + 3) // 4).view(np.uint8)[:size].reshape(RANDOM_BLOCKS, n_bytes).copy()
    for at in F16_FIELDS.get(name, [0]):
        high = blocks[:, at + 1]
        high[(high & 0x7C) == 0x7C] &= 0xBF
    if name == "IQ1_M":  # d is spread over the upper quarters of four 16-bit numbers
        top, next_lower = blocks[:, 55], blocks[:, 53]
        top[((top & 0x70) == 0x70) & ((next_lower & 0xC0) == 0xC0)] &= 0xBF
    return blocks


def hash64(data):
    """hash64 of base/hash.h."""
    mask = (1 << 64) - 1
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & mask
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        state = (state ^ state >> 33) * factor & mask
    return f"{state ^ state >> 33:016x}"


class Ggml:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.ggml_quantize_chunk.argtypes = (
            [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p])
        self.library.ggml_version.restype = ctypes.c_char_p
        self.version = self.library.ggml_version().decode()

    def encode(self, name, x, weights):
        kind = GGMLQuantizationType[name]
        elements, n_bytes = GGML_QUANT_SIZES[kind]
        blocks = np.zeros((x.size // elements, n_bytes), np.uint8)
        self.library.ggml_quantize_chunk(kind.value, x.ctypes.data, blocks.ctypes.data, 0, 1, x.size,
                                         None if weights is None else weights.ctypes.data)
        return blocks

    def decode(self, name, blocks):
        elements = GGML_QUANT_SIZES[GGMLQuantizationType[name]][0]
        lower = name[:-1].lower() + "K" if name.endswith("_K") else name.lower()
        function = getattr(self.library, "dequantize_row_" + lower)
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
        x = np.zeros(blocks.shape[0] * elements, np.float32)
        function(np.ascontiguousarray(blocks).ctypes.data, x.ctypes.data, x.size)
        with np.errstate(over="ignore"):
            package = quants.dequantize(blocks, GGMLQuantizationType[name]).ravel()
        assert (package.view(np.uint32) == x.view(np.uint32)).all(), f"{name}: the gguf package and ggml differ"
        return x


def golden(ggml, name, all_rows, weights):
    blocks = ggml.encode(name, all_rows["normal"], weights)
    one = blocks[1:2]
    result = {"type": name, "block": one.tobytes().hex(), "floats": ggml.decode(name, one).tobytes().hex(),
              "random_blocks": hash64(ggml.decode(name, random_blocks(name)).tobytes())}
    if name in ONLY_READ:
        return result
    result["rows"] = []
    for kind, x in all_rows.items():
        row = {"kind": kind}
        for field, w in (("error", None), ("weighted_error", weights)):
            blocks = ggml.encode(name, x, w)
            if name in PLAIN and w is None:
                row["bytes"] = hash64(blocks.tobytes())
            difference = ggml.decode(name, blocks).astype(np.float64) - x
            row[field] = float(np.sum((1.0 if w is None else w.astype(np.float64)) * difference * difference))
        result["rows"].append(row)
    return result


def main():
    ggml = Ggml(sys.argv[1])
    all_rows, weights = rows(), importance()
    goldens = {"versions": {"ggml": ggml.version, "from": sys.argv[2], "gguf": importlib.metadata.version("gguf"),
                            "numpy": np.__version__},
               "rows": {kind: hash64(x.tobytes()) for kind, x in all_rows.items()},
               "importance": hash64(weights.tobytes()),
               "formats": [golden(ggml, name, all_rows, weights) for name in TYPES]}
    text = json.dumps(goldens, separators=(",", ":"))
    for name in ('{"type"', '"block"', '"floats"', '"random_blocks"', '{"kind"', '"formats"'):
        text = text.replace(name, "\n" + name)
    with open(sys.argv[3], "w") as out:
        out.write(text + "\n")


if __name__ == "__main__":
    main()
