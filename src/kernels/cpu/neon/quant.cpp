#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/neon/quant_lanes.h"
#include "kernels/cpu/quant_types.h"

namespace hermes::kernels::neon {

constinit const QuantTable kQuant = make_quant_table<QuantLanes>();

}  // namespace hermes::kernels::neon
