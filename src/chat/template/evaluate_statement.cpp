#include <boost/json.hpp>

#include "chat/template/evaluator.h"
#include "chat/template/globals.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

// The items of a `for ... if`: those that pass, as the target took them apart.
class TestedItems final : public Iterator {
 public:
  TestedItems(Evaluator& evaluator, const ForStmt& loop, Iterator& source, Activation& scope)
      : evaluator_(&evaluator), loop_(&loop), source_(&source), scope_(&scope) {}
  bool next(Run& run, Value* out) override {
    while (source_->next(run, out)) {
      if (evaluator_->passes(*loop_, *scope_, out)) return true;
      if (run.failed()) return false;
    }
    return false;
  }

 private:
  Evaluator* evaluator_;
  const ForStmt* loop_;
  Iterator* source_;
  Activation* scope_;
};

}  // namespace

Evaluator::Evaluator(Run& run, const Template& parsed, const json::object& variables) : run_(run), template_(parsed) {
  // What a template reads of its variables is known: the others are never converted.
  globals_.reserve(parsed.globals.size());
  for (const String* name : parsed.globals) {
    const json::value* given = variables.if_contains(name->text);
    globals_.push_back(given != nullptr ? from_json(run, *given) : find_global(name->text));
  }
}

bool Evaluator::run_template() {
  if (run_.failed()) return false;
  scope_ = activate(template_.slots, nullptr);
  enter(template_.loads);
  return run_block(template_.body) != Flow::kFailed && !run_.failed();
}

Activation* Evaluator::activate(int slots, Activation* outer) {
  return run_.arena().make<Activation>(Activation{outer, run_.arena().make_array<Value>(static_cast<size_t>(slots))});
}

void Evaluator::enter(const Loads& loads) {
  for (const Load& load : loads) {
    Value& slot = scope_->slots[load.slot];
    switch (load.from) {
      case Load::From::kNothing:
        slot = {};
        break;
      case Load::From::kGlobal:
        slot = globals_[static_cast<size_t>(load.global)];
        break;
      case Load::From::kOuter:
        slot = at(load.outer);
        break;
    }
  }
}

size_t Evaluator::begin_capture() {
  if (captures_++ == 0) root_size_ = output_.size();
  return output_.size();
}

Value Evaluator::end_capture(size_t begin) {
  --captures_;
  if (run_.failed()) return Value::failed();
  const Value text = run_.copy(std::string_view(output_).substr(begin));
  output_.resize(begin);
  return text;
}

bool Evaluator::print(std::string_view text) {
  if (!run_.charge_text(text.size())) return false;
  output_ += text;
  return output_.size() <= run_.options().max_text || run_.allow_text(output_.size());
}

bool Evaluator::print(const Value& value) {
  if (value.is_string()) return print(value.text());
  std::string text;
  return append_text(run_, text, value) && print(text);
}

bool Evaluator::assign(const Target& target, const Value& value) {
  if (target.name == nullptr) {
    Iterator* items = is_iterable(value) ? iterate(run_, value) : nullptr;
    if (items == nullptr) return run_.fail("cannot unpack non-iterable {} object", type_name(value)), false;
    ArenaVector<Value> parts(run_.arena());
    Value item;
    while (parts.size() <= target.items.size() && items->next(run_, &item)) parts.push_back(item);
    if (run_.failed()) return false;
    if (parts.size() > target.items.size()) {
      return run_.fail("too many values to unpack (expected {})", target.items.size()), false;
    }
    if (parts.size() < target.items.size()) {
      run_.fail("not enough values to unpack (expected {}, got {})", target.items.size(), parts.size());
      return false;
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!assign(target.items[i], parts[i])) return false;
    }
    return true;
  }
  Value& variable = at(target.place);
  if (target.attribute == nullptr) {
    variable = value;
    return true;
  }
  if (!variable.is(Kind::kNamespace)) return run_.fail("cannot assign attribute on non-namespace object"), false;
  return set_attribute(run_, *variable.space, Value::of(target.attribute), value);
}

Evaluator::Flow Evaluator::run_block(const Block& block) {
  for (const StmtPtr& statement : block) {
    const Flow flow = run_statement(*statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::run_statement(const Stmt& statement) {
  const auto flow = [](bool ok) { return ok ? Flow::kNext : Flow::kFailed; };
  if (!run_.charge(1)) return Flow::kFailed;
  run_.set_line(statement.line);
  switch (statement.kind) {
    case StmtKind::kText:
      return flow(print(static_cast<const TextStmt&>(statement).text));
    case StmtKind::kPrint: {
      const Value value = evaluate(*static_cast<const PrintStmt&>(statement).value);
      return flow(!value.is_failed() && print(value));
    }
    case StmtKind::kSet: {
      const auto& set = static_cast<const SetStmt&>(statement);
      const Value value = evaluate(*set.value);
      run_.set_line(statement.line);
      return flow(!value.is_failed() && assign(set.target, value));
    }
    case StmtKind::kMacro: {
      const auto& m = static_cast<const MacroStmt&>(statement);
      at(m.place) = Value::of(run_.arena().make<const Macro>(Macro{m.macro.name->text, &m.macro, scope_}));
      return Flow::kNext;
    }
    case StmtKind::kBreak:
      return Flow::kBreak;
    case StmtKind::kContinue:
      return Flow::kContinue;
    default:
      break;
  }
  const Depth depth(*this);
  if (!depth.ok()) return Flow::kFailed;
  switch (statement.kind) {
    case StmtKind::kIf:
      return run_if(static_cast<const IfStmt&>(statement));
    case StmtKind::kFor:
      return run_for(static_cast<const ForStmt&>(statement));
    case StmtKind::kSetBlock:
      return run_set_block(static_cast<const SetBlockStmt&>(statement));
    case StmtKind::kFilterBlock:
      return run_filter_block(static_cast<const FilterBlockStmt&>(statement));
    case StmtKind::kWith:
      return run_with(static_cast<const WithStmt&>(statement));
    case StmtKind::kCallBlock:
      return run_call_block(static_cast<const CallBlockStmt&>(statement));
    case StmtKind::kGeneration:
      return run_generation(static_cast<const ScopeStmt&>(statement));
    default:
      break;
  }
  const auto& scope = static_cast<const ScopeStmt&>(statement);
  enter(scope.loads);
  return run_block(scope.body);
}

Evaluator::Flow Evaluator::run_if(const IfStmt& statement) {
  for (const IfStmt::Branch& branch : statement.branches) {
    run_.set_line(branch.line);
    const Value test = evaluate(*branch.test);
    if (test.is_failed()) return Flow::kFailed;
    if (truth(test)) return run_block(branch.body);
  }
  return run_block(statement.otherwise);
}

Evaluator::Flow Evaluator::run_for(const ForStmt& statement) {
  const Value items = evaluate(*statement.iterable);
  if (items.is_failed()) return Flow::kFailed;
  run_.set_line(statement.line);
  if (!statement.recursive) return loop_over(statement, items, 0);
  const Value text = run_recursive_loop(statement, items, 0, scope_);
  return !text.is_failed() && print(text) ? Flow::kNext : Flow::kFailed;
}

Value Evaluator::run_recursive_loop(const ForStmt& statement, const Value& items, int depth0, Activation* outer) {
  const Depth depth(*this);
  if (!depth.ok()) return Value::failed();
  Activation* const before = std::exchange(scope_, activate(statement.recursive_slots, outer));
  const size_t begin = begin_capture();
  const Flow flow = loop_over(statement, items, depth0);
  scope_ = before;
  const Value text = end_capture(begin);
  return flow == Flow::kFailed ? Value::failed() : text;
}

Evaluator::Flow Evaluator::loop_over(const ForStmt& statement, const Value& items, int depth0) {
  Iterator* source = iterate(run_, items);
  if (source == nullptr) return Flow::kFailed;
  int64_t size = items.is_sequence() ? static_cast<int64_t>(items.items().size()) : -1;
  if (statement.test != nullptr) {
    Activation* const outer = statement.recursive ? scope_->outer : scope_;
    Activation* test_scope = activate(statement.test_slots, outer);
    Activation* const before = std::exchange(scope_, test_scope);
    enter(statement.test_loads);
    scope_ = before;
    source = run_.arena().make<TestedItems>(*this, statement, *source, *test_scope);
    size = -1;
  } else if (size < 0 && !items.is(Kind::kIterator) && !items.is(Kind::kLoop)) {
    if (statement.loop_slot >= 0) {
      const auto known = length(run_, items);
      if (!known) return Flow::kFailed;
      size = static_cast<int64_t>(*known);
    }
  }
  Loop* loop = run_.arena().make<Loop>(*source, size, depth0);
  if (statement.recursive) {
    loop->body = &statement;
    loop->outer = scope_->outer;
  }
  bool any = false;  // whether a body came to its end: Jinja runs `else` after a break or continue in the first, too
  Value item;
  while (statement.loop_slot >= 0 ? loop->advance(run_, &item) : source->next(run_, &item)) {
    if (!run_.charge(1)) return Flow::kFailed;
    enter(statement.body_loads);
    if (statement.loop_slot >= 0) scope_->slots[statement.loop_slot] = Value::of(loop);
    if (!assign(statement.target, item)) return Flow::kFailed;
    const Flow flow = run_block(statement.body);
    if (flow == Flow::kFailed) return flow;
    if (flow == Flow::kBreak) break;
    any = any || flow == Flow::kNext;
  }
  if (run_.failed()) return Flow::kFailed;
  if (any) return Flow::kNext;
  enter(statement.otherwise_loads);
  return run_block(statement.otherwise);
}

bool Evaluator::passes(const ForStmt& loop, Activation& test_scope, Value* item) {
  const Depth depth(*this);
  if (!depth.ok()) return false;
  Activation* const before = std::exchange(scope_, &test_scope);
  bool passed = assign(loop.test_target, *item);
  if (passed) passed = truth(evaluate(*loop.test));  // a failed value is false
  if (passed && loop.test_target.name == nullptr) {
    // What a loop with a tuple as target goes on with is that tuple, made anew.
    const auto rebuild = [this](const Target& t, const auto& self) -> Value {
      if (t.name != nullptr) return at(t.place);
      ArenaVector<Value> parts(run_.arena());
      for (const Target& part : t.items) parts.push_back(self(part, self));
      return run_.tuple({parts.data(), parts.size()});
    };
    *item = rebuild(loop.test_target, rebuild);
  }
  scope_ = before;
  return passed && !run_.failed();
}

Evaluator::Flow Evaluator::run_set_block(const SetBlockStmt& statement) {
  enter(statement.loads);
  const size_t begin = begin_capture();
  const Flow flow = run_block(statement.body);
  Value text = end_capture(begin);
  if (flow != Flow::kNext || text.is_failed()) return text.is_failed() ? Flow::kFailed : flow;
  if (statement.filter != nullptr) text = evaluate_filter(static_cast<const FilterExpr&>(*statement.filter), &text);
  return !text.is_failed() && assign(statement.target, text) ? Flow::kNext : Flow::kFailed;
}

Evaluator::Flow Evaluator::run_filter_block(const FilterBlockStmt& statement) {
  enter(statement.loads);
  const size_t begin = begin_capture();
  const Flow flow = run_block(statement.body);
  const Value text = end_capture(begin);
  if (flow != Flow::kNext || text.is_failed()) return text.is_failed() ? Flow::kFailed : flow;
  const Value filtered = evaluate_filter(static_cast<const FilterExpr&>(*statement.filter), &text);
  return !filtered.is_failed() && print(filtered) ? Flow::kNext : Flow::kFailed;
}

Evaluator::Flow Evaluator::run_with(const WithStmt& statement) {
  enter(statement.loads);
  for (size_t i = 0; i < statement.targets.size(); ++i) {
    const Value value = evaluate(*statement.values[i]);
    if (value.is_failed() || !assign(statement.targets[i], value)) return Flow::kFailed;
  }
  return run_block(statement.body);
}

Evaluator::Flow Evaluator::run_call_block(const CallBlockStmt& statement) {
  const Value caller =
      Value::of(run_.arena().make<const Macro>(Macro{statement.caller.name->text, &statement.caller, scope_}));
  const Value result = evaluate_call(static_cast<const CallExpr&>(*statement.call), &caller);
  return !result.is_failed() && print(result) ? Flow::kNext : Flow::kFailed;
}

Evaluator::Flow Evaluator::run_generation(const ScopeStmt& statement) {
  // Within a capture, transformers counts from what the template itself had written when the capture began.
  const size_t begin = output_.size();
  const size_t counted = captures_ == 0 ? begin : root_size_;
  enter(statement.loads);
  const Flow flow = run_block(statement.body);
  generated_.emplace_back(counted, counted + (output_.size() - begin));
  return flow;
}

}  // namespace hermes::chat::jinja
