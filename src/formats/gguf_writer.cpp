#include "formats/gguf_writer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "formats/gguf_bytes.h"
#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

namespace fs = std::filesystem;
using Type = GgufValueType;

void append_string(std::string& out, std::string_view text) {
  append_little_endian<uint64_t>(out, text.size());
  out += text;
}

template <class T>
std::string number(T value) {
  std::string out;
  append_little_endian<std::make_unsigned_t<T>>(out, static_cast<std::make_unsigned_t<T>>(value));
  return out;
}

std::string array_head(Type element, size_t count) {
  std::string out;
  append_little_endian<uint32_t>(out, static_cast<uint32_t>(element));
  append_little_endian<uint64_t>(out, count);
  return out;
}

Status check_names(std::span<const GgufTensorPlan> tensors, std::string_view what) {
  std::vector<std::string_view> names;
  for (const GgufTensorPlan& plan : tensors) {
    if (plan.name.empty() || plan.name.size() > kMaxGgufTensorNameBytes ||
        find_invalid_utf8(plan.name) != std::string_view::npos) {
      return Error::invalid("{}: {} cannot be the name of a tensor", what, quoted_name(plan.name));
    }
    names.push_back(plan.name);
  }
  std::sort(names.begin(), names.end());
  const auto repeated = std::adjacent_find(names.begin(), names.end());
  if (repeated != names.end()) return Error::invalid("{}: two tensors are named {}", what, quoted_name(*repeated));
  return {};
}

Result<uint64_t> bytes_of(const GgufTensorPlan& plan, std::string_view what) {
  HERMES_CHECK(plan.type != nullptr, "tensor {} has no type", plan.name);
  const int rank = plan.shape.rank();
  const int64_t row = rank == 0 ? 1 : plan.shape[rank - 1];
  if (row % plan.type->block_elements != 0) {
    return Error::invalid("{}: tensor {}: rows of {} elements are not whole blocks of the {} that {} has", what,
                          quoted_name(plan.name), row, plan.type->block_elements, plan.type->name);
  }
  return static_cast<uint64_t>(plan.shape.elements() / plan.type->block_elements * plan.type->block_bytes);
}

}  // namespace

Result<uint64_t> padded_gguf_bytes(const GgufTensorPlan& plan, uint64_t alignment, std::string_view what) {
  HERMES_ASSIGN(const uint64_t bytes, bytes_of(plan, what));
  return round_up(bytes, alignment);
}

void GgufFields::put(std::string_view key, Type type, std::string_view value) {
  HERMES_CHECK(!key.empty() && key.size() <= kMaxGgufKeyBytes &&
                   std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; }),
               "key {}", quoted_name(key));
  if (key == kGgufAlignmentKey) {
    HERMES_CHECK(type == Type::kU32, "general.alignment is of type {}", name_of(type));
    alignment_ = load_little_endian<uint32_t>(std::as_bytes(std::span(value)).data());
    HERMES_CHECK(std::has_single_bit(alignment_) && alignment_ >= kMinGgufAlignment && alignment_ <= kMaxGgufAlignment,
                 "general.alignment {}", alignment_);
  }
  std::string encoded;
  append_little_endian<uint32_t>(encoded, static_cast<uint32_t>(type));
  encoded += value;
  const auto same = std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) { return field.key == key; });
  if (same != fields_.end()) {
    same->value = std::move(encoded);
  } else {
    fields_.push_back({std::string(key), std::move(encoded)});
  }
}

void GgufFields::set_u16(std::string_view key, uint16_t value) { put(key, Type::kU16, number(value)); }
void GgufFields::set_u32(std::string_view key, uint32_t value) { put(key, Type::kU32, number(value)); }
void GgufFields::set_i32(std::string_view key, int32_t value) { put(key, Type::kI32, number(value)); }
void GgufFields::set_u64(std::string_view key, uint64_t value) { put(key, Type::kU64, number(value)); }
void GgufFields::set_f32(std::string_view key, float value) {
  put(key, Type::kF32, number(std::bit_cast<uint32_t>(value)));
}
void GgufFields::set_bool(std::string_view key, bool value) { put(key, Type::kBool, std::string(1, value ? 1 : 0)); }

void GgufFields::set_string(std::string_view key, std::string_view value) {
  std::string out;
  append_string(out, value);
  put(key, Type::kString, out);
}

void GgufFields::set_strings(std::string_view key, std::span<const std::string_view> values) {
  std::string out = array_head(Type::kString, values.size());
  for (const std::string_view value : values) append_string(out, value);
  put(key, Type::kArray, out);
}

void GgufFields::set_i32s(std::string_view key, std::span<const int32_t> values) {
  std::string out = array_head(Type::kI32, values.size());
  for (const int32_t value : values) out += number(value);
  put(key, Type::kArray, out);
}

void GgufFields::set(std::string_view key, const GgufValue& value) {
  const std::string_view bytes(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  if (value.type == Type::kString) return set_string(key, bytes);
  if (value.type != Type::kArray) return put(key, value.type, bytes);
  put(key, Type::kArray, array_head(value.element_type, value.count).append(bytes));
}

std::string GgufFields::encoded() const {
  std::string out;
  for (const Field& field : fields_) {
    append_string(out, field.key);
    out += field.value;
  }
  return out;
}

Result<GgufWriter::Layout> GgufWriter::layout_of(const GgufFields& fields, std::span<const GgufTensorPlan> tensors,
                                                 const std::string& what) {
  HERMES_TRY(check_names(tensors, what));
  Layout layout{.head = std::string(kGgufMagic), .sizes = {}};
  std::string& head = layout.head;
  append_little_endian<uint32_t>(head, kGgufVersion);
  append_little_endian<uint64_t>(head, tensors.size());
  append_little_endian<uint64_t>(head, fields.size());
  head += fields.encoded();
  uint64_t offset = 0;
  for (const GgufTensorPlan& plan : tensors) {
    HERMES_ASSIGN(const uint64_t bytes, bytes_of(plan, what));
    append_string(head, plan.name);
    append_little_endian<uint32_t>(head, static_cast<uint32_t>(plan.shape.rank()));
    for (int i = plan.shape.rank(); i-- > 0;)
      append_little_endian<uint64_t>(head, static_cast<uint64_t>(plan.shape[i]));
    append_little_endian<uint32_t>(head, plan.type->number);
    append_little_endian<uint64_t>(head, offset);
    offset += round_up(bytes, fields.alignment());
    layout.sizes.push_back(bytes);
  }
  head.resize(round_up(head.size(), fields.alignment()));
  return layout;
}

Result<GgufWriter> GgufWriter::create(const fs::path& path, const GgufFields& fields,
                                      std::span<const GgufTensorPlan> tensors) {
  HERMES_ASSIGN(Layout layout, layout_of(fields, tensors, path.string()));
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HERMES_TRY(file.write(layout.head));
  GgufWriter writer(std::move(file), std::move(layout.sizes), fields.alignment(), 0);
  HERMES_TRY(writer.finish_tensors());
  return writer;
}

Result<GgufWriter> GgufWriter::resume(const fs::path& path, const GgufFields& fields,
                                      std::span<const GgufTensorPlan> tensors, size_t n_done) {
  HERMES_CHECK(n_done <= tensors.size(), "{} of {} tensors", n_done, tensors.size());
  HERMES_ASSIGN(Layout layout, layout_of(fields, tensors, path.string()));
  uint64_t keep = 0;
  if (n_done > 0) {
    const fs::path part = AtomicFile::part_path(path);
    HERMES_ASSIGN(const std::shared_ptr<const MappedFile> there, MappedFile::open(part));
    const auto head = std::as_bytes(std::span(layout.head));
    if (there->bytes().size() < head.size() || !std::equal(head.begin(), head.end(), there->bytes().begin())) {
      return Error::corrupt("{}: it is of another model or other settings; delete it to begin anew", part.string());
    }
    keep = head.size();
    for (size_t i = 0; i < n_done; ++i) keep += round_up(layout.sizes[i], fields.alignment());
  }
  HERMES_ASSIGN(AtomicFile file, AtomicFile::resume(path, keep));
  if (n_done == 0) HERMES_TRY(file.write(layout.head));
  GgufWriter writer(std::move(file), std::move(layout.sizes), fields.alignment(), n_done);
  HERMES_TRY(writer.finish_tensors());
  return writer;
}

uint64_t GgufWriter::bytes_left() const { return tensor_ < sizes_.size() ? sizes_[tensor_] - written_ : 0; }

// Pads and leaves behind what is complete; empty tensors are from the start.
Status GgufWriter::finish_tensors() {
  for (; tensor_ < sizes_.size() && written_ == sizes_[tensor_]; ++tensor_, written_ = 0) {
    HERMES_TRY(file_.write(std::string(round_up(written_, alignment_) - written_, '\0')));
  }
  return {};
}

Status GgufWriter::append(std::span<const std::byte> bytes) {
  HERMES_CHECK(bytes.size() <= bytes_left(), "{} bytes for a tensor that lacks {}", bytes.size(), bytes_left());
  HERMES_TRY(file_.write(bytes));
  written_ += bytes.size();
  return finish_tensors();
}

Status GgufWriter::commit() {
  HERMES_CHECK(tensor_ == sizes_.size(), "{} of {} tensors were written", tensor_, sizes_.size());
  return file_.commit();
}

}  // namespace hermes::formats
