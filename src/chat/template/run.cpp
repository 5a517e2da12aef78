#include "chat/template/run.h"

#include <algorithm>

#include "chat/template/repr.h"

namespace hermes::chat::jinja {

Value Run::fail(Error error) {
  if (!error_) {
    error_.emplace(std::move(error));
    error_line_ = line_;
  }
  return Value::failed();
}

Value Run::fail_undefined(const Value& value) {
  const Undefined& u = *value.undefined;
  if (!u.hint.empty()) return fail("{}", u.hint);
  if (u.object.is_missing()) return fail("{} is undefined", quoted(u.name.text()));
  // Python's names for what has no attribute: 'dict object' has no attribute 'x'.
  const std::string object = u.object.is_none()        ? "None"
                             : u.object.is_undefined() ? "Undefined"
                                                       : fmt::format("{} object", type_name(u.object));
  std::string name;
  if (!append_repr(*this, name, u.name)) return Value::failed();
  if (u.name.is_string()) return fail("'{}' has no attribute {}", object, name);
  return fail("{} has no element {}", object, name);
}

bool Run::refuse() {
  if (failed()) return false;
  if (steps_left_ < 0) {
    fail(Error::exhausted("the template does not end: it took more than {} steps", options_.max_steps));
  } else {
    fail(Error::exhausted("the template uses more than {} bytes of memory", options_.max_memory));
  }
  return false;
}

bool Run::allow_text(size_t bytes) {
  if (bytes > options_.max_text) {
    fail(Error::exhausted("a text of {} bytes is larger than {}", bytes, options_.max_text));
    return false;
  }
  return charge_text(bytes);
}

bool Run::allow_items(size_t count) {
  if (count > kMaxListItems) {
    fail(Error::exhausted("a list of {} items is longer than {}", count, kMaxListItems));
    return false;
  }
  return charge(count / 8);
}

Value Run::copy(std::string_view text, bool markup) {
  if (!allow_text(text.size())) return Value::failed();
  return view({arena_.copy(text), text.size()}, markup);
}

Value Run::view(std::string_view text, bool markup) {
  return Value::of(arena_.make<String>(String{.text = text, .markup = markup}));
}

Value Run::concat(const Value& left, std::string_view right, bool markup) {
  const std::string_view text = left.text();
  const size_t size = text.size() + right.size();
  GrowingBlock* block = left.string->block;
  if (block != nullptr && block->data + block->used == text.data() + text.size() &&
      block->capacity - block->used >= right.size()) {
    // Nobody has written behind this string yet: it is extended where it lies, and stays what it was.
    if (!charge_text(right.size())) return Value::failed();
    if (!right.empty()) std::memcpy(block->data + block->used, right.data(), right.size());
    block->used += right.size();
    return Value::of(arena_.make<String>(
        String{.text = {block->data + block->used - size, size}, .block = block, .markup = markup}));
  }
  if (!allow_text(size)) return Value::failed();
  constexpr size_t kWorthRoom = 256;  // short texts are copied anew: most of them are never appended to
  const size_t capacity = text.size() < kWorthRoom ? size : 2 * size;
  char* data = static_cast<char*>(arena_.allocate(capacity + 1, 1));
  if (!text.empty()) std::memcpy(data, text.data(), text.size());
  if (!right.empty()) std::memcpy(data + text.size(), right.data(), right.size());
  GrowingBlock* grown = capacity > size ? arena_.make<GrowingBlock>(GrowingBlock{data, size, capacity}) : nullptr;
  return Value::of(arena_.make<String>(String{.text = {data, size}, .block = grown, .markup = markup}));
}

Value Run::list(std::span<const Value> items) {
  if (!allow_items(items.size())) return Value::failed();
  return Value::list_of(arena_.make<List>(List{.items = items}));
}

Value Run::tuple(std::span<const Value> items) {
  if (!allow_items(items.size())) return Value::failed();
  return Value::tuple_of(arena_.make<List>(List{.items = items}));
}

Value Run::pair(const Value& a, const Value& b) {
  Value* items = arena_.make_array<Value>(2);
  items[0] = a;
  items[1] = b;
  return tuple({items, 2});
}

Value Run::undefined(std::string_view hint) {
  return Value::of(arena_.make<const Undefined>(Undefined{.hint = {arena_.copy(hint), hint.size()}}));
}
Value Run::undefined(const Value& object, const Value& name) {
  return Value::of(arena_.make<const Undefined>(Undefined{.hint = {}, .object = object, .name = name}));
}
Value Run::undefined_name(const String* name) {
  return Value::of(arena_.make<const Undefined>(Undefined{.hint = {}, .object = {}, .name = Value::of(name)}));
}

std::string_view type_name(const Value& value) {
  switch (value.kind) {
    case Kind::kMissing:
    case Kind::kFailed:
      break;
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return value.string->markup ? "Markup" : "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kDict:
      return "dict";
    case Kind::kRange:
      return "range";
    case Kind::kDictView:
      return value.view->which == DictView::kKeys     ? "dict_keys"
             : value.view->which == DictView::kValues ? "dict_values"
                                                      : "dict_items";
    case Kind::kIterator:
      return "generator";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kMacro:
      return "Macro";
    case Kind::kFunction:
      return "function";
    case Kind::kMethod:
      return "method";
    case Kind::kCycler:
      return "Cycler";
    case Kind::kJoiner:
      return "Joiner";
  }
  return "no value";
}

}  // namespace hermes::chat::jinja
