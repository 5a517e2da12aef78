#include "kernels/cpu/scalar/quant_lanes.h"  // before the templates that use it

#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/quant_types.h"

namespace hermes::kernels::scalar {

constinit const QuantTable kQuant = make_quant_table<QuantLanes>();

}  // namespace hermes::kernels::scalar
