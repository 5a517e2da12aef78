#include <cmath>

#include "ops/reference/training_ops.h"

namespace hermes::ops::reference {

void adamw(const AdamwArgs& args) {
  const auto lr = static_cast<double>(args.lr), decay = static_cast<double>(args.weight_decay);
  const auto beta1 = static_cast<double>(args.beta1), beta2 = static_cast<double>(args.beta2);
  const double correction1 = 1 - std::pow(beta1, static_cast<double>(args.step));
  const double correction2 = 1 - std::pow(beta2, static_cast<double>(args.step));
  for (size_t i = 0; i < args.parameter.size(); ++i) {
    const double g = static_cast<double>(args.grad_scale) * static_cast<double>(args.grad[i]);
    const double m = beta1 * static_cast<double>(args.m[i]) + (1 - beta1) * g;
    const double v = beta2 * static_cast<double>(args.v[i]) + (1 - beta2) * g * g;
    const auto p = static_cast<double>(args.parameter[i]);
    const double step = (m / correction1) / (std::sqrt(v / correction2) + static_cast<double>(args.eps));
    args.parameter[i] = static_cast<float>(p - lr * decay * p - lr * step);
    args.m[i] = static_cast<float>(m);
    args.v[i] = static_cast<float>(v);
  }
}

}  // namespace hermes::ops::reference
