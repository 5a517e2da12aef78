// What surrounds the weights of a model folder (vocabulary, special tokens, chat templates, recommended sampling) as GGUF
// metadata; inside the folder only.
#pragma once

#include "base/result.h"
#include "formats/gguf_writer.h"
#include "model_files/model_files.h"

namespace hermes::quantize {

// `vocab_size`: rows of the embedding; ids without a token are filled up to it. Sets nothing where there is no vocabulary.
Status describe_text(const model_files::ModelFiles& files, int64_t vocab_size, formats::GgufFields& fields);

}  // namespace hermes::quantize
