// A parsed template. Made by the parser; the resolver (scopes.h) then gives every name its place. Immutable while
// rendering, and shared by threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/template/methods.h"
#include "chat/template/operations.h"
#include "chat/template/value.h"

namespace hermes::chat::jinja {

struct FilterEntry;  // filters.h
struct TestEntry;    // tests.h

// Where a variable is: `hops` functions outwards, then a slot.
struct Place {
  int hops = 0;
  int slot = -1;
};

// --- Expressions ---------------------------------------------------------------------------------------------------

enum class ExprKind : uint8_t {
  kConst,
  kName,
  kSequence,
  kDict,
  kUnary,
  kBinary,
  kConcat,
  kLogic,
  kCompare,
  kConditional,
  kAttribute,
  kItem,
  kSlice,
  kCall,
  kFilter,
  kTest,
};

struct Expr {
  Expr(ExprKind k, int l) : kind(k), line(l) {}
  virtual ~Expr() = default;
  Expr(const Expr&) = delete;
  Expr& operator=(const Expr&) = delete;

  ExprKind kind;
  int line;
  int depth = 1;  // of the tree below
};
using ExprPtr = std::unique_ptr<Expr>;

struct ConstExpr final : Expr {
  ConstExpr(int l, const Value& v) : Expr(ExprKind::kConst, l), value(v) {}
  Value value;
};

struct NameExpr final : Expr {
  NameExpr(int l, const String* n) : Expr(ExprKind::kName, l), name(n) {}
  const String* name;
  Place place{};
};

struct SequenceExpr final : Expr {
  SequenceExpr(int l, bool t) : Expr(ExprKind::kSequence, l), tuple(t) {}
  bool tuple;
  std::vector<ExprPtr> items;
};

struct DictExpr final : Expr {
  explicit DictExpr(int l) : Expr(ExprKind::kDict, l) {}
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
};

enum class UnaryOp : uint8_t { kNot, kNegate, kAffirm };
struct UnaryExpr final : Expr {
  UnaryExpr(int l, UnaryOp o, ExprPtr e) : Expr(ExprKind::kUnary, l), op(o), operand(std::move(e)) {}
  UnaryOp op;
  ExprPtr operand;
};

struct BinaryExpr final : Expr {
  BinaryExpr(int l, BinaryOp o, ExprPtr a, ExprPtr b)
      : Expr(ExprKind::kBinary, l), op(o), left(std::move(a)), right(std::move(b)) {}
  BinaryOp op;
  ExprPtr left, right;
};

struct ConcatExpr final : Expr {
  explicit ConcatExpr(int l) : Expr(ExprKind::kConcat, l) {}
  std::vector<ExprPtr> parts;
};

struct LogicExpr final : Expr {
  LogicExpr(int l, bool is_and, ExprPtr a, ExprPtr b)
      : Expr(ExprKind::kLogic, l), conjunction(is_and), left(std::move(a)), right(std::move(b)) {}
  bool conjunction;
  ExprPtr left, right;
};

struct CompareExpr final : Expr {
  explicit CompareExpr(int l) : Expr(ExprKind::kCompare, l) {}
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};

struct ConditionalExpr final : Expr {
  explicit ConditionalExpr(int l) : Expr(ExprKind::kConditional, l) {}
  ExprPtr test, then, otherwise;  // otherwise may be null
};

struct AttributeExpr final : Expr {
  AttributeExpr(int l, ExprPtr o, const String* name)
      : Expr(ExprKind::kAttribute, l), object(std::move(o)), attribute(attribute_name(name)) {}
  ExprPtr object;
  AttributeName attribute;
  bool as_target = false;  // namespace.attribute where something is assigned
};

struct ItemExpr final : Expr {
  ItemExpr(int l, ExprPtr o, ExprPtr k) : Expr(ExprKind::kItem, l), object(std::move(o)), key(std::move(k)) {}
  ExprPtr object, key;
};

struct SliceExpr final : Expr {
  explicit SliceExpr(int l) : Expr(ExprKind::kSlice, l) {}
  ExprPtr object, start, stop, step;  // bounds may be null
};

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<const String*, ExprPtr>> named;
  ExprPtr star, double_star;  // may be null
};

struct CallExpr final : Expr {
  explicit CallExpr(int l) : Expr(ExprKind::kCall, l) {}
  ExprPtr callee;
  CallArguments arguments;
};

struct FilterExpr final : Expr {
  explicit FilterExpr(int l) : Expr(ExprKind::kFilter, l) {}
  ExprPtr operand;  // null in a filter block: what the block wrote
  std::string name;
  const FilterEntry* entry = nullptr;  // null where there is no such filter
  CallArguments arguments;
};

struct TestExpr final : Expr {
  explicit TestExpr(int l) : Expr(ExprKind::kTest, l) {}
  ExprPtr operand;
  std::string name;
  const TestEntry* entry = nullptr;
  CallArguments arguments;
};

// --- Statements ----------------------------------------------------------------------------------------------------

enum class StmtKind : uint8_t {
  kText,
  kPrint,
  kSet,
  kSetBlock,
  kIf,
  kFor,
  kWith,
  kMacro,
  kCallBlock,
  kFilterBlock,
  kScope,
  kGeneration,
  kBreak,
  kContinue,
};

struct Stmt {
  Stmt(StmtKind k, int l) : kind(k), line(l) {}
  virtual ~Stmt() = default;
  Stmt(const Stmt&) = delete;
  Stmt& operator=(const Stmt&) = delete;

  StmtKind kind;
  int line;
};
using StmtPtr = std::unique_ptr<Stmt>;
using Block = std::vector<StmtPtr>;

// What is assigned to: a name, a namespace's attribute, or a tuple of targets.
struct Target {
  const String* name = nullptr;       // null for a tuple
  const String* attribute = nullptr;  // of a namespace
  std::vector<Target> items;
  Place place{};
  int line = 1;
};

// What a scope does to its variables when it is entered.
struct Load {
  enum class From : uint8_t { kNothing, kGlobal, kOuter };
  int slot;
  From from;
  int global = -1;  // index of a global's name
  Place outer{};
};
using Loads = std::vector<Load>;

struct TextStmt final : Stmt {
  TextStmt(int l, std::string t) : Stmt(StmtKind::kText, l), text(std::move(t)) {}
  std::string text;
};

struct PrintStmt final : Stmt {
  PrintStmt(int l, ExprPtr e) : Stmt(StmtKind::kPrint, l), value(std::move(e)) {}
  ExprPtr value;
};

struct SetStmt final : Stmt {
  explicit SetStmt(int l) : Stmt(StmtKind::kSet, l) {}
  Target target;
  ExprPtr value;
};

struct SetBlockStmt final : Stmt {
  explicit SetBlockStmt(int l) : Stmt(StmtKind::kSetBlock, l) {}
  Target target;
  ExprPtr filter;  // may be null
  Block body;
  Loads loads;
};

struct IfStmt final : Stmt {
  explicit IfStmt(int l) : Stmt(StmtKind::kIf, l) {}
  struct Branch {
    int line;
    ExprPtr test;
    Block body;
  };
  std::vector<Branch> branches;
  Block otherwise;
};

struct ForStmt final : Stmt {
  explicit ForStmt(int l) : Stmt(StmtKind::kFor, l) {}
  Target target;
  ExprPtr iterable, test;  // test may be null
  bool recursive = false;
  Block body, otherwise;

  int loop_slot = -1;  // of the variable `loop`; -1 where the body does not use it
  Loads body_loads, otherwise_loads, test_loads;
  Target test_target;       // the target, as the test sees it
  int test_slots = 0;       // the test is a function of its own
  int recursive_slots = 0;  // and so is a recursive body
};

struct WithStmt final : Stmt {
  explicit WithStmt(int l) : Stmt(StmtKind::kWith, l) {}
  std::vector<Target> targets;
  std::vector<ExprPtr> values;
  Block body;
  Loads loads;
};

struct Parameter {
  const String* name;
  ExprPtr otherwise;  // the default; may be null
  int slot = -1;
};

// A macro, or the body of a call block.
struct MacroNode {
  const String* name = nullptr;
  int line = 1;
  std::vector<Parameter> parameters;
  Block body;

  int slots = 0;
  Loads loads;
  bool takes_caller = false;  // `caller` in the body, not among the parameters
  int caller_slot = -1, kwargs_slot = -1, varargs_slot = -1;
};

struct MacroStmt final : Stmt {
  explicit MacroStmt(int l) : Stmt(StmtKind::kMacro, l) {}
  MacroNode macro;
  Place place{};
};

struct CallBlockStmt final : Stmt {
  explicit CallBlockStmt(int l) : Stmt(StmtKind::kCallBlock, l) {}
  MacroNode caller;
  ExprPtr call;  // a CallExpr
};

struct FilterBlockStmt final : Stmt {
  explicit FilterBlockStmt(int l) : Stmt(StmtKind::kFilterBlock, l) {}
  ExprPtr filter;
  Block body;
  Loads loads;
};

// {% generation %}, and {% autoescape %}, which only makes a scope.
struct ScopeStmt final : Stmt {
  ScopeStmt(StmtKind k, int l) : Stmt(k, l) {}
  Block body;
  Loads loads;
};

struct JumpStmt final : Stmt {
  JumpStmt(StmtKind k, int l) : Stmt(k, l) {}
};

struct Template {
  Block body;
  Loads loads;
  int slots = 0;
  std::vector<const String*> globals;               // names that are looked up among the variables
  std::vector<std::unique_ptr<String>> strings;     // names and literals
  std::vector<std::unique_ptr<std::string>> texts;  // and their bytes
};

}  // namespace hermes::chat::jinja
