// Filters that answer with a whole list, or with one of its items.
#include <algorithm>

#include "base/utf8.h"
#include "chat/template/arguments.h"
#include "chat/template/attribute_path.h"
#include "chat/template/filters.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

bool is_set(const Value& v) { return !v.is_missing() && truth(v); }

Value list_of(Run& run, std::span<Keyed> keyed) {
  Value* items = run.arena().make_array<Value>(keyed.size());
  for (size_t i = 0; i < keyed.size(); ++i) items[i] = keyed[i].item;
  return run.list({items, keyed.size()});
}

// The items with the keys to sort them by.
class KeyedItems {
 public:
  KeyedItems(Run& run, bool case_sensitive) : run_(run), case_sensitive_(case_sensitive) {}

  // Several attributes, with commas between them, make a list of keys.
  bool read_attributes(const Value& attribute) {
    std::string_view rest = attribute.is_string() ? attribute.text() : "";
    do {
      const size_t comma = std::min(rest.find(','), rest.size());
      paths_.emplace_back(run_);
      const bool ok =
          attribute.is_string() ? paths_.back().read_text(rest.substr(0, comma)) : paths_.back().read(attribute);
      if (!ok || !run_.charge(4)) return false;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    } while (!rest.empty());
    return true;
  }

  bool fill(const Value& input, const Value& otherwise = {}) {
    ArenaVector<Value> items(run_.arena());
    if (!collect(run_, input, items)) return false;
    for (const Value& item : items) {
      const Value key = key_of(item, otherwise);
      if (key.is_failed()) return false;
      keyed.push_back({key, item});
    }
    return true;
  }

  Value key_of(const Value& item, const Value& otherwise) {
    Value* keys = run_.arena().make_array<Value>(paths_.size());
    for (size_t i = 0; i < paths_.size(); ++i) {
      keys[i] = paths_[i].get(item, otherwise);
      if (!keys[i].is_failed() && !case_sensitive_) keys[i] = ignore_case(run_, keys[i]);
      if (keys[i].is_failed()) return keys[i];
    }
    return as_lists ? run_.list({keys, paths_.size()}) : keys[0];
  }

  std::vector<Keyed> keyed;
  bool as_lists = false;  // as `sort` compares: equal items need no order

 private:
  Run& run_;
  bool case_sensitive_;
  std::vector<AttributePath> paths_;
};

Value sort(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "sort", arguments, {"reverse", "case_sensitive", "attribute"}, 0);
  if (!bound) return Value::failed();
  const auto backwards = to_integer(run, (*bound)[0], 0);
  KeyedItems items(run, is_set((*bound)[1]));
  items.as_lists = true;
  if (!backwards || !items.read_attributes((*bound)[2]) || !items.fill(input)) return Value::failed();
  if (!sort_keyed(run, items.keyed, *backwards != 0)) return Value::failed();
  return list_of(run, items.keyed);
}

Value dict_sort(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "dictsort", arguments, {"case_sensitive", "by", "reverse"}, 0);
  if (!bound) return Value::failed();
  const auto by = to_string(run, (*bound)[1], "key");
  const auto backwards = to_integer(run, (*bound)[2], 0);
  if (!by || !backwards) return Value::failed();
  if (*by != "key" && *by != "value") return run.fail("You can only sort by either \"key\" or \"value\"");
  if (input.is_undefined()) return run.fail_undefined(input);
  if (!input.is(Kind::kDict)) return run.fail("'{}' object has no attribute 'items'", type_name(input));
  std::vector<Keyed> keyed;
  for (const DictEntry& e : input.dict->entries) {
    const Value& by_value = *by == "key" ? e.key : e.value;
    const Value key = is_set((*bound)[0]) ? by_value : ignore_case(run, by_value);
    if (key.is_failed()) return key;
    keyed.push_back({key, run.pair(e.key, e.value)});
  }
  if (!sort_keyed(run, keyed, *backwards != 0)) return Value::failed();
  return list_of(run, keyed);
}

Value group_by(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  if (!bound) return Value::failed();
  AttributePath path(run);
  if (!path.read((*bound)[0])) return Value::failed();
  const bool case_sensitive = is_set((*bound)[2]);
  ArenaVector<Value> items(run.arena());
  if (!collect(run, input, items)) return Value::failed();
  std::vector<Keyed> keyed;
  for (const Value& item : items) {
    Value key = path.get(item, (*bound)[1]);
    if (!key.is_failed() && !case_sensitive) key = ignore_case(run, key);
    if (key.is_failed()) return key;
    keyed.push_back({key, item});
  }
  if (!sort_keyed(run, keyed, false)) return Value::failed();
  ArenaVector<Value> groups(run.arena());
  for (size_t begin = 0; begin < keyed.size();) {
    ArenaVector<Value> members(run.arena());
    size_t end = begin;
    for (; end < keyed.size(); ++end) {
      const auto same = equal(run, keyed[begin].key, keyed[end].key);
      if (!same) return Value::failed();
      if (!*same && end > begin) break;
      members.push_back(keyed[end].item);
    }
    const Value key = case_sensitive ? keyed[begin].key : path.get(keyed[begin].item, (*bound)[1]);
    if (key.is_failed()) return key;
    Value* pair = run.arena().make_array<Value>(2);
    pair[0] = key;
    pair[1] = run.list({members.data(), members.size()});
    groups.push_back(Value::tuple_of(run.arena().make<const List>(List{.items = {pair, 2}, .group = true})));
    begin = end;
  }
  return run.list({groups.data(), groups.size()});
}

template <bool Largest>
Value extreme(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, Largest ? "max" : "min", arguments, {"case_sensitive", "attribute"}, 0);
  if (!bound) return Value::failed();
  AttributePath path(run);
  Iterator* items = iterate(run, input);
  if (items == nullptr || !path.read((*bound)[1])) return Value::failed();
  Value item, best, best_key;
  while (items->next(run, &item)) {
    Value key = path.get(item);
    if (!key.is_failed() && !is_set((*bound)[0])) key = ignore_case(run, key);
    if (key.is_failed()) return key;
    if (!best.is_missing()) {
      const auto better = compare(run, Largest ? CompareOp::kGreater : CompareOp::kLess, key, best_key);
      if (!better) return Value::failed();
      if (!*better) continue;
    }
    best = item;
    best_key = key;
  }
  if (run.failed()) return Value::failed();
  return best.is_missing() ? run.undefined("No aggregated item, sequence was empty.") : best;
}

Value sum(Run& run, const Value& input, const Arguments& arguments) {
  const auto bound = bind(run, "sum", arguments, {"attribute", "start"}, 0);
  if (!bound) return Value::failed();
  AttributePath path(run);
  Value total = (*bound)[1].is_missing() ? Value::of(int64_t{0}) : (*bound)[1];
  if (total.is_string()) return run.fail("sum() can't sum strings [use ''.join(seq) instead]");
  Iterator* items = iterate(run, input);
  if (items == nullptr || !path.read((*bound)[0])) return Value::failed();
  Value item;
  while (items->next(run, &item)) {
    const Value part = path.get(item);
    if (part.is_failed()) return part;
    total = binary(run, BinaryOp::kAdd, total, part);
    if (total.is_failed()) return total;
  }
  return run.failed() ? Value::failed() : total;
}

Value first(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "first", arguments)) return Value::failed();
  Iterator* items = iterate(run, input);
  Value item;
  if (items != nullptr && items->next(run, &item)) return item;
  return run.failed() ? Value::failed() : run.undefined("No first item, sequence was empty.");
}

Value last(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "last", arguments)) return Value::failed();
  if (input.is(Kind::kIterator) || input.is(Kind::kLoop) || !is_iterable(input)) {
    return run.fail("'{}' object is not reversible", type_name(input));
  }
  if (input.is_string() && !input.text().empty()) {
    size_t at = input.text().size() - 1;
    while (at > 0 && (input.text()[at] & '\xC0') == '\x80') --at;
    return run.view_like(input, input.text().substr(at));
  }
  ArenaVector<Value> items(run.arena());
  if (!collect(run, input, items)) return Value::failed();
  return items.empty() ? run.undefined("No last item, sequence was empty.") : items[items.size() - 1];
}

Value list(Run& run, const Value& input, const Arguments& arguments) {
  if (!bind_nothing(run, "list", arguments)) return Value::failed();
  ArenaVector<Value> items(run.arena());
  if (!collect(run, input, items)) return Value::failed();
  return run.list({items.data(), items.size()});
}

constexpr FilterEntry kFilters[] = {
    {"dictsort", dict_sort}, {"first", first},        {"groupby", group_by}, {"last", last}, {"list", list},
    {"max", extreme<true>},  {"min", extreme<false>}, {"sort", sort},        {"sum", sum},
};

}  // namespace

std::span<const FilterEntry> sequence_filters() { return kFilters; }

}  // namespace hermes::chat::jinja
