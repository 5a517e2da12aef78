#include "kernels/cpu/avx2/lanes.h"
#include "kernels/cpu/limit_kernels.h"

namespace hermes::kernels::avx2 {

constinit const LimitKernels kLimits = make_limit_kernels<Lanes, Bf16Pairs>();

}  // namespace hermes::kernels::avx2
