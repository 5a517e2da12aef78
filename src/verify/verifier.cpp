#include "verify/verifier.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "base/utf8.h"
#include "verify/specification.h"

namespace hermes::verify {
namespace {

struct Entry {
  std::string_view name;
  Made (*make)(const Specification&);
};
constexpr std::array<Entry, 21> kVerifiers{{{"all_of", make_all_of},
                                            {"any_of", make_any_of},
                                            {"calendar", make_calendar},
                                            {"clock", make_clock},
                                            {"format", make_format},
                                            {"json", make_json},
                                            {"list", make_list},
                                            {"number", make_number},
                                            {"ordering", make_ordering},
                                            {"pick", make_pick},
                                            {"reply_has_reasoning", make_reply_has_reasoning},
                                            {"schema", make_schema},
                                            {"sentences", make_sentences},
                                            {"string", make_string},
                                            {"style", make_style},
                                            {"text", make_text},
                                            {"tool_calls", make_tool_calls},
                                            {"trace", make_trace},
                                            {"units", make_units},
                                            {"words", make_words},
                                            {"yes_no", make_yes_no}}};

constexpr size_t kMostBytes = 4 << 20;

// What no verifier needs to look at.
std::string unreadable(std::string_view text, std::string_view name) {
  if (text.size() > kMostBytes) return fmt::format("{}: {} bytes, at most {}", name, text.size(), kMostBytes);
  if (const size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    return fmt::format("{}: not UTF-8 at byte {}", name, bad);
  }
  const auto control = [](char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f; };
  if (const auto at = std::find_if(text.begin(), text.end(), control); at != text.end()) {
    return fmt::format("{}: a control character at byte {}", name, at - text.begin());
  }
  return {};
}

class ReadableOnly : public Verifier {
 public:
  explicit ReadableOnly(std::unique_ptr<const Verifier> inner) : inner_(std::move(inner)) {}
  Verdict judge(const chat::Reply& reply) const override {
    for (const auto& [name, text] : {std::pair("content", &reply.content), std::pair("reasoning", &reply.reasoning)}) {
      if (std::string why = unreadable(*text, name); !why.empty()) return Verdict::could_not_tell(std::move(why));
    }
    return inner_->judge(reply);
  }

 private:
  std::unique_ptr<const Verifier> inner_;
};

Made make(const json::object& object, const std::string& what, int depth) {
  if (depth > kMaxNesting) return Error::invalid("{}: nested deeper than {}", what, kMaxNesting);
  HERMES_ASSIGN(const std::string name, JsonObject(object, what).string("verifier"));
  const auto* entry =
      std::find_if(kVerifiers.begin(), kVerifiers.end(), [&](const Entry& e) { return e.name == name; });
  if (entry == kVerifiers.end()) return Error::invalid("{}: no verifier is called \"{}\"", what, name);
  return entry->make(Specification(object, fmt::format("{}: {}", what, name), depth));
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kFail:
      return "fail";
    case Outcome::kCouldNotTell:
      break;
  }
  return "could not tell";
}

Made make_inner(const Specification& outer, const json::value& specification, const std::string& name) {
  const std::string what = fmt::format("{}: {}", outer.what(), name);
  if (!specification.is_object()) return Error::invalid("{}: must be an object", what);
  return make(specification.get_object(), what, outer.depth() + 1);
}

Result<std::unique_ptr<const Verifier>> make_verifier(const json::object& specification, const std::string& what) {
  HERMES_ASSIGN(std::unique_ptr<const Verifier> verifier, make(specification, what, 1));
  return std::unique_ptr<const Verifier>(std::make_unique<ReadableOnly>(std::move(verifier)));
}

std::vector<std::string_view> verifier_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : kVerifiers) names.push_back(entry.name);
  return names;
}

}  // namespace hermes::verify
