#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"

namespace hermes::sampling {

Status SamplingParams::validate() const {
  if (!(temperature >= 0 && temperature <= 100)) {
    return Error::invalid("temperature is {}, must be between 0 (greedy) and 100", temperature);
  }
  if (top_k < 0) return Error::invalid("top_k is {}, must be 0 (off) or more", top_k);
  if (!(top_p > 0 && top_p <= 1)) return Error::invalid("top_p is {}, must be above 0 and at most 1", top_p);
  if (!(min_p >= 0 && min_p <= 1)) return Error::invalid("min_p is {}, must be between 0 and 1", min_p);
  return {};
}

Result<int32_t> argmax(std::span<const float> logits) {
  float best = -std::numeric_limits<float>::infinity();
  size_t index = logits.size();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i])) return Error::corrupt("the logit of token {} is NaN", i);
    if (logits[i] > best) {
      best = logits[i];
      index = i;
    }
  }
  if (index == logits.size()) return Error::corrupt("no token has a finite logit");
  if (std::isinf(best)) return Error::corrupt("the logit of token {} is infinite", index);
  return static_cast<int32_t>(index);
}

Result<int32_t> Sampler::sample(std::span<const float> logits, uint64_t position) {
  HERMES_ASSIGN(const int32_t best, argmax(logits));
  if (params_.temperature == 0) return best;

  // Tokens lighter than this cannot be drawn: all together they stay under 2^-53 of the total, the grain of a draw.
  // Leaving them out keeps what follows short.
  const double max = static_cast<double>(logits[static_cast<size_t>(best)]);
  const double negligible = std::log(0x1p-53 / static_cast<double>(logits.size())) * params_.temperature;
  candidates_.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    const double below_max = static_cast<double>(logits[i]) - max;
    if (below_max < negligible) continue;
    candidates_.push_back({std::exp(below_max / params_.temperature), static_cast<int32_t>(i)});
  }

  if (params_.top_k > 0 && static_cast<size_t>(params_.top_k) < candidates_.size()) {
    const auto kept = candidates_.begin() + static_cast<std::ptrdiff_t>(params_.top_k);
    std::nth_element(candidates_.begin(), kept - 1, candidates_.end(), before);
    candidates_.erase(kept, candidates_.end());
  }
  if (params_.top_p < 1) keep_top_p();
  if (params_.min_p > 0) {  // weights are relative to the most likely token already: its own is 1
    std::erase_if(candidates_, [&](const Candidate& c) { return c.weight < params_.min_p; });
  }

  // Sums in token order, whatever order the filters left, so that the draw is the same for equal sets.
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& a, const Candidate& b) { return a.token < b.token; });
  double total = 0;
  for (const Candidate& c : candidates_) total += c.weight;
  Rng rng(params_.seed);
  rng.seek(2 * position);  // a draw takes two words
  double left = rng.uniform() * total;
  for (const Candidate& c : candidates_) {
    left -= c.weight;
    if (left < 0) return c.token;
  }
  return candidates_.back().token;  // rounding ate the last sliver
}

void Sampler::keep_top_p() {
  double total = 0;
  for (const Candidate& c : candidates_) total += c.weight;
  // Sort only as much of the head as turns out to be needed.
  size_t sorted = 0, keep = 0;
  double sum = 0;
  while (sum < params_.top_p * total && keep < candidates_.size()) {
    if (keep == sorted) {
      const size_t more = std::min(candidates_.size(), std::max<size_t>(64, 4 * sorted));
      std::partial_sort(candidates_.begin() + static_cast<std::ptrdiff_t>(sorted),
                        candidates_.begin() + static_cast<std::ptrdiff_t>(more), candidates_.end(), before);
      sorted = more;
    }
    sum += candidates_[keep++].weight;
  }
  candidates_.resize(std::max<size_t>(keep, 1));
}

}  // namespace hermes::sampling
