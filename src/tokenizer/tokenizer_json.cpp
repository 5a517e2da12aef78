// Tokenizer::open and parse: from the fields of a tokenizer.json to the parts of a Tokenizer.
#include <boost/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/model_json.h"
#include "tokenizer/nfc.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_parts.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kMaxFileBytes = size_t{256} << 20;
constexpr size_t kMaxJsonDepth = 32;

// Whether the normalizer is NFC; otherwise there is none.
Result<bool> read_normalizer(const json::value& value, const std::string& what, int depth) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_ASSIGN(const std::string type, type_of(object));
  if (type == "NFC") {
    HERMES_TRY(check_members(object, {"type"}));
    return true;
  }
  if (type != "Sequence") return Error::unsupported("{}: type \"{}\" is not supported", what, type);
  if (depth >= kMaxSequenceDepth) return Error::unsupported("{}: Sequences nested too deeply", what);
  HERMES_TRY(check_members(object, {"type", "normalizers"}));
  HERMES_ASSIGN(const json::array* parts, array_at(object, "normalizers"));
  bool nfc = false;
  for (size_t i = 0; i < parts->size(); ++i) {
    HERMES_ASSIGN(const bool part,
                  read_normalizer((*parts)[i], fmt::format("{}: normalizers[{}]", what, i), depth + 1));
    nfc |= part;
  }
  return nfc;
}

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

Result<std::unique_ptr<TokenizerParts>> read_parts(const JsonObject& file) {
  const std::string& what = file.what();
  HERMES_TRY(check_members(file, {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                                  "post_processor", "decoder", "model"}));
  HERMES_ASSIGN(const JsonObject model_object, file.object("model"));
  HERMES_ASSIGN(ModelFields model, read_model(model_object));
  HERMES_ASSIGN(std::vector<AddedToken> added, read_added_tokens(file.find("added_tokens"), what, MergeTable::kMaxId));
  HERMES_TRY(check_agreement(added, model, what));
  bool nfc = false;
  if (const json::value* normalizer = file.find("normalizer")) {
    HERMES_ASSIGN(nfc, read_normalizer(*normalizer, fmt::format("{}: normalizer", what), 0));
  }
  HERMES_ASSIGN(PreTokenizer pre_tokenizer, PreTokenizer::from_json(file.find("pre_tokenizer"), what));
  HERMES_ASSIGN(PostProcessor post_processor, PostProcessor::from_json(file.find("post_processor"), what));
  HERMES_ASSIGN(Decoder decoder, Decoder::from_json(file.find("decoder"), what));
  model.options.byte_level = pre_tokenizer.byte_level();

  std::vector<AddedToken> raw, normalized;
  for (AddedToken& token : added) {
    std::string storage;
    if (token.normalized && nfc) token.pattern = std::string(to_nfc(token.content, storage));
    (token.normalized ? normalized : raw).push_back(token);
  }
  std::unique_ptr<TokenizerParts> parts(new TokenizerParts{
      .raw_added = AddedTokenFinder(std::move(raw)),
      .nfc = nfc,
      .normalized_added = AddedTokenFinder(std::move(normalized)),
      .pre_tokenizer = std::move(pre_tokenizer),
      .model = BpeModel(model.options, model.texts, model.merges),
      .post_processor = std::move(post_processor),
      .decoder = std::move(decoder),
      .texts = {},
      .vocab_index = std::move(model.index),  // over model.texts and over texts alike: same ids, same strings
      .added_ids = {},
      .bytes = {},
      .flags = {},
      .scratch = {}});
  fill_tables(added, model, *parts);
  HERMES_TRY(check_template(*parts, what));
  return parts;
}

}  // namespace

Result<Tokenizer> Tokenizer::open(const std::string& path) {
  HERMES_ASSIGN(const std::string text, read_text_file(path, kMaxFileBytes));
  return parse(text, path);
}

Result<Tokenizer> Tokenizer::parse(std::string_view json_text, std::string_view what) {
  HERMES_ASSIGN(const json::value document,
                parse_json(json_text, what, {.max_depth = kMaxJsonDepth, .unique_names = true}));
  HERMES_ASSIGN(const JsonObject file, JsonObject::from(document, std::string(what)));
  HERMES_ASSIGN(std::unique_ptr<TokenizerParts> parts, read_parts(file));
  return Tokenizer(std::move(parts));
}

}  // namespace hermes::tokenizer
