// The goldens of testdata/quant_goldens.json (tools/quant_make_goldens.py), and the rows and blocks they speak of, made
// anew from the same seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace hermes::test {

struct GoldenRow {
  std::string kind;
  std::string bytes;      // hash of ggml's blocks without importance, of types whose bytes are ggml's; else empty
  double error;           // sum of the squared errors of ggml's blocks
  double weighted_error;  // with importance, the sum of the squared errors by importance
};
struct GoldenFormat {
  DType dtype;
  std::vector<uint8_t> block;  // one that ggml wrote
  std::vector<float> floats;   // that it decodes to
  std::string random_blocks;   // hash of the floats that random_blocks() decode to
  std::vector<GoldenRow> rows;
};
struct QuantGoldens {
  std::vector<std::string> kinds, hashes;  // of rows
  std::string importance;
  std::vector<GoldenFormat> formats;
};

const QuantGoldens& quant_goldens();
const GoldenFormat& golden_of(DType dtype);

std::vector<float> golden_row(const std::string& kind);
std::vector<float> golden_importance();
std::vector<uint8_t> random_blocks(DType dtype);  // of any bytes, but that no scale is infinite or NaN

std::string hash_of(const void* bytes, size_t size);  // 16 hexadecimal digits

}  // namespace hermes::test
