#include "tokenizer/model_json.h"

#include <boost/json.hpp>

#include "tokenizer/json_fields.h"

namespace hermes::tokenizer {
namespace {

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

Status refuse_unsupported(const JsonObject& model) {
  HERMES_TRY(check_members(model, {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                                   "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"}));
  HERMES_ASSIGN(const std::optional<std::string> type, model.optional_string("type"));
  if (type && *type != "BPE") return Error::unsupported("{}: type \"{}\" is not supported", model.what(), *type);
  HERMES_ASSIGN(const std::optional<double> dropout, model.optional_number("dropout"));
  if (dropout.value_or(0) != 0) return Error::unsupported("{}: dropout is not supported", model.what());
  for (const std::string_view name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    HERMES_ASSIGN(const std::optional<std::string> affix, model.optional_string(name));
    if (affix && !affix->empty()) return Error::unsupported("{}: {} is not supported", model.what(), name);
  }
  return {};
}

Status read_vocab(const JsonObject& vocab, ModelFields& fields) {
  std::vector<std::string_view> by_id;
  for (const auto& member : vocab.raw()) {
    const std::string_view text(member.key().data(), member.key().size());
    const int64_t* id = member.value().if_int64();
    if (id == nullptr) return Error::corrupt("{}: \"{}\" has no integer id", vocab.what(), text);
    if (*id < 0 || *id > MergeTable::kMaxId) {
      return Error::corrupt("{}: \"{}\" has id {}, not in 0..{}", vocab.what(), text, *id, MergeTable::kMaxId);
    }
    if (text.empty()) return Error::corrupt("{}: the token of id {} is empty", vocab.what(), *id);
    const auto slot = static_cast<size_t>(*id);
    if (slot >= by_id.size()) by_id.resize(slot + 1);
    if (!by_id[slot].empty()) {
      return Error::corrupt("{}: \"{}\" and \"{}\" both have id {}", vocab.what(), by_id[slot], text, *id);
    }
    by_id[slot] = text;
  }
  fields.index = StringIndex(vocab.raw().size());
  for (size_t id = 0; id < by_id.size(); ++id) {
    fields.texts.push_back(by_id[id]);
    if (!by_id[id].empty()) (void)fields.index.insert(fields.texts, static_cast<TokenId>(id));
  }
  return {};
}

// The two halves of "a b" or ["a", "b"].
Result<MergeHalves> halves_of(const json::value& merge) {
  if (const json::array* pair = merge.if_array();
      pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string()) {
    return MergeHalves(view((*pair)[0].get_string()), view((*pair)[1].get_string()));
  }
  const json::string* text = merge.if_string();
  return split_merge(text != nullptr ? view(*text) : std::string_view());
}

Status read_merges(const JsonObject& model, ModelFields& fields) {
  HERMES_ASSIGN(const json::array* merges, array_at(model, "merges"));
  if (merges->size() > MergeTable::kMaxMerges) {
    return Error::unsupported("{}: {} merges; at most {}", model.what(), merges->size(), MergeTable::kMaxMerges);
  }
  fields.merges.reserve(merges->size());
  std::string joined;
  for (size_t i = 0; i < merges->size(); ++i) {
    const auto fail = [&](std::string_view why) { return Error::corrupt("{}: merges[{}]: {}", model.what(), i, why); };
    const auto halves = halves_of((*merges)[i]);
    if (!halves.ok()) return fail(halves.error().message());
    const auto merge = find_merge(fields, *halves, joined);
    if (!merge.ok()) return fail(merge.error().message());
    fields.merges.push_back(*merge);
  }
  return {};
}

}  // namespace

Result<ModelFields> read_model(const JsonObject& model) {
  HERMES_TRY(refuse_unsupported(model));
  ModelFields fields;
  HERMES_ASSIGN(const JsonObject vocab, model.object("vocab"));
  HERMES_TRY(read_vocab(vocab, fields));
  HERMES_TRY(read_merges(model, fields));
  HERMES_ASSIGN(fields.options.ignore_merges, boolean_or(model, "ignore_merges", false));
  HERMES_ASSIGN(fields.options.byte_fallback, boolean_or(model, "byte_fallback", false));
  HERMES_ASSIGN(fields.options.fuse_unk, boolean_or(model, "fuse_unk", false));
  HERMES_ASSIGN(const std::optional<std::string> unk, model.optional_string("unk_token"));
  if (unk) {
    fields.options.unk = fields.index.find(fields.texts, *unk);
    if (!fields.options.unk) {
      return Error::corrupt("{}: unk_token \"{}\" is not in the vocabulary", model.what(), *unk);
    }
  }
  return fields;
}

}  // namespace hermes::tokenizer
