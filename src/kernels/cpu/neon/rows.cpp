#include "kernels/cpu/neon/lanes.h"
#include "kernels/cpu/row_kernels.h"

namespace hermes::kernels::neon {

constinit const RowKernels kRows = make_row_kernels<Lanes>();

}  // namespace hermes::kernels::neon
