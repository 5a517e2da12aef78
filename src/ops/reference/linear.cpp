#include <vector>

#include "ops/int8_blocks.h"
#include "ops/reference/element.h"
#include "ops/reference/reference_ops.h"
#include "tensor/quant/quant_format.h"

namespace hermes::ops::reference {
namespace {

// x as the product sees it.
std::vector<double> rounded(const LinearArgs& args) {
  const float* x = args.x.f32();
  std::vector<double> used(x, x + args.x.shape.elements());
  if (is_block_type(args.weight.dtype)) {
    for (size_t i = 0; i < used.size(); i += kInt8Block) {
      int8_t q[kInt8Block];
      const double scale = static_cast<double>(round_to_int8(x + i, q));
      for (size_t j = 0; j < kInt8Block; ++j) used[i + j] = scale * q[j];
    }
  } else if (args.activations == Activations::kBF16 && args.weight.dtype == DType::kBF16) {
    for (size_t i = 0; i < used.size(); ++i) used[i] = static_cast<double>(to_float(to_bf16(x[i])));
  }
  return used;
}

// One row of the weights.
std::vector<double> widened(const LinearArgs& args, int64_t row) {
  const ConstTensorView& weight = args.weight;
  const int64_t k = weight.shape[1];
  std::vector<double> out(static_cast<size_t>(k));
  if (is_block_type(weight.dtype)) {
    std::vector<float> floats(out.size());
    const size_t row_bytes = bytes_of(weight.dtype, k);
    quant_format(weight.dtype)->decode(weight.as<std::byte>() + static_cast<size_t>(row) * row_bytes, k, floats.data());
    out.assign(floats.begin(), floats.end());
  } else {
    for (int64_t i = 0; i < k; ++i) out[static_cast<size_t>(i)] = element(weight, row * k + i);
  }
  if (const WeightScales& scales = args.scales; scales.values) {
    const float* row_scales = scales.values.f32() + row / scales.rows * scales.values.shape[1];
    for (int64_t i = 0; i < k; ++i) {
      const float w = static_cast<float>(out[static_cast<size_t>(i)]);
      out[static_cast<size_t>(i)] = static_cast<double>(w * row_scales[i / scales.columns]);
    }
  }
  return out;
}

}  // namespace

void linear(const LinearArgs& args) {
  const int64_t n_tokens = args.x.shape[0], n_in = args.x.shape[1], n_out = args.weight.shape[0];
  const std::vector<double> x = rounded(args);
  float* y = args.y.f32();
  for (int64_t n = 0; n < n_out; ++n) {
    const std::vector<double> weight = widened(args, n);
    for (int64_t t = 0; t < n_tokens; ++t) {
      double sum = 0;
      for (int64_t k = 0; k < n_in; ++k) {
        sum += x[static_cast<size_t>(t * n_in + k)] * weight[static_cast<size_t>(k)];
      }
      if (args.bias) sum += element(args.bias, n);
      y[t * n_out + n] = static_cast<float>(sum);
    }
  }
}

}  // namespace hermes::ops::reference
