#include "train/training_data.h"

#include "base/file.h"
#include "chat/template/chat_template.h"
#include "train/conversation_encoder.h"

namespace hermes::train {
namespace {

constexpr size_t kMaxTemplateBytes = size_t{4} << 20;

Result<int32_t> find_token(const tokenizer::Tokenizer& tokenizer, const std::string& text, const Recipe& recipe,
                           std::string_view role) {
  if (const auto id = tokenizer.find(text)) return *id;
  return Error::invalid("{}: no token \"{}\", which the recipe names as tokens.{}", recipe.tokenizer, text, role);
}

Packing pack_dataset(const Dataset& dataset, const Recipe& recipe) {
  std::vector<int32_t> lengths(dataset.size());
  for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = dataset.input_length(i);
  return pack(lengths, {.row_length = recipe.row_tokens, .group_size = recipe.group_size, .seed = recipe.seed});
}

Dataset first(const Dataset& dataset, size_t n) {
  if (dataset.size() <= n) return dataset;
  const auto end = static_cast<std::ptrdiff_t>(dataset.begins[n]);
  Dataset part;
  part.tokens.assign(dataset.tokens.begin(), dataset.tokens.begin() + end);
  part.trained.assign(dataset.trained.begin(), dataset.trained.begin() + end);
  part.begins.assign(dataset.begins.begin(), dataset.begins.begin() + static_cast<std::ptrdiff_t>(n) + 1);
  return part;
}

}  // namespace

Result<TrainingData> prepare_data(const Recipe& recipe, const model::ArchSpec& spec,
                                  const tokenizer::Tokenizer& tokenizer, ThreadPool& pool,
                                  const std::function<void(size_t, size_t)>& progress) {
  if (recipe.row_tokens > spec.max_positions) {
    return Error::invalid("packing.row_tokens is {}, but the model's context is {}", recipe.row_tokens,
                          spec.max_positions);
  }
  TrainingData data;
  HERMES_ASSIGN(data.end_of_turn, find_token(tokenizer, recipe.end_of_turn, recipe, "end_of_turn"));
  if (recipe.bos) {
    HERMES_ASSIGN(data.bos, find_token(tokenizer, *recipe.bos, recipe, "bos"));
  }
  if (recipe.pad) {
    HERMES_ASSIGN(data.pad, find_token(tokenizer, *recipe.pad, recipe, "pad"));
  }
  HERMES_ASSIGN(data.chat_template, read_text_file(recipe.chat_template, kMaxTemplateBytes));
  HERMES_ASSIGN(const chat::ChatTemplate chat_template,
                chat::ChatTemplate::parse(data.chat_template, recipe.chat_template));
  const ConversationEncoder encoder(chat_template, tokenizer,
                                    {.end_of_turn = recipe.end_of_turn,
                                     .bos_token = recipe.bos,
                                     .eos_token = recipe.end_of_turn,
                                     .pad_token = recipe.pad,
                                     .vocab_size = spec.vocab_size});
  HERMES_ASSIGN(Splits splits,
                load_splits({.files = recipe.files, .train_split = recipe.train_split, .test_split = recipe.test_split},
                            encoder, pool, progress));
  data.train = std::move(splits.train);
  data.test = first(splits.test, static_cast<size_t>(recipe.eval_samples));
  data.skipped = splits.skipped;
  data.fingerprint = data.train.fingerprint();
  data.rows = pack_dataset(data.train, recipe);
  data.test_rows = pack_dataset(data.test, recipe);
  if (data.rows.n_rows() == 0) {
    return Error::invalid("no sample to train on: {} records of the split \"{}\", {} of them longer than {} tokens",
                          data.train.size(), recipe.train_split, data.rows.n_dropped, recipe.row_tokens);
  }
  return data;
}

}  // namespace hermes::train
