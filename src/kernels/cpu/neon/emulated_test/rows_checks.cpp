#include "kernels/cpu/neon/emulated_test/checks.h"
#include "kernels/cpu/neon/lanes.h"

namespace hermes::kernels {
namespace {

constexpr int64_t kLengths[] = {1, 15, 16, 37, 160};

template <class From, class To>
std::vector<To> converted(void (*convert)(const From*, int64_t, To*), const std::vector<From>& x) {
  std::vector<To> out(x.size());
  convert(x.data(), static_cast<int64_t>(x.size()), out.data());
  return out;
}

void check_conversions() {
  std::vector<F16> halves;
  std::vector<Bf16> brains;
  for (int bits = 0; bits < 0x10000; ++bits) {
    halves.push_back({static_cast<uint16_t>(bits)});
    brains.push_back({static_cast<uint16_t>(bits)});
  }
  compare("widen_f16", [&](const KernelTable& set) { return converted(set.rows.widen_f16, halves); });
  compare("widen_bf16", [&](const KernelTable& set) { return converted(set.rows.widen_bf16, brains); });

  // Every F16 and its neighbours half way to the next, where rounding decides; then any bits, NaN among them.
  std::vector<float> wide;
  for (const F16 x : halves) {
    const auto bits = std::bit_cast<uint32_t>(to_float(x));
    for (const uint32_t step : {0U, 0xFFFU, 0x1000U, 0x1001U}) wide.push_back(std::bit_cast<float>(bits + step));
  }
  Rng rng(2);
  for (int i = 0; i < 50'003; ++i) {
    const uint32_t bits = rng.next_u32();
    wide.push_back(std::bit_cast<float>(bits));
    wide.push_back(std::bit_cast<float>((bits & 0xFFFF0000U) + 0x7FFF + bits % 3));  // half way between two BF16
  }
  compare("narrow_f16", [&](const KernelTable& set) { return converted(set.rows.narrow_f16, wide); });
  compare("narrow_bf16", [&](const KernelTable& set) { return converted(set.rows.narrow_bf16, wide); });
}

void check_f8() {
  std::vector<F8E4M3> all;
  std::vector<float> expected;
  for (int bits = 0; bits < 256; ++bits) {
    all.push_back({static_cast<uint8_t>(bits)});
    expected.push_back(to_float(all.back()));
  }
  std::vector<float> loaded(256), first(16, 1.0F);
  for (size_t i = 0; i < 256; i += 16) neon::Lanes::load(all.data() + i).store(loaded.data() + i);
  expect_same("load of F8_E4M3", expected, loaded);
  neon::Lanes::load_first(all.data() + 0x30, 5).store(first.data());
  std::vector<float> some(expected.begin() + 0x30, expected.begin() + 0x35);
  some.resize(16);
  expect_same("load_first of F8_E4M3", some, first);
}

// Each kernel over rows of n numbers; `special` are among those of x.
void check_numbers(int64_t n, std::initializer_list<float> special, const std::string& kind) {
  std::vector<float> x = numbers(n, 3, 4), y = numbers(n, 4);
  sprinkle(x, special, 5);
  const std::string at = " of " + std::to_string(n) + kind;
  using Set = KernelTable;
  const auto into = [&](const std::string& name, const auto& run) {
    compare(name + at, [&](const Set& set) {
      std::vector<float> out(size(n));
      run(set.rows, out.data());
      return out;
    });
  };
  into("rms_norm", [&](const RowKernels& k, float* out) { k.rms_norm(x.data(), y.data(), n, 1e-5F, out); });
  into("swiglu", [&](const RowKernels& k, float* out) { k.swiglu(x.data(), y.data(), n, out); });
  into("softmax", [&](const RowKernels& k, float* out) { k.softmax(x.data(), n, out); });
  const auto in_place = [&](const std::string& name, const auto& run) {
    compare(name + at, [&](const Set& set) {
      std::vector<float> out = x;
      run(set.rows, out.data());
      return out;
    });
  };
  in_place("add", [&](const RowKernels& k, float* out) { k.add(out, y.data(), n); });
  in_place("rotate", [&](const RowKernels& k, float* out) { k.rotate(out, y.data(), y.data() + n / 2, n / 2); });
  in_place("rotate_pairs",
           [&](const RowKernels& k, float* out) { k.rotate_pairs(out, y.data(), y.data() + n / 2, n / 2); });
}

// exp over its whole range, by way of softmax: 0 is the largest.
void check_exp() {
  std::vector<float> x;
  for (float e = 0; e > -106; e -= 0.013F) x.push_back(e);
  compare("softmax over the range of exp", [&](const KernelTable& set) {
    std::vector<float> out(x.size());
    set.rows.softmax(x.data(), static_cast<int64_t>(x.size()), out.data());
    return out;
  });
}

}  // namespace

void check_rows() {
  check_conversions();
  check_f8();
  check_exp();
  for (const int64_t n : kLengths) {
    check_numbers(n, {}, "");
    check_numbers(n, {kDenormal, -kDenormal, 0.0F, -0.0F}, " with denormals");
    check_numbers(n, {-kInfinity, 88.5F, 95.0F, -110.0F}, " with -infinity");
    check_numbers(n, {kInfinity}, " with infinity");
    check_numbers(n, {__builtin_nanf("")}, " with NaN");
  }
}

}  // namespace hermes::kernels
