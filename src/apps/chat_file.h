// A conversation of the terminal chat in a file: {"model", "thinking", "messages": [...]}, as `hermes generate --messages`
// reads it too.
#pragma once

#include <string>

#include "base/result.h"
#include "chat/message.h"

namespace hermes::apps {

struct SavedChat {
  std::string model;  // for people; any model may go on with it
  bool thinking = true;
  std::vector<chat::Message> messages;
};

// Complete or not at all; an existing file is replaced.
Status save_chat(const std::string& path, const SavedChat& saved);
Result<SavedChat> load_chat(const std::string& path);

}  // namespace hermes::apps
