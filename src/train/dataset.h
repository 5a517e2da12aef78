// Conversations as tokens: what the trainer reads, one sample after another in two flat arrays.
//
// Files are JSON lines (*.jsonl, or *.jsonl.zst), one conversation a line:
//   {"messages": [{"role", "content"}, ...], "tools": [...]?, "thinking": bool?, "split": "train" | "test"?, ...}
// Members of other names are not read. An assistant's content is what the model should write, <think> and <tool_call>
// included. Errors name file and line.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "train/conversation_encoder.h"

namespace hermes::train {

struct Dataset {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> trained;   // [tokens]: 1 where the loss counts
  std::vector<size_t> begins{0};  // sample i is [begins[i], begins[i + 1])

  size_t size() const { return begins.size() - 1; }
  // How many tokens the model reads of sample i: all but the last, which is only predicted.
  int32_t input_length(size_t i) const { return static_cast<int32_t>(begins[i + 1] - begins[i]) - 1; }
  void append(std::span<const int32_t> sample_tokens, std::span<const uint8_t> sample_trained);
  int64_t trained_tokens() const;
  uint64_t fingerprint() const;  // of tokens, flags and boundaries
};

struct Splits {
  Dataset train, test;
  int64_t skipped = 0;  // records of other splits
};

struct DatasetOptions {
  std::vector<std::string> files;
  std::string train_split = "train";  // records that name no split belong here
  std::string test_split = "test";
};

// `progress(done, total)` is called now and then, from the calling thread, with bytes of text. The samples stand in the
// order of the files, whatever the number of threads.
Result<Splits> load_splits(const DatasetOptions& options, const ConversationEncoder& encoder, ThreadPool& pool,
                           const std::function<void(size_t, size_t)>& progress = {});

}  // namespace hermes::train
