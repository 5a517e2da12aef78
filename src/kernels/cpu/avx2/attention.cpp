#include "kernels/cpu/avx2/quant_lanes.h"  // before the templates that use it

#include "kernels/cpu/attention_kernels.h"

namespace hermes::kernels::avx2 {

constinit const AttentionKernels kAttention = make_attention_kernels<QuantLanes>();

}  // namespace hermes::kernels::avx2
