// The reference implementations, one file each. Arguments were checked by the backend (ops/checks.h).
#pragma once

#include "ops/backend.h"

namespace hermes::ops::reference {

void embedding(const EmbeddingArgs& args);
void rms_norm(const RmsNormArgs& args);
void linear(const LinearArgs& args);
void rope(const RopeArgs& args);
void kv_store(const KvStoreArgs& args);
void attention(const AttentionArgs& args);
void swiglu(const SwigluArgs& args);
void residual_add(const ResidualAddArgs& args);
void softmax(const SoftmaxArgs& args);

}  // namespace hermes::ops::reference
