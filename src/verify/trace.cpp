// Verifier of reasoning: every statement in it that can be checked must hold.
#include "verify/answer.h"
#include "verify/specification.h"
#include "verify/statements.h"

namespace hermes::verify {

Made make_trace(const Specification& spec) {
  HERMES_TRY(spec.only({"min_steps"}));
  HERMES_ASSIGN(const int64_t least, spec.integer_or("min_steps", 1));
  if (least < 0) return spec.error("\"min_steps\" is negative");
  return judged_by([least](const chat::Reply& reply) {
    const std::vector<Statement> statements = statements_in(reply.reasoning);
    std::string too_hard;
    for (const Statement& statement : statements) {
      if (statement.outcome == Statement::Outcome::kWrong) return Verdict::fail("wrong: " + shown(statement.text));
      if (statement.outcome == Statement::Outcome::kTooHard) too_hard = statement.text;
    }
    if (!too_hard.empty()) return Verdict::could_not_tell("too large to check: " + shown(too_hard));
    if (static_cast<int64_t>(statements.size()) < least) {
      return Verdict::could_not_tell(fmt::format("{} statements, at least {} are needed", statements.size(), least));
    }
    return Verdict::pass();
  });
}

}  // namespace hermes::verify
