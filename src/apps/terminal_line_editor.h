// The LineEditor of a terminal, on libedit. Only line_editor.cpp includes this.
#pragma once

#include <histedit.h>

#include <string>
#include <string_view>
#include <vector>

#include "apps/line_editor.h"

namespace hermes::apps {

// A prompt with colors in the form that libedit takes: what has no width stands between two \1.
std::wstring editor_prompt(std::string_view prompt);

class TerminalLineEditor : public LineEditor {
 public:
  explicit TerminalLineEditor(Options options);
  ~TerminalLineEditor() override;
  TerminalLineEditor(const TerminalLineEditor&) = delete;
  TerminalLineEditor& operator=(const TerminalLineEditor&) = delete;

  std::optional<std::string> read(std::string_view prompt) override;
  std::optional<std::string> ask(std::string_view question) override;

 private:
  enum class End { kLine, kInterrupted, kEndOfInput };
  using Key = unsigned char (TerminalLineEditor::*)();  // what a key does; returns one of libedit's CC_ codes

  static TerminalLineEditor& self(EditLine* editor);
  static wchar_t* prompt(EditLine* editor);
  template <Key key>
  static unsigned char call(EditLine* editor, wint_t) {
    return (self(editor).*key)();
  }
  template <Key key>
  void bind(const wchar_t* function, std::initializer_list<const wchar_t*> keys);
  void bind(std::initializer_list<const wchar_t*> keys, const wchar_t* function);
  void bind_keys();

  unsigned char enter();     // commits, unless more of a paste is waiting
  unsigned char new_line();  // in the middle of a message
  unsigned char paste();     // between the marks of a bracketed paste
  unsigned char up();        // a line, then through earlier messages
  unsigned char down();
  unsigned char interrupt();
  unsigned char end_or_delete();
  unsigned char complete();

  End edit(std::string_view prompt, std::wstring& line);
  void remember(const std::string& message);
  unsigned char recall(size_t position);
  std::wstring_view before_cursor() const;
  std::wstring_view after_cursor() const;
  void replace_all(const std::wstring& text);
  unsigned char insert(const std::wstring& text);
  void commit();

  Options options_;
  EditLine* editor_;
  HistoryW* search_;  // what Ctrl-R searches
  std::wstring prompt_;
  std::vector<std::wstring> earlier_;  // messages, the oldest first
  size_t position_ = 0;                // in them; their number: the message being typed
  std::wstring draft_;                 // that message, while another is shown
  bool asking_ = false;
  bool interrupted_ = false;
};

}  // namespace hermes::apps
