// Checkpoints: everything a run needs to go on as if it had never stopped, in one safetensors file that is complete or
// absent: CHECKPOINTS/step-00000200.safetensors with "parameter.NAME", "m.NAME" and, where the optimiser has a second
// moment (Optimizer::has_v), "v.NAME", all F32, and as metadata the step, the recipe and the fingerprint of the training
// samples. The data's position and the random streams are functions of step and seed. The last two are kept.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "train/trainer.h"

namespace hermes::train {

Status save_checkpoint(const std::filesystem::path& folder, const Recipe& recipe, uint64_t data_fingerprint,
                       Trainer& trainer);

// The one with the most steps; nullopt where the folder has none.
Result<std::optional<std::filesystem::path>> last_checkpoint(const std::filesystem::path& folder);

// Sets weights, moments and step. Refused where recipe or samples are others than those of the checkpoint; the members
// that differ are named.
Status restore_checkpoint(const std::filesystem::path& path, const Recipe& recipe, uint64_t data_fingerprint,
                          Trainer& trainer);

}  // namespace hermes::train
