// From a recipe to rows: files read, conversations encoded, samples packed.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/thread_pool.h"
#include "model/arch_spec.h"
#include "tokenizer/tokenizer.h"
#include "train/dataset.h"
#include "train/packing.h"
#include "train/recipe.h"

namespace hermes::train {

struct TrainingData {
  Dataset train, test;  // test: the first eval_samples of its split
  Packing rows, test_rows;
  int64_t skipped = 0;        // records of other splits
  uint64_t fingerprint = 0;   // of the training samples
  std::string chat_template;  // its text
  std::optional<int32_t> bos, pad;
  int32_t end_of_turn = 0;
};

// `progress(done, total)`: bytes of text, now and then. Fails where nothing is left to train on.
Result<TrainingData> prepare_data(const Recipe& recipe, const model::ArchSpec& spec,
                                  const tokenizer::Tokenizer& tokenizer, ThreadPool& pool,
                                  const std::function<void(size_t, size_t)>& progress = {});

}  // namespace hermes::train
