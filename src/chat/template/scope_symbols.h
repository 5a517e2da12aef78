// The names of one scope while a template is resolved.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "chat/template/ast.h"

namespace hermes::chat::jinja {

// A function's variables: the template itself, a macro, a call block's body, a recursive loop, a loop's test.
struct FunctionScope {
  FunctionScope* outer = nullptr;
  std::map<std::pair<int, std::string_view>, int> slots;  // by the scope's level and the name

  int slot(int level, std::string_view name) {
    return slots.try_emplace({level, name}, static_cast<int>(slots.size())).first->second;
  }
  int size() const { return static_cast<int>(slots.size()); }
};

class Symbols {
 public:
  struct Ref {
    FunctionScope* function;
    int slot;
  };
  struct Source {
    enum class From : uint8_t { kNothing, kGlobal, kOuter, kParameter } from;
    Ref outer{};  // of kOuter
  };

  Symbols(Symbols* parent, FunctionScope& function)
      : parent_(parent), function_(&function), level_(parent == nullptr ? 0 : parent->level_ + 1) {}

  FunctionScope& function() const { return *function_; }

  const Ref* find(std::string_view name) const {
    const Ref* own = find_own(name);
    return own != nullptr || parent_ == nullptr ? own : parent_->find(name);
  }

  // What a branch of an `if` does is noted apart, on top of these symbols, which must stay where they are.
  Symbols branch() const {
    Symbols out(parent_, *function_);
    out.base_ = this;
    return out;
  }

  // The name is read: where no scope around knows it, it comes from the variables.
  void load(std::string_view name) {
    if (find(name) == nullptr) define(name, {Source::From::kGlobal});
  }

  // The name is assigned. Where an outer scope has it, this one begins with a copy.
  void store(std::string_view name) {
    stores_.insert(name);
    if (find_own(name) != nullptr) return;
    if (const Ref* outer = parent_ == nullptr ? nullptr : parent_->find(name); outer != nullptr) {
      define(name, {Source::From::kOuter, *outer});
    } else {
      define(name, {Source::From::kNothing});
    }
  }

  int declare_parameter(std::string_view name) {
    stores_.insert(name);
    return define(name, {Source::From::kParameter});
  }

  // Takes in what the branches of an `if` did: what they assign, and nothing before them did, begins with its outer
  // value.
  void merge_branches(const std::vector<Symbols>& branches) {
    std::set<std::string_view> stored;
    for (const Symbols& branch : branches) stored.insert(branch.stores_.begin(), branch.stores_.end());
    std::erase_if(stored, [this](std::string_view name) { return stores(name); });
    for (const Symbols& branch : branches) {
      for (const auto& [name, ref] : branch.refs_) refs_[name] = ref;
      for (const auto& [name, source] : branch.sources_) sources_[name] = source;
      stores_.insert(branch.stores_.begin(), branch.stores_.end());
    }
    for (const std::string_view name : stored) {
      const Ref* outer = parent_ == nullptr ? nullptr : parent_->find(name);
      sources_[name] = outer != nullptr ? Source{Source::From::kOuter, *outer} : Source{Source::From::kGlobal};
    }
  }

  const std::map<std::string_view, Ref>& refs() const { return refs_; }
  const std::map<std::string_view, Source>& sources() const { return sources_; }

 private:
  const Ref* find_own(std::string_view name) const {
    for (const Symbols* s = this; s != nullptr; s = s->base_) {
      if (const auto at = s->refs_.find(name); at != s->refs_.end()) return &at->second;
    }
    return nullptr;
  }
  bool stores(std::string_view name) const {
    for (const Symbols* s = this; s != nullptr; s = s->base_) {
      if (s->stores_.contains(name)) return true;
    }
    return false;
  }

  int define(std::string_view name, Source source) {
    const int slot = function_->slot(level_, name);
    refs_[name] = {function_, slot};
    sources_[name] = source;
    return slot;
  }

  Symbols* parent_;
  const Symbols* base_ = nullptr;
  FunctionScope* function_;
  int level_;
  std::map<std::string_view, Ref> refs_;
  std::map<std::string_view, Source> sources_;
  std::set<std::string_view> stores_;
};

// Whether the first mention of the name in the statements, in the order in which Jinja looks, reads it.
bool reads_name(const Block& block, std::string_view name);
// Collects what one statement, seen from the scope that it stands in, does to that scope's names.
void collect_names(Symbols& symbols, const Stmt& statement);
void collect_names(Symbols& symbols, const Block& block);
void collect_names(Symbols& symbols, const Expr& expr);
enum class As { kStore, kParameter };
void collect_names(Symbols& symbols, const Target& target, As as);

// Calls `visit` with every expression directly below.
template <class F>
void each_argument(const CallArguments& arguments, F&& visit) {
  for (const ExprPtr& e : arguments.positional) visit(*e);
  for (const auto& [name, e] : arguments.named) visit(*e);
  if (arguments.star != nullptr) visit(*arguments.star);
  if (arguments.double_star != nullptr) visit(*arguments.double_star);
}

template <class F>
void each_child(const Expr& expr, F&& visit) {
  const auto visit_if = [&visit](const ExprPtr& e) {
    if (e != nullptr) visit(*e);
  };
  switch (expr.kind) {
    case ExprKind::kConst:
    case ExprKind::kName:
      return;
    case ExprKind::kSequence:
      for (const ExprPtr& e : static_cast<const SequenceExpr&>(expr).items) visit(*e);
      return;
    case ExprKind::kDict:
      for (const auto& [key, value] : static_cast<const DictExpr&>(expr).items) {
        visit(*key);
        visit(*value);
      }
      return;
    case ExprKind::kUnary:
      return visit(*static_cast<const UnaryExpr&>(expr).operand);
    case ExprKind::kBinary:
      visit(*static_cast<const BinaryExpr&>(expr).left);
      return visit(*static_cast<const BinaryExpr&>(expr).right);
    case ExprKind::kConcat:
      for (const ExprPtr& e : static_cast<const ConcatExpr&>(expr).parts) visit(*e);
      return;
    case ExprKind::kLogic:
      visit(*static_cast<const LogicExpr&>(expr).left);
      return visit(*static_cast<const LogicExpr&>(expr).right);
    case ExprKind::kCompare:
      visit(*static_cast<const CompareExpr&>(expr).first);
      for (const auto& [op, e] : static_cast<const CompareExpr&>(expr).rest) visit(*e);
      return;
    case ExprKind::kConditional: {
      const auto& c = static_cast<const ConditionalExpr&>(expr);
      visit(*c.test);
      visit(*c.then);
      return visit_if(c.otherwise);
    }
    case ExprKind::kAttribute:
      return visit(*static_cast<const AttributeExpr&>(expr).object);
    case ExprKind::kItem:
      visit(*static_cast<const ItemExpr&>(expr).object);
      return visit(*static_cast<const ItemExpr&>(expr).key);
    case ExprKind::kSlice: {
      const auto& s = static_cast<const SliceExpr&>(expr);
      visit(*s.object);
      visit_if(s.start);
      visit_if(s.stop);
      return visit_if(s.step);
    }
    case ExprKind::kCall:
      visit(*static_cast<const CallExpr&>(expr).callee);
      return each_argument(static_cast<const CallExpr&>(expr).arguments, visit);
    case ExprKind::kFilter:
      visit_if(static_cast<const FilterExpr&>(expr).operand);
      return each_argument(static_cast<const FilterExpr&>(expr).arguments, visit);
    case ExprKind::kTest:
      visit(*static_cast<const TestExpr&>(expr).operand);
      return each_argument(static_cast<const TestExpr&>(expr).arguments, visit);
  }
}

}  // namespace hermes::chat::jinja
