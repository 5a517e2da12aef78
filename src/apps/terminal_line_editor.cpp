#include "apps/terminal_line_editor.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "apps/history_file.h"
#include "apps/message_lines.h"
#include "base/check.h"
#include "base/utf8.h"

namespace hermes::apps {
namespace {

constexpr wchar_t kLiteral = 1;                       // encloses what has no width in a prompt
constexpr const wchar_t* kCommitKey = L"\033[9999~";  // no key sends this: it is pushed by commit()
constexpr const wchar_t* kPasteEnd = L"\033[201~";
constexpr int kPasteGap_ms = 5;  // a paste's next byte comes sooner than a person's next key

static_assert(sizeof(wchar_t) == 4, "wide characters must be code points");

std::wstring widen(std::string_view text) {
  std::wstring out;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    out += static_cast<wchar_t>(c.valid() ? c.value : 0xFFFD);
    at += c.length;
  }
  return out;
}

std::string narrow(std::wstring_view text) {
  std::string out;
  for (const wchar_t c : text) append_utf8(out, static_cast<uint32_t>(c));
  return out;
}

void write_now(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool more_is_waiting() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, kPasteGap_ms) > 0 && (input.revents & POLLIN) != 0;
}

}  // namespace

std::wstring editor_prompt(std::string_view prompt) {
  struct Cell {
    std::wstring style;
    wchar_t shown;
  };
  std::vector<Cell> cells;
  std::wstring style;
  const std::wstring text = widen(prompt);
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == L'\033' && at + 1 < text.size() && text[at + 1] == L'[') {
      const size_t begin = at;
      for (at += 2; at + 1 < text.size() && (text[at] < 0x40 || text[at] > 0x7E);) ++at;
      style += text.substr(begin, at + 1 - begin);
    } else {
      cells.push_back({std::move(style), text[at]});
      style.clear();
    }
  }
  // libedit drops what follows the last character, and a style must not reach what is typed.
  if (!cells.empty()) cells.back().style += style;
  std::wstring out;
  for (const Cell& cell : cells) {
    if (!cell.style.empty()) out += kLiteral + cell.style + kLiteral;
    out += cell.shown;
  }
  return out;
}

TerminalLineEditor::TerminalLineEditor(Options options)
    : options_(std::move(options)), editor_(::el_init("hermes", stdin, stdout, stderr)), search_(::history_winit()) {
  HERMES_CHECK(editor_ != nullptr && search_ != nullptr);
  ::el_wset(editor_, EL_CLIENTDATA, static_cast<void*>(this));
  ::el_wset(editor_, EL_PROMPT_ESC, &TerminalLineEditor::prompt, static_cast<int>(kLiteral));
  ::el_wset(editor_, EL_SIGNAL, 1);  // Ctrl-Z, and a window that changes its size
  ::el_wset(editor_, EL_EDITOR, L"emacs");
  // Ctrl-C comes as a character while a line is edited: no signal, no handler. Off now, and whenever libedit takes over
  // the terminal's other characters.
  ::el_wset(editor_, EL_SETTY, L"-d", L"intr=", L"-intr", static_cast<const wchar_t*>(nullptr));
  HistEventW event;
  ::history_w(search_, &event, H_SETSIZE, static_cast<int>(kMaxHistoryEntries));
  ::el_wset(editor_, EL_HIST, ::history_w, search_);
  bind_keys();
  if (options_.history_file.empty()) return;
  const auto entries = read_history(options_.history_file);  // none, where it cannot be read: it is only a comfort
  if (!entries.ok()) return;
  for (const std::string& entry : *entries) {
    earlier_.push_back(widen(entry));
    ::history_w(search_, &event, H_ENTER, earlier_.back().c_str());
  }
}

TerminalLineEditor::~TerminalLineEditor() {
  ::el_end(editor_);
  ::history_wend(search_);
}

TerminalLineEditor& TerminalLineEditor::self(EditLine* editor) {
  void* data = nullptr;
  ::el_wget(editor, EL_CLIENTDATA, &data);
  return *static_cast<TerminalLineEditor*>(data);
}

wchar_t* TerminalLineEditor::prompt(EditLine* editor) { return self(editor).prompt_.data(); }

void TerminalLineEditor::bind(std::initializer_list<const wchar_t*> keys, const wchar_t* function) {
  for (const wchar_t* key : keys) ::el_wset(editor_, EL_BIND, key, function, static_cast<const wchar_t*>(nullptr));
}

template <TerminalLineEditor::Key key>
void TerminalLineEditor::bind(const wchar_t* function, std::initializer_list<const wchar_t*> keys) {
  ::el_wset(editor_, EL_ADDFN, function, function, &TerminalLineEditor::call<key>);
  bind(keys, function);
}

void TerminalLineEditor::bind_keys() {
  using Self = TerminalLineEditor;
  bind<&Self::enter>(L"hermes-enter", {L"^M", L"^J"});
  bind<&Self::new_line>(L"hermes-new-line", {L"\\e^M", L"\\e^J"});
  bind<&Self::paste>(L"hermes-paste", {L"\\e[200~"});
  bind<&Self::up>(L"hermes-up", {L"\\e[A", L"\\eOA", L"^P"});
  bind<&Self::down>(L"hermes-down", {L"\\e[B", L"\\eOB", L"^N"});
  bind<&Self::interrupt>(L"hermes-interrupt", {L"^C"});
  bind<&Self::end_or_delete>(L"hermes-end-or-delete", {L"^D"});
  bind<&Self::complete>(L"hermes-complete", {L"^I"});
  bind({kCommitKey}, L"ed-newline");
  bind({L"^R"}, L"em-inc-search-prev");
  bind({L"^W"}, L"ed-delete-prev-word");
  bind({L"\\e[3~"}, L"ed-delete-next-char");
  bind({L"\\e[H", L"\\eOH", L"\\e[1~", L"\\e[7~"}, L"ed-move-to-beg");
  bind({L"\\e[F", L"\\eOF", L"\\e[4~", L"\\e[8~"}, L"ed-move-to-end");
  bind({L"\\e[1;5C", L"\\e[1;3C"}, L"em-next-word");
  bind({L"\\e[1;5D", L"\\e[1;3D"}, L"ed-prev-word");
}

TerminalLineEditor::End TerminalLineEditor::edit(std::string_view prompt, std::wstring& line) {
  prompt_ = editor_prompt(prompt);
  position_ = earlier_.size();
  draft_.clear();
  interrupted_ = false;
  ::el_resize(editor_);
  write_now("\033[?2004h");             // a paste is marked as such, by terminals that can
  ::el_wset(editor_, EL_PREP_TERM, 1);  // before the prompt: a quick Ctrl-C would otherwise still end the program
  int length = 0;
  const wchar_t* text = ::el_wgets(editor_, &length);
  if (text != nullptr) line.assign(text, static_cast<size_t>(length));
  write_now("\033[?2004l");
  if (text == nullptr) {
    write_now("\n");
    return End::kEndOfInput;
  }
  if (line.ends_with(L'\n')) line.pop_back();
  return interrupted_ ? End::kInterrupted : End::kLine;
}

std::optional<std::string> TerminalLineEditor::read(std::string_view prompt) {
  MessageLines lines;
  for (;;) {
    std::wstring line;
    const End end = edit(lines.empty() ? prompt : std::string_view(options_.continuation_prompt), line);
    if (end == End::kEndOfInput && lines.empty()) return std::nullopt;
    if (end == End::kInterrupted) {
      if (line.empty() && lines.empty()) write_now(options_.interrupt_hint + "\n");
      lines.take();
      continue;
    }
    if (end == End::kLine && lines.add(narrow(line))) continue;
    std::string message = lines.take();
    remember(message);
    return message;
  }
}

std::optional<std::string> TerminalLineEditor::ask(std::string_view question) {
  asking_ = true;
  std::wstring line;
  const End end = edit(question, line);
  asking_ = false;
  if (end != End::kLine) return std::nullopt;
  return narrow(line);
}

void TerminalLineEditor::remember(const std::string& message) {
  if (message.find_first_not_of(" \t\n") == std::string::npos) return;
  std::wstring wide = widen(message);
  if (!earlier_.empty() && earlier_.back() == wide) return;
  HistEventW event;
  ::history_w(search_, &event, H_ENTER, wide.c_str());
  earlier_.push_back(std::move(wide));
  if (earlier_.size() > kMaxHistoryEntries) earlier_.erase(earlier_.begin());
  // A file that cannot be written is no reason to disturb a conversation.
  if (!options_.history_file.empty()) (void)append_history(options_.history_file, message).ok();
}

std::wstring_view TerminalLineEditor::before_cursor() const {
  const LineInfoW* line = ::el_wline(editor_);
  return {line->buffer, static_cast<size_t>(line->cursor - line->buffer)};
}

std::wstring_view TerminalLineEditor::after_cursor() const {
  const LineInfoW* line = ::el_wline(editor_);
  return {line->cursor, static_cast<size_t>(line->lastchar - line->cursor)};
}

unsigned char TerminalLineEditor::insert(const std::wstring& text) {
  return !text.empty() && ::el_winsertstr(editor_, text.c_str()) != 0 ? CC_ERROR : CC_REFRESH;
}

void TerminalLineEditor::replace_all(const std::wstring& text) {
  ::el_cursor(editor_, static_cast<int>(after_cursor().size()));
  ::el_wdeletestr(editor_, static_cast<int>(before_cursor().size()));
  insert(text);
}

void TerminalLineEditor::commit() { ::el_wpush(editor_, kCommitKey); }

unsigned char TerminalLineEditor::enter() {
  const std::wstring line = std::wstring(before_cursor()) + std::wstring(after_cursor());
  const std::string first = narrow(line.substr(0, line.find(L' ')));
  const bool is_command =
      std::find(options_.commands.begin(), options_.commands.end(), first) != options_.commands.end();
  // Without marks, a paste is known by its speed. Commands that were typed ahead stay apart.
  if (!asking_ && !is_command && more_is_waiting()) return new_line();
  commit();
  return CC_NORM;
}

unsigned char TerminalLineEditor::new_line() { return insert(L"\n"); }

unsigned char TerminalLineEditor::paste() {
  const std::wstring_view end(kPasteEnd);
  std::wstring text;
  for (wchar_t c = 0; !text.ends_with(end);) {
    if (::el_wgetc(editor_, &c) != 1) return CC_EOF;
    text += c;
  }
  text.resize(text.size() - end.size());
  // Line breaks come as \r, which the terminal driver makes \n, and \n as \r; two different ones in a row are one.
  std::wstring clean;
  for (size_t i = 0; i < text.size(); ++i) {
    const wchar_t c = text[i];
    if (c == L'\n' || c == L'\r') {
      if (i > 0 && (text[i - 1] == L'\n' || text[i - 1] == L'\r') && text[i - 1] != c) {
        text[i] = L' ';  // half of a pair
        continue;
      }
      clean += L'\n';
    } else if (c == L'\t' || (c >= L' ' && c != 0x7F)) {
      clean += c;
    }
  }
  while (clean.ends_with(L'\n')) clean.pop_back();
  return insert(clean);
}

unsigned char TerminalLineEditor::up() {
  const std::wstring_view before = before_cursor();
  const size_t line_end = before.rfind(L'\n');
  if (line_end == std::wstring_view::npos) return position_ == 0 ? CC_ERROR : recall(position_ - 1);
  const size_t column = before.size() - (line_end + 1);
  const size_t above_end = line_end == 0 ? std::wstring_view::npos : before.rfind(L'\n', line_end - 1);
  const size_t above = above_end == std::wstring_view::npos ? 0 : above_end + 1;
  const size_t target = above + std::min(column, line_end - above);
  ::el_cursor(editor_, static_cast<int>(target) - static_cast<int>(before.size()));
  return CC_REFRESH;
}

unsigned char TerminalLineEditor::down() {
  const std::wstring_view before = before_cursor(), after = after_cursor();
  const size_t line_end = after.find(L'\n');
  if (line_end == std::wstring_view::npos) return position_ == earlier_.size() ? CC_ERROR : recall(position_ + 1);
  const size_t here = before.rfind(L'\n');
  const size_t column = here == std::wstring_view::npos ? before.size() : before.size() - (here + 1);
  const size_t below = line_end + 1;
  const size_t below_end = std::min(after.find(L'\n', below), after.size());
  ::el_cursor(editor_, static_cast<int>(below + std::min(column, below_end - below)));
  return CC_REFRESH;
}

// libedit's own recall cuts lines of more than 1,024 characters, and spaces at the end.
unsigned char TerminalLineEditor::recall(size_t position) {
  if (asking_) return CC_ERROR;
  if (position_ == earlier_.size()) draft_ = std::wstring(before_cursor()) + std::wstring(after_cursor());
  position_ = position;
  replace_all(position == earlier_.size() ? draft_ : earlier_[position]);
  return CC_REFRESH;
}

unsigned char TerminalLineEditor::interrupt() {
  interrupted_ = true;
  commit();
  return CC_NORM;
}

unsigned char TerminalLineEditor::end_or_delete() {
  if (before_cursor().empty() && after_cursor().empty()) return CC_EOF;
  if (after_cursor().empty()) return CC_ERROR;
  ::el_cursor(editor_, 1);
  ::el_wdeletestr(editor_, 1);
  return CC_REFRESH;
}

unsigned char TerminalLineEditor::complete() {
  const std::string typed = narrow(before_cursor());
  if (!typed.starts_with('/') || typed.find_first_of(" \n") != std::string::npos) return insert(L"\t");
  std::vector<std::string> fitting;
  for (const std::string& command : options_.commands) {
    if (command.starts_with(typed)) fitting.push_back(command);
  }
  if (fitting.empty()) return CC_ERROR;
  std::string common = fitting.front();
  for (const std::string& command : fitting) {
    const auto differ = std::mismatch(common.begin(), common.end(), command.begin(), command.end());
    common.erase(differ.first, common.end());
  }
  if (fitting.size() == 1) common += ' ';
  if (common.size() > typed.size()) return insert(widen(std::string_view(common).substr(typed.size())));
  std::string list = "\n";
  for (const std::string& command : fitting) list += command + "  ";
  write_now(list + "\n");
  return CC_REDISPLAY;
}

}  // namespace hermes::apps
