#include "quantize/quantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "base/file.h"
#include "base/rng.h"
#include "base/temp_folder_for_test.h"
#include "formats/gguf_file.h"
#include "formats/gguf_writer.h"
#include "tensor/quant/quant_format.h"

namespace hermes::quantize {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int64_t kHidden = 256, kLayers = 2, kVocab = 40;

// A llama of two layers; `damage` goes into one element of the second layer's ffn_down.
fs::path write_model(const fs::path& path, float damage = 0, DType dtype = DType::kF32) {
  formats::GgufFields fields;
  fields.set_string("general.architecture", "llama");
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, int64_t>>{{"block_count", kLayers},
                                                              {"context_length", 64},
                                                              {"embedding_length", kHidden},
                                                              {"feed_forward_length", kHidden},
                                                              {"attention.head_count", 4},
                                                              {"vocab_size", kVocab}}) {
    fields.set_u32(std::string("llama.") + key, static_cast<uint32_t>(value));
  }
  fields.set_f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  std::vector<formats::GgufTensorPlan> plans;
  const auto plan = [&](const std::string& name, Shape shape) {
    const DType type = shape.rank() == 1 ? DType::kF32 : dtype;
    plans.push_back({name, formats::find_gguf_type(type), shape});
  };
  plan("token_embd.weight", {kVocab, kHidden});
  plan("output_norm.weight", {kHidden});
  for (int64_t i = 0; i < kLayers; ++i) {
    const std::string layer = fmt::format("blk.{}.", i);
    for (const char* norm : {"attn_norm.weight", "ffn_norm.weight"}) plan(layer + norm, {kHidden});
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
      plan(layer + name + ".weight", {kHidden, kHidden});
    }
  }
  formats::GgufWriter writer = formats::GgufWriter::create(path, fields, plans).value();
  Rng rng(5);
  for (const formats::GgufTensorPlan& one : plans) {
    std::vector<float> x(static_cast<size_t>(one.shape.elements()));
    for (float& v : x) v = static_cast<float>(0.05 * rng.normal());
    if (one.name == "blk.1.ffn_down.weight") x[kHidden + 3] += damage;
    if (const QuantFormat* format = quant_format(*one.type->dtype)) {
      std::vector<std::byte> blocks(bytes_of(*one.type->dtype, one.shape.elements()));
      format->encode(x.data(), one.shape.elements(), nullptr, blocks.data());
      EXPECT_TRUE(writer.append(blocks).ok());
    } else {
      EXPECT_TRUE(writer.append(std::as_bytes(std::span(x))).ok());
    }
  }
  EXPECT_TRUE(writer.commit().ok());
  return path;
}

class QuantizeTest : public testing::Test {
 protected:
  Result<QuantizeReport> run(const fs::path& in, const fs::path& out, const QuantizeOptions& options, int threads = 2) {
    const auto files = model_files::ModelFiles::open(in).value();
    ThreadPool pool(threads);
    return quantize(*files, out, options, pool);
  }
  std::string bytes(const fs::path& path) { return read_text_file(path, size_t{1} << 26).value(); }
  static QuantizeOptions with(std::string_view mix) {
    QuantizeOptions options;
    options.mix = find_type_mix(mix).value();
    return options;
  }
  static const TensorReport& find(const QuantizeReport& report, std::string_view name) {
    for (const TensorReport& one : report.tensors) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << name;
    return report.tensors.front();
  }
  size_t files_in_folder() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(temp_.path()), fs::directory_iterator()));
  }

  TempFolder temp_;
  fs::path in_ = write_model(temp_.path() / "in.gguf");
  fs::path out_ = temp_.path() / "out.gguf";
};

TEST_F(QuantizeTest, BytesDoNotDependOnThreads) {
  ASSERT_TRUE(run(in_, out_, with("Q4_K_M"), 1).ok());
  const std::string one = bytes(out_);
  for (const int threads : {2, 4}) {
    ASSERT_TRUE(run(in_, out_, with("Q4_K_M"), threads).ok());
    EXPECT_TRUE(bytes(out_) == one) << threads;
  }
}

TEST_F(QuantizeTest, TheReportSaysWhatWasLost) {
  const auto report = run(in_, out_, with("Q4_K_M"));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_TRUE(report->finished);
  const auto made = formats::GgufFile::open(out_).value(), source = formats::GgufFile::open(in_).value();
  for (const TensorReport& one : report->tensors) {
    const ConstTensorView view = made.tensor(one.name).value();
    EXPECT_EQ(view.dtype, one.to);
    const int64_t n = view.shape.elements();
    std::vector<float> y(static_cast<size_t>(n));
    if (const QuantFormat* format = quant_format(view.dtype)) {
      format->decode(view.data, n, y.data());
    } else {
      std::copy_n(view.f32(), n, y.begin());
    }
    const float* x = source.tensor(one.name).value().f32();
    double squared = 0, energy = 0, largest = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double d = static_cast<double>(y[static_cast<size_t>(i)]) - static_cast<double>(x[i]);
      squared += d * d;
      energy += static_cast<double>(x[i]) * static_cast<double>(x[i]);
      largest = std::max(largest, std::fabs(d));
    }
    EXPECT_NEAR(one.relative_error, std::sqrt(squared / energy), 1e-12) << one.name;
    EXPECT_EQ(one.largest_error, largest) << one.name;
    // Rounding to 16 levels costs some 7 % of normal numbers, to 64 a quarter of that.
    if (one.to != DType::kQ4_K && one.to != DType::kQ6_K) continue;
    const double expected = one.to == DType::kQ4_K ? 0.065 : 0.016;
    EXPECT_NEAR(one.relative_error, expected, 0.25 * expected) << one.name;
  }
  EXPECT_EQ(find(*report, "blk.0.attn_norm.weight").to, DType::kF32);
  EXPECT_EQ(find(*report, "token_embd.weight").to, DType::kQ6_K);  // the output matrix too
  EXPECT_EQ(made.metadata().integer("general.file_type").value(), 15);
}

TEST_F(QuantizeTest, WhatWasStoppedGoesOn) {
  ASSERT_TRUE(run(in_, out_, with("Q5_K_S")).ok());
  const std::string whole = bytes(out_);
  fs::remove(out_);
  const int n_tensors = 2 + 9 * kLayers;
  int stops = 0;
  for (;; ++stops) {
    ASSERT_LE(stops, n_tensors);
    QuantizeOptions options = with("Q5_K_S");
    std::atomic<bool> stop{false};
    int steps = 0;
    options.cancel = &stop;
    options.progress = [&](const QuantizeProgress& at) {
      EXPECT_LE(at.before, at.elements);
      if (++steps == 3) stop = true;
    };
    const auto report = run(in_, out_, options);
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(report->n_resumed, static_cast<size_t>(3 * stops));
    if (report->finished) {
      for (const TensorReport& one : report->tensors) EXPECT_EQ(one.relative_error > 0, one.from != one.to) << one.name;
      break;
    }
    EXPECT_FALSE(fs::exists(out_));
  }
  EXPECT_GT(stops, 3);
  EXPECT_TRUE(bytes(out_) == whole);
  EXPECT_EQ(files_in_folder(), 2U);
}

TEST_F(QuantizeTest, SetsOfFilesHoldTheSameTensors) {
  const fs::path in = write_model(temp_.path() / "in.gguf"), out = temp_.path() / "out.gguf";
  QuantizeOptions options = with("Q8_0");
  ASSERT_TRUE(run(in, out, options).value().finished);
  options.max_file_bytes = 400'000;
  const QuantizeReport report = run(in, out, options).value();
  ASSERT_GT(report.files.size(), 2U);
  const auto one = model_files::ModelFiles::open(out).value()->open_weights().value();
  const auto set = model_files::ModelFiles::open(report.files.front()).value()->open_weights().value();
  ASSERT_EQ(one->names(), set->names());
  for (const std::string& name : one->names()) {
    const ConstTensorView a = one->tensor(name).value(), b = set->tensor(name).value();
    ASSERT_EQ(a.bytes(), b.bytes());
    EXPECT_EQ(std::memcmp(a.data, b.data, a.bytes()), 0) << name;
  }
  options.replace = false;
  EXPECT_THAT(run(in, out, options).error().message(), HasSubstr("out-00001-of-"));
}

TEST_F(QuantizeTest, OtherWorkIsNotGoneOnWith) {
  std::atomic<bool> stop{true};
  QuantizeOptions first = with("Q5_K_S");
  first.cancel = &stop;
  first.progress = [](const QuantizeProgress&) {};
  ASSERT_TRUE(run(in_, out_, first).ok());
  ASSERT_TRUE(fs::exists(AtomicFile::part_path(out_)));
  const auto report = run(in_, out_, with("Q8_0"));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->n_resumed, 0U);
  EXPECT_EQ(find(*report, "blk.0.attn_q.weight").to, DType::kQ8_0);
}

TEST_F(QuantizeTest, DamagedWeightsAreRefused) {
  for (const float damage : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto report = run(write_model(temp_.path() / "bad.gguf", damage), out_, with("Q4_0"));
    ASSERT_FALSE(report.ok());
    EXPECT_THAT(report.error().message(), HasSubstr("\"blk.1.ffn_down.weight\", row 1: an element is not finite"));
    EXPECT_FALSE(fs::exists(out_));
  }
}

TEST_F(QuantizeTest, OptionsDecide) {
  QuantizeOptions options = with("Q4_0");
  options.pure = true;
  options.overrides = {parse_type_override("blk.1.ffn=Q8_0").value(), parse_type_override("ffn=Q6_K").value()};
  options.embedding_type = DType::kBF16;
  const auto report = run(in_, out_, options);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(find(*report, "blk.0.ffn_up.weight").to, DType::kQ6_K);
  EXPECT_EQ(find(*report, "blk.1.ffn_up.weight").to, DType::kQ8_0);
  EXPECT_EQ(find(*report, "blk.1.attn_v.weight").to, DType::kQ4_0);
  EXPECT_EQ(find(*report, "token_embd.weight").to, DType::kBF16);
  options.overrides = {parse_type_override("ffm_down=Q8_0").value()};
  EXPECT_THAT(run(in_, out_, options).error().message(),
              HasSubstr("no matrix of the model has a name with \"ffm_down\""));
}

TEST_F(QuantizeTest, RoundedModelsAreRoundedAgainOnRequestOnly) {
  const fs::path rounded = write_model(temp_.path() / "q8.gguf", 0, DType::kQ8_0);
  const auto refused = run(rounded, out_, with("Q4_0"));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("is Q8_0 already"));
  QuantizeOptions options = with("Q4_0");
  options.requantize = true;
  EXPECT_TRUE(run(rounded, out_, options).ok());
  // What stays its type stays to the byte.
  const auto kept = run(rounded, out_, with("Q8_0"));
  ASSERT_TRUE(kept.ok());
  for (const TensorReport& one : kept->tensors) EXPECT_EQ(one.relative_error, 0);
}

TEST_F(QuantizeTest, ImportanceDirectsTheError) {
  formats::Imatrix imatrix;
  for (const char* name : {"blk.0.attn_q.weight", "blk.0.ffn_down.weight"}) {
    formats::ImatrixEntry entry{.name = name, .sums = std::vector<float>(kHidden, 0.001F), .count = 1};
    for (size_t i = 0; i < kHidden; i += 8) entry.sums[i] = 100;
    imatrix.entries.push_back(entry);
  }
  const auto error_of_important = [&] {
    const auto made = formats::GgufFile::open(out_).value(), source = formats::GgufFile::open(in_).value();
    const ConstTensorView view = made.tensor("blk.0.attn_q.weight").value();
    std::vector<float> y(kHidden * kHidden);
    quant_format(view.dtype)->decode(view.data, kHidden * kHidden, y.data());
    const float* x = source.tensor("blk.0.attn_q.weight").value().f32();
    double squared = 0;
    for (size_t i = 0; i < y.size(); i += 8)
      squared += std::pow(static_cast<double>(y[i]) - static_cast<double>(x[i]), 2);
    return squared;
  };
  QuantizeOptions options = with("Q4_K_S");
  ASSERT_TRUE(run(in_, out_, options).ok());
  const double without = error_of_important();
  options.imatrix = &imatrix;
  const auto report = run(in_, out_, options);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_LT(error_of_important(), 0.3 * without);
  EXPECT_TRUE(find(*report, "blk.0.attn_q.weight").by_importance);
  EXPECT_FALSE(find(*report, "blk.0.attn_k.weight").by_importance);
  imatrix.entries[0].sums.resize(7);
  EXPECT_THAT(run(in_, out_, options).error().message(), HasSubstr("has 7 columns, the tensor 256"));
  imatrix.entries = {{.name = "blk.7.attn_q.weight", .sums = {1}, .count = 1}};
  EXPECT_THAT(run(in_, out_, options).error().message(), HasSubstr("no entry for any tensor of this model"));
}

TEST_F(QuantizeTest, TargetsThatCannotBe) {
  EXPECT_THAT(run(in_, in_, with("Q4_0")).error().message(), HasSubstr("written over the model"));
  EXPECT_THAT(run(in_, temp_.path(), with("Q4_0")).error().message(), HasSubstr("a folder"));
  EXPECT_THAT(run(in_, temp_.path() / "no/where.gguf", with("Q4_0")).error().message(), HasSubstr("no folder"));
}

}  // namespace
}  // namespace hermes::quantize
