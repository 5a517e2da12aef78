// What a template computes with: Python's values, as far as templates can reach them. A Value is a plain copy; what it
// points to lives in the arena of its rendering (or, for constants, in the program) and never changes, apart from
// namespaces, loops, iterators, cyclers and joiners.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

namespace hermes::chat::jinja {

enum class Kind : uint8_t {
  kMissing,  // no value yet: a variable that was not assigned, an argument that was not given
  kFailed,   // an error is on its way out; the Run holds it
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kRange,
  kDictView,
  kIterator,  // what Python has as a generator or iterator: consumed once
  kNamespace,
  kLoop,
  kMacro,
  kFunction,  // a global such as range, or a filter's helper
  kMethod,    // a method bound to its object
  kCycler,
  kJoiner,
};

struct String;
struct List;
struct Dict;
struct Range;
struct DictView;
struct Undefined;
struct Namespace;
struct Macro;
struct Function;
struct Method;
struct Cycler;
struct Joiner;
class Iterator;
class Loop;

struct Value {
  Kind kind = Kind::kMissing;
  union {
    bool boolean;
    int64_t integer = 0;
    double real;
    const String* string;
    const List* list;  // lists and tuples
    const Dict* dict;
    const Range* range;
    const DictView* view;
    const Undefined* undefined;
    Iterator* iterator;
    Namespace* space;
    Loop* loop;
    const Macro* macro;
    const Function* function;
    const Method* method;
    Cycler* cycler;
    Joiner* joiner;
  };

  static Value of(Kind k) {
    Value v;
    v.kind = k;
    return v;
  }
  static Value none() { return of(Kind::kNone); }
  static Value failed() { return of(Kind::kFailed); }
  // Constrained, because a pointer would become a bool otherwise.
  static Value of(std::same_as<bool> auto b) { return with(Kind::kBool, &Value::boolean, b); }
  static Value of(int64_t i) { return with(Kind::kInt, &Value::integer, i); }
  static Value of(double d) { return with(Kind::kFloat, &Value::real, d); }
  static Value of(const String* s) { return with(Kind::kString, &Value::string, s); }
  static Value of(const Dict* d) { return with(Kind::kDict, &Value::dict, d); }
  static Value of(const Range* r) { return with(Kind::kRange, &Value::range, r); }
  static Value of(const DictView* v) { return with(Kind::kDictView, &Value::view, v); }
  static Value of(const Undefined* u) { return with(Kind::kUndefined, &Value::undefined, u); }
  static Value of(Iterator* i) { return with(Kind::kIterator, &Value::iterator, i); }
  static Value of(Namespace* n) { return with(Kind::kNamespace, &Value::space, n); }
  static Value of(Loop* l) { return with(Kind::kLoop, &Value::loop, l); }
  static Value of(const Macro* m) { return with(Kind::kMacro, &Value::macro, m); }
  static Value of(const Function* f) { return with(Kind::kFunction, &Value::function, f); }
  static Value of(const Method* m) { return with(Kind::kMethod, &Value::method, m); }
  static Value of(Cycler* c) { return with(Kind::kCycler, &Value::cycler, c); }
  static Value of(Joiner* j) { return with(Kind::kJoiner, &Value::joiner, j); }
  static Value list_of(const List* l) { return with(Kind::kList, &Value::list, l); }
  static Value tuple_of(const List* l) { return with(Kind::kTuple, &Value::list, l); }

  bool is(Kind k) const { return kind == k; }
  bool is_missing() const { return kind == Kind::kMissing; }
  bool is_failed() const { return kind == Kind::kFailed; }
  bool is_undefined() const { return kind == Kind::kUndefined; }
  bool is_none() const { return kind == Kind::kNone; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_integral() const { return kind == Kind::kInt || kind == Kind::kBool; }  // Python's bool is an int
  bool is_number() const { return is_integral() || kind == Kind::kFloat; }
  bool is_sequence() const { return kind == Kind::kList || kind == Kind::kTuple; }

  int64_t as_integer() const { return kind == Kind::kBool ? int64_t{boolean} : integer; }  // of is_integral()
  double as_real() const {                                                                 // of is_number()
    return kind == Kind::kFloat ? real : static_cast<double>(as_integer());
  }
  inline std::string_view text() const;         // of is_string()
  inline std::span<const Value> items() const;  // of is_sequence()

 private:
  template <class P>
  static Value with(Kind k, P Value::*member, P p) {
    Value v = of(k);
    v.*member = p;
    return v;
  }
};

enum class Ascii : uint8_t { kUnknown, kYes, kNo };

// Room behind a string's end, so that s = s + t in a loop costs what it appends.
struct GrowingBlock {
  char* data;
  size_t used, capacity;
};

struct String {
  std::string_view text;                  // UTF-8
  GrowingBlock* block = nullptr;          // where `text` lies, if it can grow
  mutable Ascii ascii = Ascii::kUnknown;  // set before sharing where threads share the string
  bool markup = false;                    // Python's Markup: escapes what is joined to it
};

struct List {
  std::span<const Value> items;
  bool group = false;  // a tuple of groupby: its members are also .grouper and .list
};

struct DictEntry {
  Value key, value;
};

struct Dict {
  std::span<const DictEntry> entries;    // in order of insertion
  std::span<const uint32_t> index = {};  // open addressing: entry + 1, or 0; empty for small dicts
};

struct Range {
  int64_t start, stop, step;
  int64_t size() const {
    // Unsigned, because the distance of two int64 may not fit an int64.
    const auto from = static_cast<uint64_t>(start), to = static_cast<uint64_t>(stop);
    if (step > 0) return start >= stop ? 0 : static_cast<int64_t>((to - from - 1) / static_cast<uint64_t>(step)) + 1;
    return start <= stop ? 0 : static_cast<int64_t>((from - to - 1) / (~static_cast<uint64_t>(step) + 1)) + 1;
  }
  // For 0 <= i < size(); wraps instead of overflowing, though it never needs to.
  int64_t at(int64_t i) const {
    return static_cast<int64_t>(static_cast<uint64_t>(start) + static_cast<uint64_t>(i) * static_cast<uint64_t>(step));
  }
};

struct DictView {
  enum Which : uint8_t { kKeys, kValues, kItems };
  const Dict* dict;
  Which which;
};

// Why a value is undefined; its message is made when somebody trips over it.
struct Undefined {
  std::string_view hint;  // the whole message, where there is one
  Value object = {};      // what was asked; missing for a plain variable
  Value name = {};        // what it was asked for
};

inline std::string_view Value::text() const { return string->text; }
inline std::span<const Value> Value::items() const { return list->items; }

}  // namespace hermes::chat::jinja
