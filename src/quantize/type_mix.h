// Which block type each tensor of a model gets. A mix is a type for most matrices and rules that give those more bits
// which hurt most when they are rounded: Q4_K_M, Q5_K_S, ... The names, and which tensors they raise, are llama.cpp's, so
// that a file of a name is of the size and the kind that its users expect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/dtype.h"

namespace hermes::quantize {

struct TypeMix {
  std::string_view name;
  DType base;
  uint32_t file_type;  // general.file_type: the number llama.cpp gives it
};

// By name, in any case: "q4_k_m". Invalid, with the names there are, otherwise.
Result<TypeMix> find_type_mix(std::string_view name);
std::string type_mix_names();

// What a matrix is for, by its GGUF name.
enum class MatrixRole { kEmbedding, kOutput, kAttentionV, kAttentionOutput, kDown, kOther };
struct MatrixPlace {
  MatrixRole role = MatrixRole::kOther;
  int64_t layer = 0;
};
MatrixPlace place_of(std::string_view gguf_name);

struct MixContext {
  std::string_view architecture;  // "llama", ...
  int64_t n_layers = 0;
  int64_t queries_per_kv_head = 1;
  bool tied_embeddings = false;  // the embedding is the output matrix, and treated as that
  bool has_importance = false;
};
DType type_in_mix(const TypeMix& mix, const MatrixPlace& place, const MixContext& context);

// `wanted`, or the type of about as many bits (or more) whose blocks fit rows of `row` elements; F16 where none does.
DType fitting_type(DType wanted, int64_t row);

// One tensor's own type: PATTERN=TYPE. A pattern is a part of the name; * stands for anything ("ffn_down", "blk.0.*").
struct TypeOverride {
  std::string pattern;
  DType dtype;
};
Result<TypeOverride> parse_type_override(std::string_view text);
bool matches(std::string_view pattern, std::string_view name);
// A type that can be written: F32, F16, BF16 and the block types that have an encoder.
Result<DType> parse_written_type(std::string_view name);

}  // namespace hermes::quantize
