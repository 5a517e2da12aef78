#include "kernels/cpu/avx2/quant_lanes.h"
#include "kernels/cpu/limit_kernels.h"

namespace hermes::kernels::avx2 {

constinit const LimitKernels kLimits = make_limit_kernels<QuantLanes, Bf16Pairs, false>();

}  // namespace hermes::kernels::avx2
