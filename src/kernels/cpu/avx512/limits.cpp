#include "kernels/cpu/avx512/quant_lanes.h"
#include "kernels/cpu/limit_kernels.h"

namespace hermes::kernels::avx512 {

constinit const LimitKernels kLimits = make_limit_kernels<QuantLanes, Bf16Pairs, true>();

}  // namespace hermes::kernels::avx512
