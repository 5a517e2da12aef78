#include "generate/command_tools.h"

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>

#include "base/file.h"
#include "base/process.h"
#include "base/utf8.h"

namespace hermes::generate {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;
constexpr size_t kMaxOutputBytes = size_t{1} << 20;
constexpr size_t kMaxReasonBytes = 2000;  // of a failed command's words
constexpr size_t kMaxNameLength = 64;
constexpr double kMinSeconds = 0.1, kMaxSeconds = 3600, kDefaultSeconds = 30;

Status refuse_unknown(const JsonObject& object, std::initializer_list<std::string_view> known) {
  for (const auto& member : object.raw()) {
    const std::string_view name(member.key());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string_view one : known) list += fmt::format("{}{}", list.empty() ? "" : ", ", one);
    return Error::unsupported("{}: unknown member \"{}\" (known: {})", object.what(), name, list);
  }
  return {};
}

bool fits_as_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kMaxNameLength && std::all_of(name.begin(), name.end(), fits);
}

Result<std::vector<std::string>> read_words(const json::value& value, const std::string& what) {
  const json::array* array = value.if_array();
  if (array == nullptr) return Error::corrupt("{}: must be an array of strings", what);
  std::vector<std::string> words;
  for (const json::value& word : *array) {
    if (!word.is_string()) return Error::corrupt("{}: must be an array of strings", what);
    words.emplace_back(word.get_string());
  }
  return words;
}

Result<std::vector<std::string>> read_command(const JsonObject& entry, const std::string& tool) {
  const json::value* command = entry.find("command");
  if (command == nullptr) {
    return Error::corrupt(
        "{}: tool \"{}\" has no command: add \"command\": \"a shell line\" or [\"program\", \"word\", ...] beside "
        "\"function\"; it gets the arguments as JSON on its standard input and prints the result",
        entry.what(), tool);
  }
  const std::string what = entry.what() + ": \"command\" of tool \"" + tool + "\"";
  std::vector<std::string> argv;
  if (const json::string* line = command->if_string()) {
    if (line->find_first_not_of(" \t\n") == json::string::npos) return Error::corrupt("{}: is empty", what);
    argv = shell_command(std::string(*line));
  } else {
    if (!command->is_array()) return Error::corrupt("{}: must be a string or an array of strings", what);
    HERMES_ASSIGN(argv, read_words(*command, what));
    if (argv.empty() || argv[0].empty()) return Error::corrupt("{}: names no program", what);
  }
  for (const std::string& word : argv) {
    if (word.find('\0') != std::string::npos) return Error::corrupt("{}: holds a zero byte", what);
  }
  return argv;
}

Result<std::chrono::milliseconds> read_time_limit(const JsonObject& entry) {
  HERMES_ASSIGN(const std::optional<double> given, entry.optional_number("timeout_seconds"));
  const double seconds = given.value_or(kDefaultSeconds);
  if (seconds < kMinSeconds || seconds > kMaxSeconds) {
    return Error::corrupt("{}: \"timeout_seconds\" must be {} to {}, is {}", entry.what(), kMinSeconds, kMaxSeconds,
                          seconds);
  }
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// The end of what a failed command said, without white space around it.
std::string end_of(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  const bool cut = text.size() > kMaxReasonBytes;
  if (cut) {
    text.remove_prefix(text.size() - kMaxReasonBytes);
    while (!text.empty() && (static_cast<uint8_t>(text.front()) & 0xC0) == 0x80) text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return (cut ? "..." : "") + to_valid_utf8(text);
}

std::string output_text(const ProcessResult& result) {
  std::string_view text = result.output;
  if (result.output_truncated) {
    text.remove_suffix(incomplete_utf8_suffix(text));
    return to_valid_utf8(text) + fmt::format("\n[cut here: the output is longer than {} bytes]", kMaxOutputBytes);
  }
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return to_valid_utf8(text);
}

}  // namespace

Result<CommandTools::Tool> CommandTools::read_tool(const json::value& value, const std::string& what) {
  HERMES_ASSIGN(const JsonObject entry, JsonObject::from(value, what));
  HERMES_TRY(refuse_unknown(entry, {"type", "function", "command", "timeout_seconds"}));
  HERMES_ASSIGN(const std::string type, entry.string("type"));
  if (type != "function") return Error::unsupported("{}: \"type\" must be \"function\", is \"{}\"", what, type);
  HERMES_ASSIGN(const JsonObject function, entry.object("function"));
  HERMES_TRY(refuse_unknown(function, {"name", "description", "parameters"}));
  Tool tool;
  HERMES_ASSIGN(tool.name, function.string("name"));
  if (!fits_as_name(tool.name)) {
    return Error::corrupt("{}: the name \"{}\" must be 1 to {} of the characters A-Z a-z 0-9 _ . -", function.what(),
                          tool.name, kMaxNameLength);
  }
  HERMES_TRY(function.optional_string("description"));
  HERMES_ASSIGN(const auto parameters, function.optional_object("parameters"));
  if (parameters) {
    if (const json::value* required = parameters->find("required"); required != nullptr) {
      HERMES_ASSIGN(tool.required, read_words(*required, parameters->what() + ": \"required\""));
    }
  }
  HERMES_ASSIGN(tool.argv, read_command(entry, tool.name));
  HERMES_ASSIGN(tool.time_limit, read_time_limit(entry));
  return tool;
}

Result<CommandTools> CommandTools::parse(std::string_view text, const std::string& what, Options options) {
  HERMES_ASSIGN(const json::value document, parse_json(text, what, {.unique_names = true}));
  if (!document.is_array()) return Error::corrupt("{}: must be a JSON array of tools", what);
  CommandTools all(std::move(options));
  for (const json::value& entry : document.get_array()) {
    HERMES_ASSIGN(Tool tool, read_tool(entry, fmt::format("{}: tool {}", what, all.list_.size() + 1)));
    if (all.find(tool.name) != nullptr) return Error::corrupt("{}: two tools are named \"{}\"", what, tool.name);
    all.list_.push_back(std::move(tool));
    json::object told = entry.get_object();
    told.stable_erase("command");
    told.stable_erase("timeout_seconds");
    all.tools_.push_back(std::move(told));
  }
  return all;
}

Result<CommandTools> CommandTools::read(const std::string& path, Options options) {
  HERMES_ASSIGN(const std::string text, read_text_file(path, kMaxFileBytes));
  return parse(text, path, std::move(options));
}

const CommandTools::Tool* CommandTools::find(std::string_view name) const {
  const auto at = std::find_if(list_.begin(), list_.end(), [&](const Tool& tool) { return tool.name == name; });
  return at == list_.end() ? nullptr : &*at;
}

std::string CommandTools::names() const {
  std::string names;
  for (const Tool& tool : list_) names += (names.empty() ? "" : ", ") + tool.name;
  return names.empty() ? "none" : names;
}

ToolResult CommandTools::run(const chat::ToolCall& call) {
  const Tool* tool = find(call.name);
  if (tool == nullptr) {
    return failed_tool_result(fmt::format("there is no tool \"{}\"; the tools are: {}", call.name, names()));
  }
  for (const std::string& name : tool->required) {
    if (!call.arguments.contains(name)) {
      return failed_tool_result(fmt::format("{}: the required argument \"{}\" is missing", call.name, name));
    }
  }
  if (options_.confirm && !options_.confirm(call)) return failed_tool_result("the user declined this call");

  const auto result = run_process({.argv = tool->argv,
                                   .environment = options_.environment,
                                   .input = to_json_text(call.arguments) + "\n",
                                   .time_limit = tool->time_limit,
                                   .output_limit = kMaxOutputBytes,
                                   .cancel = options_.cancel});
  if (!result.ok()) return failed_tool_result(fmt::format("{}: {}", call.name, result.error().message()));
  if (result->succeeded()) return {.content = output_text(*result), .failed = false};
  // Some programs say on standard output why they failed.
  const std::string said = end_of(result->errors.empty() ? result->output : result->errors);
  return failed_tool_result(
      fmt::format("{}: {}{}{}", call.name, describe_end(*result, tool->time_limit), said.empty() ? "" : ": ", said));
}

}  // namespace hermes::generate
