#include "ops/checks.h"
#include "ops/reference/reference_backend.h"
#include "ops/reference/training_ops.h"

namespace hermes::ops {
namespace {

class ReferenceTrainingBackend final : public TrainingBackend {
 public:
  void embedding_backward(const EmbeddingBackwardArgs& args) override { checked(reference::embedding_backward, args); }
  void rms_norm_backward(const RmsNormBackwardArgs& args) override { checked(reference::rms_norm_backward, args); }
  void linear_backward(const LinearBackwardArgs& args) override { checked(reference::linear_backward, args); }
  void rope_backward(const RopeBackwardArgs& args) override { checked(reference::rope_backward, args); }
  void attention_backward(const AttentionBackwardArgs& args) override { checked(reference::attention_backward, args); }
  void swiglu_backward(const SwigluBackwardArgs& args) override { checked(reference::swiglu_backward, args); }
  void cross_entropy(const CrossEntropyArgs& args) override { checked(reference::cross_entropy, args); }
  void adamw(const AdamwArgs& args) override { checked(reference::adamw, args); }
  void muon(std::span<const MuonArgs> matrices) override {
    for (const MuonArgs& args : matrices) checked(reference::muon, args);
  }
  double sum_of_squares(std::span<const float> x) override { return reference::sum_of_squares(x); }

 private:
  template <class Args>
  static void checked(void (*op)(const Args&), const Args& args) {
    check(args);
    op(args);
  }
};

}  // namespace

std::unique_ptr<TrainingBackend> make_reference_training_backend() {
  return std::make_unique<ReferenceTrainingBackend>();
}

}  // namespace hermes::ops
