#include "base/check.h"
#include "kernels/cpu/neon/emulated_test/checks.h"

namespace hermes {

// What base/ has for this needs fmt as a library.
void check_failed(const char* file, int line, const char* condition, const std::string&) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace hermes

namespace hermes::kernels {

// The loops are of no use if they are not the ones they say.
void check_limits() {
  const std::vector<float> x = numbers(1280, 1);
  compare("limits", [&](const KernelTable& set) {
    return std::vector<float>{set.limits.f32_fma(3), set.limits.bf16_fma(3), set.limits.int8_dot(4),
                              set.limits.read(x.data(), 1280)};
  });
}

}  // namespace hermes::kernels

int main() {
  using namespace hermes::kernels;
  const struct {
    const char* name;
    void (*run)();
  } checks[] = {{"rows", check_rows},           {"linear", check_linear},     {"quant", check_quant},
                {"attention", check_attention}, {"training", check_training}, {"limits", check_limits}};
  for (const auto& check : checks) {
    check.run();
    std::printf("%s: the same bits\n", check.name);
    std::fflush(stdout);
  }
  return 0;
}
