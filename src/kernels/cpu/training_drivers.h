// The drivers of training's larger ops: they cut an op into pieces for the threads and give the kernels scratch.
#pragma once

#include "kernels/cpu/cpu_context.h"
#include "ops/training_backend.h"

namespace hermes::kernels {

// Elements of an array that one thread takes at a time.
inline constexpr int64_t kElementsPerPiece = 16384;

void run_linear_backward(CpuContext& context, const ops::LinearBackwardArgs& args);
void run_attention_backward(CpuContext& context, const ops::AttentionBackwardArgs& args);
void run_rms_norm_backward(CpuContext& context, const ops::RmsNormBackwardArgs& args);
void run_cross_entropy(CpuContext& context, const ops::CrossEntropyArgs& args);

}  // namespace hermes::kernels
