#include "kernels/cpu/row_kernels.h"
#include "kernels/cpu/scalar/lanes.h"

namespace hermes::kernels::scalar {

constinit const RowKernels kRows = make_row_kernels<Lanes>();

}  // namespace hermes::kernels::scalar
