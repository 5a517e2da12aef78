#include "formats/safetensors_dtype.h"

#include "base/check.h"

namespace hermes::formats {
namespace {

// In the order of the format's reference implementation (safetensors 0.8): ascending alignment, so that a
// writer that puts the highest first aligns every tensor.
constexpr StoredDType kStoredDTypes[] = {
    {"BOOL", 8, {}, 0},
    {"F4", 4, {}, 1},
    {"F6_E2M3", 6, {}, 2},
    {"F6_E3M2", 6, {}, 3},
    {"U8", 8, DType::kU8, 4},
    {"I8", 8, DType::kI8, 5},
    {"F8_E5M2", 8, DType::kF8_E5M2, 6},
    {"F8_E4M3", 8, DType::kF8_E4M3, 7},
    {"F8_E8M0", 8, {}, 8},
    {"F8_E4M3FNUZ", 8, {}, 9},
    {"F8_E5M2FNUZ", 8, {}, 10},
    {"I16", 16, {}, 11},
    {"U16", 16, {}, 12},
    {"F16", 16, DType::kF16, 13},
    {"BF16", 16, DType::kBF16, 14},
    {"I32", 32, DType::kI32, 15},
    {"U32", 32, {}, 16},
    {"F32", 32, DType::kF32, 17},
    {"C64", 64, {}, 18},
    {"F64", 64, {}, 19},
    {"I64", 64, {}, 20},
    {"U64", 64, {}, 21},
};

}  // namespace

const StoredDType* find_stored_dtype(std::string_view name) {
  for (const StoredDType& stored : kStoredDTypes) {
    if (stored.name == name) return &stored;
  }
  return nullptr;
}

const StoredDType& stored_dtype_of(DType dtype) {
  const StoredDType* stored = find_stored_dtype(name_of(dtype));
  HERMES_CHECK(stored != nullptr && stored->dtype == dtype, "{} is not in the table", name_of(dtype));
  return *stored;
}

}  // namespace hermes::formats
