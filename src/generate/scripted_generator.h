// ScriptedGenerator: a Generator that says what it was told to, in pieces of a chosen size. For tests of everything that
// asks a Generator.
#pragma once

#include <string>
#include <vector>

#include "generate/generator.h"

namespace hermes::generate {

class ScriptedGenerator final : public Generator {
 public:
  // One text a request, in this order; a request too many is an error. `piece`: bytes of each delta.
  explicit ScriptedGenerator(std::vector<std::string> replies, size_t piece = 3)
      : replies_(std::move(replies)), piece_(piece) {}

  // Words count as tokens, for max_tokens and usage.
  Status generate(const Request& request, EventSink sink) override;

  const std::vector<Request>& requests() const { return requests_; }  // that came, in their order

 private:
  std::vector<std::string> replies_;
  size_t piece_;
  std::vector<Request> requests_;
};

}  // namespace hermes::generate
