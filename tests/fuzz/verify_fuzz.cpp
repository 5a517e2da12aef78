// A verifier's specification in the first line, a reply in the rest. Whatever is made must judge without crashing or
// taking long, twice the same, and say why where it does not pass.
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "chat/reply.h"
#include "verify/verifier.h"

namespace verify = hermes::verify;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  const std::string_view text = line == std::string_view::npos ? std::string_view() : input.substr(line + 1);
  const hermes::Result<hermes::json::value> specification = hermes::parse_json(input.substr(0, line), "fuzz");
  if (!specification.ok() || !specification->is_object()) return 0;
  const auto verifier = verify::make_verifier(specification->get_object(), "fuzz");
  if (!verifier.ok()) {
    HERMES_CHECK(verifier.error().message().starts_with("fuzz: "), "{}", verifier.error().message());
    return 0;
  }
  hermes::chat::Reply reply = hermes::chat::parse_reply(text);
  const verify::Verdict verdict = (*verifier)->judge(reply);
  HERMES_CHECK(verdict.passed() == verdict.reason.empty(), "{}", verdict.reason);
  const verify::Verdict again = (*verifier)->judge(reply);
  HERMES_CHECK(again.outcome == verdict.outcome && again.reason == verdict.reason);
  // Reasoning that nobody asked for changes nothing, except for those that judge it.
  const std::string_view spec_text = input.substr(0, line);
  if (spec_text.find("trace") == std::string_view::npos && spec_text.find("reasoning") == std::string_view::npos &&
      spec_text.find('\\') == std::string_view::npos) {
    reply.reasoning = "The answer is 12, yes, Tom.";
    HERMES_CHECK((*verifier)->judge(reply).outcome == verdict.outcome ||
                 verdict.outcome == verify::Outcome::kCouldNotTell);
  }
  return 0;
}
