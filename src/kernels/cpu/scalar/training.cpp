#include "kernels/cpu/training_row_kernels.h"

#include "kernels/cpu/scalar/lanes.h"

namespace hermes::kernels::scalar {

constinit const TrainingKernels kTraining = make_training_kernels<Lanes>();

}  // namespace hermes::kernels::scalar
