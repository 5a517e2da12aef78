#include <boost/json.hpp>
#include <iostream>
#include <iterator>

#include "apps/chat_model.h"
#include "apps/commands.h"
#include "apps/model_options.h"
#include "base/file.h"
#include "chat/template/chat_template.h"

namespace hermes::apps {
namespace {

constexpr size_t kMaxFileBytes = size_t{256} << 20;

struct TemplateOptions {
  std::string path, messages, tools, name;
  std::vector<std::string> variables;
  bool no_generation_prompt = false;
};

struct NamedTemplate {
  formats::ChatTemplate text;
  json::object tokens;  // bos_token, eos_token, ...
};

Result<NamedTemplate> load_template(const TemplateOptions& options, bool with_tools) {
  if (options.path.ends_with(".jinja")) {
    HERMES_ASSIGN(std::string text, read_text_file(options.path, kMaxFileBytes));
    return NamedTemplate{{.name = {}, .text = std::move(text), .source = options.path}, {}};
  }
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options.path));
  NamedTemplate out;
  HERMES_ASSIGN(const formats::TokenizerConfig config, files->read_tokenizer_config());
  out.tokens = special_token_variables(config);
  std::string_view name = options.name.empty() ? formats::kDefaultChatTemplate : std::string_view(options.name);
  if (options.name.empty() && with_tools && files->read_chat_template(kToolTemplate).ok()) name = kToolTemplate;
  HERMES_ASSIGN(out.text, files->read_chat_template(name));
  return out;
}

Result<json::value> read_json(const std::string& path) {
  if (path != "-") return read_json_file(path, kMaxFileBytes);
  return parse_json(std::string(std::istreambuf_iterator<char>(std::cin), {}), "standard input");
}

// name=value, the value as JSON where it is JSON, else as text.
Status set_variable(json::object& variables, const std::string& assignment) {
  const size_t equals = assignment.find('=');
  if (equals == 0 || equals == std::string::npos) return Error::invalid("--set {}: must be NAME=VALUE", assignment);
  const std::string text = assignment.substr(equals + 1);
  const auto parsed = parse_json(text, "--set");
  variables[assignment.substr(0, equals)] = parsed.ok() ? *parsed : json::value(text);
  return {};
}

Status render(const TemplateOptions& options) {
  HERMES_ASSIGN(json::value messages, read_json(options.messages));
  json::value tools;
  if (json::object* whole = messages.if_object(); whole != nullptr) {  // {"messages": [...], "tools": [...]}
    if (const json::value* given = whole->if_contains("tools"); given != nullptr) tools = *given;
    json::value* inner = whole->if_contains("messages");
    if (inner == nullptr) return Error::corrupt("{}: \"messages\" is missing", options.messages);
    messages = json::value(std::move(*inner));
  }
  if (!messages.is_array()) return Error::corrupt("{}: must be an array of messages", options.messages);
  if (!options.tools.empty()) {
    HERMES_ASSIGN(tools, read_json(options.tools));
  }
  if (!tools.is_null() && !tools.is_array()) return Error::corrupt("{}: must be an array of tools", options.tools);

  // The messages stay as they are, so that a template sees members that only it knows.
  json::object variables{{"messages", std::move(messages)}, {"tools", tools}, {"documents", nullptr}};
  variables["add_generation_prompt"] = !options.no_generation_prompt;
  HERMES_ASSIGN(const NamedTemplate found, load_template(options, !tools.is_null()));
  for (const auto& token : found.tokens) variables[token.key()] = token.value();
  for (const std::string& assignment : options.variables) HERMES_TRY(set_variable(variables, assignment));

  HERMES_ASSIGN(const chat::ChatTemplate parsed, chat::ChatTemplate::parse(found.text.text, found.text.source));
  HERMES_ASSIGN(const chat::Rendered rendered, parsed.render(variables));
  return print(rendered.text);
}

}  // namespace

void add_template(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("template", "print the prompt that a chat template makes of messages");
  auto options = std::make_shared<TemplateOptions>();
  command->add_option("MODEL", options->path, "model folder, a .gguf file, or a template: FILE.jinja")->required();
  command
      ->add_option(
          "--messages", options->messages,
          "JSON: [{\"role\", \"content\"}..], or {\"messages\": [..], \"tools\": [..]}; - reads standard input")
      ->required();
  command->add_option("--tools", options->tools, "JSON: an array of tools");
  command->add_option("--name", options->name, "which of the model's templates (default: tool_use with tools, if any)");
  command->add_option("--set", options->variables, "NAME=VALUE: a variable of the template, for example thinking=true")
      ->allow_extra_args(false);
  command->add_flag("--no-generation-prompt", options->no_generation_prompt, "do not open the assistant's turn");
  command->footer("Example: hermes template models/my-model --messages chat.json --set thinking=true");
  command->callback([options, &action] { action = [options] { return render(*options); }; });
}

}  // namespace hermes::apps
