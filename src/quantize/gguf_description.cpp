#include "quantize/gguf_description.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "formats/gguf_set.h"
#include "ops/rope.h"
#include "quantize/gguf_text.h"

namespace hermes::quantize {
namespace {

using formats::GgufFields;

void describe_arch(const model::ArchSpec& spec, GgufFields& fields) {
  const std::string& arch = spec.model_type;
  const auto size = [&](std::string_view name, int64_t value) {
    fields.set_u32(fmt::format("{}.{}", arch, name), static_cast<uint32_t>(value));
  };
  size("block_count", spec.n_layers);
  size("context_length", spec.max_positions);
  size("embedding_length", spec.hidden_size);
  size("feed_forward_length", spec.intermediate_size);
  size("attention.head_count", spec.n_heads);
  size("attention.head_count_kv", spec.n_kv_heads);
  fields.set_f32(arch + ".rope.freq_base", static_cast<float>(spec.rope.theta));
  fields.set_f32(arch + ".attention.layer_norm_rms_epsilon", spec.rms_eps);
  size("attention.key_length", spec.head_dim);
  size("attention.value_length", spec.head_dim);
  size("vocab_size", spec.vocab_size);
  size("rope.dimension_count", spec.head_dim);
}

// What inverse frequencies are divided by, for scaling that GGUF has as a tensor.
std::vector<float> rope_factors(const model::ArchSpec& spec) {
  const std::vector<float> plain = ops::rope_inv_freq(static_cast<int>(spec.head_dim), spec.rope.theta);
  std::vector<float> factors = plain;
  ops::apply_llama3_scaling(factors, *spec.rope.llama3);
  for (size_t i = 0; i < plain.size(); ++i) factors[i] = plain[i] / factors[i];
  return factors;
}

bool is_turned(std::string_view gguf_name) {
  return gguf_name.ends_with(".attn_q.weight") || gguf_name.ends_with(".attn_k.weight") ||
         gguf_name.ends_with(".attn_q.bias") || gguf_name.ends_with(".attn_k.bias");
}

Status describe_folder(const model_files::ModelFiles& files, GgufDescription& made) {
  const model::ArchSpec& spec = made.spec;
  GgufFields& fields = made.fields;
  fields.set_string("general.architecture", spec.model_type);
  fields.set_string("general.type", "model");
  const std::filesystem::path path = files.path();
  const std::string stem = (path.has_filename() ? path : path.parent_path()).filename().string();
  if (!stem.empty()) fields.set_string("general.name", stem);
  describe_arch(spec, fields);
  HERMES_TRY(describe_text(files, spec.vocab_size, fields));

  const auto theirs = model::expected_tensors(spec, model::TensorNames::kHuggingFace);
  const auto ours = model::expected_tensors(spec, model::TensorNames::kGguf);
  HERMES_CHECK(theirs.size() == ours.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    HERMES_ASSIGN(const ConstTensorView view, made.source->tensor(theirs[i].name));
    if (view.shape != theirs[i].shape) {
      return Error::corrupt("{}: tensor \"{}\" has shape {}, config.json asks for {}",
                            made.source->file_of(theirs[i].name), theirs[i].name, to_string(view.shape),
                            to_string(theirs[i].shape));
    }
    const bool turned = spec.model_type == "llama" && is_turned(ours[i].name);
    SourceTensor tensor{ours[i].name, view, turned ? spec.head_dim : 0};
    if (view.dtype == DType::kF8_E4M3 && view.shape.rank() == 2) {
      HERMES_ASSIGN(tensor.scales, model::find_weight_scales(spec, *made.source, theirs[i].name, view, made.made));
    }
    made.tensors.push_back(std::move(tensor));
  }
  if (spec.rope.llama3) {
    made.made.push_back(rope_factors(spec));
    const auto n = static_cast<int64_t>(made.made.back().size());
    made.tensors.insert(made.tensors.begin() + 1, {"rope_freqs.weight", const_view_of(made.made.back(), Shape{n}), 0});
  }
  return {};
}

Status describe_gguf(const formats::GgufSet& set, GgufDescription& made) {
  for (const formats::GgufEntry& entry : set.metadata().entries()) {
    if (entry.key != formats::kSplitNumberKey && entry.key != formats::kSplitCountKey &&
        entry.key != formats::kSplitTensorsKey) {
      made.fields.set(entry.key, entry.value);
    }
  }
  for (const formats::GgufFile& file : set.files()) {
    for (const formats::GgufTensor& tensor : file.header().tensors) {
      const std::string name(tensor.name);
      HERMES_ASSIGN(const ConstTensorView view, set.tensor(name));
      made.tensors.push_back({name, view, 0});
    }
  }
  return {};
}

}  // namespace

Result<GgufDescription> describe_as_gguf(const model_files::ModelFiles& files) {
  GgufDescription made;
  HERMES_ASSIGN(made.spec, files.read_arch_spec());
  HERMES_ASSIGN(made.source, files.open_weights());
  made.from_folder = files.gguf() == nullptr;
  HERMES_TRY(!made.from_folder ? describe_gguf(*files.gguf(), made) : describe_folder(files, made));
  return made;
}

}  // namespace hermes::quantize
