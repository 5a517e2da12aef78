// Chat templates: a sandboxed evaluator of the Jinja2 dialect that Hugging Face chat templates are written in. The
// model's own template text decides how a conversation becomes a prompt; nothing is guessed from its looks.
//
// Semantics: jinja2 3.1's ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True) with the loopcontrols
// extension, `tojson`, `raise_exception`, `strftime_now` and {% generation %} as Hugging Face transformers sets it up.
// Bounded: template size, output size, steps, nesting. Errors name the template, line and what is wrong:
//   kInvalidArgument    raise_exception() of the template, with its message
//   kCorrupt            wrong syntax, or an evaluation that fails as it would in Python
//   kUnsupported        what is left out, by name: include, import, extends and block (there are no other templates),
//                       autoescape, integers beyond 64 bits, complex numbers, str.encode and a few other methods of str,
//                       the filters random, urlize and pprint
//   kResourceExhausted  a bound
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "chat/message.h"

namespace hermes::chat {

struct Rendered {
  std::string text;
  // Byte ranges [begin, end) of `text` that came from {% generation %} blocks, in order. Of a block whose text is first
  // captured (by a macro, a block set, ...) transformers reckons the beginning of the capture, and so does this.
  std::vector<std::pair<size_t, size_t>> generated;
};

// What a rendering may use, and what it is told of the world. The defaults suit a server: the largest take well under a
// second.
struct RenderOptions {
  size_t max_steps = 20'000'000;  // nodes evaluated, and 1 more for every 32 bytes of text looked at
  size_t max_memory = 256 << 20;  // bytes
  size_t max_text = 32 << 20;     // bytes of one string, and of the output
  std::optional<std::chrono::system_clock::time_point> now{};  // for strftime_now, in local time; empty: the clock's
};

// Immutable after parsing; render may be called from several threads at once.
class ChatTemplate {
 public:
  // `what` (usually the file's path) opens every message.
  static Result<ChatTemplate> parse(std::string_view source, std::string what);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  // `variables` are the template's globals: messages, tools, add_generation_prompt, bos_token, thinking, ...
  Result<Rendered> render(const json::object& variables, const RenderOptions& options = {}) const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

// The variables of `conversation` as Hugging Face passes them: messages, tools (null where empty),
// add_generation_prompt; `more` (bos_token, thinking, keep_cots, ...) is added and wins.
json::object template_variables(const Conversation& conversation, bool add_generation_prompt,
                                const json::object& more = {});

}  // namespace hermes::chat
