#include "formats/gguf_metadata.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "formats/gguf_bytes.h"
#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

using Type = GgufValueType;

// Integers as a sign-extended 64-bit pattern; a u64 above 2^63 - 1 comes out negative.
int64_t load_integer(Type type, const std::byte* at) {
  switch (type) {
    case Type::kU8:
      return load_little_endian<uint8_t>(at);
    case Type::kI8:
      return static_cast<int8_t>(load_little_endian<uint8_t>(at));
    case Type::kU16:
      return load_little_endian<uint16_t>(at);
    case Type::kI16:
      return static_cast<int16_t>(load_little_endian<uint16_t>(at));
    case Type::kU32:
      return load_little_endian<uint32_t>(at);
    case Type::kI32:
      return static_cast<int32_t>(load_little_endian<uint32_t>(at));
    default:
      return static_cast<int64_t>(load_little_endian<uint64_t>(at));
  }
}

double load_float(Type type, const std::byte* at) {
  if (type == Type::kF32) return static_cast<double>(std::bit_cast<float>(load_little_endian<uint32_t>(at)));
  return std::bit_cast<double>(load_little_endian<uint64_t>(at));
}

std::string_view text_of(const GgufValue& value) {
  return {reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()};
}

// As what follows "is".
std::string type_phrase(const GgufValue& value) {
  if (value.type == Type::kString) return "a string";
  if (value.type == Type::kArray) return fmt::format("an array of type {}", name_of(value.element_type));
  return fmt::format("of type {}", name_of(value.type));
}

std::string describe_scalar(Type type, const std::byte* at) {
  if (type == Type::kBool) return std::to_integer<int>(*at) != 0 ? "true" : "false";
  if (type == Type::kF32) return fmt::format("{}", static_cast<float>(load_float(type, at)));
  if (type == Type::kF64) return fmt::format("{}", load_float(type, at));
  if (type == Type::kU64) return fmt::format("{}", load_little_endian<uint64_t>(at));
  return fmt::format("{}", load_integer(type, at));
}

}  // namespace

uint64_t GgufStrings::iterator::length() const { return load_little_endian<uint64_t>(at_); }

int64_t GgufIntegers::operator[](uint64_t i) const {
  HERMES_CHECK(i < array_.count, "element {} of {}", i, array_.count);
  const int64_t value = load_integer(array_.element_type, array_.bytes.data() + i * size_of(array_.element_type));
  return array_.element_type == Type::kU64 ? std::max<int64_t>(value, -1) : value;
}

GgufMetadata::GgufMetadata(std::string what, std::vector<GgufEntry> entries)
    : what_(std::move(what)), entries_(std::move(entries)) {
  by_key_.resize(entries_.size());
  for (size_t i = 0; i < by_key_.size(); ++i) by_key_[i] = i;
  std::sort(by_key_.begin(), by_key_.end(), [&](size_t a, size_t b) { return entries_[a].key < entries_[b].key; });
}

const GgufEntry* GgufMetadata::find(std::string_view key) const {
  const auto at = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                   [&](size_t i, std::string_view k) { return entries_[i].key < k; });
  return at != by_key_.end() && entries_[*at].key == key ? &entries_[*at] : nullptr;
}

std::string GgufMetadata::subject(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return fmt::format("{}: key {}", what_, quoted_name(key));
  return fmt::format("{}: key {} (byte {})", what_, quoted_name(key), entry->at);
}

Error GgufMetadata::wrong_type(const GgufEntry& entry, std::string_view expected) const {
  return Error::corrupt("{} is {}, must be {}", subject(entry.key), type_phrase(entry.value), expected);
}

Error GgufMetadata::missing(std::string_view key) const { return Error::corrupt("{} is missing", subject(key)); }

Result<std::optional<int64_t>> GgufMetadata::optional_integer(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::optional<int64_t>();
  if (!is_integer(entry->value.type)) return wrong_type(*entry, "an integer");
  const int64_t value = load_integer(entry->value.type, entry->value.bytes.data());
  if (entry->value.type == Type::kU64 && value < 0) {
    return Error::corrupt("{} is {}, no integer below 2^63", subject(key), describe(entry->value));
  }
  return std::optional(value);
}

Result<std::optional<double>> GgufMetadata::optional_number(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::optional<double>();
  if (!is_float(entry->value.type)) return wrong_type(*entry, "an f32 or f64");
  const double value = load_float(entry->value.type, entry->value.bytes.data());
  if (!std::isfinite(value)) return Error::corrupt("{} is {}, must be finite", subject(key), value);
  return std::optional(value);
}

Result<std::optional<bool>> GgufMetadata::optional_boolean(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::optional<bool>();
  if (entry->value.type != Type::kBool) return wrong_type(*entry, "a bool");
  return std::optional(std::to_integer<int>(entry->value.bytes.front()) != 0);
}

Result<std::optional<std::string_view>> GgufMetadata::optional_string(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::optional<std::string_view>();
  if (entry->value.type != Type::kString) return wrong_type(*entry, "a string");
  const std::string_view text = text_of(entry->value);
  if (const size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    return Error::corrupt("{} is not UTF-8 at byte {} of its text", subject(key), bad);
  }
  return std::optional(text);
}

Result<std::optional<GgufStrings>> GgufMetadata::optional_strings(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::optional<GgufStrings>();
  if (entry->value.type != Type::kArray || entry->value.element_type != Type::kString) {
    return wrong_type(*entry, "an array of strings");
  }
  return std::optional(GgufStrings(entry->value));
}

Result<std::optional<GgufIntegers>> GgufMetadata::optional_integers(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::optional<GgufIntegers>();
  if (entry->value.type != Type::kArray || !is_integer(entry->value.element_type)) {
    return wrong_type(*entry, "an array of integers");
  }
  return std::optional(GgufIntegers(entry->value));
}

Result<int64_t> GgufMetadata::integer(std::string_view key) const {
  HERMES_ASSIGN(const std::optional<int64_t> value, optional_integer(key));
  if (!value) return missing(key);
  return *value;
}

Result<double> GgufMetadata::number(std::string_view key) const {
  HERMES_ASSIGN(const std::optional<double> value, optional_number(key));
  if (!value) return missing(key);
  return *value;
}

Result<std::string_view> GgufMetadata::string(std::string_view key) const {
  HERMES_ASSIGN(const std::optional<std::string_view> value, optional_string(key));
  if (!value) return missing(key);
  return *value;
}

Result<GgufStrings> GgufMetadata::strings(std::string_view key) const {
  HERMES_ASSIGN(const std::optional<GgufStrings> value, optional_strings(key));
  if (!value) return missing(key);
  return *value;
}

bool same_value(const GgufValue& a, const GgufValue& b) {
  return a.type == b.type && a.element_type == b.element_type && a.count == b.count &&
         std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
}

std::string describe(const GgufValue& value) {
  if (value.type == Type::kString) return quoted_name(text_of(value));
  if (value.type != Type::kArray) return describe_scalar(value.type, value.bytes.data());
  constexpr uint64_t kShown = 8;
  const size_t size = size_of(value.element_type);
  if (size == 0 || value.count > kShown) {
    return fmt::format("[{} {}{}]", value.count, name_of(value.element_type), value.count == 1 ? "" : "s");
  }
  std::string text = "[";
  for (uint64_t i = 0; i < value.count; ++i) {
    text += (i > 0 ? ", " : "") + describe_scalar(value.element_type, value.bytes.data() + i * size);
  }
  return text + "]";
}

}  // namespace hermes::formats
