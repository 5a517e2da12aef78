// Tensors for tests: they own their memory and are filled from a seed.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace hermes::test {

struct TestTensor {
  Buffer buffer;
  DType dtype = DType::kF32;
  Shape shape;

  TestTensor() = default;
  TestTensor(DType type, const Shape& dims) : buffer(type, dims), dtype(type), shape(dims) {}

  TensorView view() const { return buffer.view(dtype, shape); }
  std::span<float> f32() const { return {view().f32(), static_cast<size_t>(shape.elements())}; }
  double at(int64_t i) const;  // any float type
  void set(int64_t i, float value) const;
};

// Normally distributed, then rounded to the dtype. The same seed gives the same values before rounding.
TestTensor random_tensor(DType dtype, const Shape& shape, uint64_t seed, double scale = 1, double mean = 0);

}  // namespace hermes::test
