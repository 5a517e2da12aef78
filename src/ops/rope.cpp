#include "ops/rope.h"

#include <cmath>
#include <numbers>

#include "base/check.h"

namespace hermes::ops {

// Both functions follow transformers' modeling_rope_utils.py step by step: tensors there are F32, Python numbers meet
// them as F32, and the order of the operations is kept. A formula equal on paper would move the angles at long range.

std::vector<float> rope_inv_freq(int head_dim, double theta) {
  HERMES_CHECK(head_dim > 0 && head_dim % 2 == 0, "rope: head_dim {}", head_dim);
  std::vector<float> inv_freq(static_cast<size_t>(head_dim / 2));
  for (size_t i = 0; i < inv_freq.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    inv_freq[i] = 1.0F / std::pow(static_cast<float>(theta), exponent);
  }
  return inv_freq;
}

void apply_llama3_scaling(std::span<float> inv_freq, const Llama3Scaling& scaling) {
  const auto factor = static_cast<float>(scaling.factor);
  const auto original = static_cast<float>(scaling.original_max_position);
  const auto low_factor = static_cast<float>(scaling.low_freq_factor);
  const auto band = static_cast<float>(scaling.high_freq_factor - scaling.low_freq_factor);
  const auto low_wavelength = static_cast<float>(scaling.original_max_position / scaling.low_freq_factor);
  const auto high_wavelength = static_cast<float>(scaling.original_max_position / scaling.high_freq_factor);
  for (float& f : inv_freq) {
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / f;
    if (wavelength > low_wavelength) {
      f = f / factor;
    } else if (!(wavelength < high_wavelength)) {
      const float smooth = (original / wavelength - low_factor) / band;
      f = (1.0F - smooth) * f / factor + smooth * f;
    }
  }
}

}  // namespace hermes::ops
