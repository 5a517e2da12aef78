#include "formats/safetensors_header.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/json_events.h"
#include "base/utf8.h"
#include "formats/quoted_name.h"
#include "formats/safetensors_layout.h"

namespace hermes::formats {
namespace {

constexpr uint64_t kLengthBytes = 8;

// Takes the events of the JSON parser as they come: the grammar above is so small that a document in between
// would only cost memory, and the parser stops at the very byte where an event is refused.
class HeaderHandler : public UnboundedJsonEvents {
 public:
  explicit HeaderHandler(DataRange data) : data_(data) {}

  const std::optional<Error>& refusal() const { return refusal_; }
  SafetensorsHeader take();

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec);
  bool on_object_end(size_t, error_code& ec);
  bool on_array_begin(error_code& ec);
  bool on_array_end(size_t, error_code& ec);
  bool on_key_part(json::string_view part, size_t, error_code&) { return append(part); }
  bool on_key(json::string_view part, size_t, error_code& ec);
  bool on_string_part(json::string_view part, size_t, error_code&) { return append(part); }
  bool on_string(json::string_view part, size_t, error_code& ec);
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(int64_t value, json::string_view, error_code& ec) { return on_integer(value, ec); }
  bool on_uint64(uint64_t, json::string_view, error_code& ec) { return too_large(ec); }
  bool on_double(double, json::string_view, error_code& ec) { return too_large(ec); }
  bool on_bool(bool, error_code& ec) { return unexpected("a boolean", ec); }
  bool on_null(error_code& ec) { return unexpected("null", ec); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  enum class Place { kOutside, kRoot, kMetadata, kTensor, kShape, kOffsets };
  enum Field : unsigned { kDType = 1, kShapeField = 2, kOffsetsField = 4, kAllFields = 7 };

  bool append(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_integer(int64_t value, error_code& ec);
  bool begin_field(std::string_view key, error_code& ec);
  bool too_large(error_code& ec);
  bool unexpected(std::string_view found, error_code& ec);
  bool refuse(Error error, error_code& ec);
  std::string place_name() const;

  DataRange data_;
  Place place_ = Place::kOutside;
  std::string text_;  // the string or member name being read
  std::string key_;   // the last member name of the root or of the metadata
  StoredTensor tensor_;
  unsigned fields_seen_ = 0;  // of tensor_
  Field field_ = kDType;      // the last one begun
  std::array<int64_t, Shape::kMaxRank> numbers_{};
  size_t n_numbers_ = 0;
  std::map<std::string, StoredTensor, std::less<>> tensors_;
  SafetensorsMetadata metadata_;
  bool metadata_seen_ = false;
  std::optional<Error> refusal_;
};

bool HeaderHandler::refuse(Error error, error_code& ec) {
  refusal_ = std::move(error);
  ec = make_error_code(boost::system::errc::invalid_argument);
  return false;
}

// What the reader is in the middle of, as the subject of a message.
std::string HeaderHandler::place_name() const {
  const auto of_tensor = [&](std::string_view field) {
    return fmt::format("tensor {}: \"{}\"", quoted_name(tensor_.name), field);
  };
  switch (place_) {
    case Place::kOutside:
      return "the header";
    case Place::kRoot:
      return key_ == kSafetensorsMetadataName ? "\"__metadata__\"" : "tensor " + quoted_name(key_);
    case Place::kMetadata:
      return fmt::format("\"__metadata__\": {}", quoted_name(key_));
    case Place::kTensor:
      return of_tensor(field_ == kDType ? "dtype" : field_ == kShapeField ? "shape" : "data_offsets");
    case Place::kShape:
      return of_tensor("shape");
    case Place::kOffsets:
      return of_tensor("data_offsets");
  }
  return {};
}

bool HeaderHandler::unexpected(std::string_view found, error_code& ec) {
  std::string_view expected;
  switch (place_) {
    case Place::kOutside:
    case Place::kRoot:
      expected = "an object";
      break;
    case Place::kMetadata:
      expected = "a string";
      break;
    case Place::kTensor:
      expected = field_ == kDType ? "a string" : "an array of integers";
      break;
    case Place::kShape:
    case Place::kOffsets:
      expected = "an array of integers";
      break;
  }
  return refuse(Error::corrupt("{} must be {}, not {}", place_name(), expected, found), ec);
}

bool HeaderHandler::on_object_begin(error_code& ec) {
  if (place_ == Place::kOutside) {
    place_ = Place::kRoot;
  } else if (place_ == Place::kRoot && key_ == kSafetensorsMetadataName) {
    place_ = Place::kMetadata;
  } else if (place_ == Place::kRoot) {
    place_ = Place::kTensor;
    tensor_ = StoredTensor{};
    tensor_.name = key_;
    fields_seen_ = 0;
  } else {
    return unexpected("an object", ec);
  }
  return true;
}

bool HeaderHandler::on_object_end(size_t, error_code& ec) {
  if (place_ == Place::kRoot) {
    place_ = Place::kOutside;
    return true;
  }
  const bool was_tensor = place_ == Place::kTensor;
  place_ = Place::kRoot;
  if (!was_tensor) return true;
  for (const auto& [field, name] :
       {std::pair{kDType, "dtype"}, {kShapeField, "shape"}, {kOffsetsField, "data_offsets"}}) {
    if ((fields_seen_ & field) == 0) {
      return refuse(Error::corrupt("tensor {}: \"{}\" is missing", quoted_name(tensor_.name), name), ec);
    }
  }
  if (const auto fault = find_tensor_fault(tensor_, data_)) {
    return refuse(Error::corrupt("tensor {}: {}", quoted_name(tensor_.name), *fault), ec);
  }
  tensors_.emplace(key_, std::move(tensor_));
  return true;
}

bool HeaderHandler::on_array_begin(error_code& ec) {
  if (place_ != Place::kTensor || field_ == kDType) return unexpected("an array", ec);
  place_ = field_ == kShapeField ? Place::kShape : Place::kOffsets;
  n_numbers_ = 0;
  return true;
}

bool HeaderHandler::on_array_end(size_t, error_code& ec) {
  if (place_ == Place::kShape) {
    tensor_.shape = Shape(std::span(numbers_.data(), n_numbers_));
  } else {
    if (n_numbers_ != 2) {
      return refuse(Error::corrupt("{} must hold 2 integers, not {}", place_name(), n_numbers_), ec);
    }
    tensor_.begin = static_cast<uint64_t>(numbers_[0]);
    tensor_.end = static_cast<uint64_t>(numbers_[1]);
  }
  place_ = Place::kTensor;
  return true;
}

bool HeaderHandler::on_integer(int64_t value, error_code& ec) {
  if (place_ != Place::kShape && place_ != Place::kOffsets) return unexpected("a number", ec);
  if (value < 0) return refuse(Error::corrupt("{} holds {}, which is negative", place_name(), value), ec);
  const size_t most = place_ == Place::kShape ? numbers_.size() : 2;
  if (n_numbers_ == most && place_ == Place::kShape) {
    return refuse(Error::unsupported("{} has more than {} dimensions", place_name(), most), ec);
  }
  if (n_numbers_ == most) return refuse(Error::corrupt("{} must hold 2 integers, not more", place_name()), ec);
  numbers_[n_numbers_++] = value;
  return true;
}

bool HeaderHandler::too_large(error_code& ec) {
  if (place_ != Place::kShape && place_ != Place::kOffsets) return unexpected("a number", ec);
  return refuse(Error::corrupt("{} holds a number that is no integer below 2^63", place_name()), ec);
}

bool HeaderHandler::on_key(json::string_view part, size_t, error_code& ec) {
  append(part);
  std::string key = std::exchange(text_, {});
  if (place_ == Place::kTensor) return begin_field(key, ec);
  key_ = std::move(key);
  bool repeated = false;
  if (place_ == Place::kMetadata) {
    repeated = metadata_.contains(key_);
  } else if (key_ == kSafetensorsMetadataName) {
    repeated = std::exchange(metadata_seen_, true);
  } else {
    repeated = tensors_.contains(key_);
  }
  if (repeated) return refuse(Error::corrupt("{} is named twice", place_name()), ec);
  return true;
}

bool HeaderHandler::begin_field(std::string_view key, error_code& ec) {
  if (key == "dtype") {
    field_ = kDType;
  } else if (key == "shape") {
    field_ = kShapeField;
  } else if (key == "data_offsets") {
    field_ = kOffsetsField;
  } else {
    return refuse(Error::corrupt("tensor {}: the format has no field {}", quoted_name(tensor_.name), quoted_name(key)),
                  ec);
  }
  if ((fields_seen_ & field_) != 0) return refuse(Error::corrupt("{} is named twice", place_name()), ec);
  fields_seen_ |= field_;
  return true;
}

bool HeaderHandler::on_string(json::string_view part, size_t, error_code& ec) {
  append(part);
  std::string text = std::exchange(text_, {});
  if (place_ == Place::kMetadata) {
    metadata_.emplace(key_, std::move(text));
    return true;
  }
  if (place_ != Place::kTensor || field_ != kDType) return unexpected("a string", ec);
  tensor_.stored = find_stored_dtype(text);
  if (tensor_.stored == nullptr) {
    return refuse(Error::corrupt("{} is {}, which the format does not have", place_name(), quoted_name(text)), ec);
  }
  return true;
}

SafetensorsHeader HeaderHandler::take() {
  SafetensorsHeader header;
  header.metadata = std::move(metadata_);
  header.data_begin = data_.begin;
  header.tensors.reserve(tensors_.size());
  for (auto& [name, tensor] : tensors_) header.tensors.push_back(std::move(tensor));
  tensors_.clear();
  return header;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The header's text, once its length has been held against the file and the limit.
Result<std::string_view> header_text(std::span<const std::byte> file, std::string_view what) {
  if (as_text(file).starts_with("version https://git-lfs")) {
    return Error::corrupt("{}: a Git LFS pointer, not the file it stands for; fetch that with `git lfs pull`", what);
  }
  if (file.size() < kLengthBytes) {
    return Error::corrupt("{}: {} bytes, too short for a safetensors file", what, file.size());
  }
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= std::to_integer<uint64_t>(file[i]) << (8 * i);
  if (length > kMaxSafetensorsHeaderBytes) {
    return Error::corrupt("{}: header length {} at byte 0 is above the format's limit of {}; is this safetensors?",
                          what, length, kMaxSafetensorsHeaderBytes);
  }
  if (length > file.size() - kLengthBytes) {
    return Error::corrupt("{}: header length {} at byte 0 goes beyond the end of the file at byte {}", what, length,
                          file.size());
  }
  const std::string_view text = as_text(file.subspan(kLengthBytes, length));
  if (!text.starts_with('{')) return Error::corrupt("{}: header does not start with '{{' (byte 8)", what);
  if (const size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    return Error::corrupt("{}: header is not UTF-8 (byte {})", what, kLengthBytes + bad);
  }
  return text;
}

}  // namespace

const StoredTensor* SafetensorsHeader::find(std::string_view name) const {
  const auto at = std::lower_bound(tensors.begin(), tensors.end(), name,
                                   [](const StoredTensor& tensor, std::string_view n) { return tensor.name < n; });
  return at != tensors.end() && at->name == name ? &*at : nullptr;
}

Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file_bytes, std::string_view what) {
  HERMES_ASSIGN(const std::string_view text, header_text(file_bytes, what));
  const uint64_t data_begin = kLengthBytes + text.size();
  const DataRange data{data_begin, file_bytes.size() - data_begin};

  json::basic_parser<HeaderHandler> parser(json::parse_options{}, data);
  boost::system::error_code ec;
  const size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (const auto& refusal = parser.handler().refusal()) {
    return Error(refusal->code(), fmt::format("{}: {} (byte {})", what, refusal->message(), kLengthBytes + used));
  }
  if (ec) return Error::corrupt("{}: header is not JSON: {} (byte {})", what, ec.message(), kLengthBytes + used);
  if (const size_t rest = text.find_first_not_of(" \t\r\n", used); rest != std::string_view::npos) {
    return Error::corrupt("{}: text after the end of the header (byte {})", what, kLengthBytes + rest);
  }
  SafetensorsHeader header = parser.handler().take();
  HERMES_TRY(check_coverage(header, data, what));
  return header;
}

}  // namespace hermes::formats
