#include "tokenizer/tokenizer_parts.h"

#include <algorithm>
#include <utility>

#include "tokenizer/nfc.h"

namespace hermes::tokenizer {
namespace {

// Added tokens and the vocabulary must agree on every id and text that they share.
Status check_agreement(const std::vector<AddedToken>& added, const ModelFields& model, std::string_view what) {
  for (const AddedToken& token : added) {
    const std::optional<TokenId> known = model.index.find(model.texts, token.content);
    if (known && *known != token.id) {
      return Error::corrupt("{}: added token \"{}\" has id {}, but {} in the vocabulary", what, token.content, token.id,
                            *known);
    }
    const auto id = static_cast<size_t>(token.id);
    if (!known && id < model.texts.size() && !model.texts[id].empty()) {
      return Error::corrupt("{}: added token \"{}\" has id {}, which is \"{}\" in the vocabulary", what, token.content,
                            token.id, model.texts[id]);
    }
  }
  return {};
}

// Texts, bytes and flags by id.
void fill_tables(const std::vector<AddedToken>& added, const ModelFields& model, TokenizerParts& parts) {
  size_t n_ids = model.texts.size();
  for (const AddedToken& token : added) n_ids = std::max(n_ids, static_cast<size_t>(token.id) + 1);
  std::vector<const AddedToken*> added_at(n_ids);
  parts.flags.resize(n_ids);
  for (const AddedToken& token : added) {
    const auto id = static_cast<size_t>(token.id);
    added_at[id] = &token;
    parts.added_ids.emplace(token.content, token.id);
    parts.flags[id] = TokenizerParts::kAdded;
    if (token.special) parts.flags[id] |= TokenizerParts::kSpecial;
  }
  for (size_t id = 0; id < n_ids; ++id) {
    const std::string_view entry = id < model.texts.size() ? model.texts[id] : std::string_view();
    parts.texts.push_back(added_at[id] != nullptr ? std::string_view(added_at[id]->content) : entry);
    // Added tokens are text, never written in the byte alphabet.
    parts.bytes.push_back(added_at[id] != nullptr ? added_at[id]->pattern : parts.decoder.token_bytes(entry));
  }
}

Status check_template(const TokenizerParts& parts, std::string_view what) {
  for (const std::vector<TokenId>* side : {&parts.post_processor.before, &parts.post_processor.after}) {
    for (const TokenId id : *side) {
      if (static_cast<size_t>(id) >= parts.texts.size() || parts.texts[static_cast<size_t>(id)].empty()) {
        return Error::corrupt("{}: post_processor: id {} is not in the vocabulary", what, id);
      }
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TokenizerParts>> assemble_parts(PartFields fields, std::string_view what) {
  HERMES_TRY(check_agreement(fields.added, fields.model, what));
  fields.model.options.byte_level = fields.pre_tokenizer.byte_level();
  std::vector<AddedToken> raw, normalized;
  for (AddedToken& token : fields.added) {
    std::string storage;
    if (token.normalized && fields.nfc) token.pattern = std::string(to_nfc(token.content, storage));
    (token.normalized ? normalized : raw).push_back(token);
  }
  ModelFields& model = fields.model;
  std::unique_ptr<TokenizerParts> parts(new TokenizerParts{
      .raw_added = AddedTokenFinder(std::move(raw)),
      .nfc = fields.nfc,
      .normalized_added = AddedTokenFinder(std::move(normalized)),
      .pre_tokenizer = std::move(fields.pre_tokenizer),
      .model = BpeModel(model.options, model.texts, model.merges),
      .post_processor = std::move(fields.post_processor),
      .decoder = std::move(fields.decoder),
      .texts = {},
      .vocab_index = std::move(model.index),  // over model.texts and over texts alike: same ids, same strings
      .added_ids = {},
      .bytes = {},
      .flags = {},
      .scratch = {}});
  fill_tables(fields.added, model, *parts);
  HERMES_TRY(check_template(*parts, what));
  return parts;
}

}  // namespace hermes::tokenizer
