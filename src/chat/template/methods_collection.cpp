// The methods of list, tuple and dict that leave them as they are; the others are forbidden by name.
#include <algorithm>

#include "chat/template/arguments.h"
#include "chat/template/methods.h"
#include "chat/template/operations.h"

namespace hermes::chat::jinja {
namespace {

Value sequence_count(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "count", arguments, {"/value"}, 1);
  if (!bound || !run.charge(self.items().size())) return Value::failed();
  int64_t n = 0;
  for (const Value& item : self.items()) {
    const auto same = equal(run, item, (*bound)[0]);
    if (!same) return Value::failed();
    n += *same ? 1 : 0;
  }
  return Value::of(n);
}

Value sequence_index(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "index", arguments, {"/value", "/start", "/stop"}, 1);
  if (!bound || !run.charge(self.items().size())) return Value::failed();
  const auto size = static_cast<int64_t>(self.items().size());
  auto start = to_integer(run, (*bound)[1], 0);
  auto stop = to_integer(run, (*bound)[2], size);
  if (!start || !stop) return Value::failed();
  const auto clamp = [size](int64_t at) {
    return at < 0 ? std::max<int64_t>(at < -size ? 0 : at + size, 0) : std::min(at, size);
  };
  for (int64_t i = clamp(*start); i < clamp(*stop); ++i) {
    const auto same = equal(run, self.items()[static_cast<size_t>(i)], (*bound)[0]);
    if (!same) return Value::failed();
    if (*same) return Value::of(i);
  }
  return run.fail("value is not in {}", type_name(self));
}

Value list_copy(Run& run, const Value& self, const Arguments& arguments) {
  return bind_nothing(run, "copy", arguments) ? run.list(self.items()) : Value::failed();
}

Value dict_get(Run& run, const Value& self, const Arguments& arguments) {
  const auto bound = bind(run, "get", arguments, {"/key", "/default"}, 1);
  if (!bound) return Value::failed();
  const Value* found = lookup(run, *self.dict, (*bound)[0]);
  if (run.failed()) return Value::failed();
  if (found != nullptr) return *found;
  return (*bound)[1].is_missing() ? Value::none() : (*bound)[1];
}

template <DictView::Which which>
Value dict_view(Run& run, const Value& self, const Arguments& arguments) {
  if (!bind_nothing(run, "items", arguments)) return Value::failed();
  return Value::of(run.arena().make<const DictView>(DictView{self.dict, which}));
}

Value dict_copy(Run& run, const Value& self, const Arguments& arguments) {
  if (!bind_nothing(run, "copy", arguments)) return Value::failed();
  return Value::of(run.arena().make<const Dict>(*self.dict));
}

Value dict_fromkeys(Run& run, const Value&, const Arguments& arguments) {
  const auto bound = bind(run, "fromkeys", arguments, {"/iterable", "/value"}, 1);
  ArenaVector<Value> keys(run.arena());
  if (!bound || !collect(run, (*bound)[0], keys)) return Value::failed();
  DictBuilder out(run);
  for (const Value& key : keys) {
    if (!out.set(key, (*bound)[1].is_missing() ? Value::none() : (*bound)[1])) return Value::failed();
  }
  return out.done();
}

constexpr MethodEntry kListMethods[] = {
    {"append", nullptr}, {"clear", nullptr},        {"copy", list_copy}, {"count", sequence_count},
    {"extend", nullptr}, {"index", sequence_index}, {"insert", nullptr}, {"pop", nullptr},
    {"remove", nullptr}, {"reverse", nullptr},      {"sort", nullptr},
};
constexpr MethodEntry kTupleMethods[] = {{"count", sequence_count}, {"index", sequence_index}};
constexpr MethodEntry kDictMethods[] = {
    {"clear", nullptr},
    {"copy", dict_copy},
    {"fromkeys", dict_fromkeys},
    {"get", dict_get},
    {"items", dict_view<DictView::kItems>},
    {"keys", dict_view<DictView::kKeys>},
    {"pop", nullptr},
    {"popitem", nullptr},
    {"setdefault", nullptr},
    {"update", nullptr},
    {"values", dict_view<DictView::kValues>},
};

const MethodEntry* find_in(std::span<const MethodEntry> methods, std::string_view name) {
  for (const MethodEntry& entry : methods) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

const MethodEntry* find_list_method(std::string_view name) { return find_in(kListMethods, name); }
const MethodEntry* find_tuple_method(std::string_view name) { return find_in(kTupleMethods, name); }
const MethodEntry* find_dict_method(std::string_view name) { return find_in(kDictMethods, name); }

}  // namespace hermes::chat::jinja
