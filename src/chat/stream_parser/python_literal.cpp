#include "chat/stream_parser/python_literal.h"

namespace hermes::chat {
namespace {

constexpr int kMaxDepth = 64;  // as JSON's

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Converter {
 public:
  explicit Converter(std::string_view text) : text_(text) {}

  bool convert() {
    space();
    if (peek() != '{' || !value(0)) return false;
    space();
    return pos_ == text_.size();
  }
  std::string take() { return std::move(out_); }

 private:
  char peek() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  void copy() { out_ += text_[pos_++]; }
  void space() {
    while (pos_ < text_.size() && std::string_view(" \t\r\n").find(text_[pos_]) != std::string_view::npos) copy();
  }

  bool value(int depth) {
    if (depth > kMaxDepth) return false;
    switch (peek()) {
      case '{':
        return list('}', [&] { return string() && colon() && value(depth + 1); });
      case '[':
        return list(']', [&] { return value(depth + 1); });
      case '\'':
      case '"':
        return string();
      default:
        return word();
    }
  }

  // An opening bracket, elements with commas between them, and `close`.
  template <class Element>
  bool list(char close, Element element) {
    copy();
    space();
    if (peek() == close) {
      copy();
      return true;
    }
    for (;;) {
      if (!element()) return false;
      space();
      const char next = peek();
      if (next != close && next != ',') return false;
      copy();
      if (next == close) return true;
      space();
    }
  }

  bool colon() {
    space();
    if (peek() != ':') return false;
    copy();
    space();
    return true;
  }

  bool string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    ++pos_;
    out_ += '"';
    while (pos_ < text_.size()) {
      const char c = text_[pos_];
      if (c == quote) {
        ++pos_;
        out_ += '"';
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\') {
        if (!escape(quote)) return false;
      } else if (c == '"') {  // within single quotes
        out_ += "\\\"";
        ++pos_;
      } else {
        copy();
      }
    }
    return false;
  }

  bool hex_digits(size_t begin, size_t n) const {
    if (begin + n > text_.size()) return false;
    for (size_t i = begin; i < begin + n; ++i) {
      if (!is_hex(text_[i])) return false;
    }
    return true;
  }

  bool escape(char quote) {
    const char c = pos_ + 1 < text_.size() ? text_[pos_ + 1] : '\0';
    switch (c) {
      case '\\':
      case '"':
      case 'n':
      case 't':
      case 'r':
      case 'b':
      case 'f':
        break;
      case '/':  // an escape in JSON alone: in single quotes it would be two characters
        if (quote == '\'') return false;
        break;
      case '\'':
        // Within double quotes the backslash may have been handed on already.
        out_ += quote == '\'' ? "'" : "\\u0027";
        pos_ += 2;
        return true;
      case 'u':
        if (!hex_digits(pos_ + 2, 4)) return false;
        break;
      case 'x':
        if (!hex_digits(pos_ + 2, 2)) return false;
        out_ += "\\u00";
        out_ += text_.substr(pos_ + 2, 2);
        pos_ += 4;
        return true;
      default:
        return false;
    }
    copy();
    copy();
    return true;
  }

  // Constants of both languages, and numbers as JSON writes them (whoever reads the result checks those).
  bool word() {
    const size_t end = std::min(text_.find_first_of(",]} \t\r\n", pos_), text_.size());
    const std::string_view found = text_.substr(pos_, end - pos_);
    if (found.empty()) return false;
    pos_ = end;
    if (found == "True" || found == "true") {
      out_ += "true";
    } else if (found == "False" || found == "false") {
      out_ += "false";
    } else if (found == "None" || found == "null") {
      out_ += "null";
    } else {
      if (found.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
      out_ += found;
    }
    return true;
  }

  std::string_view text_;
  size_t pos_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> python_dictionary_to_json(std::string_view text) {
  Converter converter(text);
  if (!converter.convert()) return std::nullopt;
  return converter.take();
}

}  // namespace hermes::chat
