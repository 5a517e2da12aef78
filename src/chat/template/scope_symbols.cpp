#include "chat/template/scope_symbols.h"

namespace hermes::chat::jinja {
namespace {

enum class Use { kNone, kRead, kAssigned };

// The first use of a name, in Jinja's order: targets before values, parameters before bodies.
class FirstUse {
 public:
  explicit FirstUse(std::string_view name) : name_(name) {}

  Use in(const Expr& expr) {
    if (expr.kind == ExprKind::kName)
      return static_cast<const NameExpr&>(expr).name->text == name_ ? Use::kRead : Use::kNone;
    Use found = Use::kNone;
    each_child(expr, [&](const Expr& e) {
      if (found == Use::kNone) found = in(e);
    });
    return found;
  }
  Use in(const ExprPtr& expr) { return expr == nullptr ? Use::kNone : in(*expr); }

  Use in(const Target& target) {
    if (target.name != nullptr)
      return target.attribute == nullptr && target.name->text == name_ ? Use::kAssigned : Use::kNone;
    for (const Target& item : target.items) {
      if (const Use use = in(item); use != Use::kNone) return use;
    }
    return Use::kNone;
  }

  Use in(const Block& block) {
    for (const StmtPtr& statement : block) {
      if (const Use use = in(*statement); use != Use::kNone) return use;
    }
    return Use::kNone;
  }

  Use in(const MacroNode& macro) {
    for (const Parameter& p : macro.parameters) {
      if (p.name->text == name_) return Use::kAssigned;
    }
    for (const Parameter& p : macro.parameters) {
      if (const Use use = in(p.otherwise); use != Use::kNone) return use;
    }
    return in(macro.body);
  }

  Use in(const Stmt& statement) {
    switch (statement.kind) {
      case StmtKind::kText:
      case StmtKind::kBreak:
      case StmtKind::kContinue:
        return Use::kNone;
      case StmtKind::kPrint:
        return in(static_cast<const PrintStmt&>(statement).value);
      case StmtKind::kSet: {
        const auto& s = static_cast<const SetStmt&>(statement);
        return first(s.target, s.value);
      }
      case StmtKind::kSetBlock: {
        const auto& s = static_cast<const SetBlockStmt&>(statement);
        return first(s.target, s.filter, s.body);
      }
      case StmtKind::kIf: {
        const auto& s = static_cast<const IfStmt&>(statement);
        for (const IfStmt::Branch& branch : s.branches) {
          if (const Use use = first(branch.test, branch.body); use != Use::kNone) return use;
        }
        return in(s.otherwise);
      }
      case StmtKind::kFor: {
        const auto& s = static_cast<const ForStmt&>(statement);
        return first(s.target, s.iterable, s.body, s.otherwise, s.test);
      }
      case StmtKind::kWith: {
        const auto& s = static_cast<const WithStmt&>(statement);
        for (const Target& target : s.targets) {
          if (const Use use = in(target); use != Use::kNone) return use;
        }
        for (const ExprPtr& value : s.values) {
          if (const Use use = in(value); use != Use::kNone) return use;
        }
        return in(s.body);
      }
      case StmtKind::kMacro:
        return in(static_cast<const MacroStmt&>(statement).macro);
      case StmtKind::kCallBlock: {
        const auto& s = static_cast<const CallBlockStmt&>(statement);
        return first(s.call, s.caller);
      }
      case StmtKind::kFilterBlock: {
        const auto& s = static_cast<const FilterBlockStmt&>(statement);
        return first(s.body, s.filter);
      }
      case StmtKind::kScope:
      case StmtKind::kGeneration:
        return in(static_cast<const ScopeStmt&>(statement).body);
    }
    return Use::kNone;
  }

 private:
  template <class... Parts>
  Use first(const Parts&... parts) {
    Use use = Use::kNone;
    ((use = use == Use::kNone ? in(parts) : use), ...);
    return use;
  }

  std::string_view name_;
};

}  // namespace

bool reads_name(const Block& block, std::string_view name) { return FirstUse(name).in(block) == Use::kRead; }

void collect_names(Symbols& symbols, const Expr& expr) {
  if (expr.kind == ExprKind::kName) symbols.load(static_cast<const NameExpr&>(expr).name->text);
  each_child(expr, [&](const Expr& e) { collect_names(symbols, e); });
}

void collect_names(Symbols& symbols, const Target& target, As as) {
  if (target.name == nullptr) {
    for (const Target& item : target.items) collect_names(symbols, item, as);
  } else if (target.attribute != nullptr) {
    symbols.load(target.name->text);
  } else if (as == As::kParameter) {
    symbols.declare_parameter(target.name->text);
  } else {
    symbols.store(target.name->text);
  }
}

void collect_names(Symbols& symbols, const Block& block) {
  for (const StmtPtr& statement : block) collect_names(symbols, *statement);
}

void collect_names(Symbols& symbols, const Stmt& statement) {
  switch (statement.kind) {
    case StmtKind::kPrint:
      return collect_names(symbols, *static_cast<const PrintStmt&>(statement).value);
    case StmtKind::kSet: {
      const auto& s = static_cast<const SetStmt&>(statement);
      collect_names(symbols, *s.value);
      return collect_names(symbols, s.target, As::kStore);
    }
    case StmtKind::kSetBlock:
      return collect_names(symbols, static_cast<const SetBlockStmt&>(statement).target, As::kStore);
    case StmtKind::kIf: {
      const auto& s = static_cast<const IfStmt&>(statement);
      // An elif counts as an `if` of its own within a branch, and its test belongs to that branch.
      collect_names(symbols, *s.branches[0].test);
      std::vector<Symbols> branches(3, symbols.branch());
      collect_names(branches[0], s.branches[0].body);
      for (size_t i = 1; i < s.branches.size(); ++i) {
        collect_names(branches[1], *s.branches[i].test);
        std::vector<Symbols> inner(1, branches[1].branch());
        collect_names(inner[0], s.branches[i].body);
        branches[1].merge_branches(inner);
      }
      collect_names(branches[2], s.otherwise);
      return symbols.merge_branches(branches);
    }
    case StmtKind::kFor:
      return collect_names(symbols, *static_cast<const ForStmt&>(statement).iterable);
    case StmtKind::kWith:
      for (const ExprPtr& value : static_cast<const WithStmt&>(statement).values) collect_names(symbols, *value);
      return;
    case StmtKind::kMacro:
      return symbols.store(static_cast<const MacroStmt&>(statement).macro.name->text);
    case StmtKind::kCallBlock:
      return collect_names(symbols, *static_cast<const CallBlockStmt&>(statement).call);
    case StmtKind::kFilterBlock:
      return collect_names(symbols, *static_cast<const FilterBlockStmt&>(statement).filter);
    case StmtKind::kText:
    case StmtKind::kBreak:
    case StmtKind::kContinue:
    case StmtKind::kScope:
    case StmtKind::kGeneration:
      return;
  }
}

}  // namespace hermes::chat::jinja
