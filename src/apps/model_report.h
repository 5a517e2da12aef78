// What a model folder holds, what it needs to run, and what in it is missing or at odds. Everything but config.json may
// be absent.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/hf_directory.h"
#include "model/arch_spec.h"

namespace hermes::apps {

struct SpecialToken {
  std::string text;
  int64_t id = 0;
  std::vector<std::string> roles;  // "bos", "eos", "pad", "think", ...; empty for the rest
};

struct ModelReport {
  std::string path;
  model::ArchSpec spec;
  std::string architecture;                       // config.json's class, for example "LlamaForCausalLM"
  int64_t weight_files = 0;                       // 0: no weights here
  std::map<std::string, int64_t> bytes_by_dtype;  // of the tensors in the files
  std::optional<int64_t> tokenizer_size;          // 1 + largest id; absent without a tokenizer.json that can be read
  std::vector<SpecialToken> special_tokens;
  std::vector<int32_t> end_tokens;
  std::string chat_template_source;  // empty: none
  size_t chat_template_bytes = 0;
  std::vector<std::string> findings;

  int64_t file_bytes() const;    // of the tensors in the files
  int64_t weight_bytes() const;  // as in the files, or as the declared dtype (else BF16) would take
  int64_t kv_bytes_per_token(DType dtype) const;
};

// Fails only where config.json cannot be read; all else becomes a finding.
Result<ModelReport> make_report(const formats::ModelDirectory& directory);

}  // namespace hermes::apps
