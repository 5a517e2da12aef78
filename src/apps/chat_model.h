// A model that holds conversations: weights, tokenizer, chat template, and what its makers recommend.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/model_options.h"
#include "base/result.h"
#include "chat/prompt_format.h"
#include "engine/local_generator.h"

namespace hermes::apps {

// What Hugging Face calls the template for requests with tools, where a model has two.
inline constexpr std::string_view kToolTemplate = "tool_use";

struct ChatModel {
  std::string name;  // for people
  tokenizer::Tokenizer tokenizer;
  chat::PromptFormat format;
  formats::GenerationConfig recommended;
  LoadedModel loaded;
};

// `with_tools`: the model's template for conversations with tools, where it has one of its own ("tool_use").
Result<ChatModel> load_chat_model(const ModelOptions& options, bool with_tools = false);
// The special tokens that a model names, as variables of its chat template: bos_token, eos_token, pad_token, unk_token.
json::object special_token_variables(const formats::TokenizerConfig& config);

// The template and special tokens alone. Not found, with what to do, where the model has no chat template.
Result<chat::PromptFormat> load_prompt_format(const ModelFiles& files, bool with_tools = false);

// A file with a list of tools in OpenAI form.
Result<json::array> read_tools(const std::string& path);

// The recommended sampling; greedy where there is none. The seed is random.
sampling::SamplingParams recommended_sampling(const formats::GenerationConfig& recommended);

// How a generator over it runs; `context` 0 is what the model was trained for.
engine::LocalGeneratorOptions generator_options(const ChatModel& model, const ModelOptions& options,
                                                int64_t context = 0);
engine::LocalGenerator make_generator(const ChatModel& model, const ModelOptions& options, int64_t context = 0);

}  // namespace hermes::apps
