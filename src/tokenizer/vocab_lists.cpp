// Tokenizer::from_lists: from the lists of a GGUF file to the parts of a Tokenizer.
#include "tokenizer/vocab_lists.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/named_pre_tokenizer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_parts.h"

namespace hermes::tokenizer {
namespace {

// As for a tokenizer.json.
constexpr size_t kMaxAddedBytes = 1024;               // of one added token
constexpr size_t kMaxVocabBytes = size_t{256} << 20;  // of all tokens

std::string shown(std::string_view text) { return to_json_text(json::string(to_valid_utf8(text.substr(0, 200)))); }

TokenKind kind_of(const VocabLists& lists, size_t id) {
  return lists.kinds.empty() ? TokenKind::kNormal : lists.kinds[id];
}

bool is_added(TokenKind kind) { return kind == TokenKind::kControl || kind == TokenKind::kUserDefined; }

// Added tokens leave a hole in the vocabulary that merges make, as in a tokenizer.json.
Status read_tokens(const VocabLists& lists, std::string_view what, PartFields& fields) {
  ModelFields& model = fields.model;
  model.index = StringIndex(lists.tokens.size());
  StringIndex added_index(static_cast<size_t>(std::count_if(lists.kinds.begin(), lists.kinds.end(), is_added)));
  TokenStrings added_texts;  // by id, of added tokens
  for (size_t id = 0; id < lists.tokens.size(); ++id) {
    const std::string_view text = lists.tokens[id];
    const TokenKind kind = kind_of(lists, id);
    const bool added = is_added(kind);
    const auto token = static_cast<TokenId>(id);
    model.texts.push_back(kind == TokenKind::kNormal ? text : std::string_view());
    added_texts.push_back(added ? text : std::string_view());
    if (kind == TokenKind::kUnused) continue;
    if (text.empty()) return Error::corrupt("{}: token {} is empty", what, id);
    if (find_invalid_utf8(text) != std::string_view::npos) {
      return Error::corrupt("{}: token {}, {}, is not UTF-8", what, id, shown(text));
    }
    const std::optional<TokenId> same =
        added ? added_index.insert(added_texts, token) : model.index.insert(model.texts, token);
    if (same) return Error::corrupt("{}: tokens {} and {} are both {}", what, *same, id, shown(text));
    if (!added) continue;
    if (text.size() > kMaxAddedBytes) {
      return Error::unsupported("{}: token {}, which is looked for in texts, has {} bytes; at most {}", what, id,
                                text.size(), kMaxAddedBytes);
    }
    fields.added.push_back({.id = token,
                            .content = std::string(text),
                            .special = kind == TokenKind::kControl,
                            .pattern = std::string(text)});
  }
  return {};
}

Status read_merges(const VocabLists& lists, std::string_view what, ModelFields& model) {
  model.merges.reserve(lists.merges.size());
  std::string joined;
  for (size_t i = 0; i < lists.merges.size(); ++i) {
    const auto halves = split_merge(lists.merges[i]);
    if (!halves.ok())
      return Error::corrupt("{}: merge {}, {}: {}", what, i, shown(lists.merges[i]), halves.error().message());
    const auto merge = find_merge(model, *halves, joined);
    if (!merge.ok()) return Error::corrupt("{}: merge {}: {}", what, i, merge.error().message());
    model.merges.push_back(*merge);
  }
  return {};
}

Status add_around(bool wanted, std::optional<TokenId> id, std::string_view role, std::string_view what,
                  std::vector<TokenId>& side) {
  if (!wanted) return {};
  if (!id) return Error::corrupt("{}: {} is to be added to every text, but there is none", what, role);
  side.push_back(*id);
  return {};
}

}  // namespace

Result<Tokenizer> Tokenizer::from_lists(const VocabLists& lists, std::string_view what) {
  HERMES_CHECK(lists.kinds.empty() || lists.kinds.size() == lists.tokens.size());
  if (lists.tokens.empty()) return Error::corrupt("{}: the vocabulary is empty", what);
  if (lists.tokens.size() > size_t{MergeTable::kMaxId} + 1) {
    return Error::unsupported("{}: {} tokens; at most {}", what, lists.tokens.size(), MergeTable::kMaxId + 1);
  }
  if (lists.merges.size() > MergeTable::kMaxMerges) {
    return Error::unsupported("{}: {} merges; at most {}", what, lists.merges.size(), MergeTable::kMaxMerges);
  }
  size_t bytes = 0;
  for (const std::string_view token : lists.tokens) bytes += token.size();
  if (bytes > kMaxVocabBytes) {
    return Error::exhausted("{}: tokens of {} bytes in all, at most {}", what, bytes, kMaxVocabBytes);
  }
  HERMES_ASSIGN(NamedPreTokenizer named, find_pre_tokenizer(lists.pre_tokenizer, what));
  const json::value byte_level{{"type", "ByteLevel"}};
  HERMES_ASSIGN(Decoder decoder, Decoder::from_json(&byte_level, what));
  PartFields fields{.model = {},
                    .added = {},
                    .nfc = named.nfc,
                    .pre_tokenizer = std::move(named.pre_tokenizer),
                    .post_processor = {},
                    .decoder = std::move(decoder)};
  HERMES_TRY(read_tokens(lists, what, fields));
  HERMES_TRY(read_merges(lists, what, fields.model));
  fields.model.options.ignore_merges = named.ignore_merges;
  HERMES_TRY(add_around(lists.add_bos.value_or(named.add_bos && lists.bos), lists.bos, "a beginning-of-text token",
                        what, fields.post_processor.before));
  HERMES_TRY(
      add_around(lists.add_eos.value_or(false), lists.eos, "an end-of-text token", what, fields.post_processor.after));
  HERMES_ASSIGN(std::unique_ptr<TokenizerParts> parts, assemble_parts(std::move(fields), what));
  return Tokenizer(std::move(parts));
}

}  // namespace hermes::tokenizer
