// The list of types with kernels, the same in every instruction set's quant.cpp.
#pragma once

#include "kernels/cpu/quant_kernels.h"
#include "kernels/cpu/quant_unpack_iq.h"

namespace hermes::kernels {

template <class V>
inline constexpr QuantKernels kQuantKernelsOf[] = {
    make_quant_kernels<V, Q40<V>>(),    make_quant_kernels<V, Q41<V>>(),   make_quant_kernels<V, Q50<V>>(),
    make_quant_kernels<V, Q51<V>>(),    make_quant_kernels<V, Q80<V>>(),   make_quant_kernels<V, Q2K<V>>(),
    make_quant_kernels<V, Q3K<V>>(),    make_quant_kernels<V, Q4K<V>>(),   make_quant_kernels<V, Q5K<V>>(),
    make_quant_kernels<V, Q6K<V>>(),    make_quant_kernels<V, Iq4Nl<V>>(), make_quant_kernels<V, Iq4Xs<V>>(),
    make_quant_kernels<V, Mxfp4<V>>(),  make_quant_kernels<V, Iq1S<V>>(),  make_quant_kernels<V, Iq1M<V>>(),
    make_quant_kernels<V, Iq2Xxs<V>>(), make_quant_kernels<V, Iq2Xs<V>>(), make_quant_kernels<V, Iq2S<V>>(),
    make_quant_kernels<V, Iq3Xxs<V>>(), make_quant_kernels<V, Iq3S<V>>(),
};

template <class V>
constexpr QuantTable make_quant_table() {
  return {pack_quant_tile<V>, kQuantKernelsOf<V>, static_cast<int>(sizeof kQuantKernelsOf<V> / sizeof(QuantKernels))};
}

}  // namespace hermes::kernels
