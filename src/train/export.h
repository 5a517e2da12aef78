// A trained model as a folder in Hugging Face layout (docs/formats/model_folder.md) that transformers loads.
#pragma once

#include <filesystem>

#include "base/json.h"
#include "base/result.h"
#include "train/flat_tensors.h"
#include "train/recipe.h"
#include "train/training_data.h"

namespace hermes::train {

// `config` is the config.json to begin with: the recipe's model, or the one of init_from. The folder is written beside
// its place and renamed, so that it is complete or absent; one that is there is replaced. BF16 is rounded to nearest,
// ties to even. A tied output matrix is not written.
Status export_model(const std::filesystem::path& folder, const Recipe& recipe, const json::object& config,
                    const model::ArchSpec& spec, const TrainingData& data, const FlatTensors& parameters);

}  // namespace hermes::train
