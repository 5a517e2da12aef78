// TrainingBackend: what training needs beyond a forward pass. A table of its own, so that a backend that only serves
// need not have it. The same rules as Backend: each op's header is its contract, the bits do not depend on threads.
#pragma once

#include "ops/adamw.h"
#include "ops/backend.h"
#include "ops/cross_entropy.h"
#include "ops/muon.h"

namespace hermes::ops {

class TrainingBackend {
 public:
  virtual ~TrainingBackend() = default;

  virtual void embedding_backward(const EmbeddingBackwardArgs& args) = 0;
  virtual void rms_norm_backward(const RmsNormBackwardArgs& args) = 0;
  virtual void linear_backward(const LinearBackwardArgs& args) = 0;
  virtual void rope_backward(const RopeBackwardArgs& args) = 0;
  virtual void attention_backward(const AttentionBackwardArgs& args) = 0;
  virtual void swiglu_backward(const SwigluBackwardArgs& args) = 0;
  virtual void cross_entropy(const CrossEntropyArgs& args) = 0;
  virtual void adamw(const AdamwArgs& args) = 0;
  // Many matrices, which share no memory, at once: small ones have work for one thread only.
  virtual void muon(std::span<const MuonArgs> matrices) = 0;
  // Sum of squares in fp64, in a fixed order: for the norm of the gradient.
  virtual double sum_of_squares(std::span<const float> x) = 0;
};

}  // namespace hermes::ops
