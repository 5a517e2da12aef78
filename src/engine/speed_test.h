// How fast a decoder runs: prompts at a depth, and batches of sequences one token a step at a depth. The cache is filled
// with numbers instead of being computed: speed does not depend on them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "model/decoder.h"

namespace hermes::engine {

struct SpeedTest {
  int64_t n_prompt = 0;  // tokens of a prompt, or
  int64_t n_gen = 0;     // steps of one token for each sequence; the other is 0
  int64_t depth = 0;     // positions that the cache holds before
  int64_t batch = 1;     // sequences side by side; prompts have one
};

// What a run of it reads and computes: linear layers, and the cache at `depth`. Norms and the scores of attention are
// not counted, nor is the reading of activations.
struct SpeedWork {
  double bytes_per_step = 0;  // of a step: weights once, K and V of all sequences
  double ops_per_run = 0;     // multiply-adds of linear layers, each counted as two
};
SpeedWork work_of(const model::Decoder& decoder, const SpeedTest& test, DType kv_dtype);

struct SpeedOptions {
  DType kv_dtype = DType::kF32;
  int64_t prefill_chunk = 512;
  int repeats = 5;
  // Called before each run: for a limit of the machine to be measured beside it. `run` is from 0.
  std::function<void(int run)> before_run;
};

// Seconds of each run; one more runs first and does not count. Fails where memory or the cache do not suffice.
Result<std::vector<double>> run_speed_test(model::Decoder& decoder, const SpeedTest& test, const SpeedOptions& options);

}  // namespace hermes::engine
