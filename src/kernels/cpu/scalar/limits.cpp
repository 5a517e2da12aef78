#include "kernels/cpu/limit_kernels.h"
#include "kernels/cpu/scalar/lanes.h"

namespace hermes::kernels::scalar {

constinit const LimitKernels kLimits = make_limit_kernels<Lanes, Bf16Pairs>();

}  // namespace hermes::kernels::scalar
