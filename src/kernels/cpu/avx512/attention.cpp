#include "kernels/cpu/attention_kernels.h"

#include "kernels/cpu/avx512/lanes.h"

namespace hermes::kernels::avx512 {

constinit const AttentionKernels kAttention = make_attention_kernels<Lanes>();

}  // namespace hermes::kernels::avx512
