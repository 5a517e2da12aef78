// Verifier of clock times and of the minutes between two.
#include <algorithm>
#include <array>

#include "verify/answer.h"
#include "verify/number_text.h"
#include "verify/specification.h"
#include "verify/units.h"

namespace hermes::verify {
namespace {

constexpr int64_t kDay = 24 * 60;

std::string clock_text(int64_t minutes) { return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60); }

// "h:mm" at text[pos], hours of at most three digits; 0 where there is none.
size_t colon_time(std::string_view text, size_t pos, int64_t& hours, int64_t& minutes) {
  const auto digit = [&](size_t i) { return i < text.size() && is_digit(text[i]); };
  size_t i = pos;
  hours = 0;
  while (digit(i) && i < pos + 3) hours = hours * 10 + (text[i++] - '0');
  if (i == pos || i >= text.size() || text[i] != ':' || !digit(i + 1) || !digit(i + 2) || digit(i + 3)) return 0;
  minutes = (text[i + 1] - '0') * 10 + (text[i + 2] - '0');
  return i + 3;
}

Result<int64_t> time_field(const Specification& spec, std::string_view name) {
  HERMES_ASSIGN(const std::string text, spec.string(name));
  int64_t hours = 0, minutes = 0;
  if (text.empty() || colon_time(text, 0, hours, minutes) != text.size() || hours > 23 || minutes > 59) {
    return spec.error(fmt::format("\"{}\" is {}, must be a time such as 09:45", name, shown(text)));
  }
  return hours * 60 + minutes;
}

// Times of the day: 14:05, 2:05 pm. Keys as clock_text, "?..." where there is no such time.
std::vector<Candidate> scan_times(std::string_view text) {
  std::vector<Candidate> out;
  for (size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    int64_t hours = 0, minutes = 0;
    const size_t begin = i;
    const size_t end = colon_time(text, begin, hours, minutes);
    if (end == 0) {
      while (i < text.size() && is_digit(text[i])) ++i;
      continue;
    }
    i = end;
    bool known = hours < 24 && minutes < 60 && (end >= text.size() || text[end] != ':');
    size_t half = end;
    while (half < text.size() && text[half] == ' ') ++half;
    std::string word = lower_case(text.substr(half, 4));
    word.erase(std::remove(word.begin(), word.end(), '.'), word.end());
    const bool whole_word = half + 2 >= text.size() || !is_letter(text[half + 2]) || text[half + 1] == '.';
    if ((word.starts_with("am") || word.starts_with("pm")) && whole_word) {
      known = known && hours >= 1 && hours <= 12;
      hours = hours % 12 + (word[0] == 'p' ? 12 : 0);
      i = half + (text[half + 1] == '.' ? 4 : 2);
      i = std::min(i, text.size());
    }
    out.push_back({begin, i, known ? clock_text(hours * 60 + minutes) : unreadable_key(text.substr(begin, i - begin))});
  }
  return out;
}

// Durations in minutes: "2 hours 10 minutes", "2 h 10 min", "2:10", "130 minutes"; a number alone is minutes where
// `bare_minutes`.
std::vector<Candidate> scan_durations(std::string_view text, bool bare_minutes) {
  struct Part {
    size_t begin, end;
    std::string unit;  // "h", "min", "" or another
    std::optional<Rational> number;
  };
  std::vector<Part> parts;
  for (size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    int64_t hours = 0, minutes = 0;
    if (const size_t end = colon_time(text, i, hours, minutes); end != 0) {
      parts.push_back({i, end, minutes < 60 ? "min" : "?", Rational(hours * 60 + minutes)});
      i = end;
      continue;
    }
    const NumberText number = scan_number(text, i);
    size_t word = number.end;
    while (word < text.size() && (text[word] == ' ' || text[word] == '-')) ++word;
    size_t end = word;
    while (end < text.size() && is_letter(text[end])) ++end;
    const Unit* unit = find_unit(text.substr(word, end - word));
    const bool named = unit != nullptr && unit->dimension == Dimension::kTime;
    parts.push_back({i, named ? end : number.end, named ? std::string(unit->symbol) : "", number.value});
    i = number.end;
  }
  std::vector<Candidate> out;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    std::optional<Rational> minutes = part.number;
    if (minutes && part.unit == "h") minutes = *minutes * Rational(60);
    if (part.unit != "h" && part.unit != "min" && !(part.unit.empty() && bare_minutes)) minutes.reset();
    size_t end = part.end;
    if (part.unit == "h" && i + 1 < parts.size() && parts[i + 1].unit == "min") {
      const std::string_view between = trim(text.substr(end, parts[i + 1].begin - end));
      if (between.empty() || between == "and" || between == "," || between == ", and") {
        minutes = minutes && parts[i + 1].number ? *minutes + *parts[i + 1].number : std::nullopt;
        end = parts[i + 1].end;
        ++i;
      }
    }
    out.push_back(
        {part.begin, end, minutes ? minutes->text() : unreadable_key(text.substr(part.begin, end - part.begin))});
  }
  return out;
}

}  // namespace

Made make_clock(const Specification& spec) {
  HERMES_TRY(spec.only({"start", "add_minutes", "end", "as"}));
  HERMES_ASSIGN(const int64_t start, time_field(spec, "start"));
  if (spec.has("add_minutes") == spec.has("end")) return spec.error("needs either \"add_minutes\" or \"end\"");
  if (spec.has("add_minutes")) {
    if (spec.has("as")) return spec.error("\"as\" is for the time between \"start\" and \"end\"");
    HERMES_ASSIGN(const int64_t added, spec.integer("add_minutes"));
    const std::string truth = clock_text(((start + added) % kDay + kDay) % kDay);
    return judged_by(
        [truth](const chat::Reply& reply) { return judge_reading(read_final(reply.content, scan_times), {truth}); });
  }
  HERMES_ASSIGN(const int64_t end, time_field(spec, "end"));
  bool bare_minutes = true;
  if (spec.has("as")) {
    HERMES_ASSIGN(const std::string as, spec.one_of("as", {"minutes", "hours_minutes"}));
    bare_minutes = as == "minutes";
  }
  const std::string truth = std::to_string((end - start + kDay) % kDay);
  return judged_by([truth, bare_minutes](const chat::Reply& reply) {
    const auto scan = [bare_minutes](std::string_view text) { return scan_durations(text, bare_minutes); };
    return judge_reading(read_final(reply.content, scan), {truth});
  });
}

}  // namespace hermes::verify
