#include "chat/reply_format.h"

namespace hermes::chat {

std::string_view to_string(ReplyFormat format) {
  switch (format) {
    case ReplyFormat::kHermes:
      return "hermes";
    case ReplyFormat::kLlama3Json:
      return "llama3_json";
    case ReplyFormat::kQwen3Coder:
      return "qwen3_coder";
    case ReplyFormat::kSeedOss:
      return "seed_oss";
  }
  return "unknown";
}

std::optional<ReplyFormat> find_reply_format(std::string_view name) {
  for (const ReplyFormat format : kReplyFormats) {
    if (to_string(format) == name) return format;
  }
  return std::nullopt;
}

std::string reply_format_names() {
  std::string names;
  for (const ReplyFormat format : kReplyFormats) {
    if (!names.empty()) names += ", ";
    names += to_string(format);
  }
  return names;
}

const ReplyTags& tags_of(ReplyFormat format) {
  static constexpr ReplyTags kHermes{"<think>", "</think>", "<tool_call>", "</tool_call>"};
  static constexpr ReplyTags kLlama{"<think>", "</think>", "<|python_tag|>", ""};
  static constexpr ReplyTags kSeed{"<seed:think>", "</seed:think>", "<seed:tool_call>", "</seed:tool_call>"};
  switch (format) {
    case ReplyFormat::kLlama3Json:
      return kLlama;
    case ReplyFormat::kSeedOss:
      return kSeed;
    case ReplyFormat::kHermes:
    case ReplyFormat::kQwen3Coder:
      break;
  }
  return kHermes;
}

bool leaves_think_open(std::string_view prompt, ReplyFormat format) {
  const size_t last = prompt.find_last_not_of(" \t\r\n");
  return last != std::string_view::npos && prompt.substr(0, last + 1).ends_with(tags_of(format).think_open);
}

}  // namespace hermes::chat
