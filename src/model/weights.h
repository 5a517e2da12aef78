// Weights: the tensors of one model bound to their places, shapes and dtypes checked. They stay where the file maps
// them; nothing is copied, unless a backend asks for it (prepare_weights.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/tensor_source.h"
#include "model/arch_spec.h"
#include "ops/linear.h"
#include "tensor/tensor.h"

namespace hermes::model {

class WeightPreparation;

// A projection: weight [N, K] and, where the architecture has one, bias [N].
struct Projection {
  ConstTensorView weight;
  ConstTensorView bias;
  ops::WeightScales scales;  // of a weight in F8_E4M3
};

struct LayerWeights {
  ConstTensorView attention_norm;  // [hidden]
  Projection q;                    // [n_heads * head_dim, hidden]
  Projection k;                    // [n_kv_heads * head_dim, hidden]
  Projection v;                    // [n_kv_heads * head_dim, hidden]
  ConstTensorView q_norm;          // [head_dim], where ArchSpec::qk_norm
  ConstTensorView k_norm;          // [head_dim], where ArchSpec::qk_norm
  Projection out;                  // [hidden, n_heads * head_dim]
  ConstTensorView mlp_norm;        // [hidden]
  Projection gate;                 // [intermediate, hidden]
  Projection up;                   // [intermediate, hidden]
  Projection down;                 // [hidden, intermediate]
};

struct Weights {
  ConstTensorView embedding;  // [vocab, hidden]
  std::vector<LayerWeights> layers;
  ConstTensorView final_norm;    // [hidden]
  ConstTensorView output;        // [vocab, hidden]; the embedding itself where tied
  ConstTensorView rope_factors;  // [head_dim / 2], F32, or absent: RoPE's inverse frequencies are divided by them

  // These keep the memory alive.
  std::shared_ptr<const formats::TensorSource> source;
  std::shared_ptr<const std::vector<std::vector<float>>> widened_scales;  // those that are not F32 in the source
  std::shared_ptr<WeightPreparation> prepared;                            // the backend's copies (prepare_weights.h)
};

// How tensors are called: "model.layers.0.self_attn.q_proj.weight" or "blk.0.attn_q.weight".
enum class TensorNames { kHuggingFace, kGguf };

// One tensor the architecture asks for.
struct ExpectedTensor {
  std::string name;
  Shape shape;
};
std::vector<ExpectedTensor> expected_tensors(const ArchSpec& spec, TensorNames names = TensorNames::kHuggingFace);

// Binds by name. The first tensor that is missing, or whose shape or dtype does not fit, is named with its file and
// what was expected. F32, F16 and BF16 are taken, mixed as they come; matrices of those block types too that there are
// kernels for, and projections in F8_E4M3 with their scales.
Result<Weights> bind_weights(const ArchSpec& spec, std::shared_ptr<const formats::TensorSource> source,
                             TensorNames names = TensorNames::kHuggingFace);

// The scales of a weight in F8_E4M3, called `weight_name` in a model folder. What is not F32 there is widened into `kept`.
// Corrupt where there are none, where their shape is none that ArchSpec::fp8 allows for, or where one is not finite.
Result<ops::WeightScales> find_weight_scales(const ArchSpec& spec, const formats::TensorSource& source,
                                             const std::string& weight_name, const ConstTensorView& weight,
                                             std::vector<std::vector<float>>& kept);
// What a folder with weights in F8_E4M3 may have beside `weight_name`: its scales, and those of activations, which are not
// rounded here.
std::vector<std::string> scale_names(const std::string& weight_name);

// How a source differs from what the architecture expects, for people: one line per finding, at most `most` of them
// and then a count; empty where all is well.
std::vector<std::string> weight_findings(const ArchSpec& spec, const formats::TensorSource& source,
                                         TensorNames names = TensorNames::kHuggingFace, size_t most = 8);

}  // namespace hermes::model
