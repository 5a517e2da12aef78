#include "chat/template/chat_template.h"

#include <boost/json.hpp>

#include "base/utf8.h"
#include "chat/template/evaluator.h"
#include "chat/template/parser.h"
#include "chat/template/scopes.h"

namespace hermes::chat {

struct ChatTemplate::Program {
  std::string what;
  std::unique_ptr<jinja::Template> parsed;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program) : program_(std::move(program)) {}
ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, std::string what) {
  constexpr size_t kMaxSource = 1 << 20;
  if (source.size() > kMaxSource) {
    return Error::exhausted("{}: a template of {} bytes is larger than {}", what, source.size(), kMaxSource);
  }
  if (const size_t at = find_invalid_utf8(source); at != std::string_view::npos) {
    return Error::corrupt("{}: byte {} is not UTF-8", what, at);
  }
  auto parsed = jinja::parse_template(source);
  if (!parsed.ok()) return parsed.error().with_context(what);
  if (const Status resolved = jinja::resolve_names(**parsed); !resolved.ok())
    return resolved.error().with_context(what);
  auto program = std::make_unique<Program>();
  program->what = std::move(what);
  program->parsed = std::move(*parsed);
  return ChatTemplate(std::move(program));
}

Result<Rendered> ChatTemplate::render(const json::object& variables, const RenderOptions& options) const {
  jinja::Run run(options);
  jinja::Evaluator evaluator(run, *program_->parsed, variables);
  if (!evaluator.run_template()) {
    return Error(run.error().code(), fmt::format("{}: line {}: {}", program_->what, run.line(), run.error().message()));
  }
  Rendered rendered{.text = evaluator.take_output(), .generated = evaluator.take_generated()};
  for (auto& [begin, end] : rendered.generated) {  // counted ranges of text that a capture threw away
    begin = std::min(begin, rendered.text.size());
    end = std::min(end, rendered.text.size());
  }
  return rendered;
}

json::object template_variables(const Conversation& conversation, bool add_generation_prompt,
                                const json::object& more) {
  json::object variables;
  json::array& messages = variables.emplace("messages", json::array()).first->value().get_array();
  for (const Message& message : conversation.messages) messages.push_back(to_json(message));
  variables["tools"] = conversation.tools.empty() ? json::value() : json::value(conversation.tools);
  variables["add_generation_prompt"] = add_generation_prompt;
  for (const auto& member : more) variables[member.key()] = member.value();
  return variables;
}

}  // namespace hermes::chat
