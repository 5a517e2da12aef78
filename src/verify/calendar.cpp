// Verifier of days: weekdays, dates, days between. The Gregorian calendar, years 1 to 9999.
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "verify/answer.h"
#include "verify/number_text.h"
#include "verify/specification.h"
#include "verify/units.h"

namespace hermes::verify {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

const std::vector<std::string>& weekdays() {
  static const std::vector<std::string> names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                              "Friday", "Saturday", "Sunday"};
  return names;
}

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};

// The month that `word` names, or its first three letters, or "sept"; 0 where it is none.
unsigned month_of(std::string_view word) {
  const std::string low = lower_case(word);
  for (unsigned i = 0; i < 12; ++i) {
    if (low == kMonths[i] || low == kMonths[i].substr(0, 3) || (i == 8 && low == "sept")) return i + 1;
  }
  return 0;
}

std::optional<year_month_day> make_date(int64_t year, unsigned month, unsigned day) {
  if (year < 1 || year > 9999) return std::nullopt;
  const year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                            std::chrono::day(day)};
  return date.ok() ? std::optional(date) : std::nullopt;
}

std::string iso(const year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

// "--03-05", as ISO 8601 writes it.
std::string without_year(const year_month_day& date) {
  return fmt::format("--{:02}-{:02}", static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// Reads pieces of a date in running text.
struct Cursor {
  std::string_view text;
  size_t pos;

  void spaces() {
    while (pos < text.size() && (is_space(text[pos]) || text[pos] == ',')) ++pos;
  }
  // A number of at most `most` digits, with nothing of a number around it; -1 where there is none.
  int64_t digits(size_t least, size_t most) {
    size_t end = pos;
    int64_t value = 0;
    while (end < text.size() && is_digit(text[end]) && end - pos <= most) value = value * 10 + (text[end++] - '0');
    if (end - pos < least || end - pos > most) return -1;
    pos = end;
    return value;
  }
  std::string_view word() {
    const size_t begin = pos;
    while (pos < text.size() && is_letter(text[pos])) ++pos;
    return text.substr(begin, pos - begin);
  }
  bool take(std::string_view literal) {
    if (!text.substr(pos).starts_with(literal)) return false;
    pos += literal.size();
    return true;
  }
  void ordinal() {
    for (const std::string_view ending : {"st", "nd", "rd", "th"}) {
      if (text.substr(pos).starts_with(ending) && !(pos + 2 < text.size() && is_letter(text[pos + 2]))) {
        pos += 2;
        return;
      }
    }
  }
  // ", 2024" or " 2024"; 0 where no year follows.
  int64_t year() {
    const size_t before = pos;
    spaces();
    const int64_t value = pos > before ? digits(4, 4) : -1;
    if (value < 0) pos = before;
    return value < 0 ? 0 : value;
  }
};

// Dates as 2024-03-05, March 5[th][, 2024], 5[th] [of] March [2024]. Keys in ISO form; without a year "--03-05"; "?..."
// where there is no such day.
std::vector<Candidate> scan_dates(std::string_view text) {
  std::vector<Candidate> out;
  const auto add = [&](size_t begin, size_t end, int64_t year, int64_t month, int64_t day) {
    const auto date = make_date(year == 0 ? 2000 : year, static_cast<unsigned>(month), static_cast<unsigned>(day));
    std::string key =
        date ? (year == 0 ? without_year(*date) : iso(*date)) : unreadable_key(text.substr(begin, end - begin));
    out.push_back({begin, end, std::move(key)});
    return end;
  };
  for (size_t i = 0; i < text.size();) {
    if (i > 0 && (is_letter(text[i - 1]) || is_digit(text[i - 1]))) {
      ++i;
      continue;
    }
    Cursor at{text, i};
    if (const int64_t year = at.digits(4, 4); year >= 0 && at.take("-")) {
      const int64_t month = at.digits(2, 2);
      const int64_t day = month >= 0 && at.take("-") ? at.digits(2, 2) : -1;
      if (day >= 0) {
        i = add(i, at.pos, year, month, day);
        continue;
      }
    }
    at.pos = i;
    if (const int64_t day = at.digits(1, 2); day >= 0) {
      at.ordinal();
      at.spaces();
      if (at.take("of ")) at.spaces();
      if (const unsigned month = month_of(at.word()); month != 0) {
        const int64_t year = at.year();
        i = add(i, at.pos, year, month, day);
        continue;
      }
    }
    at.pos = i;
    if (const unsigned month = is_letter(text[i]) ? month_of(at.word()) : 0; month != 0) {
      at.take(".");
      at.spaces();
      if (const int64_t day = at.digits(1, 2); day >= 0) {
        at.ordinal();
        const int64_t year = at.year();
        i = add(i, at.pos, year, month, day);
        continue;
      }
    }
    ++i;
  }
  return out;
}

std::optional<year_month_day> parse_iso(std::string_view text) {
  const std::vector<Candidate> dates = scan_dates(text);
  if (text.size() != 10 || dates.size() != 1 || dates[0].key != text) return std::nullopt;
  Cursor at{text, 0};
  const int64_t year = at.digits(4, 4);
  at.take("-");
  const int64_t month = at.digits(2, 2);
  at.take("-");
  return make_date(year, static_cast<unsigned>(month), static_cast<unsigned>(at.digits(2, 2)));
}

Result<year_month_day> date_field(const Specification& spec, std::string_view name) {
  HERMES_ASSIGN(const std::string text, spec.string(name));
  const std::optional<year_month_day> date = parse_iso(text);
  if (!date) return spec.error(fmt::format("\"{}\" is {}, must be a day such as 2024-03-05", name, shown(text)));
  return *date;
}

std::vector<Candidate> scan_weekdays(std::string_view text) { return scan_words(text, weekdays()); }

Made make_weekday(const Specification& spec) {
  HERMES_TRY(spec.only({"weekday", "add_days"}));
  HERMES_ASSIGN(const std::string weekday, spec.string("weekday"));
  const auto found = std::find(weekdays().begin(), weekdays().end(), weekday);
  if (found == weekdays().end()) return spec.error("no weekday is called " + shown(weekday));
  HERMES_ASSIGN(const int64_t days, spec.integer("add_days"));
  const int64_t index = ((found - weekdays().begin() + days) % 7 + 7) % 7;
  return judged_by([truth = weekdays()[static_cast<size_t>(index)]](const chat::Reply& reply) {
    return judge_reading(read_final(reply.content, scan_weekdays), {truth});
  });
}

Made make_days_between(const Specification& spec) {
  HERMES_TRY(spec.only({"from", "to"}));
  HERMES_ASSIGN(const year_month_day from, date_field(spec, "from"));
  HERMES_ASSIGN(const year_month_day to, date_field(spec, "to"));
  const int64_t days = (sys_days(to) - sys_days(from)).count();
  if (days < 0) return spec.error("\"to\" is before \"from\"");
  return judged_by([days](const chat::Reply& reply) { return judge_number(reply.content, Rational(days), "days"); });
}

}  // namespace

Made make_calendar(const Specification& spec) {
  if (spec.has("weekday")) return make_weekday(spec);
  if (spec.has("from")) return make_days_between(spec);
  HERMES_TRY(spec.only({"date", "add_days", "year"}));
  HERMES_ASSIGN(const year_month_day date, date_field(spec, "date"));
  HERMES_ASSIGN(const int64_t days, spec.integer("add_days"));
  std::string year = "required";
  if (spec.has("year")) {
    HERMES_ASSIGN(year, spec.one_of("year", {"required", "optional"}));
  }
  if (std::abs(days) > 4'000'000) return spec.error("\"add_days\" leaves the years 1 to 9999");
  const year_month_day sum{sys_days(date) + std::chrono::days(days)};
  if (static_cast<int>(sum.year()) < 1 || static_cast<int>(sum.year()) > 9999) {
    return spec.error("\"add_days\" leaves the years 1 to 9999");
  }
  std::vector<std::string> accepted{iso(sum)};
  if (year == "optional") accepted.push_back(without_year(sum));
  return judged_by(
      [accepted](const chat::Reply& reply) { return judge_reading(read_final(reply.content, scan_dates), accepted); });
}

}  // namespace hermes::verify
