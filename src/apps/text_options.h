// A text file, cut into chunks of tokens: what commands measure a model over.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/text_chunks.h"
#include "tokenizer/tokenizer.h"

namespace hermes::apps {

struct TextOptions {
  std::string path;
  engine::ChunkOptions chunks;
};

// --text, --ctx, --chunks, in this order; none is required.
std::vector<CLI::Option*> add_text_options(CLI::App& command, TextOptions& options);

Result<engine::TextChunks> read_text_chunks(const tokenizer::Tokenizer& tokenizer, const TextOptions& options);

}  // namespace hermes::apps
