// The harness: answers every case with a Generator and judges the answers, both at once: as many cases in flight as
// there are generators, scoring on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/accuracy.h"
#include "eval/task.h"
#include "generate/generator.h"

namespace hermes::eval {

struct Answer {
  std::string text;
  verify::Verdict verdict;
  generate::FinishReason reason = generate::FinishReason::kStop;
  int64_t tokens = 0;
};

struct HarnessOptions {
  int64_t max_tokens = 1024;            // of one answer
  sampling::SamplingParams sampling{};  // greedy
  const std::atomic<bool>* cancel = nullptr;
  // Called from one thread at a time with every judged case.
  std::function<void(const Case& asked, const Answer& answer, int64_t done, int64_t total)> judged{};
};

// The prompt of a case, as the model's chat template writes it.
using Render = std::function<Result<std::string>(const Case&)>;

struct HarnessResult {
  Scores scores;
  int64_t tokens = 0;  // written by the model
  double seconds = 0;  // for all of it
};

// Generators are used by one thread each. An answer that a generator could not give ends the run with its error;
// kCancelled where `cancel` was set.
Result<HarnessResult> run_cases(std::span<const Case> cases, std::span<generate::Generator* const> generators,
                                const Render& render, const HarnessOptions& options);

}  // namespace hermes::eval
