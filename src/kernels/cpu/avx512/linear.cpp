#include "kernels/cpu/avx512/lanes.h"
#include "kernels/cpu/lane_gemm_kernels.h"
#include "kernels/cpu/linear_kernels.h"

namespace hermes::kernels::avx512 {

constinit const LinearKernels kLinear[kLinearTypesCount] = {
    make_linear_kernels<WidenedMultiply<Lanes, float>>(),
    make_linear_kernels<WidenedMultiply<Lanes, F16>>(),
    make_linear_kernels<WidenedMultiply<Lanes, Bf16>>(),
    make_flushing_linear_kernels<Bf16Multiply<Lanes, Bf16Pairs>>(),
    make_linear_kernels<WidenedMultiply<Lanes, F8E4M3>>(),
};

constinit const LaneGemmKernels kLaneGemm[kWidenedTypesCount] = {
    make_lane_gemm_kernels<Lanes, float>(),
    make_lane_gemm_kernels<Lanes, F16>(),
    make_lane_gemm_kernels<Lanes, Bf16>(),
};

}  // namespace hermes::kernels::avx512
