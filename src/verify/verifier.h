// Verifiers: judge an answer without knowing how it was made.
//
// A verifier is built from a JSON specification that states the problem, not the path to its answer, so that a record
// carries its own judge: {"verifier": "number", "expression": "348 + 921"}. kCouldNotTell is for answers that
// cannot be read and problems beyond a verifier's limits; it is never a pass.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "chat/reply.h"

namespace hermes::verify {

enum class Outcome { kPass, kFail, kCouldNotTell };
std::string_view to_string(Outcome outcome);  // "pass", "fail", "could not tell"

struct Verdict {
  Outcome outcome = Outcome::kCouldNotTell;
  std::string reason;  // for people; empty where it passed

  bool passed() const { return outcome == Outcome::kPass; }
  static Verdict pass() { return {Outcome::kPass, {}}; }
  static Verdict fail(std::string why) { return {Outcome::kFail, std::move(why)}; }
  static Verdict could_not_tell(std::string why) { return {Outcome::kCouldNotTell, std::move(why)}; }
};

// Immutable; judge may be called from several threads at once. Time and memory are bounded by the answer's length.
class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual Verdict judge(const chat::Reply& reply) const = 0;
};

// Builds the verifier that `specification` names in "verifier". An unknown name, a missing, unknown or contradictory
// field is an error that names it; `what` opens the message.
Result<std::unique_ptr<const Verifier>> make_verifier(const json::object& specification, const std::string& what);

// Names that make_verifier knows, ascending.
std::vector<std::string_view> verifier_names();

}  // namespace hermes::verify
