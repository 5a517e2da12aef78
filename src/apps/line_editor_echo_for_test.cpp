// Reads messages as `hermes chat` does and prints each as JSON: what tests/e2e/line_editor_test.py types into.
//   line_editor_echo [HISTORY_FILE]
// The message "ask" asks a question instead.
#include <cstdio>

#include <boost/json.hpp>

#include "apps/line_editor.h"
#include "base/json.h"

int main(int argc, char** argv) {
  const auto editor = hermes::apps::LineEditor::make(
      {.commands = {"/help", "/quit", "/think", "/no-think", "/theme"}, .history_file = argc > 1 ? argv[1] : ""});
  const auto say = [](const char* what, const std::string& text) {
    std::printf("%s %s\n", what, hermes::to_json_text(hermes::json::value(text)).c_str());
    std::fflush(stdout);
  };
  while (const auto message = editor->read("\033[1m>\033[0m ")) {
    if (*message != "ask") {
      say("message", *message);
    } else if (const auto answer = editor->ask("sure? [y/N] ")) {
      say("answer", *answer);
    } else {
      say("no", "answer");
    }
  }
  say("end", "");
}
