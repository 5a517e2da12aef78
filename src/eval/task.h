// A task: cases to answer, each with its own judge. `nano` is the test split of the data that trained the embedded
// model: conversations in chat form, judged turn by turn with the true history before each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/message.h"
#include "verify/verifier.h"

namespace hermes::eval {

struct Case {
  std::string id;  // of the record, and the number of the turn in it
  std::string family, kind;
  int64_t level = 1;
  bool thinking = false;
  bool think_left_open = false;  // the turn before ended inside <think>
  chat::Conversation conversation{};
  std::shared_ptr<const verify::Verifier> verifier{};
};

// Reads a data set of synth (*.jsonl or *.jsonl.zst): one case for each assistant turn of the records of `split`
// ("" for all). A bad record is an error that names file and line.
Result<std::vector<Case>> read_cases(const std::string& path, std::string_view split = "test");

// At most `most` cases, taken evenly from every family, level and mode, in their order; the same ones every time.
std::vector<Case> choose_cases(std::vector<Case> cases, size_t most);

}  // namespace hermes::eval
