// How a family of models writes reasoning and tool calls. The format is a property of the model, read from its files
// once (PromptFormat::reply_format), never guessed from what it happens to write.
//
//   hermes       <think>...</think>            <tool_call>{"name": ..., "arguments": {...}}</tool_call>
//   llama3_json  <think>...</think>            {"name": ..., "parameters": {...}}, alone or after <|python_tag|>
//   qwen3_coder  <think>...</think>            <tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>
//   seed_oss     <seed:think>...</seed:think>  <seed:tool_call><function=NAME>...</function></seed:tool_call>
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace hermes::chat {

enum class ReplyFormat { kHermes, kLlama3Json, kQwen3Coder, kSeedOss };

inline constexpr std::array kReplyFormats = {ReplyFormat::kHermes, ReplyFormat::kLlama3Json, ReplyFormat::kQwen3Coder,
                                             ReplyFormat::kSeedOss};

std::string_view to_string(ReplyFormat format);  // "hermes", "llama3_json", ...
std::optional<ReplyFormat> find_reply_format(std::string_view name);
std::string reply_format_names();  // for messages: "hermes, llama3_json, ..."

// What opens and closes a part of a reply. Where a vocabulary has them as tokens of their own, those must be shown in
// the text, also where the tokenizer's files call them special.
struct ReplyTags {
  std::string_view think_open, think_close;
  std::string_view call_open, call_close;  // llama3_json: <|python_tag|> opens, nothing closes
};
const ReplyTags& tags_of(ReplyFormat format);

// Whether a prompt ends inside a reasoning block that it opened itself, so that the reply begins as reasoning.
bool leaves_think_open(std::string_view prompt, ReplyFormat format);

}  // namespace hermes::chat
