#include "tokenizer/decoder.h"

#include <boost/json.hpp>
#include <charconv>

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/json_fields.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kMaxReplaces = 16;  // each looks through every token of the vocabulary

// The byte of a token written <0xAB>, or -1.
int fallback_byte(std::string_view text) {
  if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') return -1;
  int byte = -1;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, byte, 16);
  return error == std::errc() && end == text.data() + 5 && byte >= 0 ? byte : -1;
}

std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string out;
  size_t begin = 0;
  for (size_t at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, begin)) {
    out.append(text.substr(begin, at - begin)).append(content);
    begin = at + pattern.size();
  }
  return out.append(text.substr(begin));
}

}  // namespace

Result<Decoder> Decoder::from_json(const json::value* value, std::string_view what) {
  if (value == nullptr) {
    return Error::unsupported("{}: decoder: null (tokens joined by spaces) is not supported", what);
  }
  Decoder made;
  HERMES_TRY(made.add_step(*value, fmt::format("{}: decoder", what), 0));
  return made;
}

Status Decoder::add_step(const json::value& value, const std::string& what, int depth) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_ASSIGN(const std::string type, type_of(object));
  if (type == "Sequence") {
    if (depth >= kMaxSequenceDepth) return Error::unsupported("{}: Sequences nested too deeply", what);
    HERMES_TRY(check_members(object, {"type", "decoders"}));
    HERMES_ASSIGN(const json::array* parts, array_at(object, "decoders"));
    for (size_t i = 0; i < parts->size(); ++i) {
      HERMES_TRY(add_step((*parts)[i], fmt::format("{}: decoders[{}]", what, i), depth + 1));
    }
    return {};
  }
  if (type == "Strip") return add_strip(object);
  // The steps that change tokens must come in the one order that token_bytes follows.
  if (fused_ || byte_level_ || (byte_fallback_ && type != "Fuse")) {
    return Error::unsupported("{}: {} at this place is not supported", what, type);
  }
  if (type == "Replace") return add_replace(object);
  if (type == "ByteLevel") {
    HERMES_TRY(check_members(object, {"type", "add_prefix_space", "trim_offsets", "use_regex"}));
    if (!replaces_.empty()) return Error::unsupported("{}: ByteLevel after Replace is not supported", what);
    byte_level_ = true;
    return {};
  }
  HERMES_TRY(check_members(object, {"type"}));
  if (type == "ByteFallback") {
    byte_fallback_ = true;
  } else if (type == "Fuse") {
    fused_ = true;
  } else {
    return Error::unsupported("{}: type \"{}\" is not supported", what, type);
  }
  return {};
}

Status Decoder::add_replace(const JsonObject& object) {
  HERMES_TRY(check_members(object, {"type", "pattern", "content"}));
  HERMES_ASSIGN(const JsonObject pattern, object.object("pattern"));
  HERMES_TRY(check_members(pattern, {"String"}));
  HERMES_ASSIGN(std::string text, pattern.string("String"));
  HERMES_ASSIGN(std::string content, object.string("content"));
  if (text.empty()) return Error::corrupt("{}: \"String\" is empty", pattern.what());
  // Bounds what one token can grow to; real files put a space for "▁".
  if (content.size() > text.size()) {
    return Error::unsupported("{}: \"content\" longer than what it replaces", object.what());
  }
  if (replaces_.size() == kMaxReplaces) return Error::unsupported("{}: too many of them", object.what());
  replaces_.push_back({std::move(text), std::move(content)});
  return {};
}

Status Decoder::add_strip(const JsonObject& object) {
  HERMES_TRY(check_members(object, {"type", "content", "start", "stop"}));
  HERMES_ASSIGN(const std::string content, object.string("content"));
  HERMES_ASSIGN(const int64_t start, object.integer("start"));
  HERMES_ASSIGN(const int64_t stop, object.integer("stop"));
  if (!fused_) return Error::unsupported("{}: Strip of every token (without Fuse) is not supported", object.what());
  if (stop != 0) return Error::unsupported("{}: \"stop\" {} is not supported", object.what(), stop);
  if (start < 0 || start > 16 || strip_.count != 0) {
    return Error::unsupported("{}: \"start\" {} is not supported", object.what(), start);
  }
  if (content.size() != 1) {
    return Error::unsupported("{}: \"content\" other than one ASCII character is not supported", object.what());
  }
  strip_ = {content[0], static_cast<size_t>(start)};
  return {};
}

std::string Decoder::token_bytes(std::string_view text) const {
  std::string bytes;
  if (byte_level_) {
    // An entry with a character outside the alphabet stands for its own bytes.
    if (!append_alphabet_bytes(text, bytes)) bytes = text;
    return bytes;
  }
  bytes = text;
  for (const Replace& replace : replaces_) bytes = replace_all(bytes, replace.pattern, replace.content);
  if (const int byte = byte_fallback_ ? fallback_byte(bytes) : -1; byte >= 0)
    return std::string(1, static_cast<char>(byte));
  return bytes;
}

}  // namespace hermes::tokenizer
