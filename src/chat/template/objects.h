// Values with a life of their own: namespaces, loops, iterators, macros, functions and bound methods.
#pragma once

#include <span>
#include <string_view>

#include "chat/template/run.h"
#include "chat/template/value.h"

namespace hermes::chat::jinja {

struct Namespace {
  ArenaVector<DictEntry> members;
};

// What a call was given.
struct Named {
  std::string_view name;
  Value value;
};
struct Arguments {
  std::span<const Value> positional;
  std::span<const Named> named;
};

// A function of the environment.
struct Function {
  std::string_view name;
  Value (*call)(Run&, const Arguments&);
};

// A method of a value; `id` says which (methods.h).
struct Method {
  Value object;
  std::string_view name;
  Value (*call)(Run&, const Value& object, const Arguments&);
};

struct Cycler {
  std::span<const Value> items;
  size_t position;
};

struct Joiner {
  Value separator;
  bool used;
};

struct ForStmt;
struct MacroNode;
struct Activation;

struct Macro {
  std::string_view name;
  const MacroNode* node;
  Activation* outer;  // the variables it closes over
};

// What Python iterates with: once, and lazily.
class Iterator {
 public:
  // False at the end, and where it failed.
  virtual bool next(Run& run, Value* out) = 0;

 protected:
  Iterator() = default;
  ~Iterator() = default;
};

// The special variable of a for loop. It reads ahead only where it is asked what comes next.
class Loop {
 public:
  Loop(Iterator& source, int64_t size_or_unknown, int depth0)
      : source_(&source), length_(size_or_unknown), depth0_(depth0) {}

  bool advance(Run& run, Value* item);
  bool peek(Run& run, Value* item);  // missing at the end; false where it failed
  int64_t length(Run& run);          // -1 where it failed

  int64_t index0() const { return index0_; }
  int depth0() const { return depth0_; }
  const Value& before() const { return before_; }

  // Arguments of the last changed(): a tuple, or missing.
  Value last_changed{};
  // For recursive loops: what calls the loop again.
  const ForStmt* body = nullptr;
  Activation* outer = nullptr;

 private:
  Iterator* source_;
  int64_t length_;
  int64_t index0_ = -1;
  int depth0_;
  Value current_{}, before_{}, after_{};
};

}  // namespace hermes::chat::jinja
