// The oracle: every op computed in fp64 by the plainest loop that can be read against its formula, rounded to
// F32 once at the end. Slow on purpose; tests hold every kernel against it, and a whole model can run on it.
#pragma once

#include <memory>

#include "ops/backend.h"
#include "ops/training_backend.h"

namespace hermes::ops {

std::unique_ptr<Backend> make_reference_backend();
std::unique_ptr<TrainingBackend> make_reference_training_backend();

}  // namespace hermes::ops
