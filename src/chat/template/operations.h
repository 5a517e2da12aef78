// Python's operators on values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "chat/template/objects.h"
#include "chat/template/run.h"
#include "chat/template/value.h"

namespace hermes::chat::jinja {

enum class BinaryOp : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

std::string_view spelling(BinaryOp op);
std::string_view spelling(CompareOp op);

bool truth(const Value& value);
bool is_same(const Value& a, const Value& b);  // Python's `is`, as far as templates can tell

// nullopt where the comparison failed.
std::optional<bool> equal(Run& run, const Value& a, const Value& b);
std::optional<bool> compare(Run& run, CompareOp op, const Value& a, const Value& b);
std::optional<bool> contains(Run& run, const Value& haystack, const Value& needle);

Value binary(Run& run, BinaryOp op, const Value& a, const Value& b);
Value negate(Run& run, const Value& value);
Value affirm(Run& run, const Value& value);                  // unary +
Value concat_texts(Run& run, std::span<const Value> parts);  // ~

// `text` with & < > ' " as HTML entities; for what joins Markup.
std::string escape_html(std::string_view text);
Value escape(Run& run, const Value& value);  // Markup

// Python's len(): nullopt, and failed, where a value has none.
std::optional<size_t> length(Run& run, const Value& value);

// nullptr, and failed, where a value cannot be iterated.
Iterator* iterate(Run& run, const Value& value);
bool is_iterable(const Value& value);
Iterator* iterate_items(Run& run, std::span<const Value> items);
// All items; false where that failed.
bool collect(Run& run, const Value& value, ArenaVector<Value>& out);

// Dicts.
std::optional<uint64_t> hash(Run& run, const Value& value);  // nullopt, and failed, for lists and dicts
// nullptr where there is none; also where that failed (an unhashable key).
const Value* lookup(Run& run, const Dict& dict, const Value& key);
const Value* lookup(const Dict& dict, std::string_view key);
class DictBuilder {
 public:
  explicit DictBuilder(Run& run) : run_(run), entries_(run.arena()) {}
  bool set(const Value& key, const Value& value);  // false where that failed; a known key keeps its place
  bool set_all(const Dict& dict);
  Value done();
  size_t size() const { return entries_.size(); }

 private:
  bool grow_index();

  Run& run_;
  ArenaVector<DictEntry> entries_;
  std::span<uint32_t> index_{};
};

// Sorts as Python does: stable; false where items cannot be compared.
struct Keyed {
  Value key, item;
};
bool sort_keyed(Run& run, std::span<Keyed> items, bool reverse);

}  // namespace hermes::chat::jinja
