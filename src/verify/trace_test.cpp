#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/judging_for_test.h"
#include "verify/statements.h"

namespace hermes::verify {
namespace {

// Statements as "text: outcome", h (holds), w (wrong), ? (too hard).
std::vector<std::string> said(std::string_view text) {
  std::vector<std::string> out;
  for (const Statement& s : statements_in(text)) {
    const char letter = s.outcome == Statement::Outcome::kHolds   ? 'h'
                        : s.outcome == Statement::Outcome::kWrong ? 'w'
                                                                  : '?';
    out.push_back(fmt::format("{}: {}", s.text, letter));
  }
  return out;
}

TEST(Statements, Found) {
  const struct {
    std::string_view text;
    std::vector<std::string> expected;
  } cases[] = {
      {"348+921: 8+1=9, 4+2=6, 3+9=12, 348+921=1269", {"8+1=9: h", "4+2=6: h", "3+9=12: h", "348+921=1269: h"}},
      {"348+921: 8+1=9, 4+2=7", {"8+1=9: h", "4+2=7: w"}},
      {"3 * (4 + 5) = 3 * 9 = 27, then 27 - 2 = 25.", {"3 * (4 + 5) = 3 * 9: h", "3 * 9 = 27: h", "27 - 2 = 25: h"}},
      {"3 * (4 + 5) = 3 * 9 = 28", {"3 * (4 + 5) = 3 * 9: h", "3 * 9 = 28: w"}},
      {"So 3 + 4 = 7 and 7 - 2 = 5.", {"3 + 4 = 7: h", "7 - 2 = 5: h"}},
      {"So 3 + 4 = 7 and 7 - 2 = 6.", {"3 + 4 = 7: h", "7 - 2 = 6: w"}},
      {"(so 3 + 4 = 7)", {"3 + 4 = 7: h"}},
      {"(3 + 4 = 7, 1 + 1 = 3)", {"3 + 4 = 7: h", "1 + 1 = 3: w"}},
      {"2. 3 + 4 = 7\n3) 1 + 1 = 2", {"3 + 4 = 7: h", "1 + 1 = 2: h"}},
      {"- 3 + 4 = 7\n* 2 + 2 = 4", {"3 + 4 = 7: h", "2 + 2 = 4: h"}},
      {"-3 + 4 = 1", {"-3 + 4 = 1: h"}},
      {"so -3 + 4 = 1", {"-3 + 4 = 1: h"}},
      {"1,000 + 951 = 1,951", {"1,000 + 951 = 1,951: h"}},
      {"1 / 4 = 0.25", {"1 / 4 = 0.25: h"}},
      {"10 / 3 = 3.33", {"10 / 3 = 3.33: w"}},
      {"3 \xc3\x97 4 = 12", {"3 \xc3\x97 4 = 12: h"}},
      {"$3 \\times 4 = 12$", {}},
      {"$3 * 4 = 13$", {"3 * 4 = 13: w"}},
      {"**3 * 4 = 12**", {"3 * 4 = 12: h"}},
      {"12 = 13", {"12 = 13: w"}},
      {"So 12 = 13", {"12 = 13: w"}},
      {"10 / 0 = 5", {"10 / 0 = 5: w"}},
      {"3 + 4\n= 7", {}},
      // Definitions and what cannot be known.
      {"x = 5", {}},
      {"x = 5 = 2 + 4", {"5 = 2 + 4: w"}},
      {"x + 3 = 10", {}},
      {"2x + 3 = 7", {}},
      {"3 + x = 7", {}},
      {"7 = 2 + x", {}},
      {"7 = 2x", {}},
      {"12 km = 12000 m", {}},
      {"3 apples + 4 apples = 7 apples", {}},
      {"3 + 4 = 7 apples", {"3 + 4 = 7: h"}},
      {"3 + 4 = 8 apples", {"3 + 4 = 8: w"}},
      {"10% of 50 = 5", {}},
      {"2^3 = 8", {}},
      {"2**3 = 8", {}},
      {"5! = 120", {}},
      {"sqrt(16) = 4", {}},
      {"17 mod 7 = 3", {}},
      {"10 / 3 = 3 remainder 1", {}},
      {"3 + 4 = ?", {}},
      {"a => 3, b -> 4", {}},
      {"3 + 4 = 7 - good", {"3 + 4 = 7: h"}},
      {"3 + 4 = 8 - good", {"3 + 4 = 8: w"}},
      {"on 2024-03-05 = day", {}},
      // Logic.
      {"true and false = false", {"true and false = false: h"}},
      {"true and false = true", {"true and false = true: w"}},
      {"not (true or false) = false", {"not (true or false) = false: h"}},
      {"true xor true is false", {"true xor true is false: h"}},
      {"true xor true is true", {"true xor true is true: w"}},
      {"true implies false = false = not true", {"true implies false = false: h", "false = not true: h"}},
      {"true = 5", {"true = 5: w"}},
      // Comparisons.
      {"3 < 5", {"3 < 5: h"}},
      {"5 < 3", {"5 < 3: w"}},
      {"since 3 < 5, we", {"3 < 5: h"}},
      {"3 < 5 < 4", {"3 < 5: h", "5 < 4: w"}},
      {"3 + 4 >= 7 and 2 > 1", {"3 + 4 >= 7: h", "2 > 1: h"}},
      {"3 < 5 and 2 > 4", {"3 < 5: h", "2 > 4: w"}},
      {"5 < 3 is false", {"5 < 3 is false: h"}},
      {"3 < 5 = false", {"3 < 5 = false: w"}},
      {"3 < 2 + 2 = 4", {"3 < 2 + 2: h", "2 + 2 = 4: h"}},
      {"5 < 2 + 2 = 4", {"5 < 2 + 2: w", "2 + 2 = 4: h"}},
      {"2 + 2 = 4 < 3", {"4 < 3: w", "2 + 2 = 4: h"}},
      {"is 5 < 3? no", {}},
      {"if 5 < 3 then", {}},
      {"5 < 3?", {}},
      {"5 < 3 or 3 < 5", {}},
      {"not 5 < 3", {}},
      {"x < 3, 3 < y", {}},
      {"3 != 3", {"3 != 3: w"}},
      // Times.
      {"09:45 + 0:30 = 10:15", {"09:45 + 0:30 = 10:15: h"}},
      {"09:45 + 0:30 = 10:16", {"09:45 + 0:30 = 10:16: w"}},
      {"23:30 + 1:00 = 0:30", {"23:30 + 1:00 = 0:30: h"}},
      {"11:55 - 9:45 = 2:10 = 130", {"11:55 - 9:45 = 2:10: h", "2:10 = 130: h"}},
      {"", {}},
      {"no numbers here", {}},
      {"= = =", {}},
      {"3 = ", {}},
      {"( ( 3 = 3", {"3 = 3: h"}},
  };
  for (const auto& c : cases) EXPECT_EQ(said(c.text), c.expected) << c.text;
}

Outcome traced(std::string_view reasoning, std::string_view spec = R"({"verifier": "trace"})") {
  chat::Reply reply;
  reply.reasoning = reasoning;
  reply.content = "1 + 1 = 3";  // judged by others
  return verdict(spec, reply).outcome;
}

TEST(Trace, Judges) {
  EXPECT_EQ(traced("3 + 4 = 7"), Outcome::kPass);
  EXPECT_EQ(traced("3 + 4 = 7, 7 + 1 = 9, 2 + 2 = 4"), Outcome::kFail);
  EXPECT_EQ(traced("nothing"), Outcome::kCouldNotTell);
  EXPECT_EQ(traced(""), Outcome::kCouldNotTell);
  EXPECT_EQ(traced("", R"({"verifier": "trace", "min_steps": 0})"), Outcome::kPass);
  EXPECT_EQ(traced("1 + 1 = 3", R"({"verifier": "trace", "min_steps": 0})"), Outcome::kFail);
  EXPECT_EQ(traced("1 + 1 = 2", R"({"verifier": "trace", "min_steps": 2})"), Outcome::kCouldNotTell);
  EXPECT_EQ(traced("1 + 1 = 2 = 3 - 1", R"({"verifier": "trace", "min_steps": 2})"), Outcome::kPass);
  EXPECT_EQ(traced("99999999999999999999 * 99999999999999999999 = 1"), Outcome::kCouldNotTell);
  EXPECT_EQ(traced("99999999999999999999 * 99999999999999999999 = 1, 1 + 1 = 3"), Outcome::kFail);
}

}  // namespace
}  // namespace hermes::verify
