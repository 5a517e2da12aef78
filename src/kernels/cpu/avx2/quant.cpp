#include "kernels/cpu/avx2/quant_lanes.h"
#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/quant_types.h"

namespace hermes::kernels::avx2 {

constinit const QuantTable kQuant = make_quant_table<QuantLanes>();

}  // namespace hermes::kernels::avx2
