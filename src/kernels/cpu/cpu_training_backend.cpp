#include "kernels/cpu/cpu_training_backend.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/muon_driver.h"
#include "kernels/cpu/training_drivers.h"
#include "ops/checks.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kEmbeddingColumns = 64;

class CpuTrainingBackend final : public ops::TrainingBackend {
 public:
  CpuTrainingBackend(ThreadPool& pool, CpuIsa isa) : context_(pool, isa), muon_(pool, isa) {}

  // Threads own columns of the table: each goes through all tokens in their order.
  void embedding_backward(const ops::EmbeddingBackwardArgs& args) override {
    ops::check(args);
    const int64_t n = args.d_table.shape[1];
    context_.pool.parallel_for(n, kEmbeddingColumns, [&](int64_t begin, int64_t end) {
      const float* d_out = args.d_out.f32() + begin;
      for (const int32_t token : args.tokens) {
        context_.kernels.rows.add(args.d_table.f32() + token * n + begin, d_out, end - begin);
        d_out += n;
      }
    });
  }

  void rms_norm_backward(const ops::RmsNormBackwardArgs& args) override {
    ops::check(args);
    run_rms_norm_backward(context_, args);
  }
  void linear_backward(const ops::LinearBackwardArgs& args) override {
    ops::check(args);
    run_linear_backward(context_, args);
  }
  void rope_backward(const ops::RopeBackwardArgs& args) override {
    ops::check(args);
    run_rope_backward(context_, args);
  }
  void attention_backward(const ops::AttentionBackwardArgs& args) override {
    ops::check(args);
    run_attention_backward(context_, args);
  }

  void swiglu_backward(const ops::SwigluBackwardArgs& args) override {
    ops::check(args);
    context_.pool.parallel_for(args.gate.shape.elements(), kElementsPerPiece, [&](int64_t begin, int64_t end) {
      context_.kernels.training.swiglu_backward(args.gate.f32() + begin, args.up.f32() + begin,
                                                args.d_out.f32() + begin, end - begin, args.d_gate.f32() + begin,
                                                args.d_up.f32() + begin);
    });
  }

  void cross_entropy(const ops::CrossEntropyArgs& args) override {
    ops::check(args);
    run_cross_entropy(context_, args);
  }

  void adamw(const ops::AdamwArgs& args) override {
    ops::check(args);
    const auto beta1 = static_cast<double>(args.beta1), beta2 = static_cast<double>(args.beta2);
    const auto lr = static_cast<double>(args.lr), step_number = static_cast<double>(args.step);
    AdamwStep step;
    step.grad_scale = args.grad_scale;
    step.beta1 = args.beta1;
    step.one_minus_beta1 = static_cast<float>(1 - beta1);
    step.beta2 = args.beta2;
    step.one_minus_beta2 = static_cast<float>(1 - beta2);
    step.keep = static_cast<float>(1 - lr * static_cast<double>(args.weight_decay));
    step.lr = static_cast<float>(lr / (1 - std::pow(beta1, step_number)));
    step.inv_sqrt_correction2 = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, step_number)));
    step.eps = args.eps;
    const auto n = static_cast<int64_t>(args.parameter.size());
    context_.pool.parallel_for(n, kElementsPerPiece, [&](int64_t begin, int64_t end) {
      context_.kernels.training.adamw(step, end - begin, args.parameter.data() + begin, args.grad.data() + begin,
                                      args.m.data() + begin, args.v.data() + begin);
    });
  }

  void muon(std::span<const ops::MuonArgs> matrices) override {
    for (const ops::MuonArgs& args : matrices) ops::check(args);
    muon_.run(matrices);
  }

  double sum_of_squares(std::span<const float> x) override { return run_sum_of_squares(context_, x); }

 private:
  CpuContext context_;
  MuonDriver muon_;
};

}  // namespace

std::unique_ptr<ops::TrainingBackend> make_cpu_training_backend(ThreadPool& pool, std::optional<CpuIsa> isa) {
  return std::make_unique<CpuTrainingBackend>(pool, runnable_or_best(isa));
}

}  // namespace hermes::kernels
