// Backend: the table that kernels fill, one entry per op. The model calls it and knows no other door to the hardware.
// Each op's header is its contract; every implementation is held against ops/reference by the same tests.
// Calls are made by one thread at a time and have finished, in effect, when the next one reads their output.
#pragma once

#include <memory>
#include <string_view>

#include "ops/attention.h"
#include "ops/embedding.h"
#include "ops/linear.h"
#include "ops/preparation.h"
#include "ops/residual_add.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"
#include "ops/softmax.h"
#include "ops/swiglu.h"

namespace hermes::ops {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  // for people: "cpu avx512"

  // The way to a copy of a weight [N, K] in the order in which linear() reads it fastest, or nullptr where it has that already:
  // nothing is copied yet. For a weight that has one, the same. linear() finds it by the view it is given; the weight must
  // stay as it is. Worth it for weights that many tokens will meet. From any thread, beside ops on others.
  virtual std::shared_ptr<Preparation> prepare(const ConstTensorView& /*weight*/) { return nullptr; }

  virtual void embedding(const EmbeddingArgs& args) = 0;
  virtual void rms_norm(const RmsNormArgs& args) = 0;
  virtual void linear(const LinearArgs& args) = 0;
  virtual void rope(const RopeArgs& args) = 0;
  virtual void kv_store(const KvStoreArgs& args) = 0;
  virtual void attention(const AttentionArgs& args) = 0;
  virtual void swiglu(const SwigluArgs& args) = 0;
  virtual void residual_add(const ResidualAddArgs& args) = 0;
  virtual void softmax(const SoftmaxArgs& args) = 0;
};

}  // namespace hermes::ops
