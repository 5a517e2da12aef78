#include "tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/utf8.h"
#include "tokenizer/char_class.h"
#include "tokenizer/json_fields.h"

namespace hermes::tokenizer {
namespace {

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr size_t kMaxSteps = 64;  // each looks through the whole text

}  // namespace

Result<PreTokenizer> PreTokenizer::from_json(const json::value* value, std::string_view what) {
  PreTokenizer made;
  if (value != nullptr) HERMES_TRY(made.add_step(*value, fmt::format("{}: pre_tokenizer", what), 0));
  return made;
}

Status PreTokenizer::add_step(const json::value& value, const std::string& what, int depth) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_ASSIGN(const std::string type, type_of(object));
  if (byte_level_) return Error::unsupported("{}: {} after ByteLevel", what, type);
  if (steps_.size() == kMaxSteps) return Error::unsupported("{}: more than {} steps", what, kMaxSteps);
  if (type == "Sequence") {
    if (depth >= kMaxSequenceDepth) return Error::unsupported("{}: Sequences nested too deeply", what);
    HERMES_TRY(check_members(object, {"type", "pretokenizers"}));
    HERMES_ASSIGN(const json::array* parts, array_at(object, "pretokenizers"));
    for (size_t i = 0; i < parts->size(); ++i) {
      HERMES_TRY(add_step((*parts)[i], fmt::format("{}: pretokenizers[{}]", what, i), depth + 1));
    }
    return {};
  }
  if (type == "Split") return add_split(object);
  if (type == "Digits") {
    HERMES_TRY(check_members(object, {"type", "individual_digits"}));
    HERMES_ASSIGN(const bool individual, boolean_or(object, "individual_digits", false));
    steps_.emplace_back(Digits{individual});
    return {};
  }
  if (type == "ByteLevel") {
    // trim_offsets concerns offsets into the text, which we do not give.
    HERMES_TRY(check_members(object, {"type", "add_prefix_space", "trim_offsets", "use_regex"}));
    HERMES_ASSIGN(const bool prefix, boolean_or(object, "add_prefix_space", true));
    HERMES_ASSIGN(const bool use_regex, boolean_or(object, "use_regex", true));
    byte_level_.emplace(ByteLevel{prefix, std::nullopt});
    if (use_regex) {
      HERMES_ASSIGN(byte_level_->regex, Regex::compile(kGpt2Pattern, what));
    }
    return {};
  }
  return Error::unsupported("{}: type \"{}\" is not supported", what, type);
}

Status PreTokenizer::add_split(const JsonObject& object) {
  HERMES_TRY(check_members(object, {"type", "pattern", "behavior", "invert"}));
  HERMES_ASSIGN(const JsonObject pattern, object.object("pattern"));
  HERMES_TRY(check_members(pattern, {"Regex", "String"}));
  HERMES_ASSIGN(const std::string behavior_name, object.string("behavior"));
  HERMES_ASSIGN(const bool invert, boolean_or(object, "invert", false));

  constexpr std::pair<std::string_view, Behavior> kBehaviors[] = {{"Isolated", Behavior::kIsolated},
                                                                  {"Removed", Behavior::kRemoved},
                                                                  {"MergedWithPrevious", Behavior::kMergedWithPrevious},
                                                                  {"MergedWithNext", Behavior::kMergedWithNext},
                                                                  {"Contiguous", Behavior::kContiguous}};
  const auto* behavior = std::find_if(std::begin(kBehaviors), std::end(kBehaviors),
                                      [&](const auto& known) { return known.first == behavior_name; });
  if (behavior == std::end(kBehaviors)) {
    return Error::unsupported("{}: behavior \"{}\" is not supported", object.what(), behavior_name);
  }

  HERMES_ASSIGN(const std::optional<std::string> regex, pattern.optional_string("Regex"));
  HERMES_ASSIGN(const std::optional<std::string> text, pattern.optional_string("String"));
  if (regex.has_value() == text.has_value()) {
    return Error::corrupt("{}: must have one of \"Regex\" and \"String\"", pattern.what());
  }
  if (text && !text->empty()) {
    steps_.emplace_back(Split{*text, behavior->second, invert});
    return {};
  }
  const std::string expression = regex.value_or("");  // an empty string is found between any two characters
  if (behavior->second == Behavior::kIsolated && !invert) {
    if (const std::optional<SplitScanner> scanner = SplitScanner::for_pattern(expression)) {
      steps_.emplace_back(Split{*scanner, behavior->second, invert});
      return {};
    }
  }
  HERMES_ASSIGN(Regex compiled, Regex::compile(expression, object.what()));
  steps_.emplace_back(Split{std::move(compiled), behavior->second, invert});
  return {};
}

// Pieces that cover the text, matches and what lies between them, as the step's pattern finds them.
Status PreTokenizer::find_pieces(const Step& step, std::string_view text, Pieces& out) {
  size_t covered = 0;
  const auto match = [&](size_t begin, size_t end) {
    if (covered < begin) out.push_back({covered, begin, false});
    out.push_back({begin, end, true});
    covered = end;
  };
  if (std::holds_alternative<Digits>(step)) {
    const CharClass& classes = CharClass::split_classes();
    for (size_t pos = 0; pos < text.size();) {
      const CodePoint c = decode_utf8(text, pos);
      if (classes[c.value] & CharClass::kNumber) match(pos, pos + c.length);
      pos += c.length;
    }
  } else if (const auto& pattern = std::get<Split>(step).pattern; const auto* found = std::get_if<Regex>(&pattern)) {
    HERMES_TRY(found->for_each_match(text, match));
  } else if (const auto* scanner = std::get_if<SplitScanner>(&pattern)) {
    while (covered < text.size()) match(covered, scanner->end_of_word(text, covered));
  } else {
    const auto& wanted = std::get<std::string>(pattern);
    for (size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, covered)) {
      match(at, at + wanted.size());
    }
  }
  if (covered < text.size()) out.push_back({covered, text.size(), false});
  return {};
}

// Joins or drops pieces; afterwards every piece is a word. The rules are Hugging Face's SplitDelimiterBehavior.
void PreTokenizer::arrange(Behavior behavior, Pieces& pieces) {
  if (behavior == Behavior::kIsolated) return;
  if (behavior == Behavior::kRemoved) {
    std::erase_if(pieces, [](const Piece& p) { return p.is_match; });
    return;
  }
  const bool backward = behavior == Behavior::kMergedWithNext;
  if (backward) std::reverse(pieces.begin(), pieces.end());
  bool previous_match = false;
  size_t kept = 0;
  for (const Piece piece : pieces) {
    const bool joins =
        behavior == Behavior::kContiguous ? piece.is_match == previous_match : piece.is_match && !previous_match;
    previous_match = piece.is_match;
    if (joins && kept > 0) {
      (backward ? pieces[kept - 1].begin : pieces[kept - 1].end) = backward ? piece.begin : piece.end;
    } else {
      pieces[kept++] = piece;
    }
  }
  pieces.resize(kept);
  if (backward) std::reverse(pieces.begin(), pieces.end());
}

Status PreTokenizer::finish_word(std::string_view piece, FunctionRef<void(std::string_view)> word) const {
  if (piece.empty()) return {};
  std::string prefixed;
  if (byte_level_ && byte_level_->add_prefix_space && piece.front() != ' ') {
    prefixed.append(1, ' ').append(piece);
    piece = prefixed;
  }
  if (!byte_level_ || !byte_level_->regex) {
    word(piece);
    return {};
  }
  size_t covered = 0;  // GPT-2's pattern matches at every position: nothing lies between its matches
  return byte_level_->regex->for_each_match(piece, [&](size_t begin, size_t end) {
    if (covered < begin) word(piece.substr(covered, begin - covered));
    if (begin < end) word(piece.substr(begin, end - begin));
    covered = end;
  });
}

Status PreTokenizer::split(std::string_view text, FunctionRef<void(std::string_view)> word) const {
  const bool plain = !byte_level_ || (!byte_level_->add_prefix_space && !byte_level_->regex);
  if (steps_.size() == 1 && plain) {  // the usual case, without a list of pieces
    const auto* split = std::get_if<Split>(&steps_[0]);
    const auto* scanner = split == nullptr ? nullptr : std::get_if<SplitScanner>(&split->pattern);
    for (size_t pos = 0; scanner != nullptr && pos < text.size();) {
      const size_t end = scanner->end_of_word(text, pos);
      word(text.substr(pos, end - pos));
      pos = end;
    }
    if (scanner != nullptr) return {};
  }
  Pieces pieces = {{0, text.size(), false}}, found, next;
  for (const Step& step : steps_) {
    next.clear();
    const auto* split = std::get_if<Split>(&step);
    const Behavior behavior = split != nullptr                    ? split->behavior
                              : std::get<Digits>(step).individual ? Behavior::kIsolated
                                                                  : Behavior::kContiguous;
    for (const Piece& piece : pieces) {
      found.clear();
      HERMES_TRY(find_pieces(step, text.substr(piece.begin, piece.end - piece.begin), found));
      for (Piece& p : found) p.is_match ^= split != nullptr && split->invert;
      arrange(behavior, found);
      for (const Piece& p : found) {
        if (p.begin < p.end) next.push_back({piece.begin + p.begin, piece.begin + p.end, false});
      }
    }
    pieces.swap(next);
  }
  for (const Piece& piece : pieces) {
    HERMES_TRY(finish_word(text.substr(piece.begin, piece.end - piece.begin), word));
  }
  return {};
}

}  // namespace hermes::tokenizer
