// The pre-tokenizer of a tokenizer.json: cuts text into the words within which BPE merges.
//
// Supported: null, Sequence, Split, Digits, and ByteLevel as the last step (it changes the text that later steps would
// see). Anything else is refused by name. Immutable, safe to share between threads.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "tokenizer/regex.h"
#include "tokenizer/split_scanner.h"

namespace hermes::tokenizer {

class PreTokenizer {
 public:
  // `value` is the field of that name, null included; `what` names the file.
  static Result<PreTokenizer> from_json(const json::value* value, std::string_view what);

  // Calls `word` for every pre-token of `text` (valid UTF-8), in order. None is empty. They need not lie in `text`:
  // a ByteLevel step may put a space in front.
  Status split(std::string_view text, FunctionRef<void(std::string_view word)> word) const;

  // Whether words are to be taken as bytes.
  bool byte_level() const { return byte_level_.has_value(); }

 private:
  enum class Behavior { kIsolated, kRemoved, kMergedWithPrevious, kMergedWithNext, kContiguous };
  struct Split {
    std::variant<std::string, Regex, SplitScanner> pattern;  // a string to find, or a pattern
    Behavior behavior;
    bool invert;
  };
  struct Digits {
    bool individual;
  };
  struct ByteLevel {
    bool add_prefix_space;
    std::optional<Regex> regex;  // GPT-2's, where the file asks for it
  };
  using Step = std::variant<Split, Digits>;
  struct Piece {
    size_t begin, end;
    bool is_match;
  };
  using Pieces = std::vector<Piece>;

  Status add_step(const json::value& value, const std::string& what, int depth);
  Status add_split(const JsonObject& object);
  static Status find_pieces(const Step& step, std::string_view text, Pieces& out);
  static void arrange(Behavior behavior, Pieces& pieces);
  Status finish_word(std::string_view piece, FunctionRef<void(std::string_view word)> word) const;

  std::vector<Step> steps_;
  std::optional<ByteLevel> byte_level_;
};

}  // namespace hermes::tokenizer
