// The tiny checkpoints of tests/golden/models, loaded as the program loads a model, and what transformers made of them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "model/decoder.h"
#include "ops/backend.h"

namespace hermes::test {

struct Golden {
  std::vector<int32_t> prompt;  // [40]
  std::vector<float> logits;    // [40, vocab], of a run in fp32
  std::vector<int32_t> greedy;  // [64] tokens that follow the prompt
};

std::vector<std::string> golden_names();  // "llama-f32", "llama-bf16", ...
// The name as a test's parameter may be called: "llama_f32".
std::string golden_test_name(const ::testing::TestParamInfo<std::string>& param);
std::string golden_folder(const std::string& name);
Golden load_golden(const std::string& name);
// `backend` must outlive the decoder.
model::Decoder load_golden_decoder(const std::string& name, ops::Backend& backend, model::DecoderOptions options = {});

// Logits of `tokens` given in chunks of `chunk` tokens, every row, concatenated.
std::vector<float> run_in_chunks(model::Decoder& decoder, const std::vector<int32_t>& tokens, size_t chunk,
                                 DType kv_dtype = DType::kF32);

}  // namespace hermes::test
