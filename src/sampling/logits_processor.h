// LogitsProcessor: changes what may be sampled next, or decides it. One per sequence.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace hermes::sampling {

class LogitsProcessor {
 public:
  virtual ~LogitsProcessor() = default;
  // The next token where it is decided without the model; it is then not sampled, but read by the model like any other.
  virtual std::optional<int32_t> forced() { return std::nullopt; }
  // Before sampling: may raise, lower or forbid (minus infinity) tokens, but leaves at least one finite.
  virtual void apply(std::span<float> logits) = 0;
};

}  // namespace hermes::sampling
