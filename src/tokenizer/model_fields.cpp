#include "tokenizer/model_fields.h"

#include "base/utf8.h"

namespace hermes::tokenizer {

Result<MergeHalves> split_merge(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    return Error::corrupt("must be \"left right\" or [\"left\", \"right\"]");
  }
  return MergeHalves(text.substr(0, space), text.substr(space + 1));
}

Result<Merge> find_merge(const ModelFields& fields, MergeHalves halves, std::string& joined) {
  joined.assign(halves.first).append(halves.second);
  TokenId ids[3];
  const std::string_view texts[3] = {halves.first, halves.second, joined};
  for (size_t k = 0; k < 3; ++k) {
    const std::optional<TokenId> id = fields.index.find(fields.texts, texts[k]);
    if (!id) return Error::corrupt("\"{}\" is not in the vocabulary", to_valid_utf8(texts[k]));
    ids[k] = *id;
  }
  return Merge{ids[0], ids[1], ids[2]};
}

}  // namespace hermes::tokenizer
