#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "apps/commands.h"
#include "apps/model_options.h"
#include "apps/model_report.h"
#include "base/json.h"

namespace hermes::apps {
namespace {

// Decimal units, as disks and model cards count.
std::string readable_bytes(int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value >= 1e9) return fmt::format("{:.2f} GB", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.2f} MB", value / 1e6);
  if (value >= 1e3) return fmt::format("{:.1f} kB", value / 1e3);
  return fmt::format("{} B", bytes);
}

std::string readable_count(int64_t count) {
  const auto value = static_cast<double>(count);
  if (value >= 1e9) return fmt::format("{:.2f} B ({})", value / 1e9, count);
  if (value >= 1e6) return fmt::format("{:.2f} M ({})", value / 1e6, count);
  return std::to_string(count);
}

std::string describe_blocks(const model::ArchSpec& spec) {
  std::string text = fmt::format("RoPE theta {}", spec.rope.theta);
  if (spec.rope.llama3) {
    text += fmt::format(", llama3 scaling x{} beyond {}", spec.rope.llama3->factor,
                        spec.rope.llama3->original_max_position);
  }
  if (spec.rope.interleaved) text += ", interleaved";
  if (spec.qk_norm) text += ", QK norm";
  if (spec.qkv_bias) text += ", QKV bias";
  if (spec.out_bias) text += ", output bias";
  if (spec.mlp_bias) text += ", MLP bias";
  return text + (spec.tied_embeddings ? ", tied embeddings" : ", untied embeddings");
}

// What the architecture says; nothing of a GGUF file whose architecture we do not have.
template <class Line>
void describe_spec(const ModelReport& report, const Line& line) {
  const model::ArchSpec& spec = *report.spec;
  line("architecture",
       fmt::format("{}{}", spec.model_type, report.architecture.empty() ? "" : " (" + report.architecture + ")"));
  line("shape", fmt::format("{} layers, hidden {}, {} heads, {} KV heads, head dim {}, MLP {}, vocabulary {}",
                            spec.n_layers, spec.hidden_size, spec.n_heads, spec.n_kv_heads, spec.head_dim,
                            spec.intermediate_size, spec.vocab_size));
  line("blocks", describe_blocks(spec));
  line("parameters", readable_count(spec.parameter_count()));
}

template <class Line>
void describe_memory(const ModelReport& report, const Line& line) {
  const model::ArchSpec& spec = *report.spec;
  line("context", fmt::format("{} tokens", spec.max_positions));
  const int64_t kv8 = report.kv_bytes_per_token(DType::kQ8_0), kv16 = report.kv_bytes_per_token(DType::kF16),
                kv32 = report.kv_bytes_per_token(DType::kF32);
  line("memory",
       fmt::format(
           "weights {}{}", readable_bytes(report.weight_bytes()),
           report.weight_files > 0 ? "" : fmt::format(" as {}", name_of(spec.declared_dtype.value_or(DType::kBF16)))));
  line("", fmt::format("KV per token {} bytes in Q8_0, {} in 16 bits, {} in F32; full context {}, {} and {}", kv8, kv16,
                       kv32, readable_bytes(kv8 * spec.max_positions), readable_bytes(kv16 * spec.max_positions),
                       readable_bytes(kv32 * spec.max_positions)));
}

std::string describe_weights(const ModelReport& report) {
  if (report.weight_files == 0) return "not here";
  std::string text = fmt::format("{} file{}", report.weight_files, report.weight_files == 1 ? "" : "s");
  for (const auto& [type, tensors] : report.tensors_by_type) {
    text += fmt::format(", {} {}", type, readable_bytes(tensors.bytes));
    if (report.gguf) text += fmt::format(" ({} tensor{})", tensors.count, tensors.count == 1 ? "" : "s");
  }
  return text;
}

std::string to_text(const ModelReport& report) {
  std::string out = report.path + "\n";
  const auto line = [&](std::string_view name, const std::string& value) {
    out += fmt::format("  {:<15} {}\n", name, value);
  };
  if (report.spec) describe_spec(report, line);
  line("weights", describe_weights(report));
  if (report.spec) describe_memory(report, line);
  line("tokenizer", report.tokenizer_size ? fmt::format("{} ids", *report.tokenizer_size) : "none");
  line("chat template", report.chat_template_source.empty()
                            ? "none"
                            : fmt::format("{} bytes, {}", report.chat_template_bytes, report.chat_template_source));
  std::string_view label = "special tokens";
  for (const SpecialToken& token : report.special_tokens) {
    line(label, fmt::format("{:>7}  {}  ({})", token.id, token.text, fmt::join(token.roles, ", ")));
    label = "";
  }
  if (report.gguf) {
    line("format", fmt::format("GGUF version {}, alignment {}", report.gguf->version, report.gguf->alignment));
    label = "metadata";
    for (const auto& [key, value] : report.gguf->metadata) {
      line(label, fmt::format("{} = {}", key, value));
      label = "";
    }
  }
  if (report.findings.empty()) line("findings", "none");
  label = "findings";
  for (const std::string& finding : report.findings) {
    line(label, "- " + finding);
    label = "";
  }
  return out;
}

json::value rope_scaling_json(const model::RopeSpec& rope) {
  if (!rope.llama3) return nullptr;
  return json::object{{"rope_type", "llama3"},
                      {"factor", rope.llama3->factor},
                      {"low_freq_factor", rope.llama3->low_freq_factor},
                      {"high_freq_factor", rope.llama3->high_freq_factor},
                      {"original_max_position_embeddings", rope.llama3->original_max_position}};
}

json::object spec_json(const ModelReport& report) {
  const model::ArchSpec& spec = *report.spec;
  return {{"model_type", spec.model_type},
          {"architecture", report.architecture},
          {"n_layers", spec.n_layers},
          {"hidden_size", spec.hidden_size},
          {"n_heads", spec.n_heads},
          {"n_kv_heads", spec.n_kv_heads},
          {"head_dim", spec.head_dim},
          {"intermediate_size", spec.intermediate_size},
          {"vocab_size", spec.vocab_size},
          {"rope_theta", spec.rope.theta},
          {"rope_scaling", rope_scaling_json(spec.rope)},
          {"qk_norm", spec.qk_norm},
          {"qkv_bias", spec.qkv_bias},
          {"tied_embeddings", spec.tied_embeddings},
          {"parameters", spec.parameter_count()},
          {"context", spec.max_positions},
          {"weight_bytes", report.weight_bytes()},
          {"kv_bytes_per_token",
           {{"q8_0", report.kv_bytes_per_token(DType::kQ8_0)},
            {"f16", report.kv_bytes_per_token(DType::kF16)},
            {"bf16", report.kv_bytes_per_token(DType::kBF16)},
            {"f32", report.kv_bytes_per_token(DType::kF32)}}}};
}

json::object gguf_json(const GgufReport& gguf, const ModelReport& report) {
  json::object metadata, tensors;
  for (const auto& [key, value] : gguf.metadata) metadata[key] = value;
  for (const auto& [type, of_type] : report.tensors_by_type) tensors[type] = of_type.count;
  return {{"version", gguf.version},
          {"alignment", gguf.alignment},
          {"tensors_by_type", std::move(tensors)},
          {"metadata", std::move(metadata)}};
}

json::object to_json(const ModelReport& report) {
  json::object dtypes;
  for (const auto& [type, tensors] : report.tensors_by_type) dtypes[type] = tensors.bytes;
  json::array special, ends, findings;
  for (const SpecialToken& token : report.special_tokens) {
    json::array roles;
    for (const std::string& role : token.roles) roles.emplace_back(role);
    special.push_back(json::object{{"id", token.id}, {"text", token.text}, {"roles", std::move(roles)}});
  }
  for (const int32_t id : report.end_tokens) ends.emplace_back(id);
  for (const std::string& finding : report.findings) findings.emplace_back(finding);
  json::object out{{"path", report.path}};
  if (report.spec) {
    for (auto& member : spec_json(report)) out[member.key()] = std::move(member.value());
  }
  out["weight_files"] = report.weight_files;
  out["weight_bytes_by_dtype"] = std::move(dtypes);
  out["tokenizer_size"] = report.tokenizer_size ? json::value(*report.tokenizer_size) : json::value(nullptr);
  out["chat_template"] =
      report.chat_template_source.empty() ? json::value(nullptr) : json::value(report.chat_template_source);
  out["special_tokens"] = std::move(special);
  out["end_tokens"] = std::move(ends);
  if (report.gguf) out["gguf"] = gguf_json(*report.gguf, report);
  out["findings"] = std::move(findings);
  return out;
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  struct Options {
    std::string path;
    bool json = false;
  };
  auto* command = app.add_subcommand("info", "what a model is, what it needs, and what is missing or inconsistent");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->path, "model folder, a .gguf file, or a config.json alone")->required();
  command->add_flag("--json", options->json, "print one JSON object");
  command->footer("Example: hermes info models/my-model");
  command->callback([options, &action] {
    action = [options]() -> Status {
      HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options->path));
      HERMES_ASSIGN(const ModelReport report, make_report(*files));
      return print(options->json ? to_json_text(to_json(report)) + "\n" : to_text(report));
    };
  });
}

}  // namespace hermes::apps
