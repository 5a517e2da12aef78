#include "kernels/cpu/cpu_backend.h"

#include <algorithm>
#include <string>

#include "kernels/cpu/cpu_context.h"
#include "ops/checks.h"

namespace hermes::kernels {

namespace {

// Work below this many elements is not worth waking another thread.
constexpr int64_t kElementsPerPiece = 16384;

class CpuBackend final : public ops::Backend {
 public:
  CpuBackend(ThreadPool& pool, CpuIsa isa) : name_("cpu " + std::string(to_string(isa))), context_(pool, isa) {}
  std::string_view name() const override { return name_; }

  void embedding(const ops::EmbeddingArgs& args) override {
    ops::check(args);
    const int64_t n = args.table.shape[1];
    const auto row_bytes = static_cast<int64_t>(bytes_of(args.table.dtype, n));
    for_rows(static_cast<int64_t>(args.tokens.size()), n, [&](int64_t t) {
      const std::byte* row = args.table.as<std::byte>() + args.tokens[static_cast<size_t>(t)] * row_bytes;
      context_.widen(row, args.table.dtype, n, args.out.f32() + t * n);
    });
  }

  void rms_norm(const ops::RmsNormArgs& args) override {
    ops::check(args);
    const int64_t n = args.x.shape[1];
    const float* weight = context_.widened(args.weight, context_.weights);
    for_rows(args.x.shape[0], n, [&](int64_t r) {
      context_.kernels.rows.rms_norm(args.x.f32() + r * n, weight, n, args.eps, args.out.f32() + r * n);
    });
  }

  void linear(const ops::LinearArgs& args) override {
    ops::check(args);
    run_linear(context_, args);
  }
  std::shared_ptr<ops::Preparation> prepare(const ConstTensorView& weight) override {
    return is_block_type(weight.dtype) ? prepare_quant(context_, weight) : nullptr;
  }
  void rope(const ops::RopeArgs& args) override {
    ops::check(args);
    run_rope(context_, args);
  }
  void kv_store(const ops::KvStoreArgs& args) override {
    ops::check(args);
    run_kv_store(context_, args);
  }
  void attention(const ops::AttentionArgs& args) override {
    ops::check(args);
    run_attention(context_, args);
  }

  void swiglu(const ops::SwigluArgs& args) override {
    ops::check(args);
    context_.pool.parallel_for(args.out.shape.elements(), kElementsPerPiece, [&](int64_t begin, int64_t end) {
      context_.kernels.rows.swiglu(args.gate.f32() + begin, args.up.f32() + begin, end - begin, args.out.f32() + begin);
    });
  }

  void residual_add(const ops::ResidualAddArgs& args) override {
    ops::check(args);
    context_.pool.parallel_for(args.x.shape.elements(), kElementsPerPiece, [&](int64_t begin, int64_t end) {
      context_.kernels.rows.add(args.x.f32() + begin, args.y.f32() + begin, end - begin);
    });
  }

  void softmax(const ops::SoftmaxArgs& args) override {
    ops::check(args);
    const int64_t n = args.x.shape[1];
    for_rows(args.x.shape[0], n,
             [&](int64_t r) { context_.kernels.rows.softmax(args.x.f32() + r * n, n, args.out.f32() + r * n); });
  }

 private:
  // fn(row) for all rows of n elements, in parallel where that pays.
  void for_rows(int64_t n_rows, int64_t n, FunctionRef<void(int64_t)> fn) {
    const int64_t piece = std::max<int64_t>(1, kElementsPerPiece / std::max<int64_t>(1, n));
    context_.pool.parallel_for(n_rows, piece, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) fn(r);
    });
  }

  std::string name_;
  CpuContext context_;
};

}  // namespace

std::unique_ptr<ops::Backend> make_cpu_backend(ThreadPool& pool, std::optional<CpuIsa> isa) {
  return std::make_unique<CpuBackend>(pool, runnable_or_best(isa));
}

}  // namespace hermes::kernels
