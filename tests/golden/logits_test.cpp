// The decoder beside Hugging Face transformers: logits and greedy tokens of tiny random models of each architecture.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "ops/reference/reference_backend.h"
#include "sampling/sampler.h"
#include "support/close.h"
#include "support/golden_model.h"

namespace hermes {
namespace {

// Relative L2 error of a whole prompt's logits against transformers' run in fp32. Both sides round in F32, over three
// layers and sums of up to 96 products: some 10 ulp (6e-7) are expected.
constexpr double kF32Error = 1e-5;
// BF16 weights widen exactly, so the same bound holds for them. Rounding activations to BF16 is off by at most 2^-9 of
// each, four times in each of three layers (before q/k/v, out, gate/up, down) and once before the output matrix.
constexpr double kBf16ActivationsError = 13 * 0x1p-9;

class Logits : public ::testing::TestWithParam<std::string> {
 protected:
  void expect_logits(ops::Backend& backend, model::DecoderOptions options, double tolerance) {
    const test::Golden golden = test::load_golden(GetParam());
    model::Decoder decoder = test::load_golden_decoder(GetParam(), backend, options);
    const std::vector<float> logits = test::run_in_chunks(decoder, golden.prompt, golden.prompt.size());
    EXPECT_LE(test::relative_l2(logits, golden.logits), tolerance) << backend.name();
  }

  void expect_greedy(ops::Backend& backend) {
    const test::Golden golden = test::load_golden(GetParam());
    model::Decoder decoder = test::load_golden_decoder(GetParam(), backend);
    kv::ContiguousKv kv(decoder.kv_shape(DType::kF32), 128, 64);
    std::vector<int32_t> next = golden.prompt, generated;
    while (generated.size() < golden.greedy.size()) {
      const model::Chunk chunk{.tokens = next, .kv = &kv};
      next = {sampling::argmax(decoder.forward(std::span(&chunk, 1)).value()).value()};
      generated.push_back(next[0]);
    }
    EXPECT_EQ(generated, golden.greedy) << backend.name();
  }
};

TEST_P(Logits, CpuBackendMatchesTransformers) {
  ThreadPool pool(2);
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    expect_logits(*backend, {}, kF32Error);
    expect_greedy(*backend);
  }
}

TEST_P(Logits, ReferenceBackendMatchesTransformers) {
  const auto backend = ops::make_reference_backend();
  expect_logits(*backend, {}, kF32Error);
  expect_greedy(*backend);
}

TEST_P(Logits, Bf16ActivationsStayClose) {
  if (!GetParam().ends_with("bf16")) GTEST_SKIP() << "BF16 activations are for BF16 weights";
  ThreadPool pool(2);
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    expect_logits(*backend, {.activations = ops::Activations::kBF16}, kBf16ActivationsError);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, Logits, ::testing::ValuesIn(test::golden_names()), test::golden_test_name);

}  // namespace
}  // namespace hermes
