// The drivers of training's larger ops: they cut an op into pieces for the threads and give the kernels scratch.
#pragma once

#include "kernels/cpu/cpu_context.h"
#include "ops/training_backend.h"

namespace hermes::kernels {

// Elements of an array that one thread takes at a time.
inline constexpr int64_t kElementsPerPiece = 16384;

void run_linear_backward(CpuContext& context, const ops::LinearBackwardArgs& args);
// Its two products by themselves, for whoever needs one; no size may be 0. Of `args` they read what is named here, and of
// x (d_x) and weight (d_weight) the shape.
void run_d_x(CpuContext& context, const ops::LinearBackwardArgs& args);       // d_x = d_y weight
void run_d_weight(CpuContext& context, const ops::LinearBackwardArgs& args);  // d_weight += d_y^T x
void run_attention_backward(CpuContext& context, const ops::AttentionBackwardArgs& args);
void run_rms_norm_backward(CpuContext& context, const ops::RmsNormBackwardArgs& args);
void run_cross_entropy(CpuContext& context, const ops::CrossEntropyArgs& args);
double run_sum_of_squares(CpuContext& context, std::span<const float> x);

}  // namespace hermes::kernels
