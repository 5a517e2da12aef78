#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

double sum_of_squares(std::span<const float> x) {
  double sum = 0;
  for (const float value : x) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

}  // namespace hermes::ops::reference
