// Undressing: what stands around an answer and is no part of it.
#include <array>
#include <utility>

#include "base/utf8.h"
#include "verify/answer.h"
#include "verify/number_text.h"

namespace hermes::verify {
namespace {

constexpr int kMostLayers = 16;
constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kWraps{{{"***", "***"},
                                                                                {"**", "**"},
                                                                                {"*", "*"},
                                                                                {"__", "__"},
                                                                                {"_", "_"},
                                                                                {"```", "```"},
                                                                                {"`", "`"},
                                                                                {"\"", "\""},
                                                                                {"'", "'"},
                                                                                {"\xe2\x80\x9c", "\xe2\x80\x9d"},
                                                                                {"\xe2\x80\x98", "\xe2\x80\x99"},
                                                                                {"$$", "$$"},
                                                                                {"$", "$"},
                                                                                {"\\(", "\\)"},
                                                                                {"\\[", "\\]"},
                                                                                {"\\text{", "}"},
                                                                                {"\\textbf{", "}"},
                                                                                {"\\mathrm{", "}"},
                                                                                {"\\boxed{", "}"}}};

bool unwrap(std::string_view& text) {
  for (const auto& [open, close] : kWraps) {
    if (text.size() > open.size() + close.size() && text.starts_with(open) && text.ends_with(close)) {
      text = trim(text.substr(open.size(), text.size() - open.size() - close.size()));
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string shown(std::string_view text) {
  constexpr size_t kMost = 60;
  return fmt::format("\"{}{}\"", to_valid_utf8(text.substr(0, kMost)), text.size() > kMost ? "..." : "");
}

std::string unreadable_key(std::string_view text) { return fmt::format("?{}", text.substr(0, 40)); }

std::string unwrapped(std::string_view text) {
  text = trim(text);
  for (int i = 0; i < kMostLayers && unwrap(text); ++i) {
  }
  return std::string(text);
}

std::string bare(std::string_view text) {
  text = trim(text);
  for (int i = 0; i < kMostLayers; ++i) {
    if (unwrap(text)) continue;
    if (text.size() < 2 || std::string_view(".,;!").find(text.back()) == std::string_view::npos) break;
    if (text.ends_with("..")) break;  // something is left out
    text = trim(text.substr(0, text.size() - 1));
  }
  return std::string(text);
}

// One pass with a stack: an opening that is never closed costs nothing.
Boxes boxed(std::string_view content) {
  constexpr std::string_view kBoxed = "\\boxed{";
  if (content.find(kBoxed) == std::string_view::npos) return {};
  std::vector<std::pair<size_t, bool>> open;  // where the inner text begins; whether of a box
  std::vector<std::pair<size_t, size_t>> found;
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '{') {
      const bool box = i + 1 >= kBoxed.size() && content.substr(i + 1 - kBoxed.size(), kBoxed.size()) == kBoxed;
      open.emplace_back(i + 1, box);
    } else if (content[i] == '}' && !open.empty()) {
      const auto [begin, box] = open.back();
      open.pop_back();
      if (!box) continue;
      while (!found.empty() && found.back().first > begin) found.pop_back();  // inside this one
      found.emplace_back(begin, i);
    }
  }
  Boxes out;
  for (const auto& [begin, end] : found) out.texts.emplace_back(content.substr(begin, end - begin));
  if (!found.empty()) out.rest = content.substr(found.back().second + 1);
  return out;
}

}  // namespace hermes::verify
