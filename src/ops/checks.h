// The door of every op: shapes, dtypes, ranges and aliasing of its arguments, checked once, the same for all
// backends. Sizes come from weights and configurations that were validated when they were read, so a mismatch
// here is our own mistake and ends the program (HERMES_CHECK).
#pragma once

#include "ops/backend.h"
#include "ops/training_backend.h"

namespace hermes::ops {

void check(const EmbeddingArgs& args);
void check(const RmsNormArgs& args);
void check(const LinearArgs& args);
void check(const RopeArgs& args);
void check(const KvStoreArgs& args);
void check(const AttentionArgs& args);
void check(const SwigluArgs& args);
void check(const ResidualAddArgs& args);
void check(const SoftmaxArgs& args);

void check(const EmbeddingBackwardArgs& args);
void check(const RmsNormBackwardArgs& args);
void check(const LinearBackwardArgs& args);
void check(const RopeBackwardArgs& args);
void check(const AttentionBackwardArgs& args);
void check(const SwigluBackwardArgs& args);
void check(const CrossEntropyArgs& args);
void check(const AdamwArgs& args);
void check(const MuonArgs& args);

}  // namespace hermes::ops
