#include "kernels/cpu/neon/quant_lanes.h"  // before the templates that use it

#include "kernels/cpu/attention_kernels.h"

namespace hermes::kernels::neon {

constinit const AttentionKernels kAttention = make_attention_kernels<QuantLanes>();

}  // namespace hermes::kernels::neon
