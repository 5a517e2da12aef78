#include "tokenizer/post_processor.h"

#include <boost/json.hpp>

#include "tokenizer/json_fields.h"
#include "tokenizer/merge_table.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kMaxTemplateTokens = 64;

// Reads one template into `made`.
class TemplateReader {
 public:
  TemplateReader(const JsonObject& object, PostProcessor& made) : object_(object), made_(made) {}

  Status read() {
    HERMES_TRY(check_members(object_, {"type", "single", "pair", "special_tokens"}));
    HERMES_ASSIGN(const json::array* pieces, array_at(object_, "single"));
    for (size_t i = 0; i < pieces->size(); ++i) {
      HERMES_TRY(read_piece((*pieces)[i], fmt::format("{}: single[{}]", object_.what(), i)));
    }
    if (!has_text_) return Error::unsupported("{}: a \"single\" template without the text", object_.what());
    return {};
  }

 private:
  Status read_piece(const json::value& value, const std::string& what) {
    HERMES_ASSIGN(const JsonObject piece, JsonObject::from(value, what));
    HERMES_TRY(check_members(piece, {"Sequence", "SpecialToken"}));
    if (piece.find("Sequence") != nullptr) {
      HERMES_ASSIGN(const JsonObject sequence, piece.object("Sequence"));
      HERMES_ASSIGN(const std::string id, sequence.string("id"));
      if (id != "A" || has_text_) return Error::unsupported("{}: the text must be there once, as \"A\"", what);
      has_text_ = true;
      return {};
    }
    HERMES_ASSIGN(const JsonObject token, piece.object("SpecialToken"));
    HERMES_ASSIGN(const std::string name, token.string("id"));
    return append_ids(name, what);
  }

  Status append_ids(const std::string& name, const std::string& what) {
    HERMES_ASSIGN(const JsonObject all, object_.object("special_tokens"));
    if (all.find(name) == nullptr) return Error::corrupt("{}: \"{}\" is not in special_tokens", what, name);
    HERMES_ASSIGN(const JsonObject entry, all.object(name));
    HERMES_ASSIGN(const json::array* ids, array_at(entry, "ids"));
    std::vector<TokenId>& side = has_text_ ? made_.after : made_.before;
    for (const json::value& id : *ids) {
      const int64_t* number = id.if_int64();
      if (number == nullptr || *number < 0 || *number > MergeTable::kMaxId) {
        return Error::corrupt("{}: \"ids\" holds something that is not a token id", entry.what());
      }
      side.push_back(static_cast<TokenId>(*number));
    }
    if (side.size() > kMaxTemplateTokens)
      return Error::unsupported("{}: more than {} tokens", what, kMaxTemplateTokens);
    return {};
  }

  const JsonObject& object_;
  PostProcessor& made_;
  bool has_text_ = false;
};

Status add_step(const json::value& value, const std::string& what, int depth, bool& has_template, PostProcessor& made) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_ASSIGN(const std::string type, type_of(object));
  if (type == "Sequence") {
    if (depth >= kMaxSequenceDepth) return Error::unsupported("{}: Sequences nested too deeply", what);
    HERMES_TRY(check_members(object, {"type", "processors"}));
    HERMES_ASSIGN(const json::array* parts, array_at(object, "processors"));
    for (size_t i = 0; i < parts->size(); ++i) {
      HERMES_TRY(add_step((*parts)[i], fmt::format("{}: processors[{}]", what, i), depth + 1, has_template, made));
    }
    return {};
  }
  if (type == "ByteLevel") return check_members(object, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
  if (type == "TemplateProcessing") {
    if (has_template) return Error::unsupported("{}: a second TemplateProcessing", what);
    has_template = true;
    return TemplateReader(object, made).read();
  }
  return Error::unsupported("{}: type \"{}\" is not supported", what, type);
}

}  // namespace

Result<PostProcessor> PostProcessor::from_json(const json::value* value, std::string_view what) {
  PostProcessor made;
  bool has_template = false;
  if (value != nullptr) HERMES_TRY(add_step(*value, fmt::format("{}: post_processor", what), 0, has_template, made));
  return made;
}

}  // namespace hermes::tokenizer
