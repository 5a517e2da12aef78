// Arbitrary bytes as a chat template: an error or a text of bounded size, in bounded time and memory. What follows a NUL
// byte, if it is JSON, is rendered as the variables.
#include <boost/json.hpp>
#include <string_view>

#include "base/json.h"
#include "base/utf8.h"
#include "chat/template/chat_template.h"

namespace {

constexpr std::string_view kVariables = R"({
  "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "ü 日本 <b>"},
    {"role": "assistant", "content": "<think>a</think>b", "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1.5}}}]}],
  "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
  "l": [3, 1, 2, "a", null], "d": {"b": 2, "a": [1]}, "s": "Hello, World", "i": 7, "f": -2.5, "t": true, "n": null})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const hermes::json::value kUsual = hermes::parse_json(kVariables, "variables").value();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const auto parsed = hermes::chat::ChatTemplate::parse(input.substr(0, end), "input");
  if (!parsed.ok()) return 0;
  const auto own = end < size ? hermes::parse_json(input.substr(end + 1), "variables") : kUsual;
  const hermes::json::object* variables = own.ok() ? own->if_object() : nullptr;

  // Less than the defaults, so that many inputs are tried.
  const hermes::chat::RenderOptions options{.max_steps = 200'000,
                                            .max_memory = 32 << 20,
                                            .max_text = 1 << 20,
                                            .now = std::chrono::system_clock::time_point()};
  const auto rendered = parsed->render(variables != nullptr ? *variables : kUsual.get_object(), options);
  if (!rendered.ok()) return 0;
  HERMES_CHECK(rendered->text.size() <= options.max_text);
  HERMES_CHECK(hermes::find_invalid_utf8(rendered->text) == std::string_view::npos);
  for (const auto& [begin, end_of_range] : rendered->generated) {
    HERMES_CHECK(begin <= end_of_range && end_of_range <= rendered->text.size());
  }
  const auto again = parsed->render(variables != nullptr ? *variables : kUsual.get_object(), options);
  HERMES_CHECK(again.ok() && again->text == rendered->text);
  return 0;
}
