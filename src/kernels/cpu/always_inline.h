// Inlining as a rule of correctness, not of speed. Each instruction set's files are compiled with flags of their own; a
// function left out of line there could be merged by the linker with its twin from another file, and a processor
// without AVX-512 would end up in AVX-512 code. So in headers that those files share, everything is either a template
// over the lane type of its instruction set (a name of its own) or HERMES_INLINE; std:: functions are not used.
#pragma once

#define HERMES_INLINE inline __attribute__((always_inline))
#define HERMES_LAMBDA_INLINE __attribute__((always_inline))

namespace hermes::kernels {

template <int I>
struct Index {
  static constexpr int value = I;
};

// body(Index<0>()), body(Index<1>()), ... body(Index<N - 1>()): arrays indexed by such constants live in
// registers, where a loop would let the compiler put them on the stack.
template <int N, int I = 0, class Body>
HERMES_INLINE void unrolled(const Body& body) {
  if constexpr (I < N) {
    body(Index<I>());
    unrolled<N, I + 1>(body);
  }
}

}  // namespace hermes::kernels
