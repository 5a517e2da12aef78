// hermes: one binary for the whole life of a Hermes model.
#include <cstdio>
#include <exception>
#include <new>

#include "apps/commands.h"
#include "apps/embedded_model.h"

int main(int argc, char** argv) {
  constexpr int kFailed = 1, kWrongUsage = 2;
  CLI::App app(
      "hermes: run, serve and make Hermes 4 models, in one binary.\n"
      "MODEL is a folder in Hugging Face layout (config.json, tokenizer.json, *.safetensors), or a .gguf file.",
      "hermes");
  app.set_version_flag("--version", HERMES_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);

  hermes::apps::Action action;
  hermes::apps::register_embedded_model();
  hermes::apps::add_info(app, action);
  hermes::apps::add_chat(app, action);
  hermes::apps::add_generate(app, action);
  hermes::apps::add_template(app, action);
  hermes::apps::add_parse(app, action);
  hermes::apps::add_tokenize(app, action);
  hermes::apps::add_logits(app, action);
  hermes::apps::add_train_tokenizer(app, action);
  hermes::apps::add_train(app, action);
  hermes::apps::add_synth(app, action);
  hermes::apps::add_bench(app, action);
  hermes::apps::add_quantize(app, action);
  hermes::apps::add_imatrix(app, action);
  hermes::apps::add_eval(app, action);
  app.footer("hermes COMMAND --help shows a command's options and an example.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    return app.exit(asked_for_help);
  } catch (const CLI::ParseError& wrong) {
    app.exit(wrong);
    return kWrongUsage;
  }
  try {
    const hermes::Status done = action();
    if (done.ok()) return 0;
    std::fprintf(stderr, "hermes: %s\n", done.error().message().c_str());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "hermes: out of memory\n");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "hermes: %s\n", e.what());
  }
  return kFailed;
}
