#include "ops/reference/reference_backend.h"

#include "ops/checks.h"
#include "ops/reference/reference_ops.h"

namespace hermes::ops {
namespace {

class ReferenceBackend final : public Backend {
 public:
  std::string_view name() const override { return "reference fp64"; }

  void embedding(const EmbeddingArgs& args) override { checked(reference::embedding, args); }
  void rms_norm(const RmsNormArgs& args) override { checked(reference::rms_norm, args); }
  void linear(const LinearArgs& args) override { checked(reference::linear, args); }
  void rope(const RopeArgs& args) override { checked(reference::rope, args); }
  void kv_store(const KvStoreArgs& args) override { checked(reference::kv_store, args); }
  void attention(const AttentionArgs& args) override { checked(reference::attention, args); }
  void swiglu(const SwigluArgs& args) override { checked(reference::swiglu, args); }
  void residual_add(const ResidualAddArgs& args) override { checked(reference::residual_add, args); }
  void softmax(const SoftmaxArgs& args) override { checked(reference::softmax, args); }

 private:
  template <class Args>
  static void checked(void (*op)(const Args&), const Args& args) {
    check(args);
    op(args);
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace hermes::ops
