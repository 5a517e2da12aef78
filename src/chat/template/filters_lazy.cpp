// Filters that are generators in Python: they work while they are iterated, once.
#include <algorithm>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/attribute_path.h"
#include "chat/template/filters.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"
#include "chat/template/tests.h"

namespace hermes::chat::jinja {
namespace {

// Arguments that outlive the call.
Arguments kept(Run& run, const Arguments& arguments, size_t skip) {
  ArenaVector<Value> positional(run.arena());
  for (size_t i = skip; i < arguments.positional.size(); ++i) positional.push_back(arguments.positional[i]);
  ArenaVector<Named> named(run.arena());
  for (const Named& n : arguments.named) named.push_back(n);
  return {{positional.data(), positional.size()}, {named.data(), named.size()}};
}

// A generator whose body begins with the first item it is asked for.
class Generator : public Iterator {
 public:
  explicit Generator(const Value& input) : input_(input) {}

 protected:
  ~Generator() = default;
  // The input's next item; Python's `for item in value`.
  bool next_item(Run& run, Value* item) {
    const Descent descent(run, run.iteration_depth());
    if (!descent) return false;
    if (source_ == nullptr) source_ = iterate(run, input_);
    return source_ != nullptr && source_->next(run, item);
  }
  const Value& input() const { return input_; }

 private:
  Value input_;
  Iterator* source_ = nullptr;
};

// A generator that was given wrong arguments: it says so only when its first item is wanted.
class Failing final : public Generator {
 public:
  Failing(const Value& input, std::string_view message) : Generator(input), message_(message) {}
  bool next(Run& run, Value*) override {
    if (truth(input())) run.fail("{}", message_);
    return false;
  }

 private:
  std::string_view message_;
};

Value failing(Run& run, const Value& input, std::string_view message) {
  return Value::of(run.arena().make<Failing>(input, std::string_view(run.arena().copy(message), message.size())));
}

class MapAttribute final : public Generator {
 public:
  MapAttribute(const Value& input, const AttributePath& path, const Value& otherwise)
      : Generator(input), path_(path), otherwise_(otherwise) {}
  bool next(Run& run, Value* out) override {
    if (!truth(input()) || !next_item(run, out)) return false;
    *out = path_.get(*out, otherwise_);
    return !out->is_failed();
  }

 private:
  AttributePath path_;
  Value otherwise_;
};

class MapFilter final : public Generator {
 public:
  MapFilter(const Value& input, const Value& name, const Arguments& arguments)
      : Generator(input), name_(name), arguments_(arguments) {}
  bool next(Run& run, Value* out) override {
    if (!truth(input()) || !next_item(run, out)) return false;
    const FilterEntry* filter = name_.is_string() ? find_filter(name_.text()) : nullptr;
    if (filter == nullptr) {
      std::string name;
      if (append_repr(run, name, name_)) run.fail("No filter named {}.", name);
      return false;
    }
    *out = filter->call(run, *out, arguments_);
    return !out->is_failed();
  }

 private:
  Value name_;
  Arguments arguments_;
};

class Select final : public Generator {
 public:
  // `test` is the test's name, or missing: the items' truth decides.
  Select(const Value& input, bool wanted, const AttributePath& path, const Value& test, const Arguments& arguments)
      : Generator(input), wanted_(wanted), path_(path), test_(test), arguments_(arguments) {}
  bool next(Run& run, Value* out) override {
    if (!truth(input())) return false;
    while (next_item(run, out)) {
      const Value tested = path_.get(*out);
      if (tested.is_failed()) return false;
      Value result = tested;
      if (!test_.is_missing()) {
        const TestEntry* test = test_.is_string() ? find_test(test_.text()) : nullptr;
        if (test == nullptr) {
          std::string name;
          if (append_repr(run, name, test_)) run.fail("No test named {}.", name);
          return false;
        }
        result = test->call(run, tested, arguments_);
        if (result.is_failed()) return false;
      }
      if (truth(result) == wanted_) return true;
    }
    return false;
  }

 private:
  bool wanted_;
  AttributePath path_;
  Value test_;
  Arguments arguments_;
};

class Unique final : public Generator {
 public:
  Unique(Run& run, const Value& input, const AttributePath& path, bool case_sensitive)
      : Generator(input), path_(path), case_sensitive_(case_sensitive), seen_(run) {}
  bool next(Run& run, Value* out) override {
    while (next_item(run, out)) {
      Value key = path_.get(*out);
      if (!key.is_failed() && !case_sensitive_) key = ignore_case(run, key);
      const size_t before = seen_.size();
      if (key.is_failed() || !seen_.set(key, key)) return false;
      if (seen_.size() > before) return true;
    }
    return false;
  }

 private:
  AttributePath path_;
  bool case_sensitive_;
  DictBuilder seen_;
};

class Batch final : public Generator {
 public:
  Batch(const Value& input, const Value& size, const Value& fill) : Generator(input), size_(size), fill_(fill) {}
  bool next(Run& run, Value* out) override {
    ArenaVector<Value> batch(run.arena());
    Value item;
    if (!pending_.is_missing()) batch.push_back(std::exchange(pending_, {}));
    while (next_item(run, &item)) {
      if (is_full(batch.size())) {  // which a size of 0 reaches with an empty batch only
        pending_ = item;
        break;
      }
      batch.push_back(item);
    }
    if (run.failed() || (batch.empty() && pending_.is_missing())) return false;
    if (pending_.is_missing() && !fill_.is_none()) {
      const auto size = to_integer(run, size_);
      if (!size || (*size > 0 && !run.allow_items(static_cast<size_t>(*size)))) return false;
      while (static_cast<int64_t>(batch.size()) < *size) batch.push_back(fill_);
    }
    *out = run.list({batch.data(), batch.size()});
    return !out->is_failed();
  }

 private:
  bool is_full(size_t n) const { return size_.is_number() && size_.as_real() == static_cast<double>(n); }

  Value size_, fill_, pending_{};
};

class Slices final : public Generator {
 public:
  Slices(const Value& input, const Value& count, const Value& fill) : Generator(input), count_(count), fill_(fill) {}
  bool next(Run& run, Value* out) override {
    if (number_ == 0) {
      ArenaVector<Value> items(run.arena());
      const auto count = to_integer(run, count_);
      if (!count || !collect(run, input(), items)) return false;
      if (*count == 0) return run.fail("integer division or modulo by zero"), false;
      slices_ = std::max<int64_t>(*count, 0);
      items_ = {items.data(), items.size()};
    }
    if (number_ >= slices_ || !run.charge(4)) return false;
    const auto size = static_cast<int64_t>(items_.size()), each = size / slices_, longer = size % slices_;
    const int64_t begin = number_ * each + std::min(number_, longer), length = each + (number_ < longer ? 1 : 0);
    ArenaVector<Value> slice(run.arena());
    for (int64_t i = begin; i < begin + length; ++i) slice.push_back(items_[static_cast<size_t>(i)]);
    if (!fill_.is_none() && number_ >= longer) slice.push_back(fill_);
    ++number_;
    *out = run.list({slice.data(), slice.size()});
    return !out->is_failed();
  }

 private:
  Value count_, fill_;
  int64_t slices_ = 0, number_ = 0;
  std::span<const Value> items_{};
};

class DictItems final : public Generator {
 public:
  explicit DictItems(const Value& input) : Generator(input) {}
  bool next(Run& run, Value* out) override {
    if (input().is_undefined()) return false;
    if (!input().is(Kind::kDict)) return run.fail("Can only get item pairs from a mapping."), false;
    if (at_ >= input().dict->entries.size() || !run.charge(1)) return false;
    const DictEntry& e = input().dict->entries[at_++];
    *out = run.pair(e.key, e.value);
    return true;
  }

 private:
  size_t at_ = 0;
};

Value map(Run& run, const Value& input, const Arguments& arguments) {
  const auto named = [&](std::string_view name) {
    return std::find_if(arguments.named.begin(), arguments.named.end(), [&](const Named& n) { return n.name == name; });
  };
  if (!arguments.positional.empty()) {
    return Value::of(run.arena().make<MapFilter>(input, arguments.positional[0], kept(run, arguments, 1)));
  }
  const auto attribute = named("attribute"), otherwise = named("default");
  if (attribute == arguments.named.end()) return failing(run, input, "map requires a filter argument");
  for (const Named& n : arguments.named) {
    if (n.name != "attribute" && n.name != "default")
      return failing(run, input, fmt::format("Unexpected keyword argument '{}'", n.name));
  }
  AttributePath path(run);
  if (!path.read(attribute->value)) return Value::failed();
  const Value fallback = otherwise == arguments.named.end() ? Value::none() : otherwise->value;
  return Value::of(run.arena().make<MapAttribute>(input, path, fallback));
}

template <bool wanted, bool by_attribute>
Value select(Run& run, const Value& input, const Arguments& arguments) {
  AttributePath path(run);
  size_t at = 0;
  if (by_attribute) {
    if (arguments.positional.empty()) return failing(run, input, "Missing parameter for attribute name");
    if (!path.read(arguments.positional[at++])) return Value::failed();
  }
  const Value test = at < arguments.positional.size() ? arguments.positional[at++] : Value{};
  return Value::of(run.arena().make<Select>(input, wanted, path, test, kept(run, arguments, at)));
}

Value unique(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "unique", arguments, {"case_sensitive", "attribute"}, 0);
  AttributePath path(run);
  if (!bound || !path.read((*bound)[1])) return Value::failed();
  return Value::of(run.arena().make<Unique>(run, input, path, truth((*bound)[0])));
}

Value batch(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "batch", arguments, {"linecount", "fill_with"}, 1);
  if (!bound) return Value::failed();
  const Value fill = (*bound)[1].is_missing() ? Value::none() : (*bound)[1];
  return Value::of(run.arena().make<Batch>(input, (*bound)[0], fill));
}

Value slices(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "slice", arguments, {"slices", "fill_with"}, 1);
  if (!bound) return Value::failed();
  const Value fill = (*bound)[1].is_missing() ? Value::none() : (*bound)[1];
  return Value::of(run.arena().make<Slices>(input, (*bound)[0], fill));
}

Value items(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "items", arguments)) return Value::failed();
  return Value::of(run.arena().make<DictItems>(input));
}

Value reverse(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "reverse", arguments)) return Value::failed();
  if (input.is_string()) {
    if (!run.charge_letters(input.text().size())) return Value::failed();
    std::string out;
    for (size_t end = input.text().size(); end > 0;) {
      size_t at = end - 1;
      while (at > 0 && (input.text()[at] & '\xC0') == '\x80') --at;
      out += input.text().substr(at, end - at);
      end = at;
    }
    return run.copy_like(input, out);
  }
  if (!is_iterable(input)) return run.fail("argument must be iterable");
  ArenaVector<Value> all(run.arena());
  if (!collect(run, input, all)) return Value::failed();
  std::reverse(all.begin(), all.end());
  const std::span<const Value> reversed(all.data(), all.size());
  // What has an order gives an iterator; a generator's items come as a list.
  return input.is(Kind::kIterator) ? run.list(reversed) : Value::of(iterate_items(run, reversed));
}

constexpr FilterEntry kFilters[] = {
    {"batch", batch},
    {"items", items},
    {"map", map},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"reverse", reverse},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
    {"slice", slices},
    {"unique", unique},
};

}  // namespace

std::span<const FilterEntry> lazy_filters() { return kFilters; }

}  // namespace hermes::chat::jinja
