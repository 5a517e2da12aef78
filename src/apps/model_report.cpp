#include "apps/model_report.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/json.h"
#include "kv/kv_sequence.h"
#include "model/weights.h"
#include "tokenizer/tokenizer.h"

namespace hermes::apps {
namespace {

// Tokens that carry a Hermes conversation; their ids come from the files only.
constexpr std::pair<std::string_view, std::string_view> kConversationTokens[] = {
    {"<think>", "think"},
    {"</think>", "end of think"},
    {"<tool_call>", "tool call"},
    {"</tool_call>", "end of tool call"},
    {"<tool_response>", "tool response"},
    {"</tool_response>", "end of tool response"},
};

class Reporter {
 public:
  Reporter(const formats::ModelDirectory& directory, ModelReport& report) : directory_(directory), report_(report) {}

  void look_at_weights() {
    const auto source = directory_.open_weights();
    if (!source.ok()) return note(source.error().message());
    const formats::TensorSource& tensors = **source;
    std::vector<std::string> files;
    for (const std::string& name : tensors.names()) {
      if (const auto view = tensors.find(name)) {
        report_.bytes_by_dtype[std::string(name_of(view->dtype))] += static_cast<int64_t>(view->bytes());
      }
      files.push_back(tensors.file_of(name));
    }
    std::sort(files.begin(), files.end());
    report_.weight_files = std::unique(files.begin(), files.end()) - files.begin();
    for (const std::string& finding : model::weight_findings(report_.spec, tensors)) note(finding);
    const auto& declared = report_.spec.declared_dtype;
    if (declared && !report_.bytes_by_dtype.empty() &&
        !report_.bytes_by_dtype.contains(std::string(name_of(*declared)))) {
      note(fmt::format("config.json declares {} weights, the files hold {}", name_of(*declared),
                       report_.bytes_by_dtype.begin()->first));
    }
  }

  void look_at_tokenizer() {
    const auto config = directory_.read_tokenizer_config();
    if (!config.ok()) note(config.error().message());
    const auto generation = directory_.read_generation_config();
    if (!generation.ok()) note(generation.error().message());
    if (!directory_.has("tokenizer_config.json"))
      note("tokenizer_config.json is missing: special tokens have no roles");
    if (generation.ok()) report_.end_tokens = generation->eos_token_ids;
    if (generation.ok() && generation->eos_token_ids.empty()) {
      note(
          "neither generation_config.json nor config.json has an eos_token_id: generation ends only at its length "
          "limit");
    }
    for (const int32_t id : report_.end_tokens) {
      if (id < 0 || id >= report_.spec.vocab_size) {
        note(fmt::format("eos_token_id {} is outside the vocabulary of {}", id, report_.spec.vocab_size));
      }
    }
    if (!directory_.has("tokenizer.json")) return note("tokenizer.json is missing: text needs it");
    const auto tokenizer = tokenizer::Tokenizer::open(directory_.file("tokenizer.json").string());
    if (!tokenizer.ok()) return note(tokenizer.error().message());

    report_.tokenizer_size = static_cast<int64_t>(tokenizer->vocab_size());
    if (*report_.tokenizer_size > report_.spec.vocab_size) {
      note(fmt::format("tokenizer.json has ids up to {}, config.json only {} rows: such tokens cannot be run",
                       *report_.tokenizer_size - 1, report_.spec.vocab_size));
    }
    if (config.ok()) {
      role(*tokenizer, "bos", config->bos_token);
      role(*tokenizer, "eos", config->eos_token);
      role(*tokenizer, "pad", config->pad_token);
      role(*tokenizer, "unk", config->unk_token);
    }
    for (const int32_t id : report_.end_tokens) {
      if (id >= 0 && static_cast<size_t>(id) < tokenizer->vocab_size())
        add_role(std::string(tokenizer->token_text(id)), id, "end of turn");
    }
    for (const auto& [text, meaning] : kConversationTokens) {
      if (const auto id = tokenizer->find(text)) add_role(std::string(text), *id, meaning);
    }
    check_bos_and_eos(*tokenizer, config, generation);
  }

  void look_at_chat_template() {
    const auto chat_template = directory_.read_chat_template();
    if (!chat_template.ok()) return note(chat_template.error().message());
    report_.chat_template_source = chat_template->source;
    report_.chat_template_bytes = chat_template->text.size();
  }

 private:
  void note(const std::string& finding) { report_.findings.push_back(finding); }

  void add_role(const std::string& text, int64_t id, std::string_view meaning) {
    for (SpecialToken& token : report_.special_tokens) {
      if (token.id == id) {
        if (std::find(token.roles.begin(), token.roles.end(), meaning) == token.roles.end()) {
          token.roles.emplace_back(meaning);
        }
        return;
      }
    }
    report_.special_tokens.push_back({text, id, {std::string(meaning)}});
  }

  void role(const tokenizer::Tokenizer& tokenizer, std::string_view meaning, const std::optional<std::string>& text) {
    if (!text) return;
    const auto id = tokenizer.find(*text);
    if (id) return add_role(*text, *id, meaning);
    note(fmt::format("tokenizer_config.json: {}_token {} is not in tokenizer.json", meaning,
                     to_json_text(json::string(*text))));
  }

  void check_bos_and_eos(const tokenizer::Tokenizer& tokenizer, const Result<formats::TokenizerConfig>& config,
                         const Result<formats::GenerationConfig>& generation) {
    if (!config.ok() || !generation.ok()) return;
    const auto id_of = [&](const std::optional<std::string>& text) {
      return text ? tokenizer.find(*text) : std::nullopt;
    };
    if (const auto bos = id_of(config->bos_token);
        bos && generation->bos_token_id && *bos != *generation->bos_token_id) {
      note(fmt::format("bos: tokenizer_config.json says {}, generation_config.json {}", *bos,
                       *generation->bos_token_id));
    }
    const auto eos = id_of(config->eos_token);
    const auto& ends = report_.end_tokens;
    if (eos && !ends.empty() && std::find(ends.begin(), ends.end(), *eos) == ends.end()) {
      note(fmt::format("tokenizer_config.json's eos_token {} (id {}) is not among the ids that end generation",
                       *config->eos_token, *eos));
    }
  }

  const formats::ModelDirectory& directory_;
  ModelReport& report_;
};

}  // namespace

int64_t ModelReport::file_bytes() const {
  int64_t total = 0;
  for (const auto& [dtype, bytes] : bytes_by_dtype) total += bytes;
  return total;
}

int64_t ModelReport::weight_bytes() const {
  if (weight_files > 0) return file_bytes();
  return spec.parameter_count() * static_cast<int64_t>(size_of(spec.declared_dtype.value_or(DType::kBF16)));
}

int64_t ModelReport::kv_bytes_per_token(DType dtype) const {
  const kv::KvShape shape{.n_layers = static_cast<int>(spec.n_layers),
                          .n_kv_heads = spec.n_kv_heads,
                          .head_dim = spec.head_dim,
                          .dtype = dtype};
  return static_cast<int64_t>(shape.bytes_per_position());
}

Result<ModelReport> make_report(const formats::ModelDirectory& directory) {
  ModelReport report;
  report.path = directory.path().string();
  HERMES_ASSIGN(const json::value config, directory.read_config_json());
  HERMES_ASSIGN(report.spec, model::read_arch_spec(config, directory.file("config.json").string()));
  if (const auto* names = config.as_object().if_contains("architectures");
      names != nullptr && names->is_array() && !names->get_array().empty() && names->get_array()[0].is_string()) {
    report.architecture = std::string(names->get_array()[0].get_string());
  }
  Reporter reporter(directory, report);
  reporter.look_at_weights();
  reporter.look_at_tokenizer();
  reporter.look_at_chat_template();
  return report;
}

}  // namespace hermes::apps
