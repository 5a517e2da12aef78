// Files by chance: what we write is what we read, and damage is refused or harmless, never a crash. The fuzz target in
// tests/fuzz looks further.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <vector>

#include "base/file.h"
#include "base/rng.h"
#include "base/temp_folder_for_test.h"
#include "base/utf8.h"
#include "formats/gguf_bytes_for_test.h"
#include "formats/gguf_file.h"
#include "formats/gguf_tokenizer.h"
#include "formats/gguf_writer.h"

namespace hermes::formats {
namespace {

constexpr DType kDTypes[] = {DType::kF32, DType::kF16,  DType::kBF16, DType::kI8,
                             DType::kI32, DType::kQ8_0, DType::kQ4_0};

std::string random_text(Rng& rng) {
  std::string text;
  for (uint64_t n = rng.below(12); n > 0; --n) append_utf8(text, static_cast<uint32_t>(1 + rng.below(0x7FF)));
  return text;
}

struct RandomFile {
  GgufFields fields;
  std::vector<GgufTensorPlan> plans;
  std::deque<std::string> data;  // of each tensor
};

void set_random_field(Rng& rng, const std::string& key, GgufFields& fields) {
  std::vector<std::string> texts(rng.below(5));
  for (std::string& text : texts) text = random_text(rng);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::vector<int32_t> numbers(rng.below(9), static_cast<int32_t>(rng.next_u32()));
  switch (rng.below(8)) {
    case 0:
      return fields.set_u16(key, static_cast<uint16_t>(rng.next_u32()));
    case 1:
      return fields.set_u32(key, rng.next_u32());
    case 2:
      return fields.set_u64(key, rng.next_u32());
    case 3:
      return fields.set_f32(key, static_cast<float>(rng.below(1000)) / 8);
    case 4:
      return fields.set_bool(key, rng.below(2) == 0);
    case 5:
      return fields.set_string(key, random_text(rng));
    case 6:
      return fields.set_strings(key, views);
    default:
      return fields.set_i32s(key, numbers);
  }
}

RandomFile random_file(Rng& rng) {
  RandomFile file;
  // Keys that the readers of tokenizers and sampling look for, with whatever types.
  constexpr const char* kKeys[] = {"general.architecture",    "tokenizer.ggml.model",
                                   "tokenizer.ggml.tokens",   "tokenizer.ggml.token_type",
                                   "tokenizer.ggml.merges",   "tokenizer.ggml.eos_token_id",
                                   "tokenizer.chat_template", "tokenizer.chat_template.tool_use",
                                   "general.sampling.temp",   "general.sampling.top_k"};
  if (rng.below(2) == 0) file.fields.set_u32(kGgufAlignmentKey, uint32_t{8} << rng.below(5));
  for (uint64_t n = rng.below(8); n > 0; --n) {
    const uint64_t key = rng.below(std::size(kKeys) * 2);
    set_random_field(rng, key < std::size(kKeys) ? kKeys[key] : "key." + std::to_string(key), file.fields);
  }
  for (uint64_t i = rng.below(6); i > 0; --i) {
    const DType dtype = kDTypes[rng.below(std::size(kDTypes))];
    std::vector<int64_t> dims(1 + rng.below(4));
    for (int64_t& dim : dims) dim = static_cast<int64_t>(rng.below(5));
    dims.back() *= info_of(dtype).block_elements;
    file.plans.push_back({"tensor." + std::to_string(i), find_gguf_type(dtype), Shape(dims)});
    std::string& bytes = file.data.emplace_back(bytes_of(dtype, Shape(dims).elements()), '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng.next_u32());
  }
  return file;
}

void write(const RandomFile& file, const std::filesystem::path& path) {
  auto writer = GgufWriter::create(path, file.fields, file.plans);
  ASSERT_TRUE(writer.ok()) << writer.error().message();
  for (const std::string& bytes : file.data) ASSERT_TRUE(writer->append(bytes_of_text(bytes)).ok());
  ASSERT_TRUE(writer->commit().ok());
}

TEST(GgufByChance, WhatIsWrittenIsRead) {
  const TempFolder temp;
  const auto path = temp.path() / "w.gguf";
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const RandomFile written = random_file(rng);
    write(written, path);
    const auto file = GgufFile::open(path);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_EQ(file->header().alignment, written.fields.alignment());
    ASSERT_EQ(file->header().tensors.size(), written.plans.size());
    for (size_t i = 0; i < written.plans.size(); ++i) {
      const auto read = file->tensor(written.plans[i].name);
      ASSERT_TRUE(read.ok()) << read.error().message();
      EXPECT_EQ(read->dtype, written.plans[i].type->dtype);
      EXPECT_EQ(read->shape, written.plans[i].shape);
      ASSERT_EQ(read->bytes(), written.data[i].size());
      EXPECT_TRUE(read->bytes() == 0 || std::memcmp(read->data, written.data[i].data(), read->bytes()) == 0);
    }
    GgufFields again;
    for (const GgufEntry& entry : file->metadata().entries()) again.set(entry.key, entry.value);
    EXPECT_EQ(again.encoded(), written.fields.encoded());
  }
}

// Reads every byte that the header declares; a sanitizer sees the ones outside the file.
uint64_t sum_of_bytes(const GgufHeader& header, std::span<const std::byte> file) {
  uint64_t sum = 0;
  for (const GgufEntry& entry : header.metadata.entries()) {
    for (const std::byte byte : entry.value.bytes) sum += std::to_integer<uint64_t>(byte);
    sum += describe(entry.value).size();
    if (const auto strings = header.metadata.optional_strings(entry.key); strings.ok() && *strings) {
      for (const std::string_view text : **strings) sum += text.size();
    }
  }
  for (const GgufTensor& tensor : header.tensors) {
    for (const std::byte byte : file.subspan(header.data_begin + tensor.begin, tensor.bytes)) {
      sum += std::to_integer<uint64_t>(byte);
    }
  }
  return sum;
}

std::string damage(Rng& rng, std::string file) {
  for (uint64_t n = 1 + rng.below(4); n > 0 && !file.empty(); --n) {
    const size_t at = rng.below(rng.below(2) == 0 ? std::min<size_t>(file.size(), 256) : file.size());
    switch (rng.below(5)) {
      case 0:
        file[at] = static_cast<char>(rng.next_u32());
        break;
      case 1:
        file[at] = static_cast<char>(rng.below(16));
        break;
      case 2:
        for (size_t i = at; i < std::min(file.size(), at + 8); ++i) file[i] = '\xFF';
        break;
      case 3:
        file.erase(at, 1 + rng.below(8));
        break;
      default:
        file.insert(at, file.substr(rng.below(file.size()), rng.below(16)));
        break;
    }
  }
  return file;
}

TEST(GgufByChance, DamageIsRefusedOrHarmless) {
  const TempFolder temp;
  const auto path = temp.path() / "w.gguf";
  int fine = 0, refused = 0;
  const auto note = [&](const Error& error) { EXPECT_EQ(find_invalid_utf8(error.message()), std::string_view::npos); };
  for (uint64_t round = 0; round < 20; ++round) {
    Rng rng(1000 + round);
    write(random_file(rng), path);
    const std::string original = *read_text_file(path, 1 << 24);
    for (int i = 0; i < 1000; ++i) {
      const std::string damaged = damage(rng, original);
      // A copy of exactly this size, so that a sanitizer sees a read beyond it.
      const std::vector<char> exact(damaged.begin(), damaged.end());
      const auto bytes = std::as_bytes(std::span(exact));
      const auto header = parse_gguf_header(bytes, "damaged");
      if (!header.ok()) {
        ++refused;
        note(header.error());
        continue;
      }
      ++fine;
      sum_of_bytes(*header, bytes);
      const auto config = read_gguf_tokenizer_config(header->metadata);
      const auto generation = read_gguf_generation_config(header->metadata);
      if (!config.ok()) note(config.error());
      if (!generation.ok()) note(generation.error());
    }
  }
  // Damage to the data passes, damage to the header mostly not; were one of them never seen, the test would be blind.
  EXPECT_GT(fine, 500);
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace hermes::formats
