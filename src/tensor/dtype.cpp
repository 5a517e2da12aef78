#include "tensor/dtype.h"

#include "base/check.h"

namespace hermes {
namespace {

constexpr DTypeInfo kDTypes[] = {
    {DType::kF32, "F32", 1, 4},          {DType::kF16, "F16", 1, 2},         {DType::kBF16, "BF16", 1, 2},
    {DType::kF8_E4M3, "F8_E4M3", 1, 1},  {DType::kF8_E5M2, "F8_E5M2", 1, 1}, {DType::kI8, "I8", 1, 1},
    {DType::kI32, "I32", 1, 4},          {DType::kU8, "U8", 1, 1},           {DType::kQ4_0, "Q4_0", 32, 18},
    {DType::kQ4_1, "Q4_1", 32, 20},      {DType::kQ5_0, "Q5_0", 32, 22},     {DType::kQ5_1, "Q5_1", 32, 24},
    {DType::kQ8_0, "Q8_0", 32, 34},      {DType::kQ2_K, "Q2_K", 256, 84},    {DType::kQ3_K, "Q3_K", 256, 110},
    {DType::kQ4_K, "Q4_K", 256, 144},    {DType::kQ5_K, "Q5_K", 256, 176},   {DType::kQ6_K, "Q6_K", 256, 210},
    {DType::kIQ1_S, "IQ1_S", 256, 50},   {DType::kIQ1_M, "IQ1_M", 256, 56},  {DType::kIQ2_XXS, "IQ2_XXS", 256, 66},
    {DType::kIQ2_XS, "IQ2_XS", 256, 74}, {DType::kIQ2_S, "IQ2_S", 256, 82},  {DType::kIQ3_XXS, "IQ3_XXS", 256, 98},
    {DType::kIQ3_S, "IQ3_S", 256, 110},  {DType::kIQ4_NL, "IQ4_NL", 32, 18}, {DType::kIQ4_XS, "IQ4_XS", 256, 136},
    {DType::kMXFP4, "MXFP4", 32, 17},
};
static_assert(std::size(kDTypes) == kDTypesCount);

}  // namespace

const DTypeInfo& info_of(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }

size_t size_of(DType dtype) {
  HERMES_CHECK(!is_block_type(dtype), "{} has no size per element", name_of(dtype));
  return info_of(dtype).block_bytes;
}

std::string_view name_of(DType dtype) { return info_of(dtype).name; }

std::optional<DType> dtype_of(std::string_view name) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == name) return info.dtype;
  }
  return std::nullopt;
}

size_t bytes_of(DType dtype, int64_t n) {
  const DTypeInfo& info = info_of(dtype);
  HERMES_CHECK(n % info.block_elements == 0, "{} elements are no whole number of blocks of {}", n, info.name);
  return static_cast<size_t>(n / info.block_elements) * info.block_bytes;
}

}  // namespace hermes
