// The subcommands of `hermes`. Each registers its options and leaves what it will do in `action`, should the user call
// it. No logic lives here: commands read flags, call the folders below, and print.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/result.h"

namespace hermes::apps {

using Action = std::function<Status()>;

void add_info(CLI::App& app, Action& action);
void add_template(CLI::App& app, Action& action);
void add_tokenize(CLI::App& app, Action& action);
void add_train_tokenizer(CLI::App& app, Action& action);
void add_logits(CLI::App& app, Action& action);
void add_generate(CLI::App& app, Action& action);
void add_train(CLI::App& app, Action& action);
void add_parse(CLI::App& app, Action& action);
void add_chat(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_synth(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_quantize(CLI::App& app, Action& action);
void add_imatrix(CLI::App& app, Action& action);

}  // namespace hermes::apps
