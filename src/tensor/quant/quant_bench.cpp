// Elements per second of each block type, decoded and encoded, on one thread.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "tensor/quant/quant_format.h"

namespace hermes {
namespace {

constexpr int64_t kElements = 1 << 16;

std::vector<float> drawn(uint64_t stream, double (*of)(double)) {
  Rng rng(1, stream);
  std::vector<float> x(kElements);
  for (float& v : x) v = static_cast<float>(of(rng.normal()));
  return x;
}

void bench_decode(benchmark::State& state, const QuantFormat* format) {
  const std::vector<uint8_t> blocks(bytes_of(format->dtype, kElements), 0x35);
  std::vector<float> x(kElements);
  for (auto _ : state) {
    format->decode(blocks.data(), kElements, x.data());
    benchmark::DoNotOptimize(x.data());
  }
  state.SetItemsProcessed(state.iterations() * kElements);
}

void bench_encode(benchmark::State& state, const QuantFormat* format, bool weighted) {
  const std::vector<float> x = drawn(0, [](double v) { return 0.02 * v; });
  const std::vector<float> importance = drawn(1, [](double v) { return v * v; });
  std::vector<uint8_t> blocks(bytes_of(format->dtype, kElements));
  for (auto _ : state) {
    format->encode(x.data(), kElements, weighted ? importance.data() : nullptr, blocks.data());
    benchmark::DoNotOptimize(blocks.data());
  }
  state.SetItemsProcessed(state.iterations() * kElements);
}

[[maybe_unused]] const int kRegistered = [] {
  for (int i = 0; i < kDTypesCount; ++i) {
    const QuantFormat* format = quant_format(static_cast<DType>(i));
    if (format == nullptr) continue;
    const std::string name(name_of(format->dtype));
    benchmark::RegisterBenchmark(("decode/" + name).c_str(), bench_decode, format);
    if (format->encode == nullptr) continue;
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), bench_encode, format, false);
    benchmark::RegisterBenchmark(("encode_by_importance/" + name).c_str(), bench_encode, format, true);
  }
  return 0;
}();

}  // namespace
}  // namespace hermes

BENCHMARK_MAIN();
