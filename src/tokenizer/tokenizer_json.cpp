// Tokenizer::open and parse: from the fields of a tokenizer.json to the parts of a Tokenizer.
#include <boost/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/model_json.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_parts.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kMaxFileBytes = size_t{256} << 20;

Result<std::unique_ptr<TokenizerParts>> read_parts(const JsonObject& file) {
  const std::string& what = file.what();
  HERMES_TRY(check_members(file, {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                                  "post_processor", "decoder", "model"}));
  HERMES_ASSIGN(const JsonObject model_object, file.object("model"));
  HERMES_ASSIGN(ModelFields model, read_model(model_object));
  HERMES_ASSIGN(std::vector<AddedToken> added, read_added_tokens(file.find("added_tokens"), what, MergeTable::kMaxId));
  HERMES_ASSIGN(const bool nfc, read_nfc(file.find("normalizer"), what));
  HERMES_ASSIGN(PreTokenizer pre_tokenizer, PreTokenizer::from_json(file.find("pre_tokenizer"), what));
  HERMES_ASSIGN(PostProcessor post_processor, PostProcessor::from_json(file.find("post_processor"), what));
  HERMES_ASSIGN(Decoder decoder, Decoder::from_json(file.find("decoder"), what));
  return assemble_parts({.model = std::move(model),
                         .added = std::move(added),
                         .nfc = nfc,
                         .pre_tokenizer = std::move(pre_tokenizer),
                         .post_processor = std::move(post_processor),
                         .decoder = std::move(decoder)},
                        what);
}

}  // namespace

Result<Tokenizer> Tokenizer::open(const std::string& path) {
  HERMES_ASSIGN(const std::string text, read_text_file(path, kMaxFileBytes));
  return parse(text, path);
}

Result<Tokenizer> Tokenizer::parse(std::string_view json_text, std::string_view what) {
  HERMES_ASSIGN(const json::value document, parse_tokenizer_document(json_text, what));
  HERMES_ASSIGN(const JsonObject file, JsonObject::from(document, std::string(what)));
  HERMES_ASSIGN(std::unique_ptr<TokenizerParts> parts, read_parts(file));
  return Tokenizer(std::move(parts));
}

}  // namespace hermes::tokenizer
