#include "kernels/cpu/attention_kernels.h"

#include "kernels/cpu/avx2/lanes.h"

namespace hermes::kernels::avx2 {

constinit const AttentionKernels kAttention = make_attention_kernels<Lanes>();

}  // namespace hermes::kernels::avx2
