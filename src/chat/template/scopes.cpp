#include "chat/template/scopes.h"

#include <algorithm>
#include <deque>

#include "chat/template/scope_symbols.h"

namespace hermes::chat::jinja {
namespace {

class Resolver {
 public:
  explicit Resolver(Template& parsed) : parsed_(parsed) {}

  Status run() {
    FunctionScope& function = new_function(nullptr);
    Symbols symbols(nullptr, function);
    collect_names(symbols, parsed_.body);
    HERMES_TRY(block(symbols, parsed_.body, {}));
    parsed_.loads = loads(symbols);
    parsed_.slots = function.size();
    return {};
  }

 private:
  // What surrounds a statement, beyond its names.
  struct Around {
    bool in_loop = false;  // of the same function
    bool soft = false;     // in a branch, where an unknown filter may never be called
  };

  FunctionScope& new_function(FunctionScope* outer) {
    functions_.push_back({.outer = outer, .slots = {}});
    return functions_.back();
  }

  static Error error(int line, std::string_view message) { return Error::corrupt("line {}: {}", line, message); }

  static Place place(const Symbols& symbols, const Symbols::Ref& ref) {
    Place out{.hops = 0, .slot = ref.slot};
    for (const FunctionScope* f = &symbols.function(); f != ref.function; f = f->outer) ++out.hops;
    return out;
  }

  int global(std::string_view name) {
    const auto [at, fresh] = globals_.try_emplace(name, static_cast<int>(parsed_.globals.size()));
    if (fresh) {
      parsed_.texts.push_back(std::make_unique<std::string>(name));
      parsed_.strings.push_back(std::make_unique<String>(String{.text = *parsed_.texts.back()}));
      parsed_.globals.push_back(parsed_.strings.back().get());
    }
    return at->second;
  }

  Loads loads(const Symbols& symbols) {
    Loads out;
    for (const auto& [name, source] : symbols.sources()) {
      const int slot = symbols.refs().at(name).slot;
      using From = Symbols::Source::From;
      if (source.from == From::kNothing) out.push_back({.slot = slot, .from = Load::From::kNothing});
      if (source.from == From::kGlobal)
        out.push_back({.slot = slot, .from = Load::From::kGlobal, .global = global(name)});
      if (source.from == From::kOuter) {
        out.push_back({.slot = slot, .from = Load::From::kOuter, .outer = place(symbols, source.outer)});
      }
    }
    return out;
  }

  Status expression(Symbols& symbols, Expr& expr, bool soft) {
    switch (expr.kind) {
      case ExprKind::kName: {
        auto& name = static_cast<NameExpr&>(expr);
        symbols.load(name.name->text);  // known already, but for the arguments of a set block's filter
        name.place = place(symbols, *symbols.find(name.name->text));
        return {};
      }
      case ExprKind::kConditional:
        soft = true;
        break;
      case ExprKind::kFilter:
        if (const auto& f = static_cast<const FilterExpr&>(expr); f.entry == nullptr && !soft) {
          return error(expr.line, fmt::format("No filter named '{}'.", f.name));
        }
        break;
      case ExprKind::kTest:
        if (const auto& t = static_cast<const TestExpr&>(expr); t.entry == nullptr && !soft) {
          return error(expr.line, fmt::format("No test named '{}'.", t.name));
        }
        break;
      default:
        break;
    }
    Status status;
    each_child(expr, [&](const Expr& child) {
      // The tree is ours to change; each_child only shows it as constant to its other users.
      if (status.ok()) status = expression(symbols, const_cast<Expr&>(child), soft);
    });
    return status;
  }
  Status expression(Symbols& symbols, const ExprPtr& expr, bool soft) {
    return expr == nullptr ? Status() : expression(symbols, *expr, soft);
  }

  void target(Symbols& symbols, Target& t) {
    for (Target& item : t.items) target(symbols, item);
    if (t.name != nullptr) t.place = place(symbols, *symbols.find(t.name->text));
  }

  Status block(Symbols& symbols, Block& body, Around around) {
    for (const StmtPtr& s : body) HERMES_TRY(statement(symbols, *s, around));
    return {};
  }

  // A scope in the same function.
  Status inner_scope(Symbols& outer, Block& body, Loads& out, Around around) {
    Symbols symbols(&outer, outer.function());
    collect_names(symbols, body);
    HERMES_TRY(block(symbols, body, {.in_loop = around.in_loop}));
    out = loads(symbols);
    return {};
  }

  Status statement(Symbols& symbols, Stmt& s, Around around) {
    switch (s.kind) {
      case StmtKind::kText:
        return {};
      case StmtKind::kPrint:
        return expression(symbols, static_cast<PrintStmt&>(s).value, around.soft);
      case StmtKind::kSet: {
        auto& set = static_cast<SetStmt&>(s);
        target(symbols, set.target);
        return expression(symbols, set.value, around.soft);
      }
      case StmtKind::kSetBlock: {
        auto& set = static_cast<SetBlockStmt&>(s);
        target(symbols, set.target);
        return filtered_scope(symbols, set.body, set.filter, set.loads, around);
      }
      case StmtKind::kFilterBlock: {
        auto& filter = static_cast<FilterBlockStmt&>(s);
        return filtered_scope(symbols, filter.body, filter.filter, filter.loads, around);
      }
      case StmtKind::kIf: {
        auto& branches = static_cast<IfStmt&>(s);
        const Around inside{.in_loop = around.in_loop, .soft = true};
        for (IfStmt::Branch& branch : branches.branches) {
          HERMES_TRY(expression(symbols, branch.test, true));
          HERMES_TRY(block(symbols, branch.body, inside));
        }
        return block(symbols, branches.otherwise, inside);
      }
      case StmtKind::kFor:
        return loop(symbols, static_cast<ForStmt&>(s), around);
      case StmtKind::kWith:
        return with(symbols, static_cast<WithStmt&>(s), around);
      case StmtKind::kMacro: {
        auto& m = static_cast<MacroStmt&>(s);
        m.place = place(symbols, *symbols.find(m.macro.name->text));
        return macro(symbols, m.macro);
      }
      case StmtKind::kCallBlock: {
        auto& call = static_cast<CallBlockStmt&>(s);
        HERMES_TRY(macro(symbols, call.caller));
        return expression(symbols, call.call, around.soft);
      }
      case StmtKind::kScope:
        return inner_scope(symbols, static_cast<ScopeStmt&>(s).body, static_cast<ScopeStmt&>(s).loads, around);
      case StmtKind::kGeneration:  // Jinja makes it a function: no break out of it
        return inner_scope(symbols, static_cast<ScopeStmt&>(s).body, static_cast<ScopeStmt&>(s).loads, {});
      case StmtKind::kBreak:
      case StmtKind::kContinue:
        if (around.in_loop) return {};
        return error(s.line, s.kind == StmtKind::kBreak ? "'break' outside loop" : "'continue' not properly in loop");
    }
    return {};
  }

  // A body whose text goes through a filter, which sees the body's names.
  Status filtered_scope(Symbols& outer, Block& body, const ExprPtr& filter, Loads& out, Around around) {
    Symbols symbols(&outer, outer.function());
    collect_names(symbols, body);
    if (filter != nullptr) collect_names(symbols, *filter);
    HERMES_TRY(block(symbols, body, {.in_loop = around.in_loop}));
    HERMES_TRY(expression(symbols, filter, false));
    out = loads(symbols);
    return {};
  }

  Status with(Symbols& outer, WithStmt& s, Around around) {
    for (const ExprPtr& value : s.values) HERMES_TRY(expression(outer, value, around.soft));
    Symbols symbols(&outer, outer.function());
    for (Target& t : s.targets) collect_names(symbols, t, As::kParameter);
    collect_names(symbols, s.body);
    for (Target& t : s.targets) target(symbols, t);
    HERMES_TRY(block(symbols, s.body, {.in_loop = around.in_loop}));
    s.loads = loads(symbols);
    return {};
  }

  Status loop(Symbols& outer, ForStmt& s, Around around) {
    HERMES_TRY(expression(outer, s.iterable, around.soft));
    HERMES_TRY(refuse_loop_assignments(s));
    FunctionScope& function = s.recursive ? new_function(&outer.function()) : outer.function();

    Symbols symbols(&outer, function);
    if (s.recursive || reads_name(s.body, "loop")) s.loop_slot = symbols.declare_parameter("loop");
    collect_names(symbols, s.target, As::kParameter);
    collect_names(symbols, s.body);
    target(symbols, s.target);
    HERMES_TRY(block(symbols, s.body, {.in_loop = true}));
    s.body_loads = loads(symbols);

    Symbols otherwise(&outer, function);
    collect_names(otherwise, s.otherwise);
    HERMES_TRY(block(otherwise, s.otherwise, {.in_loop = around.in_loop && !s.recursive}));
    s.otherwise_loads = loads(otherwise);
    if (s.recursive) s.recursive_slots = function.size();

    if (s.test == nullptr) return {};
    FunctionScope& test_function = new_function(&outer.function());
    Symbols test(&outer, test_function);
    s.test_target = s.target;
    collect_names(test, s.test_target, As::kParameter);
    collect_names(test, *s.test);
    target(test, s.test_target);
    HERMES_TRY(expression(test, s.test, false));
    s.test_loads = loads(test);
    s.test_slots = test_function.size();
    return {};
  }

  Status macro(Symbols& outer, MacroNode& m) {
    FunctionScope& function = new_function(&outer.function());
    Symbols symbols(&outer, function);
    for (Parameter& p : m.parameters) p.slot = symbols.declare_parameter(p.name->text);
    const auto named = [&m](std::string_view name) {
      return std::find_if(m.parameters.begin(), m.parameters.end(),
                          [name](const Parameter& p) { return p.name->text == name; });
    };
    if (reads_name(m.body, "caller")) {
      m.takes_caller = true;
      if (const auto explicit_caller = named("caller"); explicit_caller == m.parameters.end()) {
        m.caller_slot = symbols.declare_parameter("caller");
      } else if (explicit_caller->otherwise == nullptr) {
        return error(
            m.line,
            "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a "
            "default.");
      }
    }
    if (reads_name(m.body, "kwargs") && named("kwargs") == m.parameters.end()) {
      m.kwargs_slot = symbols.declare_parameter("kwargs");
    }
    if (reads_name(m.body, "varargs") && named("varargs") == m.parameters.end()) {
      m.varargs_slot = symbols.declare_parameter("varargs");
    }
    for (const Parameter& p : m.parameters) {
      if (p.otherwise != nullptr) collect_names(symbols, *p.otherwise);
    }
    collect_names(symbols, m.body);
    for (const Parameter& p : m.parameters) HERMES_TRY(expression(symbols, p.otherwise, false));
    HERMES_TRY(block(symbols, m.body, {}));
    m.loads = loads(symbols);
    m.slots = function.size();
    return {};
  }

  // `loop` is the loop's own, in its target and anywhere within.
  Status refuse_loop_assignments(const ForStmt& s) {
    const auto assigns = [](const Target& t, const auto& self) -> bool {
      if (t.name != nullptr) return t.attribute == nullptr && t.name->text == "loop";
      return std::any_of(t.items.begin(), t.items.end(), [&](const Target& item) { return self(item, self); });
    };
    const auto refused = [&](const Target& t) { return assigns(t, assigns); };
    if (refused(s.target) || any_target(s.body, refused) || any_target(s.otherwise, refused)) {
      return error(s.line, "Can't assign to special loop variable in for-loop target");
    }
    return {};
  }

  template <class F>
  static bool any_target(const Block& body, const F& is) {
    return std::any_of(body.begin(), body.end(), [&](const StmtPtr& s) {
      switch (s->kind) {
        case StmtKind::kSet:
          return is(static_cast<const SetStmt&>(*s).target);
        case StmtKind::kSetBlock:
          return is(static_cast<const SetBlockStmt&>(*s).target) ||
                 any_target(static_cast<const SetBlockStmt&>(*s).body, is);
        case StmtKind::kIf: {
          const auto& branches = static_cast<const IfStmt&>(*s);
          return any_target(branches.otherwise, is) ||
                 std::any_of(branches.branches.begin(), branches.branches.end(),
                             [&](const IfStmt::Branch& b) { return any_target(b.body, is); });
        }
        case StmtKind::kFor: {
          const auto& inner = static_cast<const ForStmt&>(*s);
          return is(inner.target) || any_target(inner.body, is) || any_target(inner.otherwise, is);
        }
        case StmtKind::kWith:
          return any_target(static_cast<const WithStmt&>(*s).body, is);
        case StmtKind::kMacro:
          return any_target(static_cast<const MacroStmt&>(*s).macro.body, is);
        case StmtKind::kCallBlock:
          return any_target(static_cast<const CallBlockStmt&>(*s).caller.body, is);
        case StmtKind::kFilterBlock:
          return any_target(static_cast<const FilterBlockStmt&>(*s).body, is);
        case StmtKind::kScope:
        case StmtKind::kGeneration:
          return any_target(static_cast<const ScopeStmt&>(*s).body, is);
        default:
          return false;
      }
    });
  }

  Template& parsed_;
  std::deque<FunctionScope> functions_;  // addresses stay
  std::map<std::string_view, int> globals_;
};

}  // namespace

Status resolve_names(Template& parsed) { return Resolver(parsed).run(); }

}  // namespace hermes::chat::jinja
