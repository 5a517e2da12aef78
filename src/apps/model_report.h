// What a model's files hold, what it needs to run, and what in them is missing or at odds. Everything but what describes
// the architecture may be absent; of a GGUF file even that, since the rest of it says what it is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/arch_spec.h"
#include "model_files/model_files.h"

namespace hermes::apps {

struct SpecialToken {
  std::string text;
  int64_t id = 0;
  std::vector<std::string> roles;  // "bos", "eos", "pad", "think", ...; empty for the rest
};

// Tensors of one type.
struct TensorsOfType {
  int64_t count = 0;
  int64_t bytes = 0;
};

// What only a GGUF file has.
struct GgufReport {
  uint32_t version = 0;
  uint64_t alignment = 0;
  std::vector<std::pair<std::string, std::string>> metadata;  // keys and values in the file's order, values in short
};

struct ModelReport {
  std::string path;
  std::optional<model::ArchSpec> spec;  // absent only for a GGUF file of an architecture that we do not have
  std::string architecture;             // as its makers call it, for example "LlamaForCausalLM"
  int64_t weight_files = 0;             // 0: no weights here
  std::map<std::string, TensorsOfType> tensors_by_type;  // in the files
  std::optional<GgufReport> gguf;
  std::optional<int64_t> tokenizer_size;  // 1 + largest id; absent without a vocabulary that can be read
  std::vector<SpecialToken> special_tokens;
  std::vector<int32_t> end_tokens;
  std::string chat_template_source;  // empty: none
  size_t chat_template_bytes = 0;
  std::vector<std::string> findings;

  int64_t file_bytes() const;  // of the tensors in the files
  // With a spec only. As in the files, or as the declared dtype (else BF16) would take.
  int64_t weight_bytes() const;
  int64_t kv_bytes_per_token(DType dtype) const;
};

// Fails only where a folder's config.json cannot be read; all else becomes a finding.
Result<ModelReport> make_report(const model_files::ModelFiles& files);

}  // namespace hermes::apps
