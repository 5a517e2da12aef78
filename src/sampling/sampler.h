// Sampling: from a row of logits to one token.
//
// Order of the filters, as in Hugging Face transformers: temperature, top-k, top-p, min-p; what is left is renormalised
// and one token drawn. The draw is a function of (seed, position) alone: counter-based, so that a token does not depend
// on what else is being generated. Ties fall to the lower token id.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace hermes::sampling {

struct SamplingParams {
  double temperature = 0;  // 0: greedy, and the filters below are not looked at
  int64_t top_k = 0;       // keep the k most likely; 0: all
  double top_p = 1;        // keep the smallest set of most likely tokens whose probability reaches this; 1: all
  double min_p = 0;        // keep tokens at least this fraction as likely as the most likely one; 0: all
  uint64_t seed = 0;

  // Refuses values without meaning, by name and range.
  Status validate() const;
};

// Not thread-safe: keeps scratch of one vocabulary.
class Sampler {
 public:
  // `params` must be valid.
  explicit Sampler(const SamplingParams& params) : params_(params) {}

  // Picks the token that comes at `position` of its sequence. Fails where the logits hold NaN or +infinity, or no
  // finite value at all: a model that yields those is broken, and its text would be noise.
  Result<int32_t> sample(std::span<const float> logits, uint64_t position);

 private:
  struct Candidate {
    double weight;  // exp((logit - max) / temperature): proportional to the probability
    int32_t token;
  };
  // Orders by weight, most likely first, ties by token id.
  static bool before(const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.token < b.token;
  }
  // Makes candidates_ the smallest set of most likely tokens whose weight reaches top_p of the present total.
  void keep_top_p();

  SamplingParams params_;
  std::vector<Candidate> candidates_;
};

// Index of the largest logit, the lowest on ties; fails as Sampler::sample does.
Result<int32_t> argmax(std::span<const float> logits);

}  // namespace hermes::sampling
