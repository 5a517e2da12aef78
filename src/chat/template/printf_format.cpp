#include "chat/template/printf_format.h"

#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "chat/template/number_format.h"
#include "chat/template/operations.h"
#include "chat/template/repr.h"
#include "chat/template/unicode.h"

namespace hermes::chat::jinja {
namespace {

class PrintfFormatter {
 public:
  PrintfFormatter(Run& run, const Value& format, const Value& arguments)
      : run_(run), markup_(Run::is_markup(format)), format_(format.text()), arguments_(arguments) {
    if (arguments.is(Kind::kTuple)) values_ = arguments.items();
  }

  Value format() {
    while (at_ < format_.size()) {
      const size_t percent = std::min(format_.find('%', at_), format_.size());
      out_ += format_.substr(at_, percent - at_);
      at_ = percent + 1;
      if (percent == format_.size()) break;
      if (!conversion()) return Value::failed();
      if (out_.size() > run_.options().max_text) break;  // the copy below refuses it
    }
    const bool mapping = arguments_.is(Kind::kDict) || arguments_.is(Kind::kList) || arguments_.is(Kind::kRange) ||
                         arguments_.is_undefined();
    if (!mapping && used_ < values_.size()) return run_.fail("not all arguments converted during string formatting");
    return run_.copy(out_, markup_);
  }

 private:
  struct Conversion {
    bool left = false, plus = false, space = false, alternate = false, zero = false;
    int64_t width = 0, precision = -1;
  };

  Value next_argument() {
    if (used_ >= values_.size()) return run_.fail("not enough arguments for format string");
    return values_[used_++];
  }

  // Digits, or * for the next argument.
  bool number(int64_t& out) {
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      const Value v = next_argument();
      if (v.is_failed()) return false;
      if (!v.is_integral()) return run_.fail("* wants int"), false;
      out = v.as_integer();
      return true;
    }
    const char* end = format_.data() + format_.size();
    int64_t n = 0;
    const auto read = std::from_chars(format_.data() + at_, end, n);
    if (read.ec == std::errc::result_out_of_range) return run_.fail("width too big"), false;
    if (read.ec == std::errc()) {
      out = n;
      at_ = static_cast<size_t>(read.ptr - format_.data());
    }
    return true;
  }

  bool conversion() {
    Value value;
    if (at_ < format_.size() && format_[at_] == '(') {
      if (!arguments_.is(Kind::kDict)) return run_.fail("format requires a mapping"), false;
      size_t end = at_ + 1;
      for (int open = 1; end < format_.size(); ++end) {
        if (format_[end] == '(') ++open;
        if (format_[end] == ')' && --open == 0) break;
      }
      if (end >= format_.size()) return run_.fail("incomplete format key"), false;
      const std::string_view key = format_.substr(at_ + 1, end - at_ - 1);
      const Value* found = lookup(*arguments_.dict, key);
      if (found == nullptr) return run_.fail("{}", quoted(key)), false;
      value = *found;
      at_ = end + 1;
    }
    Conversion c;
    for (bool flags = true; flags && at_ < format_.size();) {
      switch (format_[at_]) {
        case '-':
          c.left = true;
          break;
        case '+':
          c.plus = true;
          break;
        case ' ':
          c.space = true;
          break;
        case '#':
          c.alternate = true;
          break;
        case '0':
          c.zero = true;
          break;
        default:
          flags = false;
      }
      if (flags) ++at_;
    }
    if (!number(c.width)) return false;
    if (c.width < 0) {
      c.left = true;
      c.width = c.width == std::numeric_limits<int64_t>::min() ? std::numeric_limits<int64_t>::max() : -c.width;
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      c.precision = 0;
      if (!number(c.precision)) return false;
      if (c.precision < 0) c.precision = 0;
    }
    if (at_ < format_.size() && (format_[at_] == 'l' || format_[at_] == 'h' || format_[at_] == 'L')) ++at_;
    if (at_ >= format_.size()) return run_.fail("incomplete format"), false;
    const char type = format_[at_++];
    if (type == '%') {
      out_ += '%';
      return true;
    }
    if (value.is_missing()) value = next_argument();
    return !value.is_failed() && convert(c, type, value);
  }

  bool convert(const Conversion& c, char type, const Value& value) {
    switch (type) {
      case 's':
      case 'r':
      case 'a':
        return text(c, type, value);
      case 'c':
        return letter(c, value);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return integer(c, type, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return real(c, type, value);
      default:
        run_.fail("unsupported format character '{}' ({:#x})", type, static_cast<unsigned char>(type));
        return false;
    }
  }

  bool text(const Conversion& c, char type, const Value& value) {
    std::string text;
    if (!(type == 's' ? append_text(run_, text, value) : append_repr(run_, text, value))) return false;
    if (type == 'a') text = escape_non_ascii(text);
    if (markup_ && !Run::is_markup(value)) text = escape_html(text);
    if (c.precision >= 0) {
      const String whole{.text = text};
      text.resize(byte_at(whole, static_cast<size_t>(c.precision)));
    }
    return put(c, "", text, false);
  }

  bool letter(const Conversion& c, const Value& value) {
    if (value.is_string() && code_points(*value.string) == 1) return put(c, "", value.text(), false);
    if (!value.is_integral()) return run_.fail("%c requires int or char"), false;
    const int64_t code = value.as_integer();
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return run_.fail("%c arg not in range(0x110000)"), false;
    }
    std::string text;
    append_utf8(text, static_cast<uint32_t>(code));
    return put(c, "", text, false);
  }

  std::string sign(const Conversion& c, bool negative) const {
    return negative ? "-" : c.plus ? "+" : c.space ? " " : "";
  }

  bool integer(const Conversion& c, char type, const Value& value) {
    const bool decimal = type == 'd' || type == 'i' || type == 'u';
    int64_t n = 0;
    if (value.is_integral()) {
      n = value.as_integer();
    } else if (decimal && value.is(Kind::kFloat)) {
      if (!(std::abs(value.real) < 0x1p63)) return run_.fail(Error::unsupported("an integer beyond 64 bits")), false;
      n = static_cast<int64_t>(value.real);
    } else {
      run_.fail("%{} format: {} is required, not {}", type, decimal ? "a real number" : "an integer", type_name(value));
      return false;
    }
    const uint64_t magnitude = n < 0 ? ~static_cast<uint64_t>(n) + 1 : static_cast<uint64_t>(n);
    std::string digits = integer_digits(magnitude, decimal ? 10 : type == 'o' ? 8 : 16, type == 'X');
    if (c.precision > kMaxPrecision) return run_.fail(Error::exhausted("a precision of {}", c.precision)), false;
    if (c.precision > static_cast<int64_t>(digits.size())) {
      digits.insert(0, static_cast<size_t>(c.precision) - digits.size(), '0');
    }
    std::string head = sign(c, n < 0);
    if (c.alternate && !decimal) head += std::string("0") + type;
    return put(c, head, digits, c.zero);
  }

  bool real(const Conversion& c, char type, const Value& value) {
    if (!value.is_number()) return run_.fail("must be real number, not {}", type_name(value)), false;
    if (c.precision > kMaxPrecision) return run_.fail(Error::exhausted("a precision of {}", c.precision)), false;
    const double number = value.as_real();
    const std::string digits = float_digits(std::abs(number), type, static_cast<int>(c.precision), c.alternate);
    return put(c, sign(c, std::signbit(number) && !std::isnan(number)), digits, c.zero);
  }

  bool put(const Conversion& c, std::string_view head, std::string_view body, bool zero) {
    const size_t size = head.size() + code_points(body);
    const size_t missing = c.width > static_cast<int64_t>(size) ? static_cast<size_t>(c.width) - size : 0;
    if (!run_.allow_text(missing) || !run_.charge(1)) return false;
    if (!c.left && !zero) out_.append(missing, ' ');
    out_ += head;
    if (!c.left && zero) out_.append(missing, '0');
    out_ += body;
    if (c.left) out_.append(missing, ' ');
    return true;
  }

  Run& run_;
  bool markup_;
  std::string_view format_;
  const Value& arguments_;
  std::span<const Value> values_{&arguments_, 1};
  size_t at_ = 0, used_ = 0;
  std::string out_;
};

}  // namespace

Value format_printf(Run& run, const Value& format, const Value& arguments) {
  return PrintfFormatter(run, format, arguments).format();
}

}  // namespace hermes::chat::jinja
