#include "kernels/cpu/training_row_kernels.h"

#include "kernels/cpu/neon/lanes.h"

namespace hermes::kernels::neon {

constinit const TrainingKernels kTraining = make_training_kernels<Lanes>();

}  // namespace hermes::kernels::neon
