// Reads what a person types: with history, editing and completion on a terminal, plainly elsewhere.
//
// Several lines make one message where a line ends in a backslash, between two lines of """ (message_lines.h), after
// Alt-Enter, and in a paste. On a terminal: the arrow keys move and recall earlier messages, Ctrl-R searches them, Tab
// completes commands, Ctrl-C drops what was typed, Ctrl-D on an empty line ends.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermes::apps {

class LineEditor {
 public:
  struct Options {
    std::vector<std::string> commands{};          // for Tab: "/help", "/quit", ...
    std::filesystem::path history_file{};         // empty: remembered until the end of the program only
    std::string continuation_prompt = "... ";     // before the second and later lines
    std::string interrupt_hint = "/quit leaves";  // said at Ctrl-C when nothing was typed
  };

  // Edits where standard input and output are a terminal that can move its cursor; else reads plain lines. Sets
  // LC_CTYPE to a UTF-8 locale, which is process-wide. Make one only: standard input has one reader.
  static std::unique_ptr<LineEditor> make(Options options);

  virtual ~LineEditor() = default;

  // The next message, without its last line break; nothing at the end of input. The prompt may hold colors
  // (ESC [ ... m); it is not shown where nobody is there to read it.
  virtual std::optional<std::string> read(std::string_view prompt) = 0;

  // One line that is no message and is not remembered, such as "y" to a question. Nothing where the person declines to
  // answer: Ctrl-C, Ctrl-D, the end of input.
  virtual std::optional<std::string> ask(std::string_view question) = 0;
};

}  // namespace hermes::apps
