// Models from GGUF files: the logits of the same weights in a model folder, and those of Hugging Face transformers.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "kernels/cpu/cpu_backend.h"
#include "model_files/model_files.h"
#include "ops/reference/reference_backend.h"
#include "sampling/sampler.h"
#include "support/close.h"
#include "support/golden_model.h"

namespace hermes {
namespace {

// Beside transformers in fp32, as golden/logits_test.cpp has it: F32 sums in other orders.
constexpr double kTransformersError = 1e-5;
// Beside our own run of the same weights from safetensors. Llama's files have q and k in another order, so that the sums
// of attention's products (8 elements) and the inverse frequencies (divided by factors instead of scaled) round
// differently; F16 has other kernels. A few ulp of each of three layers.
constexpr double kReorderedError = 2e-6;

struct Case {
  std::string name;    // of the file: "llama-bf16"
  std::string folder;  // of the checkpoint it was made from
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* model : {"llama", "qwen3", "seed-oss"}) {
    for (const char* type : {"f32", "f16", "bf16"}) {
      const std::string name(model);
      // F16 was made from the BF16 checkpoint, whose weights it holds exactly but for the tiniest.
      all.push_back({name + "-" + type, name + (type == std::string("f32") ? "-f32" : "-bf16")});
    }
  }
  return all;
}

class GgufLogits : public testing::TestWithParam<Case> {
 protected:
  model::Decoder decoder(ops::Backend& backend) const {
    const std::string path = HERMES_SOURCE_DIR "/tests/golden/gguf/" + GetParam().name + ".gguf";
    const auto files = model_files::ModelFiles::open(path).value();
    model::ArchSpec spec = files->read_arch_spec().value();
    model::Weights weights = bind_weights(spec, files->open_weights().value(), files->tensor_names()).value();
    return {std::move(spec), std::move(weights), backend};  // the weights keep the file mapped
  }
  bool is_reordered() const { return GetParam().name.starts_with("llama"); }
};

TEST_P(GgufLogits, AreThoseOfTransformersAndOfTheFolder) {
  const test::Golden golden = test::load_golden(GetParam().folder);
  ThreadPool pool(2);
  std::vector<std::unique_ptr<ops::Backend>> backends;
  backends.push_back(ops::make_reference_backend());
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas())
    backends.push_back(kernels::make_cpu_backend(pool, isa));
  for (const auto& backend : backends) {
    model::Decoder mine = decoder(*backend), other = test::load_golden_decoder(GetParam().folder, *backend);
    const std::vector<float> logits = test::run_in_chunks(mine, golden.prompt, golden.prompt.size());
    const std::vector<float> expected = test::run_in_chunks(other, golden.prompt, golden.prompt.size());
    EXPECT_LE(test::relative_l2(logits, golden.logits), kTransformersError) << backend->name();
    EXPECT_LE(test::relative_l2(logits, expected), kReorderedError) << backend->name();
    // The same weights of the same types in the same order: the same bits.
    if (!is_reordered() && !GetParam().name.ends_with("-f16")) {
      EXPECT_TRUE(test::same_bits(logits, expected)) << backend->name();
    }
  }
}

TEST_P(GgufLogits, GreedyTokensAreThoseOfTransformers) {
  const test::Golden golden = test::load_golden(GetParam().folder);
  ThreadPool pool(1);
  const auto backend = kernels::make_cpu_backend(pool);
  model::Decoder mine = decoder(*backend);
  kv::ContiguousKv kv(mine.kv_shape(DType::kF32), 128, 64);
  std::vector<int32_t> next = golden.prompt, generated;
  while (generated.size() < golden.greedy.size()) {
    const model::Chunk chunk{.tokens = next, .kv = &kv};
    next = {sampling::argmax(mine.forward(std::span(&chunk, 1)).value()).value()};
    generated.push_back(next[0]);
  }
  EXPECT_EQ(generated, golden.greedy);
}

TEST_P(GgufLogits, AreWrongWithTheOtherRope) {
  // Were the order of q and k of no account, the test above would be blind.
  const test::Golden golden = test::load_golden(GetParam().folder);
  const auto backend = ops::make_reference_backend();
  const model::Decoder right = decoder(*backend);
  model::ArchSpec spec = right.spec();
  spec.rope.interleaved = !spec.rope.interleaved;
  model::Decoder wrong(spec, right.weights(), *backend);
  const std::vector<float> logits = test::run_in_chunks(wrong, golden.prompt, golden.prompt.size());
  EXPECT_GT(test::relative_l2(logits, golden.logits), 0.01);
}

INSTANTIATE_TEST_SUITE_P(Models, GgufLogits, testing::ValuesIn(cases()), [](const auto& param) {
  std::string name = param.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace hermes
