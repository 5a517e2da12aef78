// How much each column of each linear layer's weight matters: the squares of the inputs it is multiplied with, summed
// over a text. What a quantiser should keep exact is what large inputs meet.
//
// Sums are in F64, each column's over the tokens in order: the same bits for any number of threads.
// Source: llama.cpp's tools/imatrix, whose sums are in F32; it leaves the output matrix out, as is the default here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "engine/text_chunks.h"
#include "model/arch_spec.h"
#include "model/weights.h"
#include "ops/backend.h"

namespace hermes::engine {

struct WeightInputs {
  std::string name;             // as GGUF calls the weight, wherever it came from: "blk.0.attn_q.weight"
  std::vector<double> squares;  // [columns] sums of squared inputs
  int64_t count = 0;            // inputs (tokens)
};

struct Importance {
  std::vector<WeightInputs> weights;  // ascending by name
  int64_t chunks = 0;                 // that were run to their end
};

struct ImportanceOptions {
  // The output matrix too: "output.weight", or "token_embd.weight" where that is both. It is then run for every token.
  bool with_output = false;
  ops::Activations activations = ops::Activations::kF32;
  DType kv_dtype = DType::kF32;
  const std::atomic<bool>* cancel = nullptr;       // stops between pieces of a chunk
  std::function<void(int64_t tokens)> progress{};  // called after each piece with the tokens done
};

// Runs the model over all chunks. `pool` may be the one that `backend` runs on: it is used between its
// calls. Cancelled, it returns what it has; an error of code kCancelled where that is nothing. Invalid where chunks are
// longer than the model's context, corrupt where an input is not finite.
Result<Importance> measure_importance(const model::ArchSpec& spec, const model::Weights& weights, ops::Backend& backend,
                                      ThreadPool& pool, const TextChunks& text, const ImportanceOptions& options = {});

}  // namespace hermes::engine
