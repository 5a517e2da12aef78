#include "kernels/cpu/limit_kernels.h"
#include "kernels/cpu/scalar/quant_lanes.h"

namespace hermes::kernels::scalar {

constinit const LimitKernels kLimits = make_limit_kernels<QuantLanes, Bf16Pairs, false>();

}  // namespace hermes::kernels::scalar
