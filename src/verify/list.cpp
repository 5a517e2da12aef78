// Verifiers of lists, and of one item of a list.
#include <algorithm>

#include "base/utf8.h"
#include "verify/answer.h"
#include "verify/items.h"
#include "verify/specification.h"
#include "verify/units.h"

namespace hermes::verify {
namespace {

size_t code_points(std::string_view text) {
  size_t n = 0;
  for (size_t pos = 0; pos < text.size(); pos += std::max<size_t>(decode_utf8(text, pos).length, 1)) ++n;
  return n;
}

bool is_even(const Item& item) { return item.number->numerator() % 2 == 0; }

Status all_numbers(const Specification& spec, const std::vector<Item>& items, bool integers) {
  for (const Item& item : items) {
    if (!item.number || (integers && !item.number->is_integer())) {
      return spec.error(integers ? "this op is for integers" : "this op is for numbers");
    }
  }
  return {};
}

Status all_strings(const Specification& spec, const std::vector<Item>& items) {
  if (!items.empty() && items[0].number) return spec.error("this op is for strings");
  return {};
}

// Numbers of any size that fit have cross products that may not.
Status sort_numbers(const Specification& spec, std::vector<Item>& items) {
  for (const Item& a : items) {
    if (a.number->numerator() > Int128{1} << 62 || a.number->numerator() < -(Int128{1} << 62) ||
        a.number->denominator() > Int128{1} << 62) {
      return spec.error("numbers too large to be compared");
    }
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return *a.number->compare(*b.number) < 0; });
  return {};
}

// The longest, or the shortest; two different ones of that length are no answer.
Result<Item> by_length(const Specification& spec, const std::vector<Item>& items, bool longest) {
  HERMES_TRY(all_strings(spec, items));
  const Item* best = &items[0];
  for (const Item& item : items) {
    const size_t a = code_points(item.text), b = code_points(best->text);
    if (longest ? a > b : a < b) best = &item;
  }
  for (const Item& item : items) {
    if (item != *best && code_points(item.text) == code_points(best->text)) {
      return spec.error(fmt::format("{} and {} are equally long", shown(best->text), shown(item.text)));
    }
  }
  return *best;
}

Result<Item> picked(const Specification& spec, const std::string& op, std::vector<Item> items, int64_t n) {
  if (op == "count") return Item{std::to_string(items.size()), Rational(static_cast<int64_t>(items.size()))};
  if (op == "sum") {
    HERMES_TRY(all_numbers(spec, items, false));
    Rational sum;
    for (const Item& item : items) {
      const std::optional<Rational> next = sum + *item.number;
      if (!next) return spec.error("the sum is beyond this evaluator");
      sum = *next;
    }
    return Item{sum.text(), sum};
  }
  if (items.empty()) return spec.error("\"items\" is empty");
  if (op == "first") return items.front();
  if (op == "last") return items.back();
  if (op == "nth") {
    if (n < 1 || static_cast<size_t>(n) > items.size()) {
      return spec.error(fmt::format("\"n\" is {}, must be from 1 to {}", n, items.size()));
    }
    return items[static_cast<size_t>(n - 1)];
  }
  if (op == "longest" || op == "shortest") return by_length(spec, items, op == "longest");
  HERMES_TRY(all_numbers(spec, items, false));
  HERMES_TRY(sort_numbers(spec, items));
  return op == "largest" ? items.back() : items.front();
}

}  // namespace

Made make_list(const Specification& spec) {
  HERMES_TRY(spec.only({"op", "items", "arg"}));
  HERMES_ASSIGN(const std::string op,
                spec.one_of("op", {"sort_ascending", "sort_descending", "reverse", "unique", "evens", "odds",
                                   "alphabetical", "reverse_alphabetical", "filter_longer"}));
  HERMES_ASSIGN(std::vector<Item> items, items_of(spec, "items"));
  if (spec.has("arg") != (op == "filter_longer")) return spec.error("\"arg\" is for \"filter_longer\", which needs it");
  if (op == "sort_ascending" || op == "sort_descending") {
    HERMES_TRY(all_numbers(spec, items, false));
    HERMES_TRY(sort_numbers(spec, items));
    if (op == "sort_descending") std::reverse(items.begin(), items.end());
  } else if (op == "reverse") {
    std::reverse(items.begin(), items.end());
  } else if (op == "unique") {
    std::vector<Item> kept;
    for (const Item& item : items) {
      if (std::find(kept.begin(), kept.end(), item) == kept.end()) kept.push_back(item);
    }
    items = std::move(kept);
  } else if (op == "evens" || op == "odds") {
    HERMES_TRY(all_numbers(spec, items, true));
    std::erase_if(items, [&](const Item& item) { return is_even(item) != (op == "evens"); });
  } else if (op == "filter_longer") {
    HERMES_TRY(all_strings(spec, items));
    HERMES_ASSIGN(const int64_t length, spec.integer("arg"));
    if (length < 0) return spec.error("\"arg\" is negative");
    std::erase_if(items, [&](const Item& item) { return code_points(item.text) <= static_cast<size_t>(length); });
  } else {
    HERMES_TRY(all_strings(spec, items));
    std::stable_sort(items.begin(), items.end(),
                     [](const Item& a, const Item& b) { return lower_case(a.text) < lower_case(b.text); });
    for (size_t i = 1; i < items.size(); ++i) {
      if (items[i] != items[i - 1] && lower_case(items[i].text) == lower_case(items[i - 1].text)) {
        return spec.error(fmt::format("{} and {} differ in case only", shown(items[i - 1].text), shown(items[i].text)));
      }
    }
    if (op == "reverse_alphabetical") std::reverse(items.begin(), items.end());
  }
  return judged_by([items = std::move(items)](const chat::Reply& reply) { return judge_items(reply.content, items); });
}

Made make_pick(const Specification& spec) {
  HERMES_TRY(spec.only({"op", "items", "n"}));
  HERMES_ASSIGN(const std::string op, spec.one_of("op", {"largest", "smallest", "nth", "first", "last", "count",
                                                         "longest", "shortest", "sum"}));
  HERMES_ASSIGN(const std::vector<Item> items, items_of(spec, "items"));
  if (spec.has("n") != (op == "nth")) return spec.error("\"n\" is for \"nth\", which needs it");
  HERMES_ASSIGN(const int64_t n, spec.integer_or("n", 0));
  HERMES_ASSIGN(const Item truth, picked(spec, op, items, n));
  if (truth.number) {
    return judged_by(
        [number = *truth.number](const chat::Reply& reply) { return judge_number(reply.content, number); });
  }
  std::vector<std::string> words;
  for (const Item& item : items) words.push_back(item.text);
  return judged_by([words, truth = truth.text](const chat::Reply& reply) {
    for (const std::string& phrase : phrases(reply.content)) {
      if (phrase == truth) return Verdict::pass();
    }
    if (lists_words(reply.content)) return Verdict::could_not_tell("several items");
    const Reading reading =
        read_final(reply.content, [&words](std::string_view text) { return scan_words(text, words); });
    return judge_reading(reading, {truth});
  });
}

}  // namespace hermes::verify
