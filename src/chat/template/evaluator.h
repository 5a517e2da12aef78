// Runs a resolved template.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "chat/template/ast.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

inline constexpr int kMaxCallDepth = 1000;  // expressions and statements under way at once

// The variables of a function that runs.
struct Activation {
  Activation* outer;
  Value* slots;
};

class Evaluator {
 public:
  Evaluator(Run& run, const Template& parsed, const json::object& variables);

  bool run_template();  // false where it failed
  std::string take_output() { return std::move(output_); }
  std::vector<std::pair<size_t, size_t>> take_generated() { return std::move(generated_); }

  // For loops whose items are tested, and which call themselves.
  bool passes(const ForStmt& loop, Activation& test_scope, Value* item);

 private:
  enum class Flow { kNext, kBreak, kContinue, kFailed };
  // Arguments under evaluation: a few on the stack, more in the arena.
  struct Call {
    explicit Call(Arena& arena) : more(arena), named(arena) {}

    void push(const Value& v) {
      if (count < kFew && more.empty()) {
        few[count++] = v;
        return;
      }
      if (more.empty()) {
        for (size_t i = 0; i < count; ++i) more.push_back(few[i]);
      }
      more.push_back(v);
    }
    Arguments arguments() const {
      const auto positional = more.empty() ? std::span(few, count) : std::span(more.data(), more.size());
      return {positional, {named.data(), named.size()}};
    }

    static constexpr size_t kFew = 4;
    Value few[kFew];
    size_t count = 0;
    ArenaVector<Value> more;
    ArenaVector<Named> named;
  };
  // Counts expressions and statements under way.
  struct Depth {
    explicit Depth(Evaluator& e) : evaluator(e) { ++evaluator.depth_; }
    ~Depth() { --evaluator.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    bool ok() const {
      if (evaluator.depth_ <= kMaxCallDepth) return true;
      evaluator.run_.fail(Error::exhausted("calls are nested too deep: the template recurses"));
      return false;
    }
    Evaluator& evaluator;
  };

  Activation* activate(int slots, Activation* outer);
  void enter(const Loads& loads);
  Value& at(const Place& place);

  Flow run_block(const Block& block);
  Flow run_statement(const Stmt& statement);
  Flow run_if(const IfStmt& statement);
  Flow run_for(const ForStmt& statement);
  Flow loop_over(const ForStmt& statement, const Value& items, int depth0);
  Value run_recursive_loop(const ForStmt& statement, const Value& items, int depth0, Activation* outer);
  Flow run_set_block(const SetBlockStmt& statement);
  Flow run_filter_block(const FilterBlockStmt& statement);
  Flow run_with(const WithStmt& statement);
  Flow run_call_block(const CallBlockStmt& statement);
  Flow run_generation(const ScopeStmt& statement);
  bool print(const Value& value);
  bool print(std::string_view text);
  bool assign(const Target& target, const Value& value);

  // Text written from begin_capture() on, taken out of the output again.
  size_t begin_capture();
  Value end_capture(size_t begin);

  Value evaluate(const Expr& expr);
  Value evaluate_sequence(const SequenceExpr& expr);
  Value evaluate_dict(const DictExpr& expr);
  Value evaluate_unary(const UnaryExpr& expr);
  Value evaluate_compare(const CompareExpr& expr);
  Value evaluate_concat(const ConcatExpr& expr);
  Value evaluate_conditional(const ConditionalExpr& expr);
  Value evaluate_slice(const SliceExpr& expr);
  Value evaluate_call(const CallExpr& expr, const Value* caller = nullptr);
  Value evaluate_filter(const FilterExpr& expr, const Value* captured = nullptr);
  Value evaluate_test(const TestExpr& expr);
  bool evaluate_arguments(const CallArguments& arguments, Call& out);

  Value call(const Value& callee, const Arguments& arguments);
  Value call_macro(const Macro& macro, const Arguments& arguments);
  bool bind_macro(const Macro& macro, const Arguments& arguments, Activation& scope);

  Run& run_;
  const Template& template_;
  std::vector<Value> globals_;
  Activation* scope_ = nullptr;
  std::string output_;
  int captures_ = 0;
  size_t root_size_ = 0;  // the output's size where the outermost capture began
  std::vector<std::pair<size_t, size_t>> generated_;
  int depth_ = 0;
};

}  // namespace hermes::chat::jinja
