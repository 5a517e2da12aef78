#include "kernels/cpu/training_row_kernels.h"

#include "kernels/cpu/avx512/lanes.h"

namespace hermes::kernels::avx512 {

constinit const TrainingKernels kTraining = make_training_kernels<Lanes>();

}  // namespace hermes::kernels::avx512
