// The "model" field of a tokenizer.json: vocabulary, merges and options of BPE, checked against each other.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/model_fields.h"

namespace hermes::tokenizer {

Result<ModelFields> read_model(const JsonObject& model);

}  // namespace hermes::tokenizer
