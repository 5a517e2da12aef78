#include <algorithm>
#include <cmath>

#include "kernels/cpu/muon_driver.h"
#include "kernels/cpu/training_drivers.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kTransposedRows = 32;

int64_t elements_of(const ops::MuonArgs& args) { return args.parameter.shape.elements(); }

TensorView matrix(float* values, int64_t rows, int64_t columns) { return {values, DType::kF32, {rows, columns}}; }

// The mean of gradients moves; what is to be orthogonalised goes to `update`.
void move_mean(CpuContext& context, const ops::MuonArgs& args, float* update) {
  const float scale = args.grad_scale, keep = args.momentum;
  const auto take = static_cast<float>(1 - static_cast<double>(args.momentum));
  const float* grad = args.grad.f32();
  float* mean = args.m.f32();
  context.pool.parallel_for(elements_of(args), kElementsPerPiece, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float g = scale * grad[i];
      mean[i] = keep * mean[i] + take * g;
      update[i] = args.nesterov ? keep * mean[i] + take * g : mean[i];
    }
  });
}

void take_step(CpuContext& context, const ops::MuonArgs& args, const float* orthogonal) {
  const auto lr = static_cast<double>(args.lr);
  const auto longest = static_cast<double>(std::max(args.parameter.shape[0], args.parameter.shape[1]));
  const auto keep = static_cast<float>(1 - lr * static_cast<double>(args.weight_decay));
  const auto step = static_cast<float>(lr * ops::kMuonRms * std::sqrt(longest));
  float* parameter = args.parameter.f32();
  context.pool.parallel_for(elements_of(args), kElementsPerPiece, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) parameter[i] = keep * parameter[i] - step * orthogonal[i];
  });
}

// out [columns, rows] = x^T.
void transpose(CpuContext& context, const float* x, int64_t rows, int64_t columns, float* out) {
  context.pool.parallel_for(rows, kTransposedRows, [&](int64_t begin, int64_t end) {
    for (int64_t c = 0; c < columns; ++c) {
      for (int64_t r = begin; r < end; ++r) out[c * rows + r] = x[r * columns + c];
    }
  });
}

void normalise(CpuContext& context, float* x, int64_t n) {
  const double norm = std::sqrt(run_sum_of_squares(context, {x, static_cast<size_t>(n)}));
  const auto factor = static_cast<float>(1 / std::max(norm, ops::kSmallestMuonNorm));
  context.pool.parallel_for(n, kElementsPerPiece, [&](int64_t begin, int64_t end) {
    context.kernels.training.scale(x + begin, end - begin, factor);
  });
}

// x and `next` [rows, columns], gram and polynomial [columns, columns]. Returns the one of x and `next` that holds the
// result.
float* orthogonalise(CpuContext& context, int64_t rows, int64_t columns, float* x, float* next, float* gram,
                     float* polynomial) {
  const auto a = static_cast<float>(ops::kNewtonSchulz[0]), b = static_cast<float>(ops::kNewtonSchulz[1]),
             c = static_cast<float>(ops::kNewtonSchulz[2]);
  const TensorView g = matrix(gram, columns, columns), p = matrix(polynomial, columns, columns);
  for (int step = 0; step < ops::kNewtonSchulzSteps; ++step) {
    const TensorView from = matrix(x, rows, columns), to = matrix(next, rows, columns);
    std::fill_n(gram, columns * columns, 0.0F);
    run_d_weight(context, {.x = from, .weight = g, .d_y = from, .d_x = {}, .d_weight = g, .d_bias = {}});
    run_d_x(context, {.x = g, .weight = g, .d_y = g, .d_x = p, .d_weight = {}, .d_bias = {}});
    context.pool.parallel_for(columns * columns, kElementsPerPiece, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) polynomial[i] = b * gram[i] + c * polynomial[i];
    });
    for (int64_t i = 0; i < columns; ++i) polynomial[i * columns + i] += a;
    run_d_x(context, {.x = from, .weight = p, .d_y = from, .d_x = to, .d_weight = {}, .d_bias = {}});
    std::swap(x, next);
  }
  return x;
}

}  // namespace

MuonDriver::MuonDriver(ThreadPool& pool, CpuIsa isa, int64_t small) : small_(small), all_{CpuContext(pool, isa), {}} {
  for (int thread = 0; thread < pool.n_threads(); ++thread) each_.push_back(std::make_unique<Alone>(isa));
}

void MuonDriver::run(std::span<const ops::MuonArgs> matrices) {
  std::vector<const ops::MuonArgs*> small;
  for (const ops::MuonArgs& args : matrices) {
    if (elements_of(args) == 0) continue;
    if (elements_of(args) > small_) {
      update(all_, args);
    } else {
      small.push_back(&args);
    }
  }
  std::stable_sort(small.begin(), small.end(),
                   [](const auto* a, const auto* b) { return elements_of(*a) > elements_of(*b); });
  all_.context.pool.parallel_for(static_cast<int64_t>(small.size()), 1, [&](int thread, int64_t i, int64_t) {
    update(each_[static_cast<size_t>(thread)]->team, *small[static_cast<size_t>(i)]);
  });
}

void MuonDriver::update(Team& team, const ops::MuonArgs& args) {
  CpuContext& context = team.context;
  const int64_t rows = args.parameter.shape[0], columns = args.parameter.shape[1], n = rows * columns;
  const int64_t longer = std::max(rows, columns), shorter = std::min(rows, columns);
  float* x = team.memory.reserve_floats(2 * n + 2 * shorter * shorter);
  float *other = x + n, *gram = other + n, *polynomial = gram + shorter * shorter;
  const bool wide = columns > rows;
  move_mean(context, args, wide ? other : x);
  if (wide) transpose(context, other, rows, columns, x);
  normalise(context, x, n);
  float* orthogonal = orthogonalise(context, longer, shorter, x, other, gram, polynomial);
  if (wide) {
    float* back = orthogonal == x ? other : x;
    transpose(context, orthogonal, longer, shorter, back);
    orthogonal = back;
  }
  take_step(context, args, orthogonal);
}

}  // namespace hermes::kernels
