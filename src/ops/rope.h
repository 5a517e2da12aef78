// RoPE (Su et al. 2021): heads are D/2 pairs (u, v), and pair i turns by its angle:
//   u <- u cos(a) - v sin(a)
//   v <- v cos(a) + u sin(a),      a = float32(position * inv_freq[i]).
// Half-split, as in Hugging Face checkpoints: u = x[i], v = x[i + D/2]. Interleaved, as GPT-J has it and GGUF's llama
// files are ordered for: u = x[2i], v = x[2i + 1]. The same numbers in other places: bit for bit, one is the other of
// the reordered head.
// The angle is one F32 product, as in the code the models were trained with: at position 131,071 its rounding is up to
// 0.004 rad, so a "more exact" angle would be another model. cos and sin of that angle are then right to F32.
#pragma once

#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace hermes::ops {

struct RopeArgs {
  TensorView x;                        // [T, heads, D], F32, rotated in place
  std::span<const int32_t> positions;  // [T]
  std::span<const float> inv_freq;     // [D/2]
  bool interleaved = false;            // else half-split
};

// Backward: the rotation by the negative angle, in place: d_x <- R(-a) d_x with the same a as the forward pass.
// Half-split only (CHECK): what is trained is in Hugging Face's order.
struct RopeBackwardArgs {
  TensorView d_x;                      // [T, heads, D], F32, rotated in place
  std::span<const int32_t> positions;  // [T]
  std::span<const float> inv_freq;     // [D/2]
  bool interleaved = false;
};

// Frequency scaling of Llama-3.1 ("rope_type": "llama3").
struct Llama3Scaling {
  double factor = 8;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  double original_max_position = 8192;
};

// inv_freq[i] = theta^(-2i/D) in F32 arithmetic, as Hugging Face transformers computes it.
std::vector<float> rope_inv_freq(int head_dim, double theta);
// Long wavelengths divided by `factor`, short ones kept, a linear blend between (F32 arithmetic, same source).
void apply_llama3_scaling(std::span<float> inv_freq, const Llama3Scaling& scaling);

}  // namespace hermes::ops
