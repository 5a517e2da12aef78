#include <algorithm>

#include "kernels/cpu/amx_linear.h"
#include "kernels/cpu/cpu_context.h"

#if defined(HERMES_CPU_X86)
#include <cpuid.h>
#elif defined(HERMES_CPU_ARM) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace hermes::kernels {
namespace {

#if defined(HERMES_CPU_X86)
bool has_f16c() {  // clang 14 does not know the name in __builtin_cpu_supports
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#elif defined(HERMES_CPU_ARM)
bool has_dotprod() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__APPLE__)
  return true;  // all of them have it
#else
  return false;  // nobody to ask
#endif
}
#endif

bool runnable(CpuIsa isa) {
#if defined(HERMES_CPU_X86)
  // The builtin asks the operating system too (XGETBV): registers it does not save are as good as absent.
  switch (isa) {
    case CpuIsa::kScalar:
      return true;
    case CpuIsa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    case CpuIsa::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") && runnable(CpuIsa::kAvx2);
    case CpuIsa::kAmx:
      return runnable(CpuIsa::kAvx512) && amx::enable();
    case CpuIsa::kNeon:
      return false;
  }
  return false;
#elif defined(HERMES_CPU_ARM)
  return isa == CpuIsa::kScalar || (isa == CpuIsa::kNeon && has_dotprod());
#else
  return isa == CpuIsa::kScalar;
#endif
}

}  // namespace

std::string_view to_string(CpuIsa isa) {
  switch (isa) {
    case CpuIsa::kScalar:
      return "scalar";
    case CpuIsa::kAvx2:
      return "avx2";
    case CpuIsa::kAvx512:
      return "avx512";
    case CpuIsa::kAmx:
      return "amx";
    case CpuIsa::kNeon:
      return "neon";
  }
  return "?";
}

std::vector<CpuIsa> runnable_cpu_isas() {
  std::vector<CpuIsa> isas;
  for (const CpuIsa isa : {CpuIsa::kScalar, CpuIsa::kAvx2, CpuIsa::kAvx512, CpuIsa::kAmx, CpuIsa::kNeon}) {
    if (runnable(isa)) isas.push_back(isa);
  }
  return isas;
}

CpuIsa runnable_or_best(std::optional<CpuIsa> isa) {
  const std::vector<CpuIsa> isas = runnable_cpu_isas();
  const CpuIsa chosen = isa.value_or(isas.back());
  HERMES_CHECK(std::find(isas.begin(), isas.end(), chosen) != isas.end(), "{} does not run here", to_string(chosen));
  return chosen;
}

const KernelTable& kernel_table(CpuIsa isa) {
  static const KernelTable scalar_table{scalar::kLinear, scalar::kLaneGemm, scalar::kAttention, scalar::kRows,
                                        scalar::kLimits, scalar::kTraining, scalar::kQuant};
#if defined(HERMES_CPU_X86)
  static const KernelTable avx2_table{avx2::kLinear, avx2::kLaneGemm, avx2::kAttention, avx2::kRows,
                                      avx2::kLimits, avx2::kTraining, avx2::kQuant};
  static const KernelTable avx512_table{avx512::kLinear, avx512::kLaneGemm, avx512::kAttention, avx512::kRows,
                                        avx512::kLimits, avx512::kTraining, avx512::kQuant};
  if (isa == CpuIsa::kAvx2) return avx2_table;
  if (isa == CpuIsa::kAvx512 || isa == CpuIsa::kAmx) return avx512_table;
#elif defined(HERMES_CPU_ARM)
  static const KernelTable neon_table{neon::kLinear, neon::kLaneGemm, neon::kAttention, neon::kRows,
                                      neon::kLimits, neon::kTraining, neon::kQuant};
  if (isa == CpuIsa::kNeon) return neon_table;
#endif
  HERMES_CHECK(isa == CpuIsa::kScalar, "{} was not built", to_string(isa));
  return scalar_table;
}

}  // namespace hermes::kernels
