#include "model/weights.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace hermes::model {
namespace {

// What surrounds the layers, by TensorNames.
struct OuterNames {
  const char *embedding, *final_norm, *output, *layers;
};
constexpr OuterNames kOuterNames[] = {
    {"model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", "model.layers"},
    {"token_embd.weight", "output_norm.weight", "output.weight", "blk"},
};
const OuterNames& outer(TensorNames names) { return kOuterNames[static_cast<size_t>(names)]; }

constexpr std::string_view kRopeFactors = "rope_freqs.weight";  // GGUF only; optional

// The names below are the same in all three families, because all follow Hugging Face's Llama. A family that differs
// brings its own table.
struct Slot {
  const char* name;                          // behind "model.layers.N."
  const char* gguf_name;                     // behind "blk.N."
  ConstTensorView& (*place)(LayerWeights&);  // where it is bound
  Shape (*shape)(const ArchSpec&);
  bool (*present)(const ArchSpec&);
  Projection& (*projection)(LayerWeights&) = nullptr;  // whose weight this is, if any
};

bool always(const ArchSpec&) { return true; }
bool has_qkv_bias(const ArchSpec& s) { return s.qkv_bias; }
bool has_out_bias(const ArchSpec& s) { return s.out_bias; }
bool has_mlp_bias(const ArchSpec& s) { return s.mlp_bias; }
bool has_qk_norm(const ArchSpec& s) { return s.qk_norm; }

Shape hidden(const ArchSpec& s) { return {s.hidden_size}; }
Shape head(const ArchSpec& s) { return {s.head_dim}; }
Shape q_by_hidden(const ArchSpec& s) { return {s.q_width(), s.hidden_size}; }
Shape kv_by_hidden(const ArchSpec& s) { return {s.kv_width(), s.hidden_size}; }
Shape hidden_by_q(const ArchSpec& s) { return {s.hidden_size, s.q_width()}; }
Shape mlp_by_hidden(const ArchSpec& s) { return {s.intermediate_size, s.hidden_size}; }
Shape hidden_by_mlp(const ArchSpec& s) { return {s.hidden_size, s.intermediate_size}; }
Shape q_wide(const ArchSpec& s) { return {s.q_width()}; }
Shape kv_wide(const ArchSpec& s) { return {s.kv_width()}; }
Shape mlp_wide(const ArchSpec& s) { return {s.intermediate_size}; }

using W = LayerWeights;
using V = ConstTensorView;
constexpr Slot kSlots[] = {
    {"input_layernorm.weight", "attn_norm.weight", [](W& w) -> V& { return w.attention_norm; }, hidden, always},
    {"self_attn.q_proj.weight", "attn_q.weight", [](W& w) -> V& { return w.q.weight; }, q_by_hidden, always,
     [](W& w) -> Projection& { return w.q; }},
    {"self_attn.q_proj.bias", "attn_q.bias", [](W& w) -> V& { return w.q.bias; }, q_wide, has_qkv_bias},
    {"self_attn.k_proj.weight", "attn_k.weight", [](W& w) -> V& { return w.k.weight; }, kv_by_hidden, always,
     [](W& w) -> Projection& { return w.k; }},
    {"self_attn.k_proj.bias", "attn_k.bias", [](W& w) -> V& { return w.k.bias; }, kv_wide, has_qkv_bias},
    {"self_attn.v_proj.weight", "attn_v.weight", [](W& w) -> V& { return w.v.weight; }, kv_by_hidden, always,
     [](W& w) -> Projection& { return w.v; }},
    {"self_attn.v_proj.bias", "attn_v.bias", [](W& w) -> V& { return w.v.bias; }, kv_wide, has_qkv_bias},
    {"self_attn.q_norm.weight", "attn_q_norm.weight", [](W& w) -> V& { return w.q_norm; }, head, has_qk_norm},
    {"self_attn.k_norm.weight", "attn_k_norm.weight", [](W& w) -> V& { return w.k_norm; }, head, has_qk_norm},
    {"self_attn.o_proj.weight", "attn_output.weight", [](W& w) -> V& { return w.out.weight; }, hidden_by_q, always,
     [](W& w) -> Projection& { return w.out; }},
    {"self_attn.o_proj.bias", "attn_output.bias", [](W& w) -> V& { return w.out.bias; }, hidden, has_out_bias},
    {"post_attention_layernorm.weight", "ffn_norm.weight", [](W& w) -> V& { return w.mlp_norm; }, hidden, always},
    {"mlp.gate_proj.weight", "ffn_gate.weight", [](W& w) -> V& { return w.gate.weight; }, mlp_by_hidden, always,
     [](W& w) -> Projection& { return w.gate; }},
    {"mlp.gate_proj.bias", "ffn_gate.bias", [](W& w) -> V& { return w.gate.bias; }, mlp_wide, has_mlp_bias},
    {"mlp.up_proj.weight", "ffn_up.weight", [](W& w) -> V& { return w.up.weight; }, mlp_by_hidden, always,
     [](W& w) -> Projection& { return w.up; }},
    {"mlp.up_proj.bias", "ffn_up.bias", [](W& w) -> V& { return w.up.bias; }, mlp_wide, has_mlp_bias},
    {"mlp.down_proj.weight", "ffn_down.weight", [](W& w) -> V& { return w.down.weight; }, hidden_by_mlp, always,
     [](W& w) -> Projection& { return w.down; }},
    {"mlp.down_proj.bias", "ffn_down.bias", [](W& w) -> V& { return w.down.bias; }, hidden, has_mlp_bias},
};

std::string layer_name(const ArchSpec& spec, TensorNames names, int64_t layer, const Slot& slot) {
  const char* name = names == TensorNames::kGguf ? slot.gguf_name : slot.name;
  // GGUF's Seed-OSS calls the norm before the MLP by what stands before it.
  if (names == TensorNames::kGguf && spec.model_type == "seed_oss" && std::string_view(name) == "ffn_norm.weight") {
    name = "post_attention_norm.weight";
  }
  return fmt::format("{}.{}.{}", outer(names).layers, layer, name);
}

// Calls visit(name, shape, place) for every tensor the architecture has; `weights` already has its layers.
template <class Visit>
Status for_each_tensor(const ArchSpec& spec, TensorNames names, Weights& weights, Visit visit) {
  HERMES_TRY(visit(std::string(outer(names).embedding), Shape{spec.vocab_size, spec.hidden_size}, weights.embedding));
  for (int64_t layer = 0; layer < spec.n_layers; ++layer) {
    for (const Slot& slot : kSlots) {
      if (!slot.present(spec)) continue;
      HERMES_TRY(visit(layer_name(spec, names, layer, slot), slot.shape(spec),
                       slot.place(weights.layers[static_cast<size_t>(layer)])));
    }
  }
  HERMES_TRY(visit(std::string(outer(names).final_norm), Shape{spec.hidden_size}, weights.final_norm));
  if (!spec.tied_embeddings) {
    HERMES_TRY(visit(std::string(outer(names).output), Shape{spec.vocab_size, spec.hidden_size}, weights.output));
  }
  return {};
}

// Whether there is a projection of that name, which may be in F8_E4M3.
bool is_projection(std::string_view name) {
  return std::any_of(std::begin(kSlots), std::end(kSlots),
                     [&](const Slot& slot) { return slot.projection != nullptr && name.ends_with(slot.name); });
}

bool can_be_run(DType dtype, bool matrix) {
  if (matrix && is_block_type(dtype)) return true;
  return dtype == DType::kF32 || dtype == DType::kBF16 || dtype == DType::kF16;
}

// The tensor `name`, or why it cannot be used.
Result<ConstTensorView> find_fitting(const formats::TensorSource& source, TensorNames names, const std::string& name,
                                     const Shape& shape) {
  const Result<ConstTensorView> found = source.tensor(name);
  const std::string file = source.file_of(name);
  if (!found.ok() && found.error().code() == ErrorCode::kNotFound) {
    return Error::not_found("{}: tensor \"{}\" {} is missing", file, name, to_string(shape));
  }
  if (!found.ok()) return found.error();
  if (found->shape != shape) {
    return Error::corrupt("{}: tensor \"{}\" has shape {}, {} for {}", file, name, to_string(found->shape),
                          names == TensorNames::kGguf ? "the metadata asks" : "config.json asks", to_string(shape));
  }
  if (found->dtype == DType::kF8_E4M3 && is_projection(name)) return *found;
  if (const bool matrix = shape.rank() == 2; !can_be_run(found->dtype, matrix)) {
    return Error::unsupported("{}: tensor \"{}\" is {}; {} can be run", file, name, name_of(found->dtype),
                              matrix ? "F32, F16, BF16 and block types" : "F32, F16 and BF16");
  }
  return *found;
}

// What inverse frequencies are divided by must leave them numbers.
Result<ConstTensorView> find_rope_factors(const ArchSpec& spec, const formats::TensorSource& source) {
  const Result<ConstTensorView> found = source.tensor(kRopeFactors);
  if (!found.ok() && found.error().code() == ErrorCode::kNotFound) return ConstTensorView{};
  if (!found.ok()) return found.error();
  const std::string file = source.file_of(kRopeFactors);
  const Shape shape{spec.head_dim / 2};
  if (found->shape != shape || found->dtype != DType::kF32) {
    return Error::corrupt("{}: tensor \"{}\" is {} {}, must be F32 {}", file, kRopeFactors, name_of(found->dtype),
                          to_string(found->shape), to_string(shape));
  }
  for (int64_t i = 0; i < shape[0]; ++i) {
    const float factor = found->f32()[i];
    if (!(std::isfinite(factor) && factor > 0)) {
      return Error::corrupt("{}: tensor \"{}\" holds {} at {}, must be above 0", file, kRopeFactors, factor, i);
    }
  }
  return *found;
}

// The scales of all projections in F8_E4M3.
Status bind_scales(const ArchSpec& spec, const formats::TensorSource& source, TensorNames names, Weights& weights) {
  auto kept = std::make_shared<std::vector<std::vector<float>>>();
  for (int64_t layer = 0; layer < spec.n_layers; ++layer) {
    for (const Slot& slot : kSlots) {
      if (slot.projection == nullptr) continue;
      Projection& projection = slot.projection(weights.layers[static_cast<size_t>(layer)]);
      if (projection.weight.dtype != DType::kF8_E4M3) continue;
      HERMES_ASSIGN(projection.scales,
                    find_weight_scales(spec, source, layer_name(spec, names, layer, slot), projection.weight, *kept));
    }
  }
  weights.widened_scales = std::move(kept);
  return {};
}

}  // namespace

std::vector<ExpectedTensor> expected_tensors(const ArchSpec& spec, TensorNames names) {
  std::vector<ExpectedTensor> expected;
  Weights places;
  places.layers.resize(static_cast<size_t>(spec.n_layers));
  const Status visited = for_each_tensor(spec, names, places, [&](std::string name, Shape shape, ConstTensorView&) {
    expected.push_back({std::move(name), shape});
    return Status();
  });
  HERMES_CHECK(visited.ok());
  return expected;
}

Result<Weights> bind_weights(const ArchSpec& spec, std::shared_ptr<const formats::TensorSource> source,
                             TensorNames names) {
  Weights weights;
  weights.layers.resize(static_cast<size_t>(spec.n_layers));
  HERMES_TRY(
      for_each_tensor(spec, names, weights, [&](const std::string& name, const Shape& shape, V& place) -> Status {
        HERMES_ASSIGN(place, find_fitting(*source, names, name, shape));
        return {};
      }));
  HERMES_TRY(bind_scales(spec, *source, names, weights));
  if (spec.tied_embeddings) weights.output = weights.embedding;
  if (names == TensorNames::kGguf) {
    HERMES_ASSIGN(weights.rope_factors, find_rope_factors(spec, *source));
  }
  weights.source = std::move(source);
  return weights;
}

std::vector<std::string> weight_findings(const ArchSpec& spec, const formats::TensorSource& source, TensorNames names,
                                         size_t most) {
  std::vector<std::string> findings;
  size_t count = 0;
  const auto note = [&](const std::string& finding) {
    if (++count <= most) findings.push_back(finding);
  };
  std::set<std::string, std::less<>> known;
  for (const ExpectedTensor& expected : expected_tensors(spec, names)) {
    const auto fitting = find_fitting(source, names, expected.name, expected.shape);
    if (!fitting.ok()) note(fitting.error().message());
    known.insert(expected.name);
    if (fitting.ok() && fitting->dtype == DType::kF8_E4M3) {
      std::vector<std::vector<float>> kept;
      const auto scales = find_weight_scales(spec, source, expected.name, *fitting, kept);
      if (!scales.ok()) note(scales.error().message());
      for (std::string& name : scale_names(expected.name)) known.insert(std::move(name));
    }
  }
  // Written by some exporters and never read: a tied output matrix, rotary tables that can be computed.
  if (spec.tied_embeddings) known.insert(outer(names).output);
  if (names == TensorNames::kGguf) {
    const auto factors = find_rope_factors(spec, source);
    if (!factors.ok()) note(factors.error().message());
    known.insert(std::string(kRopeFactors));
  }
  for (const std::string& name : source.names()) {
    if (known.contains(name) || name.ends_with(".rotary_emb.inv_freq")) continue;
    note(fmt::format("{}: tensor \"{}\" is not part of this architecture and is ignored", source.file_of(name), name));
  }
  if (count > most) findings.push_back(fmt::format("... and {} more", count - most));
  return findings;
}

}  // namespace hermes::model
