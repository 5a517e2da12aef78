#include "tokenizer/list_export.h"

#include <boost/json.hpp>

#include "base/json.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/model_json.h"
#include "tokenizer/named_pre_tokenizer.h"
#include "tokenizer/post_processor.h"

namespace hermes::tokenizer {
namespace {

std::string hole(size_t id) { return fmt::format("[PAD{}]", id); }

void set_token(ExportedLists& lists, size_t id, std::string_view text, TokenKind kind) {
  while (lists.tokens.size() <= id) {
    lists.tokens.push_back(hole(lists.tokens.size()));
    lists.kinds.push_back(TokenKind::kUnused);
  }
  lists.tokens[id] = text;
  lists.kinds[id] = kind;
}

// The one token that is put on a side, if any.
Status take_side(const std::vector<TokenId>& side, std::string_view where, std::string_view what,
                 std::optional<TokenId>& id, bool& added) {
  if (side.size() > 1) {
    return Error::unsupported("{}: post_processor: {} tokens {} a text; GGUF has room for one", what, side.size(),
                              where);
  }
  added = !side.empty();
  if (added) id = side.front();
  return {};
}

}  // namespace

Result<ExportedLists> export_lists(std::string_view tokenizer_json, std::string_view what) {
  HERMES_ASSIGN(const json::value document, parse_tokenizer_document(tokenizer_json, what));
  HERMES_ASSIGN(const JsonObject file, JsonObject::from(document, std::string(what)));
  HERMES_ASSIGN(const JsonObject model_object, file.object("model"));
  HERMES_ASSIGN(const ModelFields model, read_model(model_object));
  HERMES_ASSIGN(const std::vector<AddedToken> added,
                read_added_tokens(file.find("added_tokens"), what, MergeTable::kMaxId));
  HERMES_ASSIGN(const bool nfc, read_nfc(file.find("normalizer"), std::string(what)));
  HERMES_ASSIGN(const PostProcessor around, PostProcessor::from_json(file.find("post_processor"), what));
  const json::value* steps = file.find("pre_tokenizer");
  const auto name = steps != nullptr ? name_of_pre_tokenizer(*steps, nfc, model.options.ignore_merges) : std::nullopt;
  if (!name) {
    return Error::unsupported(
        "{}: pre_tokenizer: GGUF has names for some only ({}), and this one, with its normalizer and ignore_merges, is "
        "none of them",
        what, pre_tokenizer_names());
  }

  ExportedLists lists;
  lists.pre_tokenizer = *name;
  for (size_t id = 0; id < model.texts.size(); ++id) {
    if (!model.texts[id].empty()) set_token(lists, id, model.texts[id], TokenKind::kNormal);
  }
  for (const AddedToken& token : added) {
    set_token(lists, static_cast<size_t>(token.id), token.content,
              token.special ? TokenKind::kControl : TokenKind::kUserDefined);
  }
  lists.merges.reserve(model.merges.size());
  for (const Merge& merge : model.merges) {
    lists.merges.push_back(fmt::format("{} {}", model.texts[static_cast<size_t>(merge.left)],
                                       model.texts[static_cast<size_t>(merge.right)]));
  }
  HERMES_TRY(take_side(around.before, "before", what, lists.bos, lists.add_bos));
  HERMES_TRY(take_side(around.after, "after", what, lists.eos, lists.add_eos));
  return lists;
}

}  // namespace hermes::tokenizer
