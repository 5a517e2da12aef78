#include "kernels/cpu/limit_kernels.h"
#include "kernels/cpu/neon/quant_lanes.h"

namespace hermes::kernels::neon {

constinit const LimitKernels kLimits = make_limit_kernels<QuantLanes, Bf16Pairs, true>();

}  // namespace hermes::kernels::neon
