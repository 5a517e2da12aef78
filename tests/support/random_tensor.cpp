#include "support/random_tensor.h"

#include "base/rng.h"
#include "tensor/float_types.h"

namespace hermes::test {

double TestTensor::at(int64_t i) const {
  switch (dtype) {
    case DType::kF16:
      return static_cast<double>(to_float(view().as<F16>()[i]));
    case DType::kBF16:
      return static_cast<double>(to_float(view().as<Bf16>()[i]));
    case DType::kF8_E4M3:
      return static_cast<double>(to_float(view().as<F8E4M3>()[i]));
    default:
      return static_cast<double>(view().f32()[i]);
  }
}

void TestTensor::set(int64_t i, float value) const {
  switch (dtype) {
    case DType::kF16:
      view().as<F16>()[i] = to_f16(value);
      return;
    case DType::kBF16:
      view().as<Bf16>()[i] = to_bf16(value);
      return;
    case DType::kF8_E4M3:
      view().as<F8E4M3>()[i] = to_f8_e4m3(value);
      return;
    default:
      view().f32()[i] = value;
      return;
  }
}

TestTensor random_tensor(DType dtype, const Shape& shape, uint64_t seed, double scale, double mean) {
  TestTensor tensor(dtype, shape);
  Rng rng(seed);
  for (int64_t i = 0; i < shape.elements(); ++i) tensor.set(i, static_cast<float>(mean + scale * rng.normal()));
  return tensor;
}

}  // namespace hermes::test
