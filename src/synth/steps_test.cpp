#include "synth/steps.h"

#include <gtest/gtest.h>

#include <array>

#include "synth/dice.h"
#include "verify/verifier.h"

namespace hermes::synth {
namespace {

TEST(Steps, AreWrittenDigitByDigitFromTheRight) {
  EXPECT_EQ(add_steps(348, 921), "348+921: 8+1=9, 4+2=6, 3+9=12, 348+921=1269");
  EXPECT_EQ(add_steps(4, 9), "4+9=13");
  EXPECT_EQ(add_steps(95, 7), "95+7: 5+7=12, 9+0+1=10, 95+7=102");
  EXPECT_EQ(subtract_steps(52, 37), "52-37: 2+10-7=5, 5-1-3=1, 52-37=15");
  EXPECT_EQ(subtract_steps(3, 8), "8-3=5\n3-8=-5");
  EXPECT_EQ(multiply_steps(7, 348), "7*348: 7*8=56, 7*4+5=33, 7*3+3=24, 7*348=2436");
  EXPECT_EQ(multiply_steps(12, 34),
            "2*34: 2*4=8, 2*3=6, 2*34=68\n1*34: 1*4=4, 1*3=3, 1*34=34, 10*34=340\n"
            "68+340: 8+0=8, 6+4=10, 0+3+1=4, 68+340=408\n12*34=408");
  EXPECT_EQ(sum_steps(std::array<int64_t, 3>{1, 2, 3}), "1+2=3\n3+3=6");
}

// Every equation of every step is right, signs, zeros and carries included, and the last one is the result.
TEST(Steps, AreAllTrue) {
  const auto trace = verify::make_verifier({{"verifier", "trace"}}, "trace").value();
  Dice dice(9);
  for (int i = 0; i < 3000; ++i) {
    const int64_t a = dice.between(-1200, 12000) * (i % 7 == 0 ? 0 : 1), b = dice.between(-1200, 1200);
    struct Case {
      std::string text;
      int64_t result;
    };
    for (const Case& one :
         {Case{add_steps(a, b), a + b}, Case{subtract_steps(a, b), a - b}, Case{multiply_steps(a, b), a * b}}) {
      chat::Reply reply;
      reply.reasoning = one.text;
      const verify::Verdict verdict = trace->judge(reply);
      ASSERT_TRUE(verdict.passed()) << one.text << "\n" << verdict.reason;
      ASSERT_TRUE(one.text.ends_with("=" + std::to_string(one.result))) << one.text;
    }
  }
}

}  // namespace
}  // namespace hermes::synth
