#include "formats/gguf_reader.h"

#include "formats/gguf_header.h"

namespace hermes::formats {

Error GgufReader::ends_in(std::string_view subject) const {
  return Error::corrupt("{}: {}: the file ends at byte {}, in the midst of what begins at byte {}", what_, subject,
                        bytes_.size(), at_);
}

Result<std::string_view> GgufReader::string(std::string_view subject) {
  HERMES_ASSIGN(const uint64_t length, number<uint64_t>(subject));
  if (length > left()) {
    return Error::corrupt("{}: {}: a string of {} bytes, but only {} follow (byte {})", what_, subject, length, left(),
                          at_ - sizeof(uint64_t));
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data() + at_), length);
  at_ += length;
  return text;
}

Result<GgufValueType> GgufReader::value_type(std::string_view subject) {
  HERMES_ASSIGN(const uint32_t type, number<uint32_t>(subject));
  if (type >= kGgufValueTypesCount) {
    return Error::corrupt("{}: {}: {} is no type of value (byte {})", what_, subject, type, at_ - sizeof(uint32_t));
  }
  return static_cast<GgufValueType>(type);
}

Status GgufReader::booleans(uint64_t begin, uint64_t count, std::string_view subject) const {
  for (uint64_t i = 0; i < count; ++i) {
    const int value = std::to_integer<int>(bytes_[begin + i]);
    if (value > 1) {
      return Error::corrupt("{}: {}: a bool is 0 or 1, not {} (byte {})", what_, subject, value, begin + i);
    }
  }
  return {};
}

// Steps over them by hand: vocabularies make this the one loop of the reader that counts.
Status GgufReader::strings(uint64_t count, std::string_view subject) {
  for (uint64_t i = 0; i < count; ++i) {
    if (left() < sizeof(uint64_t)) return ends_in(fmt::format("{}, string {}", subject, i));
    const auto length = load_little_endian<uint64_t>(bytes_.data() + at_);
    if (length > left() - sizeof(uint64_t)) {
      return Error::corrupt("{}: {}: string {} has {} bytes, but only {} follow (byte {})", what_, subject, i, length,
                            left() - sizeof(uint64_t), at_);
    }
    at_ += sizeof(uint64_t) + length;
  }
  return {};
}

Status GgufReader::array(GgufValue& value, std::string_view subject, int depth) {
  if (depth > kMaxGgufArrayDepth) {
    return Error::corrupt("{}: {}: arrays nested more than {} deep (byte {})", what_, subject, kMaxGgufArrayDepth, at_);
  }
  HERMES_ASSIGN(value.element_type, value_type(subject));
  const uint64_t count_at = at_;
  HERMES_ASSIGN(value.count, number<uint64_t>(subject));
  // The fewest bytes that an element takes; nothing is believed or begun before there are as many.
  const size_t fixed = size_of(value.element_type);
  const size_t least = fixed > 0 ? fixed : value.element_type == GgufValueType::kString ? 8 : 12;
  if (value.count > left() / least) {
    return Error::corrupt("{}: {}: an array of {} elements of type {}, but only {} bytes follow (byte {})", what_,
                          subject, value.count, name_of(value.element_type), left(), count_at);
  }
  const uint64_t begin = at_;
  if (fixed > 0) {
    at_ += fixed * value.count;
    if (value.element_type == GgufValueType::kBool) HERMES_TRY(booleans(begin, value.count, subject));
  } else if (value.element_type == GgufValueType::kString) {
    HERMES_TRY(strings(value.count, subject));
  } else {
    for (uint64_t i = 0; i < value.count; ++i) {
      GgufValue inner;
      HERMES_TRY(array(inner, subject, depth + 1));
    }
  }
  value.bytes = bytes_.subspan(begin, at_ - begin);
  return {};
}

Result<GgufValue> GgufReader::value(std::string_view subject) {
  GgufValue value;
  HERMES_ASSIGN(value.type, value_type(subject));
  if (value.type == GgufValueType::kArray) {
    HERMES_TRY(array(value, subject, 1));
    return value;
  }
  if (value.type == GgufValueType::kString) {
    HERMES_ASSIGN(const std::string_view text, string(subject));
    value.bytes = std::as_bytes(std::span(text));
    return value;
  }
  const size_t size = size_of(value.type);
  if (left() < size) return ends_in(subject);
  value.bytes = bytes_.subspan(at_, size);
  if (value.type == GgufValueType::kBool) HERMES_TRY(booleans(at_, 1, subject));
  at_ += size;
  return value;
}

}  // namespace hermes::formats
