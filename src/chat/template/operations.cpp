#include "chat/template/operations.h"

#include <algorithm>
#include <compare>
#include <vector>

#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

// Exact for int64 beside double; wide enough on the machines we build for.
std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.as_integer() <=> b.as_integer();
  const auto wide = [](const Value& v) {
    return v.is(Kind::kFloat) ? static_cast<long double>(v.real) : static_cast<long double>(v.as_integer());
  };
  return wide(a) <=> wide(b);
}

class Comparer {
 public:
  explicit Comparer(Run& run) : run_(run) {}

  std::optional<bool> equal(const Value& a, const Value& b) {
    if (a.is_string() && b.is_string()) return a.text() == b.text();
    if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
    if (a.kind != b.kind) return false;
    const Descent descent(run_, depth_);
    if (!descent || !run_.charge(1)) return std::nullopt;
    switch (a.kind) {
      case Kind::kList:
      case Kind::kTuple:
        return equal_items(a.items(), b.items());
      case Kind::kDict:
        return equal_dicts(*a.dict, *b.dict);
      case Kind::kRange:
        return equal_ranges(*a.range, *b.range);
      case Kind::kUndefined:
      case Kind::kNone:
        return true;
      default:
        return is_same(a, b);
    }
  }

  // For lists and tuples, which compare by the first items that differ.
  std::optional<bool> compare(CompareOp op, const Value& a, const Value& b) {
    if (a.is_undefined()) return run_.fail_undefined(a), std::nullopt;
    if (b.is_undefined()) return run_.fail_undefined(b), std::nullopt;
    if (a.is_number() && b.is_number()) return holds(op, compare_numbers(a, b));
    if (a.is_string() && b.is_string()) return holds(op, a.text().compare(b.text()) <=> 0);
    const Descent descent(run_, depth_);
    if (!descent || !run_.charge(1)) return std::nullopt;
    if (a.kind == b.kind && a.is_sequence()) {
      const auto left = a.items(), right = b.items();
      for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
        const auto same = equal(left[i], right[i]);
        if (!same) return std::nullopt;
        if (!*same) return compare(op, left[i], right[i]);
      }
      return holds(op, left.size() <=> right.size());
    }
    run_.fail("'{}' not supported between instances of '{}' and '{}'", spelling(op), type_name(a), type_name(b));
    return std::nullopt;
  }

 private:
  static bool holds(CompareOp op, std::partial_ordering order) {
    switch (op) {
      case CompareOp::kLess:
        return order < 0;
      case CompareOp::kLessEqual:
        return order <= 0;
      case CompareOp::kGreater:
        return order > 0;
      default:
        return order >= 0;
    }
  }

  std::optional<bool> equal_items(std::span<const Value> a, std::span<const Value> b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      const auto same = equal(a[i], b[i]);
      if (!same || !*same) return same;
    }
    return true;
  }

  std::optional<bool> equal_dicts(const Dict& a, const Dict& b) {
    if (a.entries.size() != b.entries.size()) return false;
    for (const DictEntry& e : a.entries) {
      const Value* other = lookup(run_, b, e.key);
      if (other == nullptr) return false;
      const auto same = equal(e.value, *other);
      if (!same || !*same) return same;
    }
    return true;
  }

  static bool equal_ranges(const Range& a, const Range& b) {
    if (a.size() != b.size()) return false;
    return a.size() == 0 || (a.start == b.start && (a.size() == 1 || a.step == b.step));
  }

  Run& run_;
  int depth_ = 0;
};

}  // namespace

std::string_view spelling(BinaryOp op) {
  constexpr std::string_view kSpellings[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  return kSpellings[static_cast<size_t>(op)];
}

std::string_view spelling(CompareOp op) {
  constexpr std::string_view kSpellings[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSpellings[static_cast<size_t>(op)];
}

bool truth(const Value& v) {
  switch (v.kind) {
    case Kind::kBool:
      return v.boolean;
    case Kind::kInt:
      return v.integer != 0;
    case Kind::kFloat:
      return v.real != 0;
    case Kind::kString:
      return !v.text().empty();
    case Kind::kList:
    case Kind::kTuple:
      return !v.items().empty();
    case Kind::kDict:
      return !v.dict->entries.empty();
    case Kind::kRange:
      return v.range->size() > 0;
    case Kind::kDictView:
      return !v.view->dict->entries.empty();
    case Kind::kMissing:
    case Kind::kFailed:
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    default:
      return true;
  }
}

bool is_same(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNone:
      return true;
    case Kind::kBool:
      return a.boolean == b.boolean;
    case Kind::kInt:
      return a.integer == b.integer;
    case Kind::kFloat:
      return a.real == b.real;
    default:
      return a.string == b.string;  // the union's pointer, whatever it points to
  }
}

std::optional<bool> equal(Run& run, const Value& a, const Value& b) {
  if (a.is_string() && b.is_string()) return a.text() == b.text();
  return Comparer(run).equal(a, b);
}

std::optional<bool> compare(Run& run, CompareOp op, const Value& a, const Value& b) {
  switch (op) {
    case CompareOp::kEqual:
      return equal(run, a, b);
    case CompareOp::kNotEqual:
      if (const auto same = equal(run, a, b)) return !*same;
      return std::nullopt;
    case CompareOp::kIn:
      return contains(run, b, a);
    case CompareOp::kNotIn:
      if (const auto found = contains(run, b, a)) return !*found;
      return std::nullopt;
    default:
      return Comparer(run).compare(op, a, b);
  }
}

std::optional<bool> contains(Run& run, const Value& haystack, const Value& needle) {
  switch (haystack.kind) {
    case Kind::kString:
      if (!needle.is_string()) {
        run.fail("'in <string>' requires string as left operand, not {}", type_name(needle));
        return std::nullopt;
      }
      if (!run.charge_search(haystack.text().size(), needle.text().size())) return std::nullopt;
      return find_text(haystack.text(), needle.text()) != std::string_view::npos;
    case Kind::kDict: {
      const bool found = lookup(run, *haystack.dict, needle) != nullptr;
      if (run.failed()) return std::nullopt;
      return found;
    }
    case Kind::kDictView:
      if (haystack.view->which == DictView::kKeys) return contains(run, Value::of(haystack.view->dict), needle);
      break;
    case Kind::kRange:
      if (needle.is_integral()) {
        const Range& r = *haystack.range;
        const int64_t n = needle.as_integer();
        if (r.step > 0 ? n < r.start || n >= r.stop : n > r.start || n <= r.stop) return false;
        const auto at = static_cast<uint64_t>(n), from = static_cast<uint64_t>(r.start),
                   by = static_cast<uint64_t>(r.step);
        return (r.step > 0 ? (at - from) % by : (from - at) % (~by + 1)) == 0;
      }
      break;
    default:
      break;
  }
  if (!is_iterable(haystack)) {
    run.fail("argument of type '{}' is not iterable", type_name(haystack));
    return std::nullopt;
  }
  Iterator* items = iterate(run, haystack);
  Value item;
  while (items != nullptr && items->next(run, &item)) {
    const auto same = equal(run, item, needle);
    if (!same || *same) return same;
  }
  if (run.failed()) return std::nullopt;
  return false;
}

bool sort_keyed(Run& run, std::span<Keyed> items, bool reverse) {
  // A merge sort of our own: it stays within bounds whatever comparisons answer (NaN has no order), and can stop.
  std::vector<Keyed> other(items.begin(), items.end());
  Keyed* from = items.data();
  Keyed* to = other.data();
  const size_t n = items.size();
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t low = 0; low < n; low += 2 * width) {
      const size_t middle = std::min(low + width, n), high = std::min(low + 2 * width, n);
      size_t left = low, right = middle;
      for (size_t k = low; k < high; ++k) {
        bool take_right = left >= middle;
        if (!take_right && right < high) {
          if (!run.charge(2)) return false;
          const auto before = reverse ? compare(run, CompareOp::kLess, from[left].key, from[right].key)
                                      : compare(run, CompareOp::kLess, from[right].key, from[left].key);
          if (!before) return false;
          take_right = *before;
        }
        to[k] = take_right ? from[right++] : from[left++];
      }
    }
    std::swap(from, to);
  }
  if (from != items.data()) std::copy(from, from + n, items.data());
  return true;
}

}  // namespace hermes::chat::jinja
