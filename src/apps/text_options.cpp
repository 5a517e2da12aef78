#include "apps/text_options.h"

#include "base/file.h"

namespace hermes::apps {
namespace {

constexpr size_t kMostTextBytes = size_t{256} << 20;  // days of work for any model

}  // namespace

std::vector<CLI::Option*> add_text_options(CLI::App& command, TextOptions& options) {
  return {command.add_option("-f,--text", options.path, "plain text file")->option_text("FILE"),
          command.add_option("-c,--ctx", options.chunks.size, "tokens of a chunk; each is run by itself")
              ->check(CLI::Range(4, 1 << 24))
              ->capture_default_str(),
          command.add_option("--chunks", options.chunks.most, "only so many chunks, from the text's beginning")
              ->check(CLI::PositiveNumber)
              ->option_text("N")};
}

Result<engine::TextChunks> read_text_chunks(const tokenizer::Tokenizer& tokenizer, const TextOptions& options) {
  HERMES_ASSIGN(const std::string text, read_text_file(options.path, kMostTextBytes));
  return engine::cut_into_chunks(tokenizer, text, options.path, options.chunks);
}

}  // namespace hermes::apps
