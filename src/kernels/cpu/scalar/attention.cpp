#include "kernels/cpu/scalar/quant_lanes.h"  // before the templates that use it

#include "kernels/cpu/attention_kernels.h"

namespace hermes::kernels::scalar {

constinit const AttentionKernels kAttention = make_attention_kernels<QuantLanes>();

}  // namespace hermes::kernels::scalar
