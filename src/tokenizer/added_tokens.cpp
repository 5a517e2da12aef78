#include "tokenizer/added_tokens.h"

#include <boost/json.hpp>
#include <unordered_set>

#include "base/utf8.h"
#include "tokenizer/char_class.h"
#include "tokenizer/json_fields.h"

namespace hermes::tokenizer {
namespace {

// A token that is searched for byte by byte at every place where it may begin: bounds what a hostile file can cost.
constexpr size_t kMaxContentBytes = 1024;

Result<AddedToken> read_token(const json::value& value, const std::string& what, TokenId max_id) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_TRY(check_members(object, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"}));
  AddedToken token;
  HERMES_ASSIGN(const int64_t id, object.integer("id"));
  if (id < 0 || id > max_id) return Error::corrupt("{}: \"id\" is {}, not in 0..{}", what, id, max_id);
  token.id = static_cast<TokenId>(id);
  HERMES_ASSIGN(token.content, object.string("content"));
  if (token.content.empty()) return Error::corrupt("{}: \"content\" is empty", what);
  if (token.content.size() > kMaxContentBytes) {
    return Error::unsupported("{}: \"content\" has {} bytes; at most {}", what, token.content.size(), kMaxContentBytes);
  }
  HERMES_ASSIGN(token.single_word, boolean_or(object, "single_word", false));
  HERMES_ASSIGN(token.lstrip, boolean_or(object, "lstrip", false));
  HERMES_ASSIGN(token.rstrip, boolean_or(object, "rstrip", false));
  HERMES_ASSIGN(token.special, boolean_or(object, "special", false));
  HERMES_ASSIGN(token.normalized, boolean_or(object, "normalized", !token.special));
  token.pattern = token.content;
  return token;
}

size_t step_back(std::string_view text, size_t pos) {
  do --pos;
  while (pos > 0 && (static_cast<uint8_t>(text[pos]) & 0xC0) == 0x80);
  return pos;
}

size_t skip_spaces_back(std::string_view text, size_t pos) {
  while (pos > 0) {
    const size_t before = step_back(text, pos);
    if (!is_space(decode_utf8(text, before).value)) break;
    pos = before;
  }
  return pos;
}

size_t skip_spaces(std::string_view text, size_t pos) {
  for (CodePoint c; (c = decode_utf8(text, pos)).length > 0 && is_space(c.value);) pos += c.length;
  return pos;
}

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  const CharClass& words = CharClass::word_classes();
  const auto is_word = [&](size_t pos) { return words[decode_utf8(text, pos).value] != 0; };
  return (begin == 0 || !is_word(step_back(text, begin))) && (end == text.size() || !is_word(end));
}

std::vector<TokenTrie::Entry> entries_of(const std::vector<AddedToken>& tokens) {
  std::vector<TokenTrie::Entry> entries;
  for (size_t i = 0; i < tokens.size(); ++i) entries.emplace_back(tokens[i].pattern, static_cast<TokenId>(i));
  return entries;
}

}  // namespace

Result<std::vector<AddedToken>> read_added_tokens(const json::value* value, std::string_view what, TokenId max_id) {
  std::vector<AddedToken> tokens;
  if (value == nullptr) return tokens;
  if (!value->is_array()) return Error::corrupt("{}: \"added_tokens\" must be an array", what);
  std::unordered_set<std::string> contents;
  std::unordered_set<TokenId> ids;
  for (size_t i = 0; i < value->get_array().size(); ++i) {
    const std::string where = fmt::format("{}: added_tokens[{}]", what, i);
    HERMES_ASSIGN(AddedToken token, read_token(value->get_array()[i], where, max_id));
    if (!ids.insert(token.id).second) return Error::corrupt("{}: \"id\" {} is there already", where, token.id);
    if (!contents.insert(token.content).second) {
      return Error::corrupt("{}: \"content\" {} is there already", where, token.content);
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), trie_(entries_of(tokens_)) {
  for (const AddedToken& token : tokens_) can_begin_[static_cast<uint8_t>(token.pattern[0])] = true;
}

std::optional<size_t> AddedTokenFinder::longest_at(std::string_view text, size_t pos) const {
  std::optional<size_t> longest;
  TokenTrie::Node node = TokenTrie::kRoot;
  for (; pos < text.size(); ++pos) {
    const std::optional<TokenTrie::Node> next = trie_.child(node, static_cast<uint8_t>(text[pos]));
    if (!next) break;
    node = *next;
    if (!trie_.tokens(node).empty()) longest = static_cast<size_t>(trie_.tokens(node).front());
  }
  return longest;
}

void AddedTokenFinder::split(std::string_view text, bool parse_special, FunctionRef<void(Piece)> piece) const {
  size_t covered = 0;  // may run ahead of the search (rstrip), as in Hugging Face
  for (size_t pos = 0; pos < text.size() && !tokens_.empty();) {
    if (!can_begin_[static_cast<uint8_t>(text[pos])]) {
      ++pos;
      continue;
    }
    const std::optional<size_t> found = longest_at(text, pos);
    if (!found) {
      ++pos;
      continue;
    }
    const AddedToken& token = tokens_[*found];
    size_t begin = pos, end = pos + token.pattern.size();
    pos = end;
    if (token.special && !parse_special) continue;
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    if (token.lstrip) begin = std::min(std::max(skip_spaces_back(text, begin), covered), end);
    if (token.rstrip) end = skip_spaces(text, end);
    if (covered < begin) piece({text.substr(covered, begin - covered), std::nullopt});
    piece({{}, token.id});
    covered = end;
  }
  if (covered < text.size()) piece({text.substr(covered), std::nullopt});
}

}  // namespace hermes::tokenizer
