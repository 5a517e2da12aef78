#include "chat/thinking.h"

#include <boost/json.hpp>

namespace hermes::chat {
namespace {

// What has been said so far, and where.
class Collected {
 public:
  explicit Collected(const std::string& what) : what_(what) {}

  Status say(bool thinking, const std::string& member) {
    if (said_.thinking && *said_.thinking != thinking) {
      return Error::invalid("{}: {} and {} contradict each other about reasoning", what_, member_, member);
    }
    said_.thinking = thinking;
    member_ = member;
    return {};
  }
  Status bound(int64_t tokens, const std::string& member) {
    if (tokens < 0) return Error::invalid("{}: {} is {}, must be 0 or more", what_, member, tokens);
    if (said_.budget && *said_.budget != tokens) {
      return Error::invalid("{}: {} and {} give two reasoning budgets", what_, bound_member_, member);
    }
    said_.budget = tokens;
    bound_member_ = member;
    return {};
  }
  ThinkingRequest take() { return said_; }

 private:
  const std::string& what_;
  ThinkingRequest said_;
  std::string member_, bound_member_;
};

Status read_object(const JsonObject& thinking, const std::string& member, Collected& out) {
  HERMES_ASSIGN(const std::string type, thinking.string("type"));
  if (type != "enabled" && type != "disabled" && type != "adaptive") {
    return Error::invalid("{}: type is \"{}\", must be enabled, disabled or adaptive", thinking.what(), type);
  }
  HERMES_TRY(out.say(type != "disabled", member));
  HERMES_ASSIGN(const auto budget, thinking.optional_integer("budget_tokens"));
  return budget && type != "disabled" ? out.bound(*budget, member + ".budget_tokens") : Status();
}

Status read_effort(const std::string& effort, const std::string& what, Collected& out) {
  const std::string member = "reasoning_effort";
  if (effort == "none" || effort == "minimal") return out.say(false, member);
  if (effort != "low" && effort != "medium" && effort != "high" && effort != "xhigh") {
    return Error::invalid("{}: reasoning_effort is \"{}\", must be none, minimal, low, medium, high or xhigh", what,
                          effort);
  }
  HERMES_TRY(out.say(true, member));
  if (effort == "low") return out.bound(kLowEffortTokens, member);
  if (effort == "medium") return out.bound(kMediumEffortTokens, member);
  return {};
}

// The switches that are template variables too, in the request itself or in chat_template_kwargs.
Status read_switches(const JsonObject& object, const std::string& prefix, Collected& out) {
  if (const json::value* thinking = object.find("thinking"); thinking != nullptr) {
    if (thinking->is_object()) {
      HERMES_ASSIGN(const auto nested, object.object("thinking"));
      HERMES_TRY(read_object(nested, prefix + "thinking", out));
    } else if (thinking->is_bool()) {
      HERMES_TRY(out.say(thinking->get_bool(), prefix + "thinking"));
    } else {
      return Error::invalid("{}: thinking must be true, false or {{\"type\": ..., \"budget_tokens\": ...}}",
                            object.what());
    }
  }
  HERMES_ASSIGN(const auto enable, object.optional_boolean("enable_thinking"));
  if (enable) HERMES_TRY(out.say(*enable, prefix + "enable_thinking"));
  HERMES_ASSIGN(const auto budget, object.optional_integer("thinking_budget"));
  if (budget && *budget >= 0) {
    HERMES_TRY(out.say(*budget > 0, prefix + "thinking_budget"));
    if (*budget > 0) HERMES_TRY(out.bound(*budget, prefix + "thinking_budget"));
  } else if (budget && *budget != -1) {
    return Error::invalid("{}: {}thinking_budget is {}, must be -1 or more", object.what(), prefix, *budget);
  }
  return {};
}

}  // namespace

Result<ThinkingRequest> read_thinking(const json::object& request, const std::string& what) {
  Collected out(what);
  const JsonObject object(request, what);
  HERMES_TRY(read_switches(object, "", out));
  HERMES_ASSIGN(const auto effort, object.optional_string("reasoning_effort"));
  if (effort) HERMES_TRY(read_effort(*effort, what, out));
  HERMES_ASSIGN(const auto kwargs, object.optional_object("chat_template_kwargs"));
  if (kwargs) HERMES_TRY(read_switches(*kwargs, "chat_template_kwargs.", out));
  return out.take();
}

}  // namespace hermes::chat
