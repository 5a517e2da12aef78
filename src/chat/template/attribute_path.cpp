#include "chat/template/attribute_path.h"

#include <algorithm>
#include <charconv>

#include "chat/template/methods.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {

bool AttributePath::read_text(std::string_view path) {
  while (true) {
    const size_t dot = std::min(path.find('.'), path.size());
    const std::string_view part = path.substr(0, dot);
    int64_t index = 0;
    const auto end = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool number = end.ec == std::errc() && end.ptr == part.data() + part.size() && !part.starts_with('-');
    parts_.push_back(number ? Value::of(index) : run_->copy(part));
    if (!run_->charge(1)) return false;
    if (dot == path.size()) return true;
    path.remove_prefix(dot + 1);
  }
}

bool AttributePath::read(const Value& attribute) {
  if (attribute.is_missing() || attribute.is_none()) return true;
  if (attribute.is_string()) return read_text(attribute.text());
  parts_.push_back(attribute);
  return true;
}

Value AttributePath::get(const Value& item, const Value& otherwise) const {
  Value value = item;
  if (!run_->charge(parts_.size())) return Value::failed();
  for (const Value& part : parts_) {
    value = get_item(*run_, value, part);
    if (value.is_undefined() && !otherwise.is_missing() && !otherwise.is_none()) value = otherwise;
    if (value.is_failed()) break;
  }
  return value;
}

Value ignore_case(Run& run, const Value& value) {
  if (!value.is_string()) return value;
  if (!run.charge_letters(value.text().size())) return Value::failed();
  return run.copy_like(value, to_lower(value.text()));
}

}  // namespace hermes::chat::jinja
