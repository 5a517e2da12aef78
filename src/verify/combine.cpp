// Verifiers made of verifiers.
#include <boost/json.hpp>

#include "verify/specification.h"

namespace hermes::verify {
namespace {

using Parts = std::vector<std::shared_ptr<const Verifier>>;

Result<Parts> parts_of(const Specification& spec) {
  HERMES_TRY(spec.only({"of"}));
  HERMES_ASSIGN(const json::array* specifications, spec.array("of"));
  if (specifications->empty()) return spec.error("\"of\" is empty");
  Parts parts;
  for (size_t i = 0; i < specifications->size(); ++i) {
    HERMES_ASSIGN(std::unique_ptr<const Verifier> part,
                  make_inner(spec, (*specifications)[i], fmt::format("of[{}]", i)));
    parts.push_back(std::move(part));
  }
  return parts;
}

// The first verdict that is `decisive`; else the first that could not be told; else the last.
Verdict judge_until(const Parts& parts, const chat::Reply& reply, Outcome decisive) {
  Verdict out;
  bool open = false;
  for (const auto& part : parts) {
    Verdict verdict = part->judge(reply);
    if (verdict.outcome == decisive) return verdict;
    if (open) continue;
    open = verdict.outcome == Outcome::kCouldNotTell;
    out = std::move(verdict);
  }
  return out;
}

}  // namespace

Made make_all_of(const Specification& spec) {
  HERMES_ASSIGN(Parts parts, parts_of(spec));
  return judged_by(
      [parts = std::move(parts)](const chat::Reply& reply) { return judge_until(parts, reply, Outcome::kFail); });
}

Made make_any_of(const Specification& spec) {
  HERMES_ASSIGN(Parts parts, parts_of(spec));
  return judged_by(
      [parts = std::move(parts)](const chat::Reply& reply) { return judge_until(parts, reply, Outcome::kPass); });
}

}  // namespace hermes::verify
