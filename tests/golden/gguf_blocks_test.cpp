// Quantised models from GGUF files: every block type runs, on every instruction set, and gives what its decoded weights
// give but for the rounding of activations to int8.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "base/hash.h"
#include "base/temp_folder_for_test.h"
#include "formats/gguf_writer.h"
#include "kernels/cpu/cpu_backend.h"
#include "model/prepare_weights.h"
#include "model_files/model_files.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/golden_model.h"
#include "support/random_blocks.h"
#include "support/random_tensor.h"
#include "tensor/quant/quant_format.h"

namespace hermes {
namespace {

constexpr int64_t kHidden = 256, kVocab = 96, kMlp = 512;  // rows of whole blocks of 256

// An activation is off by at most 1/254 of the largest of its 32; some 0.4 % of a product, from five products in each of
// two layers and the last one.
constexpr double kInt8Error = 0.03;

struct Part {
  std::string name;
  Shape shape;
  std::vector<float> values;
};

std::vector<Part> random_model(uint64_t seed) {
  std::vector<Part> parts;
  const auto add = [&](const std::string& name, const Shape& shape) {
    const bool norm = shape.rank() == 1;
    const double scale = norm ? 0.1 : 1 / std::sqrt(static_cast<double>(shape[1]));
    const test::TestTensor values = test::random_tensor(DType::kF32, shape, seed++, scale, norm ? 1 : 0);
    parts.push_back({name, shape, {values.f32().begin(), values.f32().end()}});
  };
  add("token_embd.weight", {kVocab, kHidden});
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    add(layer + "attn_norm.weight", {kHidden});
    add(layer + "attn_q.weight", {kHidden, kHidden});
    add(layer + "attn_k.weight", {kHidden / 2, kHidden});
    add(layer + "attn_v.weight", {kHidden / 2, kHidden});
    add(layer + "attn_output.weight", {kHidden, kHidden});
    add(layer + "ffn_norm.weight", {kHidden});
    add(layer + "ffn_gate.weight", {kMlp, kHidden});
    add(layer + "ffn_up.weight", {kMlp, kHidden});
    add(layer + "ffn_down.weight", {kHidden, kMlp});
  }
  add("output_norm.weight", {kHidden});
  return parts;  // the embedding is the output matrix
}

// The values in blocks; of types that are only read, random blocks as large.
std::vector<std::byte> encoded(const QuantFormat& format, const Part& part) {
  const auto n = static_cast<int64_t>(part.values.size());
  std::vector<std::byte> blocks(bytes_of(format.dtype, n));
  if (format.encode != nullptr) {
    format.encode(part.values.data(), n, nullptr, blocks.data());
  } else {
    const double rms = 1 / std::sqrt(static_cast<double>(part.shape[1]));
    test::fill_random_blocks(format.dtype, blocks, hash64(part.name), rms);
  }
  return blocks;
}

void write_model(const std::filesystem::path& path, const std::vector<Part>& parts, DType dtype, bool decoded) {
  formats::GgufFields fields;
  fields.set_string("general.architecture", "llama");
  for (const auto& [key, value] : {std::pair("llama.block_count", 2U),
                                   {"llama.context_length", 64U},
                                   {"llama.embedding_length", 256U},
                                   {"llama.feed_forward_length", 512U},
                                   {"llama.attention.head_count", 4U},
                                   {"llama.attention.head_count_kv", 2U}}) {
    fields.set_u32(key, value);
  }
  fields.set_f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  const QuantFormat& format = *quant_format(dtype);
  std::vector<formats::GgufTensorPlan> plans;
  for (const Part& part : parts) {
    const bool blocks = part.shape.rank() == 2 && !decoded;
    plans.push_back({part.name, formats::find_gguf_type(blocks ? dtype : DType::kF32), part.shape});
  }
  auto writer = formats::GgufWriter::create(path, fields, plans).value();
  for (const Part& part : parts) {
    std::vector<float> values = part.values;
    std::vector<std::byte> blocks;
    if (part.shape.rank() == 2) {
      blocks = encoded(format, part);
      format.decode(blocks.data(), static_cast<int64_t>(values.size()), values.data());
    }
    const auto bytes = blocks.empty() || decoded ? std::as_bytes(std::span(values)) : std::span(std::as_const(blocks));
    ASSERT_TRUE(writer.append(bytes).ok());
  }
  ASSERT_TRUE(writer.commit().ok());
}

Result<model::Decoder> open_decoder(const std::filesystem::path& path, ops::Backend& backend, bool prepare = false) {
  HERMES_ASSIGN(const auto files, model_files::ModelFiles::open(path));
  HERMES_ASSIGN(model::ArchSpec spec, files->read_arch_spec());
  HERMES_ASSIGN(const auto source, files->open_weights());
  HERMES_ASSIGN(model::Weights weights, bind_weights(spec, source, files->tensor_names()));
  if (prepare) {
    int64_t done = 0;
    weights.prepared = std::make_shared<model::WeightPreparation>(weights, backend);
    weights.prepared->finish([&](int64_t bytes) { done = bytes; });
    EXPECT_EQ(done, bytes_to_prepare(weights));
  }
  return model::Decoder(std::move(spec), std::move(weights), backend);
}

std::vector<float> logits_of(const std::filesystem::path& path, ops::Backend& backend, size_t chunk,
                             bool prepare = false) {
  model::Decoder decoder = open_decoder(path, backend, prepare).value();
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 24; ++i) tokens.push_back((i * 37 + 5) % static_cast<int32_t>(kVocab));
  return test::run_in_chunks(decoder, tokens, chunk);
}

class GgufBlocks : public testing::TestWithParam<DType> {};

TEST_P(GgufBlocks, RunOnEveryInstructionSet) {
  const TempFolder temp;
  const auto quantised = temp.path() / "quantised.gguf", decoded = temp.path() / "decoded.gguf";
  const std::vector<Part> parts = random_model(100);
  write_model(quantised, parts, GetParam(), false);
  write_model(decoded, parts, GetParam(), true);

  const auto reference = ops::make_reference_backend();
  const std::vector<float> expected = logits_of(quantised, *reference, 24);
  const double int8_error = test::relative_l2(expected, logits_of(decoded, *reference, 24));
  EXPECT_LE(int8_error, kInt8Error);
  EXPECT_GT(int8_error, 0);  // they are rounded
  ThreadPool pool(2);
  std::vector<float> first;
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    const std::vector<float> logits = logits_of(quantised, *backend, 24);
    // Each product is within F32 roundings of the reference's (quant_linear_test.cpp), but activations that differ in the
    // last bit may be rounded to int8 the other way: steps of the same size as rounding itself.
    EXPECT_LE(test::relative_l2(logits, expected), kInt8Error) << backend->name();
    EXPECT_TRUE(test::same_bits(logits_of(quantised, *backend, 5), logits)) << backend->name() << " in chunks";
    EXPECT_TRUE(test::same_bits(logits_of(quantised, *backend, 5, true), logits)) << backend->name() << " repacked";
    if (first.empty()) first = logits;
    EXPECT_TRUE(test::same_bits(logits, first)) << backend->name();
  }
}

std::vector<DType> block_types() {
  std::vector<DType> types;
  for (int i = 0; i < kDTypesCount; ++i) {
    if (is_block_type(static_cast<DType>(i))) types.push_back(static_cast<DType>(i));
  }
  return types;
}

INSTANTIATE_TEST_SUITE_P(Types, GgufBlocks, testing::ValuesIn(block_types()),
                         [](const auto& param) { return std::string(name_of(param.param)); });

}  // namespace
}  // namespace hermes
