// y = x W^T. `V` is the lane type of an instruction set (scalar/lanes.h), `M` says how two chunks are multiplied.
//
// The sum of one output has one shape, whatever computes it (a contract: ops/linear.h). Sixteen F32 sums; F32 operands:
// element k goes to sum k % 16 by fma, in the order of k; pairs of BF16: of each 32 elements, sum l takes 2l + 1, then
// 2l, by fma, denormals counting as zero (the instruction vdpbf16ps). The tail of K is filled with zeros to a whole
// chunk. At the end the fixed tree over the sixteen, then the bias. So gemv, gemm, blocks and threads cannot change a
// bit: where K is cut into blocks, the sixteen sums are kept as they are.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/gemv_kernels.h"

namespace hermes::kernels {

// While it lives, this thread's arithmetic takes denormals for zero, as vdpbf16ps always does. ARM decides before the
// rounding what is a denormal, x86 after it: the bits are the same on all machines of one kind. Elsewhere denormals are
// kept.
template <class V>
class DenormalsAreZero {
 public:
#if defined(__x86_64__)
  HERMES_INLINE DenormalsAreZero() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040U); }
  HERMES_INLINE ~DenormalsAreZero() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#elif defined(__aarch64__)
  HERMES_INLINE DenormalsAreZero() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_) : : "memory");
    asm volatile("msr fpcr, %0" : : "r"(saved_ | uint64_t{1} << 24) : "memory");
  }
  HERMES_INLINE ~DenormalsAreZero() { asm volatile("msr fpcr, %0" : : "r"(saved_) : "memory"); }

 private:
  uint64_t saved_;
#else
  HERMES_INLINE DenormalsAreZero() {}
#endif
};

template <class M>
void gemm(const LinearPiece& piece, void* scratch) {
  Gemm<M>::run(piece, scratch);
}

// The same for pairs of BF16, with the processor in the mode that gives every instruction set the same bits.
template <class M>
void gemv_flushing(const LinearPiece& piece) {
  const DenormalsAreZero<M> mode;
  gemv<M>(piece);
}
template <class M>
void gemm_flushing(const LinearPiece& piece, void* scratch) {
  const DenormalsAreZero<M> mode;
  Gemm<M>::run(piece, scratch);
}

template <class M>
constexpr LinearKernels make_linear_kernels() {
  const int rows = Gemm<M>::kRows, cols = Gemm<M>::kCols;
  return {rows, cols, Gemm<M>::kBlock, packed_bytes<M>, pack_rows<M>, gemv<M>, gemm<M>, Gemm<M>::scratch_bytes};
}
template <class M>
constexpr LinearKernels make_flushing_linear_kernels() {
  LinearKernels kernels = make_linear_kernels<M>();
  kernels.gemv = gemv_flushing<M>;
  kernels.gemm = gemm_flushing<M>;
  return kernels;
}

}  // namespace hermes::kernels
