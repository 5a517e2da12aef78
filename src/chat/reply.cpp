#include "chat/reply.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace hermes::chat {
namespace {

constexpr std::string_view kThinkOpen = "<think>", kThinkClose = "</think>";
constexpr std::string_view kCallOpen = "<tool_call>", kCallClose = "</tool_call>";
constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr size_t kNone = std::string_view::npos;

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == kNone) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

// Where the JSON object or array that starts at `pos` ends, or npos. Only brackets and strings are looked at, so that
// a closing tag inside a string is not taken for the end. Stops at the first byte that no JSON has outside strings.
// Of scans from three openings, at any byte one is dead (two that live differ in whether they are inside a string,
// and an opening lies inside a string of every scan that outlives it): all scans of a text together take linear time.
size_t end_of_json(std::string_view text, size_t pos) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = pos; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0 || --depth == 0) return i + 1;
    } else if (c == '<') {
      return kNone;
    }
  }
  return kNone;
}

Result<ToolCall> read_call(std::string_view text, const std::string& what) {
  HERMES_ASSIGN(const json::value value, parse_json(text, what, {.unique_names = true}));
  HERMES_ASSIGN(const JsonObject call, JsonObject::from(value, what));
  HERMES_ASSIGN(std::string name, call.string("name"));
  if (name.empty()) return Error::corrupt("{}: \"name\" is empty", what);
  HERMES_ASSIGN(const JsonObject arguments, call.object("arguments"));
  return ToolCall{std::move(name), arguments.raw(), {}};
}

class Parser {
 public:
  Parser(std::string_view text, bool think_left_open) : text_(text) {
    const size_t first = text.find_first_not_of(kWhiteSpace);
    if (first != kNone && text.substr(first).starts_with(kThinkOpen)) {
      pos_ = first + kThinkOpen.size();
      thinking_ = true;
    }
    thinking_ = thinking_ || think_left_open;
    reply_.has_reasoning = thinking_;
  }

  Reply parse() {
    while (pos_ < text_.size()) {
      const size_t call = calls_.from(text_, pos_);
      const size_t close = thinking_ ? closes_.from(text_, pos_) : kNone;
      take_until(std::min({call, close, text_.size()}));
      if (close < call) {
        pos_ += kThinkClose.size();
        thinking_ = false;
        reply_.reasoning_closed = true;
      } else if (call != kNone) {
        take_call();
      }
    }
    reply_.reasoning = trim(reasoning_);
    reply_.content = trim(content_);
    return std::move(reply_);
  }

 private:
  // The next place of one tag. Remembered, or a text with many of one tag and none of the other would be searched again
  // and again.
  struct Search {
    std::string_view tag;
    size_t found = 0;
    bool none_left = false;

    size_t from(std::string_view text, size_t pos) {
      if (!none_left && (found < pos || pos == 0)) {
        found = text.find(tag, pos);
        none_left = found == kNone;
      }
      return none_left ? kNone : found;
    }
  };

  void take_until(size_t end) {
    (thinking_ ? reasoning_ : content_) += text_.substr(pos_, end - pos_);
    pos_ = end;
  }

  void take_call() {
    const std::string what = fmt::format("tool call {}", ++number_);
    const size_t begin = pos_ + kCallOpen.size();
    const size_t json_begin = text_.find_first_not_of(kWhiteSpace, begin);
    size_t body_end = kNone;
    if (json_begin != kNone && (text_[json_begin] == '{' || text_[json_begin] == '[')) {
      if (const size_t json_end = end_of_json(text_, json_begin); json_end != kNone) {
        const size_t after = text_.find_first_not_of(kWhiteSpace, json_end);
        if (after != kNone && text_.substr(after).starts_with(kCallClose)) body_end = after;
      }
    }
    if (body_end == kNone) body_end = text_.find(kCallClose, begin);
    if (body_end == kNone) {
      reply_.problems.push_back(what + ": </tool_call> is missing");
      take_until(begin);
      calls_.none_left = true;  // the others are not closed either
      return;
    }
    Result<ToolCall> call = read_call(trim(text_.substr(begin, body_end - begin)), what);
    if (call.ok()) {
      reply_.tool_calls.push_back(std::move(call).value());
      pos_ = body_end + kCallClose.size();
    } else {
      reply_.problems.push_back(call.error().message());
      take_until(body_end + kCallClose.size());
    }
  }

  std::string_view text_;
  size_t pos_ = 0;
  bool thinking_ = false;
  Search calls_{kCallOpen};
  Search closes_{kThinkClose};
  int number_ = 0;  // of the call, from 1
  std::string reasoning_, content_;
  Reply reply_;
};

}  // namespace

Reply parse_reply(std::string_view text, bool think_left_open) { return Parser(text, think_left_open).parse(); }

}  // namespace hermes::chat
