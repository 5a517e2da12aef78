#include "verify/number_text.h"

#include <string>

namespace hermes::verify {

NumberText scan_number(std::string_view text, size_t pos) {
  const auto digit_at = [&](size_t i) { return i < text.size() && is_digit(text[i]); };
  const auto digits_end = [&](size_t i) {
    while (digit_at(i)) ++i;
    return i;
  };
  if (!digit_at(pos) && !(pos < text.size() && text[pos] == '.' && digit_at(pos + 1))) return {};
  size_t end = digits_end(pos);
  std::string plain(text.substr(pos, end - pos));
  // Groups of three, only if all are: in "1,234,56" the commas separate a list. So do they past any number that fits;
  // without that bound, a long list of threes would be read to its end from each of its members.
  constexpr size_t kMostGroups = 12;
  if (end > pos && end - pos <= 3 && end < text.size() && text[end] == ',') {
    size_t grouped_end = end;
    while (grouped_end < end + 4 * kMostGroups && grouped_end < text.size() && text[grouped_end] == ',' &&
           digits_end(grouped_end + 1) == grouped_end + 4) {
      grouped_end += 4;
    }
    if (!(grouped_end < text.size() && text[grouped_end] == ',' && digit_at(grouped_end + 1))) {
      for (size_t i = end; i < grouped_end; ++i) {
        if (text[i] != ',') plain += text[i];
      }
      end = grouped_end;
    }
  }
  if (end < text.size() && text[end] == '.' && digit_at(end + 1)) {
    const size_t fraction_end = digits_end(end + 1);
    plain += text.substr(end, fraction_end - end);
    end = fraction_end;
    if (end < text.size() && text[end] == '.' && digit_at(end + 1)) {  // 1.2.3
      while (digit_at(end) || (end < text.size() && text[end] == '.' && digit_at(end + 1))) ++end;
      return {end, std::nullopt};
    }
  }
  if (end < text.size() && lower(text[end]) == 'e') {
    size_t power = end + 1;
    if (power < text.size() && (text[power] == '-' || text[power] == '+')) ++power;
    const size_t power_end = digits_end(power);
    if (power_end > power && !(power_end < text.size() && is_letter(text[power_end]))) {
      plain += text.substr(end, power_end - end);
      end = power_end;
    }
  }
  return {end, Rational::parse(plain)};
}

}  // namespace hermes::verify
