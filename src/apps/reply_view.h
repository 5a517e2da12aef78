// Shows a reply as it comes: reasoning dimmed, set apart from the answer; tool calls and their results in boxes.
//
//   · thinking
//   She asks for the weather.
//
//   ╭─ tool: get_weather
//   │ {"city": "Paris"}
//   ╰─
//   ╭─ result: get_weather
//   │ sunny, 21 °C
//   ╰─
//
//   It is sunny in Paris.
//
// Whatever a model or a tool writes is harmless (terminal_text.h). Every piece given to the sink ends with the plain
// attributes, so an interruption at any moment leaves the terminal as it was. One object serves one answer, also where
// that takes several replies with tool calls in between.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "apps/terminal_text.h"
#include "chat/stream_parser/events.h"

namespace hermes::apps {

class ReplyView {
 public:
  using Sink = std::function<void(std::string_view)>;
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  struct Options {
    bool terminal = false;        // false: no escape sequences, no updates in place, no wrapping
    bool colors = true;           // on a terminal: dim and bold
    bool fold_reasoning = false;  // show how long it thinks, not what
    size_t width = 80;            // of the terminal, in columns
    size_t result_lines = 12;     // rows of a tool's result that are shown
  };

  ReplyView(const Options& options, Sink sink, Clock clock = std::chrono::steady_clock::now);

  // `tokens`: how many tokens the event stands for; counted for reasoning.
  void event(const chat::ReplyEvent& event, size_t tokens = 1);
  void tool_result(std::string_view name, std::string_view content, bool failed);
  // The reply has ended, at whatever place: closes what is open. The cursor is then at the beginning of a line.
  void finish();

 private:
  enum class Section { kNone, kReasoning, kFolded, kContent, kBox };

  void enter(Section section);
  void close_section();
  void add_reasoning(std::string_view text, size_t tokens);
  void add_arguments(std::string_view text);
  void add_plain(std::string_view safe, std::string_view style);
  void add_boxed(std::string& out, std::string_view safe, std::string_view style);
  void open_box(std::string_view heading);
  void close_box(std::string_view remark);
  void show(std::string_view text, std::string_view style = {});
  std::string styled(std::string_view text, std::string_view style) const;
  std::string thinking_time() const;

  Options options_;
  Sink sink_;
  Clock clock_;
  Section section_ = Section::kNone;  // what is open
  Section last_ = Section::kNone;     // what was before it; kNone: nothing yet
  SafeText safe_;                     // of the open section
  size_t column_ = 0;                 // 0: at the beginning of a line
  bool has_arguments_ = false;        // the open box shows some
  size_t reasoning_tokens_ = 0;
  std::chrono::steady_clock::time_point reasoning_start_, last_update_;
};

}  // namespace hermes::apps
