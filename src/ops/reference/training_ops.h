// The reference implementations of what training needs, one file each. Arguments were checked by the backend
// (ops/checks.h).
#pragma once

#include "ops/training_backend.h"

namespace hermes::ops::reference {

void embedding_backward(const EmbeddingBackwardArgs& args);
void rms_norm_backward(const RmsNormBackwardArgs& args);
void linear_backward(const LinearBackwardArgs& args);
void rope_backward(const RopeBackwardArgs& args);
void attention_backward(const AttentionBackwardArgs& args);
void swiglu_backward(const SwigluBackwardArgs& args);
void cross_entropy(const CrossEntropyArgs& args);
void adamw(const AdamwArgs& args);
void muon(const MuonArgs& args);
double sum_of_squares(std::span<const float> x);

}  // namespace hermes::ops::reference
