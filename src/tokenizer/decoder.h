// The decoder of a tokenizer.json: what bytes a token contributes to the text.
//
// Supported: ByteLevel, ByteFallback, Fuse, Replace of a string, Strip of leading characters after Fuse (the first
// space of Llama-2's text), and Sequences of these. Everything but Strip works token by token, which is what makes
// streaming possible; Strip concerns the beginning of the whole text. Anything else is refused by name.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace hermes::tokenizer {

// What is still to be removed from the beginning of a text, whose pieces pass through apply() in order.
struct LeadingStrip {
  char character = ' ';
  size_t count = 0;  // at most so many

  std::string_view apply(std::string_view bytes) {
    for (; count > 0 && !bytes.empty(); bytes.remove_prefix(1)) {
      if (bytes.front() != character) {
        count = 0;
        break;
      }
      --count;
    }
    return bytes;
  }
};

class Decoder {
 public:
  static Result<Decoder> from_json(const json::value* value, std::string_view what);

  // The bytes of the vocabulary entry `text`.
  std::string token_bytes(std::string_view text) const;

  LeadingStrip leading_strip() const { return strip_; }

 private:
  struct Replace {
    std::string pattern, content;
  };
  Status add_step(const json::value& value, const std::string& what, int depth);
  Status add_replace(const JsonObject& object);
  Status add_strip(const JsonObject& object);

  bool byte_level_ = false;
  bool byte_fallback_ = false;
  bool fused_ = false;
  std::vector<Replace> replaces_;
  LeadingStrip strip_;
};

}  // namespace hermes::tokenizer
