// The task "perplexity" of `hermes eval`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "apps/model_options.h"
#include "apps/text_options.h"
#include "base/result.h"

namespace hermes::apps {

struct PerplexityEvalOptions {
  TextOptions text;
  std::string against;  // the reference, "" for none
};

std::vector<CLI::Option*> add_perplexity_options(CLI::App& command, PerplexityEvalOptions& options);

Status evaluate_perplexity(const ModelOptions& model, const PerplexityEvalOptions& options, bool as_json);

}  // namespace hermes::apps
