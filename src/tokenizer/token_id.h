// TokenId: a row of the embedding. Dense from 0, never negative.
#pragma once

#include <cstdint>

namespace hermes::tokenizer {

using TokenId = int32_t;

}  // namespace hermes::tokenizer
