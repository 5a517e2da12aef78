#include "support/random_blocks.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/rng.h"
#include "tensor/quant/iq1_s.h"
#include "tensor/quant/quant_format.h"

namespace hermes::test {
namespace {

void set_scale(DType dtype, std::byte* block, F16 d) {
  if (dtype != DType::kIQ1_M) {
    std::memcpy(block, &d, sizeof d);
    return;
  }
  BlockIQ1_M spread{};
  std::memcpy(&spread, block, sizeof spread);
  for (int k = 0; k < 4; ++k) {
    const uint32_t quarter = static_cast<uint32_t>(d.bits) >> (4 * k) & 15U;
    spread.scales[k] = static_cast<uint16_t>((spread.scales[k] & 0x0FFFU) | quarter << 12);
  }
  std::memcpy(block, &spread, sizeof spread);
}

}  // namespace

void fill_random_blocks(DType dtype, std::span<std::byte> blocks, uint64_t seed, double rms) {
  const QuantFormat* format = quant_format(dtype);
  HERMES_CHECK(format != nullptr && format->encode == nullptr, "{} has an encoder", name_of(dtype));
  const DTypeInfo& info = info_of(dtype);
  const size_t n_blocks = blocks.size() / info.block_bytes;
  Rng rng(seed, static_cast<uint64_t>(dtype));
  for (std::byte& b : blocks) b = static_cast<std::byte>(rng.next_u32());
  const auto set_scales = [&](double d, double spread) {
    for (size_t i = 0; i < n_blocks; ++i) {
      const double factor = 1 + spread * (static_cast<double>(rng.below(1000)) / 500 - 1);
      set_scale(dtype, blocks.data() + i * info.block_bytes, to_f16(static_cast<float>(d * factor)));
    }
  };
  set_scales(1, 0);
  std::vector<float> x(n_blocks * static_cast<size_t>(info.block_elements));
  format->decode(blocks.data(), static_cast<int64_t>(x.size()), x.data());
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
  set_scales(rms / std::sqrt(squares / static_cast<double>(x.size())), 0.5);
}

}  // namespace hermes::test
