#include "chat/template/parser.h"

#include "chat/template/parser_state.h"
#include "chat/template/repr.h"

namespace hermes::chat::jinja {
namespace {

using Ends = std::initializer_list<std::string_view>;

class Parser final : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Status parse() {
    HERMES_ASSIGN(out_.body, parse_until({}));
    return {};
  }

 private:
  // Statements up to a tag named in `ends`, which becomes the current token; with none, to the end.
  Result<Block> parse_until(Ends ends) {
    Block block;
    while (!current().is(TokenKind::kEnd)) {
      const int line = current().line;
      if (current().is(TokenKind::kData)) {
        block.push_back(std::make_unique<TextStmt>(line, take().text));
      } else if (current().is(TokenKind::kVariableBegin)) {
        take();
        HERMES_ASSIGN(ExprPtr value, parse_tuple());
        HERMES_TRY(expect(TokenKind::kVariableEnd));
        block.push_back(std::make_unique<PrintStmt>(line, std::move(value)));
      } else {
        HERMES_TRY(expect(TokenKind::kBlockBegin));
        const auto ends_here = [this](std::string_view end) { return current().is_name(end); };
        if (std::any_of(ends.begin(), ends.end(), ends_here)) return block;
        HERMES_TRY(parse_statement(block, ends));
        HERMES_TRY(expect(TokenKind::kBlockEnd));
      }
    }
    if (ends.size() > 0) return unexpected_end(ends);
    return block;
  }

  // The body of a tag: from the end of the tag to one of `ends`.
  Result<Block> parse_body(Ends ends) {
    skip_operator(":");
    HERMES_TRY(expect(TokenKind::kBlockEnd));
    return parse_until(ends);
  }
  // Likewise, past the name that ends it.
  Status parse_whole_body(Block& out, std::string_view end) {
    HERMES_ASSIGN(out, parse_body({end}));
    take();
    return {};
  }

  std::string looking_for(Ends ends) const {
    std::string text;
    for (const std::string_view end : ends) text += (text.empty() ? "'" : " or '") + std::string(end) + "'";
    return text;
  }
  std::string innermost() const {
    return open_.empty() ? "" : fmt::format(" The innermost block that needs to be closed is '{}'.", open_.back());
  }
  Error unexpected_end(Ends ends) const {
    return error(fmt::format("Unexpected end of template. Jinja was looking for the following tags: {}.{}",
                             looking_for(ends), innermost()));
  }
  Error unknown_tag(const std::string& name, int line, Ends ends) const {
    std::string message = fmt::format("Encountered unknown tag '{}'.", name);
    if (ends.size() > 0) message += fmt::format(" Jinja was looking for the following tags: {}.", looking_for(ends));
    return error_at(line, message + innermost());
  }

  Status parse_statement(Block& block, Ends ends) {
    if (!current().is(TokenKind::kName)) return error("tag name expected");
    const int line = current().line;
    const std::string name = current().text;
    if (static_cast<int>(open_.size()) >= kMaxNesting) {
      return Error::exhausted("line {}: tags are nested deeper than {}", line, kMaxNesting);
    }
    using Parse = Result<StmtPtr> (Parser::*)();
    constexpr std::pair<std::string_view, Parse> kStatements[] = {{"set", &Parser::parse_set},
                                                                  {"if", &Parser::parse_if},
                                                                  {"for", &Parser::parse_for},
                                                                  {"with", &Parser::parse_with},
                                                                  {"macro", &Parser::parse_macro},
                                                                  {"call", &Parser::parse_call_block},
                                                                  {"filter", &Parser::parse_filter_block},
                                                                  {"generation", &Parser::parse_generation},
                                                                  {"autoescape", &Parser::parse_autoescape},
                                                                  {"break", &Parser::parse_jump},
                                                                  {"continue", &Parser::parse_jump}};
    const auto* statement =
        std::find_if(std::begin(kStatements), std::end(kStatements), [&](const auto& s) { return s.first == name; });
    if (statement != std::end(kStatements)) {
      open_.push_back(name);
      HERMES_ASSIGN(StmtPtr parsed, (this->*statement->second)());
      open_.pop_back();
      block.push_back(std::move(parsed));
      return {};
    }
    if (name == "print") return parse_print(block);
    for (const std::string_view refused : {"block", "extends", "include", "import", "from"}) {
      if (name == refused) return Error::unsupported("line {}: the tag '{}' needs other templates", line, name);
    }
    return unknown_tag(name, line, ends);
  }

  Status parse_print(Block& block) {
    take();
    for (bool first = true; !current().is(TokenKind::kBlockEnd); first = false) {
      if (!first) HERMES_TRY(expect_operator(","));
      const int line = current().line;
      HERMES_ASSIGN(ExprPtr value, parse_expression());
      block.push_back(std::make_unique<PrintStmt>(line, std::move(value)));
    }
    return {};
  }

  Result<StmtPtr> parse_set() {
    const int line = take().line;
    HERMES_ASSIGN(Target target, parse_target(true));
    if (skip_operator("=")) {
      auto set = std::make_unique<SetStmt>(line);
      set->target = std::move(target);
      HERMES_ASSIGN(set->value, parse_tuple());
      return StmtPtr(std::move(set));
    }
    auto set = std::make_unique<SetBlockStmt>(line);
    set->target = std::move(target);
    HERMES_ASSIGN(set->filter, parse_filters(nullptr, false));
    HERMES_TRY(parse_whole_body(set->body, "endset"));
    return StmtPtr(std::move(set));
  }

  Result<StmtPtr> parse_if() {
    auto statement = std::make_unique<IfStmt>(current().line);
    do {
      statement->branches.push_back({.line = take().line, .test = nullptr, .body = {}});
      IfStmt::Branch& branch = statement->branches.back();
      HERMES_ASSIGN(branch.test, parse_tuple(kNoConditional));
      HERMES_ASSIGN(branch.body, parse_body({"elif", "else", "endif"}));
    } while (current().is_name("elif"));
    if (take().text == "else") HERMES_TRY(parse_whole_body(statement->otherwise, "endif"));
    return StmtPtr(std::move(statement));
  }

  Result<StmtPtr> parse_for() {
    auto loop = std::make_unique<ForStmt>(take().line);
    HERMES_ASSIGN(loop->target, parse_target(false));
    HERMES_TRY(expect_name("in"));
    HERMES_ASSIGN(loop->iterable, parse_tuple(kNoConditional));
    if (skip_name("if")) {
      HERMES_ASSIGN(loop->test, parse_expression());
    }
    loop->recursive = skip_name("recursive");
    HERMES_ASSIGN(loop->body, parse_body({"endfor", "else"}));
    if (take().text == "else") HERMES_TRY(parse_whole_body(loop->otherwise, "endfor"));
    return StmtPtr(std::move(loop));
  }

  Result<StmtPtr> parse_with() {
    auto with = std::make_unique<WithStmt>(take().line);
    while (!current().is(TokenKind::kBlockEnd)) {
      if (!with->targets.empty()) HERMES_TRY(expect_operator(","));
      HERMES_ASSIGN(Target target, parse_target(false));
      HERMES_TRY(expect_operator("="));
      HERMES_ASSIGN(ExprPtr value, parse_expression());
      with->targets.push_back(std::move(target));
      with->values.push_back(std::move(value));
    }
    HERMES_TRY(parse_whole_body(with->body, "endwith"));
    return StmtPtr(std::move(with));
  }

  Result<const String*> parse_parameter_name() {
    HERMES_ASSIGN(const String* name, expect_any_name());
    for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
      if (name->text == constant) return error(fmt::format("can't assign to '{}'", constant));
    }
    return name;
  }

  Status parse_signature(MacroNode& macro) {
    HERMES_TRY(expect_operator("("));
    while (!current().is_operator(")")) {
      if (macro.parameters.size() > kMaxNamed) {
        return Error::exhausted("line {}: more than {} parameters", macro.line, kMaxNamed);
      }
      if (!macro.parameters.empty()) HERMES_TRY(expect_operator(","));
      HERMES_ASSIGN(const String* name, parse_parameter_name());
      for (const Parameter& known : macro.parameters) {
        if (known.name->text == name->text) {
          return error(fmt::format("duplicate argument '{}' in function definition", name->text));
        }
      }
      ExprPtr otherwise;
      if (skip_operator("=")) {
        HERMES_ASSIGN(otherwise, parse_expression());
      } else if (!macro.parameters.empty() && macro.parameters.back().otherwise != nullptr) {
        return error("non-default argument follows default argument");
      }
      macro.parameters.push_back({.name = name, .otherwise = std::move(otherwise)});
    }
    return expect_operator(")");
  }

  Result<StmtPtr> parse_macro() {
    auto statement = std::make_unique<MacroStmt>(take().line);
    statement->macro.line = statement->line;
    HERMES_ASSIGN(statement->macro.name, parse_parameter_name());
    HERMES_TRY(parse_signature(statement->macro));
    HERMES_TRY(parse_whole_body(statement->macro.body, "endmacro"));
    return StmtPtr(std::move(statement));
  }

  Result<StmtPtr> parse_call_block() {
    auto statement = std::make_unique<CallBlockStmt>(take().line);
    statement->caller.line = statement->line;
    statement->caller.name = intern("caller");
    if (current().is_operator("(")) HERMES_TRY(parse_signature(statement->caller));
    HERMES_ASSIGN(statement->call, parse_expression());
    if (statement->call->kind != ExprKind::kCall) return error_at(statement->line, "expected call");
    HERMES_TRY(parse_whole_body(statement->caller.body, "endcall"));
    return StmtPtr(std::move(statement));
  }

  Result<StmtPtr> parse_filter_block() {
    auto statement = std::make_unique<FilterBlockStmt>(take().line);
    HERMES_ASSIGN(statement->filter, parse_filters(nullptr, true));
    HERMES_TRY(parse_whole_body(statement->body, "endfilter"));
    return StmtPtr(std::move(statement));
  }

  Result<StmtPtr> parse_generation() {
    auto statement = std::make_unique<ScopeStmt>(StmtKind::kGeneration, take().line);
    HERMES_TRY(parse_whole_body(statement->body, "endgeneration"));
    return StmtPtr(std::move(statement));
  }

  // Text is never escaped here, and a template that asks for it is refused.
  Result<StmtPtr> parse_autoescape() {
    auto statement = std::make_unique<ScopeStmt>(StmtKind::kScope, take().line);
    if (!skip_name("false") && !skip_name("False")) {
      return Error::unsupported("line {}: autoescape with anything but false", statement->line);
    }
    HERMES_TRY(parse_whole_body(statement->body, "endautoescape"));
    return StmtPtr(std::move(statement));
  }

  Result<StmtPtr> parse_jump() {
    const StmtKind kind = current().is_name("break") ? StmtKind::kBreak : StmtKind::kContinue;
    return StmtPtr(std::make_unique<JumpStmt>(kind, take().line));
  }

  std::vector<std::string> open_;  // the tags around the present place
};

}  // namespace

Result<std::unique_ptr<Template>> parse_template(std::string_view source) {
  auto parsed = std::make_unique<Template>();
  HERMES_ASSIGN(std::vector<Token> tokens, tokenize(source));
  HERMES_TRY(Parser(std::move(tokens), *parsed).parse());
  return parsed;
}

}  // namespace hermes::chat::jinja
