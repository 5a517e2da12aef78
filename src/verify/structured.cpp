// Verifiers of structure: formats, JSON, schemas, tool calls, reasoning.
#include <algorithm>
#include <boost/json.hpp>

#include "verify/answer.h"
#include "verify/dress.h"
#include "verify/json_schema.h"
#include "verify/specification.h"

namespace hermes::verify {
namespace {

constexpr size_t kMaxCalls = 100;

// The one JSON document that `content` is, perhaps in a fence.
Result<json::value> document(std::string_view content, bool allow_fence) {
  std::string_view text = trim(content);
  if (allow_fence && text.size() >= 6 && text.starts_with("```") && text.ends_with("```")) {
    text = text.substr(3, text.size() - 6);
    if (text.starts_with("json")) text.remove_prefix(4);
    if (!text.starts_with('\n') && !text.starts_with("\r\n"))
      return Error::corrupt("content: the fence is not one of JSON");
  }
  return parse_json(text, "content", {.unique_names = true});
}

Verdict equal_or_fail(const json::value& said, const json::value& wanted) {
  if (json_equal(said, wanted)) return Verdict::pass();
  return Verdict::fail("the value is not " + shown(to_json_text(wanted)));
}

bool same_call(const chat::ToolCall& a, const chat::ToolCall& b) {
  return a.name == b.name && json_equal(a.arguments, b.arguments);
}

Verdict judge_calls(const chat::Reply& reply, const std::vector<chat::ToolCall>& wanted, bool any_order) {
  if (!reply.problems.empty()) return Verdict::fail(reply.problems[0]);
  if (reply.tool_calls.size() != wanted.size()) {
    return Verdict::fail(fmt::format("{} tool calls, not {}", reply.tool_calls.size(), wanted.size()));
  }
  std::vector<const chat::ToolCall*> open;
  for (const chat::ToolCall& call : wanted) open.push_back(&call);
  for (const chat::ToolCall& call : reply.tool_calls) {
    // Equality is transitive, so the first that fits is as good as any.
    const auto candidates_end = any_order ? open.end() : open.begin() + 1;
    const auto found = std::find_if(open.begin(), candidates_end, [&](const auto* w) { return same_call(*w, call); });
    if (found == candidates_end) return Verdict::fail("a call that is not asked for: " + shown(call.name));
    open.erase(found);
  }
  return Verdict::pass();
}

}  // namespace

Made make_format(const Specification& spec) {
  HERMES_TRY(spec.only({"format", "inner"}));
  HERMES_ASSIGN(const std::string format, spec.string("format"));
  if (!is_format(format)) return spec.error("no format is called " + shown(format));
  if (!spec.has("inner")) return spec.error("\"inner\" is missing");
  HERMES_ASSIGN(std::unique_ptr<const Verifier> made, make_inner(spec, *spec.find("inner"), "inner"));
  // What looks like a format may be the answer itself where that is JSON.
  const json::value* name = spec.find("inner")->get_object().if_contains("verifier");
  const bool is_json = *name == "json" || *name == "schema";
  return judged_by([format, is_json, inner = std::shared_ptr(std::move(made))](const chat::Reply& reply) {
    std::optional<std::string> answer = undress(format, reply.content);
    if (!answer || (!is_json && is_dressed(*answer))) return Verdict::fail(fmt::format("not in the format {}", format));
    chat::Reply bare_reply = reply;
    bare_reply.content = std::move(*answer);
    return inner->judge(bare_reply);
  });
}

Made make_json(const Specification& spec) {
  HERMES_TRY(spec.only({"value", "allow_fence"}));
  if (!spec.has("value")) return spec.error("\"value\" is missing");
  HERMES_ASSIGN(const bool allow_fence, spec.boolean_or("allow_fence", false));
  return judged_by([value = *spec.find("value"), allow_fence](const chat::Reply& reply) {
    const Result<json::value> said = document(reply.content, allow_fence);
    return said.ok() ? equal_or_fail(*said, value) : Verdict::fail(said.error().message());
  });
}

Made make_schema(const Specification& spec) {
  HERMES_TRY(spec.only({"schema", "value", "allow_fence"}));
  if (!spec.has("schema")) return spec.error("\"schema\" is missing");
  HERMES_ASSIGN(const JsonSchema schema, JsonSchema::parse(*spec.find("schema"), spec.what() + ": schema"));
  HERMES_ASSIGN(const bool allow_fence, spec.boolean_or("allow_fence", false));
  std::optional<json::value> wanted;
  if (spec.has("value")) {
    wanted = *spec.find("value");
    if (const auto wrong = schema.violations(*wanted); !wrong.empty()) {
      return spec.error("\"value\" breaks the schema: " + wrong[0]);
    }
  }
  return judged_by([schema, wanted, allow_fence](const chat::Reply& reply) {
    const Result<json::value> said = document(reply.content, allow_fence);
    if (!said.ok()) return Verdict::fail(said.error().message());
    if (const auto wrong = schema.violations(*said); !wrong.empty()) return Verdict::fail(wrong[0]);
    return wanted ? equal_or_fail(*said, *wanted) : Verdict::pass();
  });
}

Made make_tool_calls(const Specification& spec) {
  HERMES_TRY(spec.only({"calls", "order", "content_empty"}));
  HERMES_ASSIGN(const json::array* calls, spec.array("calls"));
  if (calls->size() > kMaxCalls) return spec.error(fmt::format("at most {} calls", kMaxCalls));
  std::vector<chat::ToolCall> wanted;
  for (const json::value& value : *calls) {
    if (!value.is_object()) return spec.error("\"calls\" must hold objects");
    const Specification call(value.get_object(), spec.what() + ": calls", spec.depth());
    HERMES_TRY(call.only({"name", "arguments"}));
    HERMES_ASSIGN(std::string name, call.string("name"));
    HERMES_ASSIGN(const json::object* arguments, call.object("arguments"));
    wanted.push_back({std::move(name), *arguments, {}});
  }
  std::string order = "any";
  if (spec.has("order")) {
    HERMES_ASSIGN(order, spec.one_of("order", {"any", "given"}));
  }
  HERMES_ASSIGN(const bool content_empty, spec.boolean_or("content_empty", false));
  return judged_by([wanted, any_order = order == "any", content_empty](const chat::Reply& reply) {
    if (content_empty && !reply.content.empty()) return Verdict::fail("there is content beside the calls");
    return judge_calls(reply, wanted, any_order);
  });
}

Made make_reply_has_reasoning(const Specification& spec) {
  HERMES_TRY(spec.only({"value"}));
  if (!spec.has("value")) return spec.error("\"value\" is missing");
  HERMES_ASSIGN(const bool wanted, spec.boolean_or("value", true));
  return judged_by([wanted](const chat::Reply& reply) {
    // Tags around nothing are no reasoning, and a thought that is never closed is no reply.
    const bool has = reply.has_reasoning && !reply.reasoning.empty();
    if (has && !reply.reasoning_closed && reply.tool_calls.empty()) return Verdict::fail("the reasoning is not closed");
    if (has == wanted) return Verdict::pass();
    return Verdict::fail(wanted ? "there is no reasoning" : "there is reasoning");
  });
}

}  // namespace hermes::verify
