// Linear: y[t, n] = sum_k x[t, k] * weight[n, k] + bias[n], sums in F32.
//
// The order of summation over k is a function of K and the dtypes alone: never of T, of the row's place in x, of the
// number of threads or of blocking. So a token gets the same bits alone, in a chunk or in a batch.
// Weights widen to F32 exactly. With Activations::kBF16 and BF16 weights, x is first rounded to BF16 (nearest, ties to
// even); products of BF16 pairs are exact in F32; denormals count as zero. With other weights kBF16 means kF32.
// Weights of F8_E4M3 count as the F32 products (rounded to nearest) of what they are and their scales.
// Weights of a block type (tensor/quant/) are used as their blocks say, without a rounding of their own; x is rounded to
// int8 blocks (int8_blocks.h), whatever `activations` says, and y is the sum over blocks in order, in F32. Several tokens
// and one have the same bits, on every instruction set.
// Reference: the same rounding of x, then fp64.
#pragma once

#include "tensor/tensor.h"

namespace hermes::ops {

enum class Activations {
  kF32,   // x as it is: exact products of what is stored, up to F32 rounding
  kBF16,  // x rounded to BF16: twice the arithmetic rate where the processor multiplies BF16; see above
};

// One scale for every `rows` x `columns` weights; the last of a row or column of scales may be for fewer. One for all:
// [1, 1] and sizes of N and K, or more; one for each row: [N, 1].
struct WeightScales {
  ConstTensorView values;         // [ceil(N / rows), ceil(K / columns)], F32; absent: all are 1
  int64_t rows = 1, columns = 1;  // columns: a power of two from 16 on, or K and more
};

struct LinearArgs {
  ConstTensorView x;       // [T, K], F32
  ConstTensorView weight;  // [N, K], F32, F16, BF16, F8_E4M3 or a block type
  ConstTensorView bias;    // [N], F32, F16 or BF16, or absent
  TensorView y;            // [T, N], F32; must not alias an input
  Activations activations = Activations::kF32;
  WeightScales scales = {};  // of F8_E4M3 weights only
};

// Backward of y = x W^T + bias:
//   d_x = d_y W;   d_weight += d_y^T x;   d_bias += sum over rows of d_y.
// Sums over N (d_x) and over T (d_weight, d_bias) have an order that depends on the shapes alone, never on the number
// of threads. All F32.
struct LinearBackwardArgs {
  ConstTensorView x;       // [T, K]: what the forward pass read
  ConstTensorView weight;  // [N, K]
  ConstTensorView d_y;     // [T, N]
  TensorView d_x;          // [T, K], overwritten, or with accumulate_d_x added to; absent: not wanted
  TensorView d_weight;     // [N, K], added to
  TensorView d_bias;       // [N], added to, or absent
  bool accumulate_d_x = false;
};

}  // namespace hermes::ops
