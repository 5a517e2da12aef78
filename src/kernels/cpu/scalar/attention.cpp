#include "kernels/cpu/attention_kernels.h"

#include "kernels/cpu/scalar/lanes.h"

namespace hermes::kernels::scalar {

constinit const AttentionKernels kAttention = make_attention_kernels<Lanes>();

}  // namespace hermes::kernels::scalar
