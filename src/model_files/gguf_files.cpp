#include "model_files/gguf_files.h"

#include "formats/gguf_tokenizer.h"
#include "tokenizer/vocab_lists.h"

namespace hermes::model_files {
namespace {

using formats::GgufTokenType;
using tokenizer::TokenKind;

constexpr PartNames kNames = {
    .config = "the metadata",
    .tokenizer = "tokenizer.ggml.tokens",
    .tokenizer_config = "the metadata",
    .generation_config = "the metadata",
    .end_tokens = "the metadata has none of tokenizer.ggml.eos_token_id, eot_token_id and eom_token_id",
    .chat_template = "tokenizer.chat_template",
};

// Byte tokens (6) are of vocabularies that fall back on bytes; this kind has its bytes in the alphabet.
Result<std::vector<TokenKind>> kinds_of(const formats::GgufVocab& vocab, const std::string& what) {
  std::vector<TokenKind> kinds;
  kinds.reserve(vocab.types.size());
  for (uint64_t id = 0; id < vocab.types.size(); ++id) {
    switch (static_cast<GgufTokenType>(vocab.types[id])) {
      case GgufTokenType::kNormal:
        kinds.push_back(TokenKind::kNormal);
        break;
      case GgufTokenType::kUnknown:
      case GgufTokenType::kControl:
        kinds.push_back(TokenKind::kControl);
        break;
      case GgufTokenType::kUserDefined:
        kinds.push_back(TokenKind::kUserDefined);
        break;
      case GgufTokenType::kUnused:
        kinds.push_back(TokenKind::kUnused);
        break;
      case GgufTokenType::kByte:
        return Error::unsupported(
            "{}: tokenizer.ggml.token_type: token {} is a byte token (6), which byte-level "
            "vocabularies do not have",
            what, id);
      default:
        return Error::corrupt("{}: tokenizer.ggml.token_type: {} of token {} is no type of token", what,
                              vocab.types[id], id);
    }
  }
  return kinds;
}

}  // namespace

const PartNames& GgufFiles::part_names() const { return kNames; }

Result<model::ArchSpec> GgufFiles::read_arch_spec() const {
  return model::read_gguf_arch_spec(set_->metadata(), *set_);
}

Result<tokenizer::Tokenizer> GgufFiles::open_tokenizer() const {
  const formats::GgufMetadata& metadata = set_->metadata();
  if (!has_gguf_vocab(metadata)) return Error::not_found("{}: no vocabulary (tokenizer.ggml.tokens)", path());
  HERMES_ASSIGN(const formats::GgufVocab vocab, read_gguf_vocab(metadata));
  if (vocab.model != "gpt2") {
    return Error::unsupported("{} is {}: not supported (gpt2, byte-level BPE, is)",
                              metadata.subject("tokenizer.ggml.model"),
                              describe(metadata.find("tokenizer.ggml.model")->value));
  }
  if (metadata.find("tokenizer.ggml.merges") == nullptr) {
    return Error::corrupt("{} is missing", metadata.subject("tokenizer.ggml.merges"));
  }
  if (vocab.pre.empty()) {
    return Error::unsupported("{} is missing: how texts are cut into words is not known; convert the model again",
                              metadata.subject("tokenizer.ggml.pre"));
  }
  const std::string what = path() + ": tokenizer.ggml";
  HERMES_ASSIGN(const std::vector<TokenKind> kinds, kinds_of(vocab, path()));
  const std::vector<std::string_view> tokens(vocab.tokens.begin(), vocab.tokens.end());
  const std::vector<std::string_view> merges(vocab.merges.begin(), vocab.merges.end());
  return tokenizer::Tokenizer::from_lists({.tokens = tokens,
                                           .kinds = kinds,
                                           .merges = merges,
                                           .pre_tokenizer = vocab.pre,
                                           .bos = vocab.bos,
                                           .eos = vocab.eos,
                                           .add_bos = vocab.add_bos,
                                           .add_eos = vocab.add_eos},
                                          what);
}

Result<formats::TokenizerConfig> GgufFiles::read_tokenizer_config() const {
  return read_gguf_tokenizer_config(set_->metadata());
}

Result<formats::GenerationConfig> GgufFiles::read_generation_config() const {
  return read_gguf_generation_config(set_->metadata());
}

Result<std::vector<formats::ChatTemplate>> GgufFiles::read_chat_templates() const {
  return read_gguf_chat_templates(set_->metadata());
}

std::string GgufFiles::given_name() const {
  const auto name = set_->metadata().optional_string("general.name");
  return name.ok() ? std::string(name->value_or(std::string_view())) : std::string();
}

std::vector<std::string> GgufFiles::missing_parts() const {
  if (has_gguf_vocab(set_->metadata())) return {};
  return {"tokenizer.ggml.tokens is missing: text needs it"};
}

}  // namespace hermes::model_files
