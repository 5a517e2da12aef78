#include "kernels/cpu/avx512/lanes.h"
#include "kernels/cpu/row_kernels.h"

namespace hermes::kernels::avx512 {

constinit const RowKernels kRows = make_row_kernels<Lanes>();

}  // namespace hermes::kernels::avx512
