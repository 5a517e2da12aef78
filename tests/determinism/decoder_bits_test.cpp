// Laws of the decoder, in bits: a token's logits depend on the tokens before it and on nothing else.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "kernels/cpu/cpu_backend.h"
#include "kv/kv_sequence.h"
#include "support/close.h"
#include "support/golden_model.h"

namespace hermes {
namespace {

using test::same_bits;

// A prompt that crosses attention tiles and pages.
std::vector<int32_t> long_prompt(int64_t vocab_size, size_t n, uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<int32_t> tokens(n);
  for (int32_t& token : tokens) token = static_cast<int32_t>(rng.below(static_cast<uint64_t>(vocab_size)));
  return tokens;
}

class DecoderBits : public ::testing::TestWithParam<std::string> {};

// How a decoder is run: what is rounded, and where.
struct Precision {
  model::DecoderOptions options;
  DType kv_dtype;
};
constexpr Precision kPrecisions[] = {{{.activations = ops::Activations::kF32}, DType::kF32},
                                     {{.activations = ops::Activations::kF32}, DType::kF16},
                                     {{.activations = ops::Activations::kF32}, DType::kQ8_0},
                                     {{.activations = ops::Activations::kBF16}, DType::kBF16}};

TEST_P(DecoderBits, OneByOneChunkedAndWholePrefillAgree) {
  ThreadPool pool(2);
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    for (const Precision& precision : kPrecisions) {
      model::Decoder decoder = test::load_golden_decoder(GetParam(), *backend, precision.options);
      const auto prompt = long_prompt(decoder.spec().vocab_size, 140);
      const std::vector<float> whole = test::run_in_chunks(decoder, prompt, prompt.size(), precision.kv_dtype);
      for (const size_t chunk : {1, 3, 7, 64, 139}) {
        EXPECT_TRUE(same_bits(whole, test::run_in_chunks(decoder, prompt, chunk, precision.kv_dtype)))
            << backend->name() << ", chunks of " << chunk << ", KV " << name_of(precision.kv_dtype);
      }
    }
  }
}

TEST_P(DecoderBits, AnyNumberOfThreadsAgrees) {
  for (const Precision& precision : kPrecisions) {
    std::vector<float> expected;
    for (const int n_threads : {1, 2, 4, 7}) {
      ThreadPool pool(n_threads);
      const auto backend = kernels::make_cpu_backend(pool);
      model::Decoder decoder = test::load_golden_decoder(GetParam(), *backend, precision.options);
      const auto prompt = long_prompt(decoder.spec().vocab_size, 100);
      std::vector<float> logits = test::run_in_chunks(decoder, prompt, 33, precision.kv_dtype);
      if (expected.empty())
        expected = std::move(logits);
      else
        EXPECT_TRUE(same_bits(expected, logits)) << n_threads << " threads";
    }
  }
}

TEST_P(DecoderBits, CompanyInTheBatchChangesNothing) {
  ThreadPool pool(2);
  const auto backend = kernels::make_cpu_backend(pool);
  model::Decoder decoder = test::load_golden_decoder(GetParam(), *backend);
  const auto prompt = long_prompt(decoder.spec().vocab_size, 70);

  // The same chunks of ten, each in a batch with a long prompt before it and a single token behind it.
  const auto other = long_prompt(decoder.spec().vocab_size, 70 * 3, 2);
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    const std::vector<float> alone = test::run_in_chunks(decoder, prompt, 10, dtype);
    const kv::KvShape shape = decoder.kv_shape(dtype);
    kv::ContiguousKv kv(shape, 70, 64), before(shape, 210, 64), behind(shape, 210, 128);
    std::vector<float> together;
    const auto vocab = static_cast<size_t>(decoder.spec().vocab_size);
    for (size_t i = 0; i < 70; i += 10) {
      const model::Chunk batch[] = {
          {.tokens = std::span(other).subspan(3 * i, 30), .kv = &before, .logits = model::LogitsRows::kLast},
          {.tokens = std::span(prompt).subspan(i, 10), .kv = &kv, .logits = model::LogitsRows::kAll},
          {.tokens = std::span(other).subspan(i, 1), .kv = &behind, .logits = model::LogitsRows::kNone}};
      const auto rows = decoder.forward(batch).value();
      ASSERT_EQ(rows.size(), 11 * vocab);
      together.insert(together.end(), rows.begin() + static_cast<std::ptrdiff_t>(vocab), rows.end());
    }
    EXPECT_TRUE(same_bits(alone, together)) << "KV " << name_of(dtype);
  }
}

TEST_P(DecoderBits, ATruncatedCacheContinuesAsIfNothingHadBeen) {
  ThreadPool pool(1);
  const auto backend = kernels::make_cpu_backend(pool);
  model::Decoder decoder = test::load_golden_decoder(GetParam(), *backend);
  const auto prompt = long_prompt(decoder.spec().vocab_size, 80);
  const std::vector<float> expected = test::run_in_chunks(decoder, prompt, 80);
  kv::ContiguousKv kv(decoder.kv_shape(DType::kF32), 128, 64);
  const auto noise = long_prompt(decoder.spec().vocab_size, 60, 3);
  const auto forward = [&](std::span<const int32_t> tokens) {
    const model::Chunk chunk{.tokens = tokens, .kv = &kv, .logits = model::LogitsRows::kAll};
    const auto rows = decoder.forward(std::span(&chunk, 1)).value();
    return std::vector<float>(rows.begin(), rows.end());
  };
  forward(std::span(prompt).first(20));
  forward(noise);
  kv.truncate(20);
  const std::vector<float> rest = forward(std::span(prompt).subspan(20));
  const std::vector<float> tail(expected.end() - static_cast<std::ptrdiff_t>(rest.size()), expected.end());
  EXPECT_TRUE(same_bits(rest, tail));
}

TEST_P(DecoderBits, RefusesTokensAndLengthsThatDoNotFit) {
  ThreadPool pool(1);
  const auto backend = kernels::make_cpu_backend(pool);
  model::Decoder decoder = test::load_golden_decoder(GetParam(), *backend);
  kv::ContiguousKv kv(decoder.kv_shape(DType::kF32), 4, 64);
  const auto refused = [&](std::vector<int32_t> tokens) {
    const model::Chunk chunk{.tokens = tokens, .kv = &kv};
    return !decoder.forward(std::span(&chunk, 1)).ok() && kv.size() == 0;
  };
  EXPECT_TRUE(refused({-1}));
  EXPECT_TRUE(refused({0, static_cast<int32_t>(decoder.spec().vocab_size)}));
  EXPECT_TRUE(refused({1, 2, 3, 4, 5}));
}

INSTANTIATE_TEST_SUITE_P(Golden, DecoderBits, ::testing::ValuesIn(test::golden_names()), test::golden_test_name);

}  // namespace
}  // namespace hermes
