#include "model/weights.h"

#include <set>

namespace hermes::model {
namespace {

constexpr std::string_view kEmbedding = "model.embed_tokens.weight";
constexpr std::string_view kFinalNorm = "model.norm.weight";
constexpr std::string_view kOutput = "lm_head.weight";

// The names below are the same in all three families, because all follow Hugging Face's Llama. A family that differs
// brings its own table.
struct Slot {
  const char* name;                          // behind "model.layers.N."
  ConstTensorView& (*place)(LayerWeights&);  // where it is bound
  Shape (*shape)(const ArchSpec&);
  bool (*present)(const ArchSpec&);
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
    {"input_layernorm.weight", [](W& w) -> V& { return w.attention_norm; }, hidden, always},
    {"self_attn.q_proj.weight", [](W& w) -> V& { return w.q.weight; }, q_by_hidden, always},
    {"self_attn.q_proj.bias", [](W& w) -> V& { return w.q.bias; }, q_wide, has_qkv_bias},
    {"self_attn.k_proj.weight", [](W& w) -> V& { return w.k.weight; }, kv_by_hidden, always},
    {"self_attn.k_proj.bias", [](W& w) -> V& { return w.k.bias; }, kv_wide, has_qkv_bias},
    {"self_attn.v_proj.weight", [](W& w) -> V& { return w.v.weight; }, kv_by_hidden, always},
    {"self_attn.v_proj.bias", [](W& w) -> V& { return w.v.bias; }, kv_wide, has_qkv_bias},
    {"self_attn.q_norm.weight", [](W& w) -> V& { return w.q_norm; }, head, has_qk_norm},
    {"self_attn.k_norm.weight", [](W& w) -> V& { return w.k_norm; }, head, has_qk_norm},
    {"self_attn.o_proj.weight", [](W& w) -> V& { return w.out.weight; }, hidden_by_q, always},
    {"self_attn.o_proj.bias", [](W& w) -> V& { return w.out.bias; }, hidden, has_out_bias},
    {"post_attention_layernorm.weight", [](W& w) -> V& { return w.mlp_norm; }, hidden, always},
    {"mlp.gate_proj.weight", [](W& w) -> V& { return w.gate.weight; }, mlp_by_hidden, always},
    {"mlp.gate_proj.bias", [](W& w) -> V& { return w.gate.bias; }, mlp_wide, has_mlp_bias},
    {"mlp.up_proj.weight", [](W& w) -> V& { return w.up.weight; }, mlp_by_hidden, always},
    {"mlp.up_proj.bias", [](W& w) -> V& { return w.up.bias; }, mlp_wide, has_mlp_bias},
    {"mlp.down_proj.weight", [](W& w) -> V& { return w.down.weight; }, hidden_by_mlp, always},
    {"mlp.down_proj.bias", [](W& w) -> V& { return w.down.bias; }, hidden, has_mlp_bias},
};

std::string layer_name(int64_t layer, const Slot& slot) { return fmt::format("model.layers.{}.{}", layer, slot.name); }

// Calls visit(name, shape, place) for every tensor the architecture has; `weights` already has its layers.
template <class Visit>
Status for_each_tensor(const ArchSpec& spec, Weights& weights, Visit visit) {
  HERMES_TRY(visit(std::string(kEmbedding), Shape{spec.vocab_size, spec.hidden_size}, weights.embedding));
  for (int64_t layer = 0; layer < spec.n_layers; ++layer) {
    for (const Slot& slot : kSlots) {
      if (!slot.present(spec)) continue;
      HERMES_TRY(
          visit(layer_name(layer, slot), slot.shape(spec), slot.place(weights.layers[static_cast<size_t>(layer)])));
    }
  }
  HERMES_TRY(visit(std::string(kFinalNorm), Shape{spec.hidden_size}, weights.final_norm));
  if (!spec.tied_embeddings) {
    HERMES_TRY(visit(std::string(kOutput), Shape{spec.vocab_size, spec.hidden_size}, weights.output));
  }
  return {};
}

// The tensor `name`, or why it cannot be used.
Result<ConstTensorView> find_fitting(const formats::TensorSource& source, const std::string& name, const Shape& shape) {
  const Result<ConstTensorView> found = source.tensor(name);
  const std::string file = source.file_of(name);
  if (!found.ok() && found.error().code() == ErrorCode::kNotFound) {
    return Error::not_found("{}: tensor \"{}\" {} is missing", file, name, to_string(shape));
  }
  if (!found.ok()) return found.error();
  if (found->shape != shape) {
    return Error::corrupt("{}: tensor \"{}\" has shape {}, config.json asks for {}", file, name,
                          to_string(found->shape), to_string(shape));
  }
  if (found->dtype != DType::kF32 && found->dtype != DType::kBF16 && found->dtype != DType::kF16) {
    return Error::unsupported("{}: tensor \"{}\" is {}; F32, F16 and BF16 can be run", file, name,
                              name_of(found->dtype));
  }
  return *found;
}

}  // namespace

std::vector<ExpectedTensor> expected_tensors(const ArchSpec& spec) {
  std::vector<ExpectedTensor> expected;
  Weights places;
  places.layers.resize(static_cast<size_t>(spec.n_layers));
  const Status visited = for_each_tensor(spec, places, [&](std::string name, Shape shape, ConstTensorView&) {
    expected.push_back({std::move(name), shape});
    return Status();
  });
  HERMES_CHECK(visited.ok());
  return expected;
}

Result<Weights> bind_weights(const ArchSpec& spec, std::shared_ptr<const formats::TensorSource> source) {
  Weights weights;
  weights.layers.resize(static_cast<size_t>(spec.n_layers));
  HERMES_TRY(for_each_tensor(spec, weights, [&](const std::string& name, const Shape& shape, V& place) -> Status {
    HERMES_ASSIGN(place, find_fitting(*source, name, shape));
    return {};
  }));
  if (spec.tied_embeddings) weights.output = weights.embedding;
  weights.source = std::move(source);
  return weights;
}

std::vector<std::string> weight_findings(const ArchSpec& spec, const formats::TensorSource& source, size_t most) {
  std::vector<std::string> findings;
  size_t count = 0;
  const auto note = [&](const std::string& finding) {
    if (++count <= most) findings.push_back(finding);
  };
  std::set<std::string> known;
  for (const ExpectedTensor& expected : expected_tensors(spec)) {
    const auto fitting = find_fitting(source, expected.name, expected.shape);
    if (!fitting.ok()) note(fitting.error().message());
    known.insert(expected.name);
  }
  // Written by some exporters and never read: a tied output matrix, rotary tables that can be computed.
  if (spec.tied_embeddings) known.insert(std::string(kOutput));
  for (const std::string& name : source.names()) {
    if (known.contains(name) || name.ends_with(".rotary_emb.inv_freq")) continue;
    note(fmt::format("{}: tensor \"{}\" is not part of this architecture and is ignored", source.file_of(name), name));
  }
  if (count > most) findings.push_back(fmt::format("... and {} more", count - most));
  return findings;
}

}  // namespace hermes::model
