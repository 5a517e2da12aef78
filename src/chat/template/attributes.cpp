#include <algorithm>
#include <limits>
#include <vector>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/ast.h"
#include "chat/template/methods.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

// What every Python object has: there, but out of bounds.
constexpr std::string_view kObjectAttributes[] = {
    "__class__", "__delattr__",      "__dir__",    "__doc__",  "__eq__",          "__format__",
    "__ge__",    "__getattribute__", "__gt__",     "__hash__", "__init__",        "__init_subclass__",
    "__le__",    "__lt__",           "__ne__",     "__new__",  "__reduce__",      "__reduce_ex__",
    "__repr__",  "__setattr__",      "__sizeof__", "__str__",  "__subclasshook__"};

Value unsafe(Run& run, const Value& object, std::string_view name) {
  return run.undefined(
      fmt::format("access to attribute {} of '{}' object is unsafe.", quoted(name), type_name(object)));
}

Value bound(Run& run, const Value& object, const MethodEntry& entry) {
  if (entry.call == nullptr) return unsafe(run, object, entry.name);
  return Value::of(run.arena().make<const Method>(Method{object, entry.name, entry.call}));
}

Value loop_cycle(Run& run, const Value& loop, const Arguments& arguments) {
  if (!arguments.named.empty()) return run.fail("cycle() takes no keyword arguments");
  if (arguments.positional.empty()) return run.fail("no items for cycling given");
  return arguments.positional[static_cast<size_t>(loop.loop->index0()) % arguments.positional.size()];
}

Value loop_changed(Run& run, const Value& loop, const Arguments& arguments) {
  if (!arguments.named.empty()) return run.fail("changed() takes no keyword arguments");
  ArenaVector<Value> kept(run.arena());
  for (const Value& v : arguments.positional) kept.push_back(v);
  const Value now = run.tuple({kept.data(), kept.size()});
  if (!loop.loop->last_changed.is_missing()) {
    const auto same = equal(run, loop.loop->last_changed, now);
    if (!same) return Value::failed();
    if (*same) return Value::of(false);
  }
  loop.loop->last_changed = now;
  return Value::of(true);
}

constexpr MethodEntry kLoopMethods[] = {{"cycle", loop_cycle}, {"changed", loop_changed}};

Value loop_attribute(Run& run, const Value& v, std::string_view name) {
  Loop& loop = *v.loop;
  for (const MethodEntry& entry : kLoopMethods) {
    if (entry.name == name) return bound(run, v, entry);
  }
  if (name == "index") return Value::of(loop.index0() + 1);
  if (name == "index0") return Value::of(loop.index0());
  if (name == "first") return Value::of(loop.index0() == 0);
  if (name == "depth") return Value::of(int64_t{loop.depth0()} + 1);
  if (name == "depth0") return Value::of(int64_t{loop.depth0()});
  if (name == "last" || name == "nextitem") {
    Value next;
    if (!loop.peek(run, &next)) return Value::failed();
    if (name == "last") return Value::of(next.is_missing());
    return next.is_missing() ? run.undefined("there is no next item") : next;
  }
  if (name == "previtem") return loop.index0() == 0 ? run.undefined("there is no previous item") : loop.before();
  if (name == "length" || name == "revindex" || name == "revindex0") {
    const int64_t length = loop.length(run);
    if (length < 0) return Value::failed();
    if (name == "length") return Value::of(length);
    return Value::of(length - loop.index0() - (name == "revindex0" ? 1 : 0));
  }
  return {};
}

Value cycler_next(Run& run, const Value& v, const Arguments& arguments) {
  if (!bind_nothing(run, "next", arguments)) return Value::failed();
  Cycler& cycler = *v.cycler;
  const Value item = cycler.items[cycler.position];
  cycler.position = (cycler.position + 1) % cycler.items.size();
  return item;
}

Value cycler_reset(Run& run, const Value& v, const Arguments& arguments) {
  if (!bind_nothing(run, "reset", arguments)) return Value::failed();
  v.cycler->position = 0;
  return Value::none();
}

constexpr MethodEntry kCyclerMethods[] = {{"next", cycler_next}, {"reset", cycler_reset}};

Value cycler_attribute(Run& run, const Value& v, std::string_view name) {
  for (const MethodEntry& entry : kCyclerMethods) {
    if (entry.name == name) return bound(run, v, entry);
  }
  if (name == "current") return v.cycler->items[v.cycler->position];
  if (name == "items") return run.tuple(v.cycler->items);
  if (name == "pos") return Value::of(static_cast<int64_t>(v.cycler->position));
  return {};
}

Value macro_attribute(Run& run, const Macro& macro, std::string_view name) {
  if (name == "name") return run.view(macro.name);
  if (name == "catch_kwargs") return Value::of(macro.node->kwargs_slot >= 0);
  if (name == "catch_varargs") return Value::of(macro.node->varargs_slot >= 0);
  if (name == "caller") return Value::of(macro.node->takes_caller);
  if (name != "arguments") return {};
  ArenaVector<Value> names(run.arena());
  for (const Parameter& p : macro.node->parameters) names.push_back(Value::of(p.name));
  return run.tuple({names.data(), names.size()});
}

// False, too, where the rendering failed on the way.
bool is_hashable(Run& run, const Value& v, int depth = 0) {
  if (v.is(Kind::kList) || v.is(Kind::kDict) || v.is(Kind::kDictView) || depth > kMaxValueDepth || !run.charge(1)) {
    return false;
  }
  return !v.is(Kind::kTuple) || std::all_of(v.items().begin(), v.items().end(),
                                            [&](const Value& i) { return is_hashable(run, i, depth + 1); });
}

// The item, or missing where Python raises TypeError or LookupError.
Value own_item(Run& run, const Value& object, const Value& key) {
  if (object.is(Kind::kDict)) {
    if (!is_hashable(run, key)) return run.failed() ? Value::failed() : Value{};
    const Value* found = lookup(run, *object.dict, key);
    if (found == nullptr) return run.failed() ? Value::failed() : Value{};
    return *found;
  }
  if (!key.is_integral()) return {};
  int64_t at = key.as_integer();
  switch (object.kind) {
    case Kind::kList:
    case Kind::kTuple: {
      const auto size = static_cast<int64_t>(object.items().size());
      if (at < 0) at += size;
      return at < 0 || at >= size ? Value{} : object.items()[static_cast<size_t>(at)];
    }
    case Kind::kString: {
      if (!run.charge_text(object.text().size())) return Value::failed();
      const auto size = static_cast<int64_t>(code_points(*object.string));
      if (at < 0) at += size;
      if (at < 0 || at >= size) return {};
      const size_t begin = byte_at(*object.string, static_cast<size_t>(at));
      return run.view_like(object, object.text().substr(begin, decode_utf8(object.text(), begin).length));
    }
    case Kind::kRange: {
      const int64_t size = object.range->size();
      if (at < 0) at += size;
      return at < 0 || at >= size ? Value{} : Value::of(object.range->at(at));
    }
    default:
      return {};
  }
}

}  // namespace

AttributeName attribute_name(const String* name) {
  return {name, find_string_method(name->text), find_list_method(name->text), find_tuple_method(name->text),
          find_dict_method(name->text)};
}

const MethodEntry* callable_method(const Value& object, const AttributeName& name) {
  const MethodEntry* entry = object.is(Kind::kString)  ? name.of_string
                             : object.is(Kind::kDict)  ? name.of_dict
                             : object.is(Kind::kList)  ? name.of_list
                             : object.is(Kind::kTuple) ? name.of_tuple
                                                       : nullptr;
  return entry != nullptr && entry->call != nullptr ? entry : nullptr;
}

Value get_own_attribute(Run& run, const Value& object, const AttributeName& attribute) {
  const std::string_view name = attribute.name->text;
  const MethodEntry* method = nullptr;
  Value found;
  switch (object.kind) {
    case Kind::kUndefined:
      return run.fail_undefined(object);
    case Kind::kString:
      method = attribute.of_string;
      break;
    case Kind::kDict:
      method = attribute.of_dict;
      break;
    case Kind::kList:
      method = attribute.of_list;
      break;
    case Kind::kTuple:
      method = attribute.of_tuple;
      if (object.list->group && name == "grouper") found = object.items()[0];
      if (object.list->group && name == "list") found = object.items()[1];
      break;
    case Kind::kNamespace:
      if (!run.charge(object.space->members.size() / 8)) return Value::failed();
      for (const DictEntry& e : object.space->members) {
        if (e.key.is_string() && e.key.text() == name) found = e.value;
      }
      break;
    case Kind::kLoop:
      found = loop_attribute(run, object, name);
      break;
    case Kind::kCycler:
      found = cycler_attribute(run, object, name);
      break;
    case Kind::kJoiner:
      if (name == "sep") found = object.joiner->separator;
      if (name == "used") found = Value::of(object.joiner->used);
      break;
    case Kind::kMacro:
      found = macro_attribute(run, *object.macro, name);
      break;
    case Kind::kFunction:
      if (object.function->name == "dict" && name == "fromkeys") method = find_dict_method(name);
      break;
    case Kind::kRange:
      if (name == "start") found = Value::of(object.range->start);
      if (name == "stop") found = Value::of(object.range->stop);
      if (name == "step") found = Value::of(object.range->step);
      break;
    default:
      break;
  }
  if (method != nullptr) return bound(run, object, *method);
  if (!found.is_missing()) return found;
  if (name.starts_with("__") &&
      std::find(std::begin(kObjectAttributes), std::end(kObjectAttributes), name) != std::end(kObjectAttributes)) {
    return unsafe(run, object, name);
  }
  return {};
}

Value get_attribute(Run& run, const Value& object, const AttributeName& name) {
  if (object.is(Kind::kDict) && name.of_dict == nullptr && !name.name->text.starts_with("__")) {  // the usual case
    const Value* found = lookup(*object.dict, name.name->text);
    return found != nullptr ? *found : run.undefined(object, Value::of(name.name));
  }
  const Value attribute = get_own_attribute(run, object, name);
  if (!attribute.is_missing()) return attribute;
  const Value item = own_item(run, object, Value::of(name.name));
  return item.is_missing() ? run.undefined(object, Value::of(name.name)) : item;
}

Value get_item(Run& run, const Value& object, const Value& key) {
  if (object.is_undefined()) return run.fail_undefined(object);
  const Value item = own_item(run, object, key);
  if (!item.is_missing()) return item;
  if (key.is_string()) {
    const Value attribute = get_own_attribute(run, object, attribute_name(key.string));
    if (!attribute.is_missing()) return attribute;
  }
  return run.undefined(object, key);
}

Value get_slice(Run& run, const Value& object, const Value& start, const Value& stop, const Value& step) {
  if (object.is_undefined()) return run.fail_undefined(object);
  if (!object.is_string() && !object.is_sequence() && !object.is(Kind::kRange)) {
    if (object.is(Kind::kDict)) return run.fail("unhashable type: 'slice'");
    return run.fail("'{}' object is not subscriptable", type_name(object));
  }
  for (const Value& v : {start, stop, step}) {
    if (v.is_none() || v.is_integral()) continue;
    return run.fail("slice indices must be integers or None or have an __index__ method");
  }
  const int64_t by = step.is_none() ? 1 : std::max(step.as_integer(), -std::numeric_limits<int64_t>::max());
  if (by == 0) return run.fail("slice step cannot be zero");
  if (object.is_string() && !run.charge_text(object.text().size())) return Value::failed();
  const auto size = object.is_string()        ? static_cast<int64_t>(code_points(*object.string))
                    : object.is(Kind::kRange) ? object.range->size()
                                              : static_cast<int64_t>(object.items().size());
  const int64_t lowest = by > 0 ? 0 : -1, highest = by > 0 ? size : size - 1;
  const auto clamp = [&](const Value& v, int64_t otherwise) {
    if (v.is_none()) return otherwise;
    const int64_t at = v.as_integer();
    return at < 0 ? std::max(at < -size ? lowest : at + size, lowest) : std::min(at, highest);
  };
  const int64_t from = clamp(start, by > 0 ? lowest : highest), to = clamp(stop, by > 0 ? highest : lowest);
  const Range places{from, to, by};

  if (object.is(Kind::kRange)) {
    const Range& r = *object.range;
    Range part{};
    const auto moved = [&r](int64_t by_items, int64_t* out) {
      int64_t distance = 0;
      return !__builtin_mul_overflow(by_items, r.step, &distance) && !__builtin_add_overflow(r.start, distance, out);
    };
    if (!moved(from, &part.start) || !moved(to, &part.stop) || __builtin_mul_overflow(r.step, by, &part.step)) {
      return run.fail(Error::unsupported("an integer beyond 64 bits"));
    }
    return Value::of(run.arena().make<const Range>(part));
  }
  const auto count = static_cast<size_t>(places.size());
  if (object.is_sequence()) {
    const auto all = object.items();
    if (by == 1 || count == 0) {
      const auto part = count == 0 ? std::span<const Value>() : all.subspan(static_cast<size_t>(from), count);
      return object.is(Kind::kList) ? run.list(part) : run.tuple(part);
    }
    ArenaVector<Value> items(run.arena());
    items.reserve(count);
    for (int64_t i = 0; i < places.size(); ++i) items.push_back(all[static_cast<size_t>(places.at(i))]);
    return object.is(Kind::kList) ? run.list({items.data(), count}) : run.tuple({items.data(), count});
  }
  if (count == 0) return run.view_like(object, {});
  if (by == 1) {
    const size_t begin = byte_at(*object.string, static_cast<size_t>(from)),
                 end = byte_at(*object.string, static_cast<size_t>(to));
    return run.view_like(object, object.text().substr(begin, end - begin));
  }
  if (!run.allow_items(static_cast<size_t>(size)) || !run.charge_letters(2 * object.text().size()))
    return Value::failed();
  std::vector<size_t> starts;  // of every code point
  for (size_t at = 0; at < object.text().size(); at += decode_utf8(object.text(), at).length) starts.push_back(at);
  std::string out;
  for (int64_t i = 0; i < places.size(); ++i) {
    const size_t at = starts[static_cast<size_t>(places.at(i))];
    out += object.text().substr(at, decode_utf8(object.text(), at).length);
  }
  return run.copy_like(object, out);
}

}  // namespace hermes::chat::jinja
