#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

#include "synth/families/families.h"
#include "synth/steps.h"
#include "synth/words.h"

namespace hermes::synth {
namespace {

std::string clock_text(int64_t minutes) {
  minutes = ((minutes % 1440) + 1440) % 1440;
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

// Minutes from h1:m1 until h2:m2 of the same day.
Problem clock_between(Dice& dice, int level) {
  const int64_t start = dice.between(0, 1300), end = start + dice.between(5, level == 2 ? 180 : 1439 - start);
  const std::string from = clock_text(start), to = clock_text(end);
  const int64_t h = end / 60 - start / 60, minutes = end - start;
  const std::string steps =
      fmt::format("hours: {}\n{}\nminutes: {}\n{}", subtract_steps(end / 60, start / 60), multiply_steps(h, 60),
                  subtract_steps(end % 60, start % 60), add_steps(h * 60, end % 60 - start % 60));
  return question(
      "clock", "between", level, fmt::format("between {} {}", from, to),
      fmt::format(fmt::runtime(dice.pick({"How many minutes are there from {} to {}?",
                                          "A film starts at {} and ends at {}. How many minutes does it last?",
                                          "How many minutes pass between {} and {}?"})),
                  from, to),
      steps, fmt::format("{} minutes", minutes),
      {{"verifier", "clock"}, {"start", from}, {"end", to}, {"as", "minutes"}});
}

}  // namespace

Problem make_clock(Dice& dice, int level) {
  if (level > 1 && dice.chance(0.4)) return clock_between(dice, level);
  const int64_t start = dice.between(0, 1439);
  const int64_t added = level == 1 ? dice.between(1, 59) : level == 2 ? dice.between(20, 180) : dice.between(60, 600);
  const int64_t hours = added / 60, minutes = added % 60;
  std::string steps;
  if (hours > 0) {
    steps += fmt::format("{}*60={}, {}-{}={}, so {} h {} min\n", hours, hours * 60, added, hours * 60, minutes, hours,
                         minutes);
  }
  const int64_t sum = start % 60 + minutes;
  steps += "minutes: " + add_steps(start % 60, minutes);
  int64_t hour = start / 60 + hours + (sum >= 60 ? 1 : 0);
  if (sum >= 60) steps += fmt::format(", {}-60={}", sum, sum - 60);
  steps += fmt::format("\nhours: {}+{}{}={}", start / 60, hours, sum >= 60 ? "+1" : "", hour);
  if (hour >= 24) steps += fmt::format(", {}-24={}", hour, hour - 24);
  const std::string from = clock_text(start), to = clock_text(start + added);
  return question(
      "clock", "add", level, fmt::format("clock {} {}", from, added),
      fmt::format(fmt::runtime(dice.pick({"It is {0}. What time is it {1} minutes later?",
                                          "A train leaves at {0} and travels for {1} minutes. When does it arrive?",
                                          "What time is {1} minutes after {0}?"})),
                  from, added),
      steps, to, {{"verifier", "clock"}, {"start", from}, {"add_minutes", added}});
}

namespace {

Problem weekday(Dice& dice, int level) {
  const int64_t start = dice.between(0, 6), days = dice.between(1, level == 1 ? 6 : level == 2 ? 30 : 120);
  const int64_t rest = days % 7;
  const auto names = weekdays();
  std::string steps;
  if (days >= 7) {
    steps = fmt::format("{}*7={}\n{}\n", days / 7, days - rest, subtract_steps(days, days - rest));
  }
  steps += fmt::format("{}", names[static_cast<size_t>(start)]);
  for (int64_t i = 1; i <= rest; ++i) steps += fmt::format(", {} {}", i, names[static_cast<size_t>((start + i) % 7)]);
  return question("calendar", "weekday", level, fmt::format("weekday {} {}", start, days),
                  fmt::format(fmt::runtime(dice.pick({"Today is {0}. Which day is it in {1} days?",
                                                      "What day of the week is {1} days after {0}?",
                                                      "If today is {0}, what weekday will it be {1} days from now?"})),
                              names[static_cast<size_t>(start)], days),
                  steps, std::string(names[static_cast<size_t>((start + rest) % 7)]),
                  {{"verifier", "calendar"}, {"weekday", names[static_cast<size_t>(start)]}, {"add_days", days}});
}

int64_t days_in(int64_t year, int64_t month) {
  using namespace std::chrono;
  return static_cast<unsigned>((std::chrono::year(static_cast<int>(year)) / static_cast<int>(month) / last).day());
}
std::string iso(int64_t year, int64_t month, int64_t day) { return fmt::format("{:04}-{:02}-{:02}", year, month, day); }

Problem date(Dice& dice, int level) {
  const int64_t year = dice.between(2020, 2030);
  int64_t month = dice.between(1, 12), day = dice.between(1, days_in(year, month));
  const int64_t added = level == 1 ? dice.between(1, 15) : level == 2 ? dice.between(10, 40) : dice.between(20, 75);
  const std::string start = iso(year, month, day);
  // Whole months are taken off until the day exists.
  std::string steps = add_steps(day, added);
  int64_t in_year = year;
  day += added;
  while (day > days_in(in_year, month)) {
    const int64_t length = days_in(in_year, month);
    steps += fmt::format("\n{}{} has {}, {}", months()[static_cast<size_t>(month - 1)],
                         month == 2 ? fmt::format(" {}", in_year) : "", length, subtract_steps(day, length));
    day -= length;
    if (++month > 12) month = 1, ++in_year;
  }
  steps += fmt::format("\n{} {}", months()[static_cast<size_t>(month - 1)], day);
  return question(
      "calendar", "date", level, fmt::format("date {} {}", start, added),
      fmt::format(fmt::runtime(dice.pick({"Which date is {1} days after {0}?", "What is {0} plus {1} days?",
                                          "A parcel is sent on {0} and takes {1} days. When does it arrive?"})),
                  start, added),
      steps, iso(in_year, month, day), {{"verifier", "calendar"}, {"date", start}, {"add_days", added}});
}

}  // namespace

Problem make_calendar(Dice& dice, int level) { return dice.chance(0.5) ? weekday(dice, level) : date(dice, level); }

}  // namespace hermes::synth
