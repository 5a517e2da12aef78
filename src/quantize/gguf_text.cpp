#include "quantize/gguf_text.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "formats/gguf_tokenizer.h"
#include "tokenizer/list_export.h"

namespace hermes::quantize {
namespace {

using formats::GgufFields;
using formats::GgufTokenType;
using tokenizer::TokenKind;

constexpr size_t kMaxTokenizerBytes = size_t{256} << 20;

GgufTokenType type_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kControl:
      return GgufTokenType::kControl;
    case TokenKind::kUserDefined:
      return GgufTokenType::kUserDefined;
    case TokenKind::kUnused:
      return GgufTokenType::kUnused;
    case TokenKind::kNormal:
      break;
  }
  return GgufTokenType::kNormal;
}

std::optional<int32_t> id_of(const tokenizer::ExportedLists& lists, const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const auto found = std::find(lists.tokens.begin(), lists.tokens.end(), *text);
  if (found == lists.tokens.end()) return std::nullopt;
  return static_cast<int32_t>(found - lists.tokens.begin());
}

void set_id(GgufFields& fields, std::string_view key, std::optional<int32_t> id) {
  if (id && *id >= 0) fields.set_u32(key, static_cast<uint32_t>(*id));
}

// GGUF has three places for tokens that end a turn: eos, eot and eom.
Status set_end_tokens(const std::string& what, const formats::GenerationConfig& generation, std::optional<int32_t> eos,
                      GgufFields& fields) {
  std::vector<int32_t> ends = generation.eos_token_ids;
  if (eos) ends.insert(ends.begin(), *eos);
  std::vector<int32_t> distinct;
  for (const int32_t id : ends) {
    if (std::find(distinct.begin(), distinct.end(), id) == distinct.end()) distinct.push_back(id);
  }
  constexpr std::string_view kKeys[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                        "tokenizer.ggml.eom_token_id"};
  if (distinct.size() > std::size(kKeys)) {
    return Error::unsupported("{}: {} tokens end a turn; GGUF has room for {}", what, distinct.size(),
                              std::size(kKeys));
  }
  for (size_t i = 0; i < distinct.size(); ++i) set_id(fields, kKeys[i], distinct[i]);
  return {};
}

void set_sampling(const formats::GenerationConfig& generation, GgufFields& fields) {
  const auto number = [&](std::string_view key, const std::optional<double>& value) {
    if (value) fields.set_f32(key, static_cast<float>(*value));
  };
  if (!generation.do_sample.value_or(false)) return;  // a file that recommends anything is sampled from
  number("general.sampling.temp", generation.temperature);
  number("general.sampling.top_p", generation.top_p);
  number("general.sampling.min_p", generation.min_p);
  number("general.sampling.penalty_repeat", generation.repetition_penalty);
  if (generation.top_k) fields.set_i32("general.sampling.top_k", static_cast<int32_t>(*generation.top_k));
}

void set_lists(tokenizer::ExportedLists& lists, int64_t vocab_size, GgufFields& fields) {
  while (static_cast<int64_t>(lists.tokens.size()) < vocab_size) {
    lists.tokens.push_back(fmt::format("[PAD{}]", lists.tokens.size()));
    lists.kinds.push_back(TokenKind::kUnused);
  }
  fields.set_string("tokenizer.ggml.model", "gpt2");
  fields.set_string("tokenizer.ggml.pre", lists.pre_tokenizer);
  const std::vector<std::string_view> tokens(lists.tokens.begin(), lists.tokens.end());
  fields.set_strings("tokenizer.ggml.tokens", tokens);
  std::vector<int32_t> types;
  types.reserve(lists.kinds.size());
  for (const TokenKind kind : lists.kinds) types.push_back(static_cast<int32_t>(type_of(kind)));
  fields.set_i32s("tokenizer.ggml.token_type", types);
  const std::vector<std::string_view> merges(lists.merges.begin(), lists.merges.end());
  fields.set_strings("tokenizer.ggml.merges", merges);
}

}  // namespace

Status describe_text(const model_files::ModelFiles& files, int64_t vocab_size, GgufFields& fields) {
  const std::filesystem::path path = std::filesystem::path(files.path()) / files.part_names().tokenizer;
  const Result<std::string> json = read_text_file(path, kMaxTokenizerBytes);
  if (!json.ok() && json.error().code() == ErrorCode::kNotFound) return {};
  if (!json.ok()) return json.error();
  HERMES_ASSIGN(tokenizer::ExportedLists lists, tokenizer::export_lists(*json, path.string()));
  if (static_cast<int64_t>(lists.tokens.size()) > vocab_size) {
    return Error::corrupt("{}: {} tokens, but the embedding has {} rows", path.string(), lists.tokens.size(),
                          vocab_size);
  }
  HERMES_ASSIGN(const formats::TokenizerConfig config, files.read_tokenizer_config());
  HERMES_ASSIGN(const formats::GenerationConfig generation, files.read_generation_config());
  HERMES_ASSIGN(const std::vector<formats::ChatTemplate> templates, files.read_chat_templates());
  set_lists(lists, vocab_size, fields);
  const std::optional<int32_t> bos = lists.bos ? lists.bos : id_of(lists, config.bos_token);
  const std::optional<int32_t> eos = lists.eos ? lists.eos : id_of(lists, config.eos_token);
  set_id(fields, "tokenizer.ggml.bos_token_id", bos);
  HERMES_TRY(set_end_tokens(files.path(), generation, eos, fields));
  set_id(fields, "tokenizer.ggml.padding_token_id", id_of(lists, config.pad_token));
  set_id(fields, "tokenizer.ggml.unknown_token_id", id_of(lists, config.unk_token));
  fields.set_bool("tokenizer.ggml.add_bos_token", lists.add_bos);
  fields.set_bool("tokenizer.ggml.add_eos_token", lists.add_eos);
  for (const formats::ChatTemplate& one : templates) {
    const bool is_default = one.name == formats::kDefaultChatTemplate;
    if (!std::all_of(one.name.begin(), one.name.end(), [](char c) { return c > ' ' && c <= '~'; })) {
      return Error::unsupported("{}: chat template \"{}\": GGUF has printable ASCII names only", one.source, one.name);
    }
    fields.set_string(is_default ? "tokenizer.chat_template" : "tokenizer.chat_template." + one.name, one.text);
  }
  set_sampling(generation, fields);
  return {};
}

}  // namespace hermes::quantize
