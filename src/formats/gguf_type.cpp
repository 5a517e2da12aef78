#include "formats/gguf_type.h"

#include <array>
#include <utility>

namespace hermes::formats {
namespace {

struct ValueType {
  std::string_view name;
  size_t size;
};
constexpr std::array<ValueType, kGgufValueTypesCount> kValueTypes = {{{"u8", 1},
                                                                      {"i8", 1},
                                                                      {"u16", 2},
                                                                      {"i16", 2},
                                                                      {"u32", 4},
                                                                      {"i32", 4},
                                                                      {"f32", 4},
                                                                      {"bool", 1},
                                                                      {"string", 0},
                                                                      {"array", 0},
                                                                      {"u64", 8},
                                                                      {"i64", 8},
                                                                      {"f64", 8}}};

// Ascending by number. The sizes of our own types are tested against tensor/dtype.h.
constexpr GgufTensorType kTensorTypes[] = {
    {0, "F32", 1, 4, DType::kF32},
    {1, "F16", 1, 2, DType::kF16},
    {2, "Q4_0", 32, 18, DType::kQ4_0},
    {3, "Q4_1", 32, 20, DType::kQ4_1},
    {6, "Q5_0", 32, 22, DType::kQ5_0},
    {7, "Q5_1", 32, 24, DType::kQ5_1},
    {8, "Q8_0", 32, 34, DType::kQ8_0},
    {9, "Q8_1", 32, 36, {}},
    {10, "Q2_K", 256, 84, DType::kQ2_K},
    {11, "Q3_K", 256, 110, DType::kQ3_K},
    {12, "Q4_K", 256, 144, DType::kQ4_K},
    {13, "Q5_K", 256, 176, DType::kQ5_K},
    {14, "Q6_K", 256, 210, DType::kQ6_K},
    {15, "Q8_K", 256, 292, {}},
    {16, "IQ2_XXS", 256, 66, DType::kIQ2_XXS},
    {17, "IQ2_XS", 256, 74, DType::kIQ2_XS},
    {18, "IQ3_XXS", 256, 98, DType::kIQ3_XXS},
    {19, "IQ1_S", 256, 50, DType::kIQ1_S},
    {20, "IQ4_NL", 32, 18, DType::kIQ4_NL},
    {21, "IQ3_S", 256, 110, DType::kIQ3_S},
    {22, "IQ2_S", 256, 82, DType::kIQ2_S},
    {23, "IQ4_XS", 256, 136, DType::kIQ4_XS},
    {24, "I8", 1, 1, DType::kI8},
    {25, "I16", 1, 2, {}},
    {26, "I32", 1, 4, DType::kI32},
    {27, "I64", 1, 8, {}},
    {28, "F64", 1, 8, {}},
    {29, "IQ1_M", 256, 56, DType::kIQ1_M},
    {30, "BF16", 1, 2, DType::kBF16},
    {34, "TQ1_0", 256, 54, {}},
    {35, "TQ2_0", 256, 66, {}},
    {39, "MXFP4", 32, 17, DType::kMXFP4},
    {40, "NVFP4", 64, 36, {}},
    {41, "Q1_0", 128, 18, {}},
    {42, "Q2_0", 64, 18, {}},
};

constexpr std::pair<uint32_t, std::string_view> kRemovedTypes[] = {
    {4, "Q4_2"},      {5, "Q4_3"},        {31, "Q4_0_4_4"},   {32, "Q4_0_4_8"},
    {33, "Q4_0_8_8"}, {36, "IQ4_NL_4_4"}, {37, "IQ4_NL_4_8"}, {38, "IQ4_NL_8_8"},
};

}  // namespace

std::string_view name_of(GgufValueType type) { return kValueTypes[static_cast<size_t>(type)].name; }
size_t size_of(GgufValueType type) { return kValueTypes[static_cast<size_t>(type)].size; }

bool is_integer(GgufValueType type) {
  return type <= GgufValueType::kI32 || type == GgufValueType::kU64 || type == GgufValueType::kI64;
}
bool is_float(GgufValueType type) { return type == GgufValueType::kF32 || type == GgufValueType::kF64; }

const GgufTensorType* find_gguf_type(uint32_t number) {
  for (const GgufTensorType& type : kTensorTypes) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

const GgufTensorType* find_gguf_type(DType dtype) {
  for (const GgufTensorType& type : kTensorTypes) {
    if (type.dtype == dtype) return &type;
  }
  return nullptr;
}

std::string_view removed_gguf_type_name(uint32_t number) {
  for (const auto& [removed, name] : kRemovedTypes) {
    if (removed == number) return name;
  }
  return {};
}

}  // namespace hermes::formats
