#include "quantize/type_mix.h"

#include <algorithm>
#include <charconv>

#include "formats/gguf_type.h"
#include "tensor/quant/quant_format.h"

namespace hermes::quantize {
namespace {

constexpr TypeMix kMixes[] = {
    {"F32", DType::kF32, 0},      {"F16", DType::kF16, 1},        {"BF16", DType::kBF16, 32},
    {"Q8_0", DType::kQ8_0, 7},    {"Q6_K", DType::kQ6_K, 18},     {"Q5_K_M", DType::kQ5_K, 17},
    {"Q5_K_S", DType::kQ5_K, 16}, {"Q5_1", DType::kQ5_1, 9},      {"Q5_0", DType::kQ5_0, 8},
    {"Q4_K_M", DType::kQ4_K, 15}, {"Q4_K_S", DType::kQ4_K, 14},   {"Q4_1", DType::kQ4_1, 3},
    {"Q4_0", DType::kQ4_0, 2},    {"IQ4_NL", DType::kIQ4_NL, 25}, {"IQ4_XS", DType::kIQ4_XS, 30},
    {"MXFP4", DType::kMXFP4, 38}, {"Q3_K_L", DType::kQ3_K, 13},   {"Q3_K_M", DType::kQ3_K, 12},
    {"Q3_K_S", DType::kQ3_K, 11}, {"Q2_K", DType::kQ2_K, 10},     {"Q2_K_S", DType::kQ2_K, 21},
};
constexpr int64_t kLayersOf70B = 80;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// The first and last eighth of the layers, and every third between: where an M mix spends its bits.
bool in_chosen_layers(int64_t layer, int64_t n_layers) {
  const int64_t eighth = n_layers / 8;
  return layer < eighth || layer >= 7 * n_layers / 8 || (layer - eighth) % 3 == 2;
}

DType value_type(const TypeMix& mix, int64_t layer, const MixContext& context) {
  const bool shared = context.queries_per_kv_head >= 4;  // small, and many heads see its error
  DType type = mix.base;
  if (mix.name == "Q2_K") type = shared ? DType::kQ4_K : DType::kQ3_K;
  if (mix.name == "Q2_K_S" && shared) type = DType::kQ4_K;
  if (mix.name == "Q3_K_M") type = layer < 2 ? DType::kQ5_K : DType::kQ4_K;
  if (mix.name == "Q3_K_L") type = DType::kQ5_K;
  if ((mix.name == "IQ4_NL" || mix.name == "IQ4_XS") && shared) type = DType::kQ5_K;
  if ((mix.name == "Q4_K_M" || mix.name == "Q5_K_M") && in_chosen_layers(layer, context.n_layers)) type = DType::kQ6_K;
  if (mix.name == "Q4_K_S" && layer < 4) type = DType::kQ5_K;
  const bool is_70b = context.architecture == "llama" && context.n_layers == kLayersOf70B;
  if (is_70b && (type == DType::kQ3_K || type == DType::kQ4_K)) type = DType::kQ5_K;
  return type;
}

DType down_type(const TypeMix& mix, int64_t layer, const MixContext& context) {
  const bool first_eighth = layer < context.n_layers / 8;
  if (mix.name == "Q2_K") return DType::kQ3_K;
  if (mix.name == "Q2_K_S" && first_eighth) return DType::kQ4_K;
  if (mix.name == "Q3_K_M") return layer < context.n_layers / 16 ? DType::kQ5_K : DType::kQ4_K;
  if (mix.name == "Q3_K_L") return DType::kQ5_K;
  if ((mix.name == "Q4_K_M" || mix.name == "Q5_K_M") && in_chosen_layers(layer, context.n_layers)) return DType::kQ6_K;
  if (mix.name == "Q4_K_S" && first_eighth) return DType::kQ5_K;
  if ((mix.name == "IQ4_NL" || mix.name == "IQ4_XS") && first_eighth && !context.has_importance) return DType::kQ5_K;
  if (mix.name == "Q4_0" && first_eighth && context.has_importance) return DType::kQ4_1;
  if (mix.name == "Q5_0" && first_eighth && context.has_importance) return DType::kQ5_1;
  return mix.base;
}

DType attention_output_type(const TypeMix& mix) {
  if (mix.name == "Q2_K") return DType::kQ3_K;
  if (mix.name == "Q3_K_M") return DType::kQ4_K;
  if (mix.name == "Q3_K_L") return DType::kQ5_K;
  return mix.base;
}

bool fits(DType type, int64_t row) { return row % info_of(type).block_elements == 0; }

}  // namespace

Result<TypeMix> find_type_mix(std::string_view name) {
  const std::string wanted = upper(name);
  for (const TypeMix& mix : kMixes) {
    if (mix.name == wanted) return mix;
  }
  return Error::invalid("no type \"{}\"; there are {}", name, type_mix_names());
}

std::string type_mix_names() {
  std::string names;
  for (const TypeMix& mix : kMixes) names += (names.empty() ? "" : ", ") + std::string(mix.name);
  return names;
}

MatrixPlace place_of(std::string_view name) {
  if (name == "token_embd.weight") return {MatrixRole::kEmbedding, 0};
  if (name == "output.weight") return {MatrixRole::kOutput, 0};
  constexpr std::string_view kLayers = "blk.";
  MatrixPlace place;
  if (!name.starts_with(kLayers)) return place;
  name.remove_prefix(kLayers.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), place.layer);
  if (error != std::errc()) return place;
  name.remove_prefix(static_cast<size_t>(end - name.data()));
  if (name == ".attn_v.weight") place.role = MatrixRole::kAttentionV;
  if (name == ".attn_output.weight") place.role = MatrixRole::kAttentionOutput;
  if (name == ".ffn_down.weight") place.role = MatrixRole::kDown;
  return place;
}

DType type_in_mix(const TypeMix& mix, const MatrixPlace& place, const MixContext& context) {
  if (!is_block_type(mix.base)) return mix.base;
  MatrixRole role = place.role;
  if (role == MatrixRole::kEmbedding && context.tied_embeddings) role = MatrixRole::kOutput;
  switch (role) {
    case MatrixRole::kOutput:  // its error is in every logit
      return mix.base == DType::kQ8_0 || mix.base == DType::kMXFP4 ? DType::kQ8_0 : DType::kQ6_K;
    case MatrixRole::kAttentionV:
      return value_type(mix, place.layer, context);
    case MatrixRole::kDown:
      return down_type(mix, place.layer, context);
    case MatrixRole::kAttentionOutput:
      return attention_output_type(mix);
    case MatrixRole::kEmbedding:
    case MatrixRole::kOther:
      break;
  }
  return mix.base;
}

DType fitting_type(DType wanted, int64_t row) {
  if (fits(wanted, row)) return wanted;
  DType type = DType::kQ8_0;
  if (wanted == DType::kQ2_K || wanted == DType::kQ3_K || wanted == DType::kIQ4_XS) type = DType::kIQ4_NL;
  if (wanted == DType::kQ4_K) type = DType::kQ5_0;
  if (wanted == DType::kQ5_K) type = DType::kQ5_1;
  return fits(type, row) ? type : DType::kF16;
}

Result<DType> parse_written_type(std::string_view name) {
  const std::optional<DType> dtype = dtype_of(upper(name));
  std::string names;
  for (int i = 0; i < kDTypesCount; ++i) {
    const auto type = static_cast<DType>(i);
    const QuantFormat* format = quant_format(type);
    if (formats::find_gguf_type(type) == nullptr || (is_block_type(type) && format->encode == nullptr)) continue;
    if (!is_block_type(type) && type != DType::kF32 && type != DType::kF16 && type != DType::kBF16) continue;
    if (dtype == type) return type;
    names += (names.empty() ? "" : ", ") + std::string(name_of(type));
  }
  return Error::invalid("\"{}\" is no type that can be written; there are {}", name, names);
}

Result<TypeOverride> parse_type_override(std::string_view text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error::invalid("\"{}\" is not PATTERN=TYPE (such as ffn_down=Q6_K)", text);
  }
  HERMES_ASSIGN(const DType dtype, parse_written_type(text.substr(equals + 1)));
  return TypeOverride{std::string(text.substr(0, equals)), dtype};
}

bool matches(std::string_view pattern, std::string_view name) {
  size_t from = 0;
  while (!pattern.empty()) {
    const size_t star = std::min(pattern.find('*'), pattern.size());
    const size_t found = name.find(pattern.substr(0, star), from);
    if (found == std::string_view::npos) return false;
    from = found + star;
    pattern.remove_prefix(std::min(star + 1, pattern.size()));
  }
  return true;
}

}  // namespace hermes::quantize
