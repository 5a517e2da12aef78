#include "apps/line_editor.h"

#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "apps/message_lines.h"
#include "apps/terminal_line_editor.h"

namespace hermes::apps {
namespace {

// Lines of a file or a pipe, and of terminals that cannot move their cursor.
class PlainLineReader : public LineEditor {
 public:
  PlainLineReader(Options options, bool prompts) : options_(std::move(options)), prompts_(prompts) {}

  std::optional<std::string> read(std::string_view prompt) override {
    MessageLines lines;
    for (;;) {
      const auto line = ask(lines.empty() ? prompt : std::string_view(options_.continuation_prompt));
      if (!line && lines.empty()) return std::nullopt;
      if (!line || !lines.add(*line))
        return lines.take();  // a message that the end of input cuts off is one all the same
    }
  }

  std::optional<std::string> ask(std::string_view question) override {
    if (prompts_) {
      std::fwrite(question.data(), 1, question.size(), stdout);
      std::fflush(stdout);
    }
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }

 private:
  Options options_;
  bool prompts_;
};

// libedit takes characters apart by the locale; the plain C one knows ASCII only.
bool use_utf8_locale() {
  const auto is_utf8 = [] { return std::string_view(::nl_langinfo(CODESET)) == "UTF-8"; };
  if (std::setlocale(LC_CTYPE, "") != nullptr && is_utf8()) return true;
  return std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr && is_utf8();
}

bool can_move_cursor() {
  const char* kind = std::getenv("TERM");
  return kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

}  // namespace

std::unique_ptr<LineEditor> LineEditor::make(Options options) {
  const bool terminal = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  if (terminal && can_move_cursor() && use_utf8_locale())
    return std::make_unique<TerminalLineEditor>(std::move(options));
  return std::make_unique<PlainLineReader>(std::move(options), terminal);
}

}  // namespace hermes::apps
