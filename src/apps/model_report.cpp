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
  Reporter(const model_files::ModelFiles& files, ModelReport& report)
      : files_(files), names_(files.part_names()), report_(report) {}

  void look_at_weights() {
    const auto source = files_.open_weights();
    if (!source.ok()) return note(source.error().message());
    const formats::TensorSource& tensors = **source;
    std::vector<std::string> paths;
    for (const std::string& name : tensors.names()) {
      if (const auto view = tensors.find(name)) {
        count(name_of(view->dtype), static_cast<int64_t>(view->bytes()));
      }
      paths.push_back(tensors.file_of(name));
    }
    std::sort(paths.begin(), paths.end());
    report_.weight_files = std::unique(paths.begin(), paths.end()) - paths.begin();
    if (!report_.spec) return;
    for (const std::string& finding : model::weight_findings(*report_.spec, tensors, files_.tensor_names())) {
      note(finding);
    }
    const auto& declared = report_.spec->declared_dtype;
    if (declared && !report_.tensors_by_type.empty() &&
        !report_.tensors_by_type.contains(std::string(name_of(*declared)))) {
      note(fmt::format("{} declares {} weights, the files hold {}", names_.config, name_of(*declared),
                       report_.tensors_by_type.begin()->first));
    }
  }

  // What a GGUF file says of itself, and its tensors of types that are none of ours.
  void look_at_gguf(const formats::GgufSet& set) {
    const formats::GgufHeader& header = set.files().front().header();
    report_.gguf = GgufReport{.version = header.version, .alignment = header.alignment, .metadata = {}};
    for (const formats::GgufEntry& entry : header.metadata.entries()) {
      report_.gguf->metadata.emplace_back(entry.key, describe(entry.value));
    }
    for (const formats::GgufFile& file : set.files()) {
      for (const formats::GgufTensor& tensor : file.header().tensors) {
        if (!tensor.type->dtype) count(tensor.type->name, static_cast<int64_t>(tensor.bytes));
      }
    }
  }

  void look_at_tokenizer() {
    const auto config = files_.read_tokenizer_config();
    if (!config.ok()) note(config.error().message());
    const auto generation = files_.read_generation_config();
    if (!generation.ok()) note(generation.error().message());
    for (const std::string& missing : files_.missing_parts()) note(missing);
    if (generation.ok()) report_.end_tokens = generation->eos_token_ids;
    if (generation.ok() && generation->eos_token_ids.empty()) {
      note(fmt::format("{}: generation ends only at its length limit", names_.end_tokens));
    }
    for (const int32_t id : report_.end_tokens) {
      if (report_.spec && (id < 0 || id >= report_.spec->vocab_size)) {
        note(fmt::format("eos_token_id {} is outside the vocabulary of {}", id, report_.spec->vocab_size));
      }
    }
    const auto tokenizer = files_.open_tokenizer();
    if (!tokenizer.ok()) {
      if (tokenizer.error().code() != ErrorCode::kNotFound) note(tokenizer.error().message());
      return;
    }
    report_.tokenizer_size = static_cast<int64_t>(tokenizer->vocab_size());
    if (report_.spec && *report_.tokenizer_size > report_.spec->vocab_size) {
      note(fmt::format("{} has ids up to {}, {} only {} rows: such tokens cannot be run", names_.tokenizer,
                       *report_.tokenizer_size - 1, names_.config, report_.spec->vocab_size));
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
    const auto chat_template = files_.read_chat_template();
    if (!chat_template.ok()) return note(chat_template.error().message());
    report_.chat_template_source = chat_template->source;
    report_.chat_template_bytes = chat_template->text.size();
  }

 private:
  void note(const std::string& finding) { report_.findings.push_back(finding); }

  void count(std::string_view type, int64_t bytes) {
    TensorsOfType& tensors = report_.tensors_by_type[std::string(type)];
    ++tensors.count;
    tensors.bytes += bytes;
  }

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
    note(fmt::format("{}: {}_token {} is not in {}", names_.tokenizer_config, meaning,
                     to_json_text(json::string(*text)), names_.tokenizer));
  }

  void check_bos_and_eos(const tokenizer::Tokenizer& tokenizer, const Result<formats::TokenizerConfig>& config,
                         const Result<formats::GenerationConfig>& generation) {
    if (!config.ok() || !generation.ok()) return;
    const auto id_of = [&](const std::optional<std::string>& text) {
      return text ? tokenizer.find(*text) : std::nullopt;
    };
    if (const auto bos = id_of(config->bos_token);
        bos && generation->bos_token_id && *bos != *generation->bos_token_id) {
      note(fmt::format("bos: {} says {}, {} {}", names_.tokenizer_config, *bos, names_.generation_config,
                       *generation->bos_token_id));
    }
    const auto eos = id_of(config->eos_token);
    const auto& ends = report_.end_tokens;
    if (eos && !ends.empty() && std::find(ends.begin(), ends.end(), *eos) == ends.end()) {
      note(fmt::format("{}'s eos_token {} (id {}) is not among the ids that end generation", names_.tokenizer_config,
                       *config->eos_token, *eos));
    }
  }

  const model_files::ModelFiles& files_;
  const model_files::PartNames& names_;
  ModelReport& report_;
};

}  // namespace

int64_t ModelReport::file_bytes() const {
  int64_t total = 0;
  for (const auto& [type, tensors] : tensors_by_type) total += tensors.bytes;
  return total;
}

int64_t ModelReport::weight_bytes() const {
  if (weight_files > 0) return file_bytes();
  return spec->parameter_count() * static_cast<int64_t>(size_of(spec->declared_dtype.value_or(DType::kBF16)));
}

int64_t ModelReport::kv_bytes_per_token(DType dtype) const {
  const kv::KvShape shape{.n_layers = static_cast<int>(spec->n_layers),
                          .n_kv_heads = spec->n_kv_heads,
                          .head_dim = spec->head_dim,
                          .dtype = dtype};
  return static_cast<int64_t>(shape.bytes_per_position());
}

Result<ModelReport> make_report(const model_files::ModelFiles& files) {
  ModelReport report;
  report.path = files.path();
  report.architecture = files.given_name();
  const Result<model::ArchSpec> spec = files.read_arch_spec();
  if (spec.ok()) {
    report.spec = *spec;
  } else if (files.gguf() == nullptr) {
    return spec.error();
  } else {
    report.findings.push_back(spec.error().message());
  }
  Reporter reporter(files, report);
  if (files.gguf() != nullptr) reporter.look_at_gguf(*files.gguf());
  reporter.look_at_weights();
  reporter.look_at_tokenizer();
  reporter.look_at_chat_template();
  return report;
}

}  // namespace hermes::apps
