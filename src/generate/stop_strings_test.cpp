#include "generate/stop_strings.h"

#include <gtest/gtest.h>

namespace hermes::generate {
namespace {

// All that comes out when `text` goes in cut into pieces of `size` bytes.
std::string pushed(const std::vector<std::string>& stops, std::string_view text, size_t size, bool& stopped) {
  StopStrings stop(stops);
  std::string out;
  for (size_t i = 0; i < text.size(); i += size) out += stop.push(text.substr(i, size));
  stopped = stop.stopped();
  return out + stop.flush();
}

TEST(StopStrings, SameForEveryCut) {
  const struct {
    std::vector<std::string> stops;
    std::string text, expected;
    bool stopped;
  } cases[] = {
      {{}, "no stops at all", "no stops at all", false},
      {{"END"}, "text END more", "text ", true},
      {{"END"}, "text EN", "text EN", false},
      {{"END"}, "EEND", "E", true},
      {{"aab"}, "aaab", "a", true},
      {{"long stop", "st"}, "a long stop", "a long ", true},
      {{"abc", "bc"}, "xabc", "x", true},
      {{"", "b"}, "abc", "a", true},
  };
  for (const auto& c : cases) {
    for (size_t size = 1; size <= c.text.size(); ++size) {
      bool stopped = false;
      const std::string out = pushed(c.stops, c.text, size, stopped);
      EXPECT_EQ(stopped, c.stopped) << c.text << " in pieces of " << size;
      EXPECT_EQ(out, c.expected) << c.text << " in pieces of " << size;
    }
  }
}

TEST(StopStrings, NothingComesOutAfterTheStop) {
  StopStrings stop({"x"});
  EXPECT_EQ(stop.push("axb"), "a");
  EXPECT_EQ(stop.push("more"), "");
  EXPECT_EQ(stop.flush(), "");
}

}  // namespace
}  // namespace hermes::generate
