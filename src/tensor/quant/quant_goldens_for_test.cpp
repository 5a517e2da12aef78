#include "tensor/quant/quant_goldens_for_test.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/rng.h"

namespace hermes::test {
namespace {

constexpr uint64_t kSeed = 1, kImportanceStream = 1, kFirstBlockStream = 100;
constexpr int kRow = 4096, kRandomBlocks = 256;

std::vector<uint8_t> bytes_of_hex(std::string_view text) {
  std::vector<uint8_t> bytes(text.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(std::stoi(std::string(text.substr(2 * i, 2)), nullptr, 16));
  }
  return bytes;
}

GoldenFormat read_format(const json::value& value) {
  GoldenFormat format{};
  format.dtype = dtype_of(value.at("type").as_string()).value();
  format.block = bytes_of_hex(value.at("block").as_string());
  const std::vector<uint8_t> floats = bytes_of_hex(value.at("floats").as_string());
  format.floats.resize(floats.size() / sizeof(float));
  std::memcpy(format.floats.data(), floats.data(), floats.size());
  format.random_blocks = value.at("random_blocks").as_string();
  if (const json::value* rows = value.as_object().if_contains("rows")) {
    for (const json::value& row : rows->as_array()) {
      const json::value* bytes = row.as_object().if_contains("bytes");
      format.rows.push_back({row.at("kind").as_string().c_str(), bytes != nullptr ? bytes->as_string().c_str() : "",
                             row.at("error").to_number<double>(), row.at("weighted_error").to_number<double>()});
    }
  }
  return format;
}

// Where a block holds scales in F16, in bytes.
std::vector<size_t> f16_fields(DType dtype) {
  switch (dtype) {
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return {0, 2};
    case DType::kQ2_K:
      return {80, 82};
    case DType::kQ3_K:
      return {108};
    case DType::kQ6_K:
      return {208};
    case DType::kMXFP4:
    case DType::kIQ1_M:
      return {};
    default:
      return {0};
  }
}

}  // namespace

const QuantGoldens& quant_goldens() {
  static const QuantGoldens goldens = [] {
    const json::value file = read_json_file(HERMES_QUANT_TESTDATA "/quant_goldens.json", 1 << 20).value();
    QuantGoldens read;
    for (const auto& [kind, hash] : file.at("rows").as_object()) {
      read.kinds.emplace_back(kind);
      read.hashes.emplace_back(hash.as_string());
    }
    read.importance = file.at("importance").as_string();
    for (const json::value& format : file.at("formats").as_array()) read.formats.push_back(read_format(format));
    return read;
  }();
  return goldens;
}

const GoldenFormat& golden_of(DType dtype) {
  for (const GoldenFormat& format : quant_goldens().formats) {
    if (format.dtype == dtype) return format;
  }
  HERMES_CHECK(false, "no golden of {}", name_of(dtype));
  std::abort();
}

std::vector<float> golden_row(const std::string& kind) {
  Rng rng(kSeed);
  std::vector<float> row(kRow), normal(kRow);
  for (size_t i = 0; i < kRow; ++i) {
    const uint32_t a = rng.next_u32(), b = rng.next_u32();
    const auto bell =
        static_cast<float>(static_cast<int>((a & 0xFFFF) + (b & 0xFFFF) + (a >> 16) + (b >> 16)) - 131070);
    normal[i] = std::ldexp(bell, -21);
    const float t = std::ldexp(bell, -17), positive = std::fabs(normal[i]) + 0.125F;
    float& x = row[i];
    if (kind == "normal") x = normal[i];
    if (kind == "heavy") x = t * t * t * 0.25F;
    if (kind == "positive") x = positive;
    if (kind == "negative") x = -positive;
    if (kind == "sparse") x = a % 8 == 0 ? normal[i] : 0.0F;
    if (kind == "outliers") x = i % 256 == 77 ? normal[i] * 1024.0F : normal[i];
    if (kind == "constants") x = normal[i / 16 * 16];
    if (kind == "ternary") x = std::ldexp(static_cast<float>(static_cast<int>(a % 3) - 1), -5);
    if (kind == "ramp") x = std::ldexp(static_cast<float>(static_cast<int>(i % 256) - 100), -8);
    if (kind == "tiny") x = std::ldexp(bell, -37);
    if (kind == "large") x = std::ldexp(bell, -2);
    if (kind == "denormal") x = std::ldexp(bell, -149);
  }
  return row;
}

std::vector<float> golden_importance() {
  Rng rng(kSeed, kImportanceStream);
  std::vector<float> importance(kRow);
  for (float& w : importance) {
    const uint32_t word = rng.next_u32();
    const float t = std::ldexp(static_cast<float>(word >> 16), -16);
    w = word % 16 == 0 ? 0.0F : t * t * t;
  }
  return importance;
}

std::vector<uint8_t> random_blocks(DType dtype) {
  size_t position = 0;
  while (quant_goldens().formats[position].dtype != dtype) ++position;
  const size_t block_bytes = info_of(dtype).block_bytes, size = kRandomBlocks * block_bytes;
  Rng rng(kSeed, kFirstBlockStream + position);
  std::vector<uint8_t> blocks(size + 3);
  for (size_t i = 0; i < size; i += 4) {
    const uint32_t word = rng.next_u32();
    std::memcpy(blocks.data() + i, &word, std::min<size_t>(4, blocks.size() - i));
  }
  blocks.resize(size);
  for (size_t first = 0; first < size; first += block_bytes) {
    uint8_t* block = blocks.data() + first;
    const auto tame = [](uint8_t& high) { high &= 0xBF; };
    for (const size_t at : f16_fields(dtype)) {
      if ((block[at + 1] & 0x7C) == 0x7C) tame(block[at + 1]);
    }
    // The scale is spread over the upper quarters of four numbers.
    if (dtype == DType::kIQ1_M && (block[55] & 0x70) == 0x70 && (block[53] & 0xC0) == 0xC0) tame(block[55]);
  }
  return blocks;
}

std::string hash_of(const void* bytes, size_t size) {
  return fmt::format("{:016x}", hash64({static_cast<const char*>(bytes), size}));
}

}  // namespace hermes::test
