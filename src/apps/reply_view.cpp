#include "apps/reply_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "base/utf8.h"

namespace hermes::apps {
namespace {

constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kPlain = "\033[0m";
constexpr std::string_view kLineAgain = "\r\033[K";  // to its beginning, and clear it
constexpr std::chrono::milliseconds kStatusEvery{100};
constexpr size_t kBorder = 2;  // columns of "│ "
constexpr size_t kTabStop = 4;
constexpr size_t kMinWidth = 20;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string count(size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

std::string_view first_columns(std::string_view text, size_t columns) {
  size_t at = 0;
  for (size_t used = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    used += static_cast<size_t>(columns_of(c.value));
    if (used > columns) break;
    at += c.length;
  }
  return text.substr(0, at);
}

}  // namespace

ReplyView::ReplyView(const Options& options, Sink sink, Clock clock)
    : options_(options), sink_(std::move(sink)), clock_(std::move(clock)) {
  options_.width = std::max(options_.width, kMinWidth);
}

void ReplyView::event(const chat::ReplyEvent& event, size_t tokens) {
  std::visit(Overloaded{
                 [&](const chat::ReasoningDelta& delta) { add_reasoning(delta.text, tokens); },
                 [&](const chat::ContentDelta& delta) {
                   if (section_ != Section::kContent) enter(Section::kContent);
                   add_plain(safe_(delta.text), {});
                 },
                 [&](const chat::ToolCallBegin& begin) { open_box("tool: " + safe_line(begin.name)); },
                 [&](const chat::ToolCallArguments& arguments) {
                   if (section_ != Section::kBox) open_box("tool");
                   add_arguments(arguments.text);
                 },
                 [&](const chat::ToolCallEnd& end) {
                   if (section_ != Section::kBox) open_box("tool: " + safe_line(end.call.name));
                   if (!has_arguments_) add_arguments(to_spaced_json_text(end.call.arguments));
                   close_box({});
                 },
                 [&](const chat::ToolCallDropped&) {
                   if (section_ == Section::kBox) close_box("no call after all: its text follows");
                 },
             },
             event);
}

void ReplyView::finish() { close_section(); }

// Leaves what is open, and begins `section` after an empty line; boxes follow each other without one.
void ReplyView::enter(Section section) {
  close_section();
  const bool boxes = last_ == Section::kBox && section == Section::kBox;
  if (last_ != Section::kNone && !boxes) show("\n");
  section_ = section;
}

void ReplyView::close_section() {
  switch (section_) {
    case Section::kNone:
      return;
    case Section::kReasoning:
    case Section::kContent:
      add_plain(safe_.finish(), section_ == Section::kReasoning ? kDim : std::string_view());
      if (column_ != 0) show("\n");
      break;
    case Section::kFolded:
      show(fmt::format("{}· thought for {}, {} (/reasoning shows it)", options_.terminal ? kLineAgain : "",
                       thinking_time(), count(reasoning_tokens_, "token")),
           kDim);
      show("\n");
      break;
    case Section::kBox:
      close_box("cut off");
      return;
  }
  column_ = 0;
  last_ = std::exchange(section_, Section::kNone);
}

void ReplyView::add_reasoning(std::string_view text, size_t tokens) {
  const Section section = options_.fold_reasoning ? Section::kFolded : Section::kReasoning;
  if (section_ != section) {
    enter(section);
    reasoning_tokens_ = 0;
    reasoning_start_ = clock_();
    last_update_ = reasoning_start_ - kStatusEvery;
    if (section == Section::kReasoning) show("· thinking\n", kDim);
  }
  reasoning_tokens_ += tokens;
  if (section == Section::kReasoning) {
    add_plain(safe_(text), kDim);
  } else if (options_.terminal && clock_() - last_update_ >= kStatusEvery) {
    last_update_ = clock_();
    const std::string status = fmt::format("· thinking… {}, {}", count(reasoning_tokens_, "token"), thinking_time());
    show(std::string(kLineAgain) + std::string(first_columns(status, options_.width - 1)), kDim);
  }
}

void ReplyView::add_arguments(std::string_view text) {
  has_arguments_ = true;
  std::string out;
  add_boxed(out, safe_(text), {});
  show(out);
}

void ReplyView::add_plain(std::string_view safe, std::string_view style) {
  if (safe.empty()) return;
  show(safe, style);
  column_ = safe.ends_with('\n') ? 0 : 1;
}

// Appends text behind the left border, wrapped at the width of the terminal.
void ReplyView::add_boxed(std::string& out, std::string_view safe, std::string_view style) {
  const size_t limit = options_.terminal ? options_.width : std::numeric_limits<size_t>::max();
  std::string row;
  const auto end_row = [&] {
    out += styled(row, style) + '\n';
    row.clear();
    column_ = 0;
  };
  for (size_t at = 0; at < safe.size();) {
    const CodePoint c = decode_utf8(safe, at);
    const std::string_view bytes = safe.substr(at, c.length);
    at += c.length;
    if (c.value == '\n') {
      if (column_ == 0) out += styled("│", kDim);
      end_row();
      continue;
    }
    const bool tab = c.value == '\t';
    const size_t columns =
        tab ? kTabStop - (std::max(column_, kBorder) - kBorder) % kTabStop : static_cast<size_t>(columns_of(c.value));
    if (column_ != 0 && columns > 0 && column_ + columns > limit) end_row();
    if (column_ == 0) {
      out += styled("│ ", kDim);
      column_ = kBorder;
    }
    row += tab ? std::string(columns, ' ') : std::string(bytes);
    column_ += columns;
  }
  out += styled(row, style);
}

void ReplyView::open_box(std::string_view heading) {
  enter(Section::kBox);
  has_arguments_ = false;
  const size_t room = options_.terminal ? options_.width - 3 : heading.size();
  show("╭─ ", kDim);
  show(first_columns(heading, room), kBold);
  show("\n");
}

void ReplyView::close_box(std::string_view remark) {
  std::string out;
  add_boxed(out, safe_.finish(), {});
  if (column_ != 0) out += '\n';
  show(out);
  show(remark.empty() ? std::string("╰─\n") : fmt::format("╰─ {}\n", remark), kDim);
  column_ = 0;
  section_ = Section::kNone;
  last_ = Section::kBox;
}

void ReplyView::tool_result(std::string_view name, std::string_view content, bool failed) {
  while (content.ends_with('\n')) content.remove_suffix(1);
  open_box(fmt::format("result: {}{}", safe_line(name), failed ? " (failed)" : ""));
  std::string rows;
  add_boxed(rows, safe_text(content), kDim);
  if (column_ != 0) rows += '\n';
  column_ = 0;
  const auto total = static_cast<size_t>(std::count(rows.begin(), rows.end(), '\n'));
  if (total > options_.result_lines + 1) {  // one row more is no longer than the remark
    size_t end = 0;
    for (size_t row = 0; row < options_.result_lines; ++row) end = rows.find('\n', end) + 1;
    rows.resize(end);
    rows += styled(fmt::format("│ … {} more lines", total - options_.result_lines), kDim) + '\n';
  }
  show(rows);
  close_box({});
}

void ReplyView::show(std::string_view text, std::string_view style) {
  if (!text.empty()) sink_(styled(text, style));
}

std::string ReplyView::styled(std::string_view text, std::string_view style) const {
  if (text.empty() || style.empty() || !options_.terminal || !options_.colors) return std::string(text);
  return fmt::format("{}{}{}", style, text, kPlain);
}

std::string ReplyView::thinking_time() const {
  const double seconds = std::chrono::duration<double>(clock_() - reasoning_start_).count();
  return fmt::format("{:.{}f} s", seconds, seconds < 100 ? 1 : 0);
}

}  // namespace hermes::apps
