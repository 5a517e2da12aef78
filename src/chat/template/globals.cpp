#include "chat/template/globals.h"

#include <boost/json.hpp>
#include <ctime>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

constexpr int64_t kMaxRange = 100000;  // the sandbox's bound

Value make_range(Run& run, const Arguments& arguments) {
  if (!arguments.named.empty()) return run.fail("range() takes no keyword arguments");
  const size_t n = arguments.positional.size();
  if (n < 1 || n > 3) return run.fail("range expected 1 to 3 arguments, got {}", n);
  int64_t bounds[3];
  for (size_t i = 0; i < n; ++i) {
    const auto bound = to_integer(run, arguments.positional[i]);
    if (!bound) return Value::failed();
    bounds[i] = *bound;
  }
  const Range range{n == 1 ? 0 : bounds[0], n == 1 ? bounds[0] : bounds[1], n == 3 ? bounds[2] : 1};
  if (range.step == 0) return run.fail("range() arg 3 must not be zero");
  // A size beyond 64 bits wraps to a negative one.
  if (const int64_t size = range.size(); size < 0 || size > kMaxRange) {
    return run.fail(
        Error::exhausted("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({}).", kMaxRange));
  }
  return Value::of(run.arena().make<const Range>(range));
}

// dict(mapping or pairs, name=value, ...)
Value make_dict(Run& run, const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    return run.fail("dict expected at most 1 argument, got {}", arguments.positional.size());
  }
  DictBuilder out(run);
  for (const Value& from : arguments.positional) {
    if (from.is(Kind::kDict)) {
      if (!out.set_all(*from.dict)) return Value::failed();
      continue;
    }
    Iterator* items = iterate(run, from);
    Value item;
    for (size_t i = 0; items != nullptr && items->next(run, &item); ++i) {
      ArenaVector<Value> parts(run.arena());
      if (!is_iterable(item)) return run.fail("cannot convert dictionary update sequence element #{} to a sequence", i);
      if (!collect(run, item, parts)) return Value::failed();
      if (parts.size() != 2) {
        return run.fail("dictionary update sequence element #{} has length {}; 2 is required", i, parts.size());
      }
      if (!out.set(parts[0], parts[1])) return Value::failed();
    }
  }
  for (const Named& named : arguments.named) {
    if (!out.set(run.copy(named.name), named.value)) return Value::failed();
  }
  return run.failed() ? Value::failed() : out.done();
}

Value make_namespace(Run& run, const Arguments& arguments) {
  const Value members = make_dict(run, arguments);
  if (members.is_failed()) return members;
  Namespace* space = run.arena().make<Namespace>(Namespace{ArenaVector<DictEntry>(run.arena())});
  for (const DictEntry& e : members.dict->entries) {
    if (!set_attribute(run, *space, e.key, e.value)) return Value::failed();
  }
  return Value::of(space);
}

Value make_cycler(Run& run, const Arguments& arguments) {
  if (!arguments.named.empty()) return run.fail("cycler() takes no keyword arguments");
  if (arguments.positional.empty()) return run.fail("at least one item has to be provided");
  ArenaVector<Value> items(run.arena());
  for (const Value& v : arguments.positional) items.push_back(v);
  return Value::of(run.arena().make<Cycler>(Cycler{{items.data(), items.size()}, 0}));
}

Value make_joiner(Run& run, const Arguments& arguments) {
  const auto bound = bind(run, "joiner", arguments, {"sep"}, 0);
  if (!bound) return Value::failed();
  const Value separator = (*bound)[0].is_missing() ? run.view(", ") : (*bound)[0];
  return Value::of(run.arena().make<Joiner>(Joiner{separator, false}));
}

Value raise_exception(Run& run, const Arguments& arguments) {
  const auto bound = bind(run, "raise_exception", arguments, {"message"}, 1);
  std::string message;
  if (!bound || !append_text(run, message, (*bound)[0])) return Value::failed();
  return run.fail(Error(ErrorCode::kInvalidArgument, std::move(message)));
}

Value strftime_now(Run& run, const Arguments& arguments) {
  const auto bound = bind(run, "strftime_now", arguments, {"format"}, 1);
  if (!bound) return Value::failed();
  const auto format = to_string(run, (*bound)[0]);
  if (!format) return Value::failed();
  constexpr size_t kMaxFormat = 1024, kMaxExpansion = 64;
  if (format->size() > kMaxFormat) return run.fail(Error::exhausted("a time format of {} bytes", format->size()));
  const std::time_t now =
      std::chrono::system_clock::to_time_t(run.options().now.value_or(std::chrono::system_clock::now()));
  std::tm local{};
  if (localtime_r(&now, &local) == nullptr) return run.fail("the time is out of range");
  // A mark before the format tells an empty result from one that did not fit.
  const std::string marked = "." + std::string(format->substr(0, format->find('\0')));
  std::string out(marked.size() * kMaxExpansion, '\0');
  const size_t size = std::strftime(out.data(), out.size(), marked.c_str(), &local);
  if (size == 0) return run.fail("the time format is too long");
  return run.copy(to_valid_utf8(std::string_view(out).substr(1, size - 1)));
}

constexpr Function kGlobals[] = {
    {"range", make_range},          {"dict", make_dict},     {"namespace", make_namespace},
    {"cycler", make_cycler},        {"joiner", make_joiner}, {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

class Converter {
 public:
  explicit Converter(Run& run) : run_(run) {}

  Value convert(const json::value& value) {
    const Descent descent(run_, depth_);
    if (!descent || !run_.charge(1)) return Value::failed();
    switch (value.kind()) {
      case json::kind::null:
        return Value::none();
      case json::kind::bool_:
        return Value::of(value.get_bool());
      case json::kind::int64:
        return Value::of(static_cast<int64_t>(value.get_int64()));
      case json::kind::uint64:
        return run_.fail(Error::unsupported("an integer beyond 64 bits: {}", value.get_uint64()));
      case json::kind::double_:
        return Value::of(value.get_double());
      case json::kind::string:
        return string(value.get_string());
      case json::kind::array:
        return list(value.get_array());
      case json::kind::object:
        return object(value.get_object());
    }
    return Value::failed();
  }

 private:
  Value string(std::string_view text) {
    const Value value = run_.view(text);
    if (std::all_of(text.begin(), text.end(), [](char c) { return (c & '\x80') == 0; })) {
      value.string->ascii = Ascii::kYes;
      return value;
    }
    value.string->ascii = Ascii::kNo;
    if (find_invalid_utf8(text) != std::string_view::npos) return run_.fail("a variable holds text that is not UTF-8");
    return value;
  }

  Value list(const json::array& array) {
    Value* items = run_.arena().make_array<Value>(array.size());
    for (size_t i = 0; i < array.size(); ++i) {
      items[i] = convert(array[i]);
      if (items[i].is_failed()) return items[i];
    }
    return run_.list({items, array.size()});
  }

  Value object(const json::object& object) {
    DictBuilder dict(run_);
    for (const auto& member : object) {
      const Value key = string(member.key()), item = convert(member.value());
      if (key.is_failed() || item.is_failed() || !dict.set(key, item)) return Value::failed();
    }
    return dict.done();
  }

  Run& run_;
  int depth_ = 0;
};

}  // namespace

Value find_global(std::string_view name) {
  for (const Function& f : kGlobals) {
    if (f.name == name) return Value::of(&f);
  }
  return {};
}

bool set_attribute(Run& run, Namespace& space, const Value& name, const Value& value) {
  if (name.is_string() && name.text().starts_with('_')) {
    run.fail(
        "Chat templates cannot store underscore-prefixed attributes on a namespace, but got {}. Please rename the "
        "attribute.",
        quoted(name.text()));
    return false;
  }
  for (DictEntry& e : space.members) {
    const auto same = equal(run, e.key, name);
    if (!same) return false;
    if (*same) {
      e.value = value;
      return true;
    }
  }
  space.members.push_back({name, value});
  return run.charge(space.members.size() / 8);
}

Value from_json(Run& run, const boost::json::value& value) { return Converter(run).convert(value); }

}  // namespace hermes::chat::jinja
