#include "kernels/cpu/attention_kernels.h"

#include "kernels/cpu/neon/lanes.h"

namespace hermes::kernels::neon {

constinit const AttentionKernels kAttention = make_attention_kernels<Lanes>();

}  // namespace hermes::kernels::neon
