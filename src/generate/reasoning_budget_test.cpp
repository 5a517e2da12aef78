// With the vocabulary of hermes-nano: <think> and </think> are one token each.
#include "generate/reasoning_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tokenizer/detokenizer.h"

namespace hermes::generate {
namespace {

const tokenizer::Tokenizer& vocabulary() {
  static const tokenizer::Tokenizer all =
      tokenizer::Tokenizer::open(HERMES_SOURCE_DIR "/models/hermes-nano/tokenizer.json").value();
  return all;
}

int32_t id(std::string_view token) { return vocabulary().find(token).value(); }

// A reply that is written token by token, under a budget.
class Writer {
 public:
  explicit Writer(ReasoningLimits limits, bool left_open = false, int64_t max_tokens = -1)
      : parser_({.think_left_open = left_open}),
        budget_(ReasoningBudget::make(std::move(limits), parser_, chat::ReplyFormat::kHermes, vocabulary(),
                                      {id("<|eot_id|>")}, max_tokens)
                    .value()) {}

  // What the model would write, until something is forced.
  void write(std::string_view text) {
    const std::vector<int32_t> tokens = vocabulary().encode(text, {.add_special = false}).value();
    for (const int32_t token : tokens) {
      if (const auto forced = budget_.forced()) {
        take(*forced);
        return;
      }
      take(token);
    }
  }
  // The forced tokens that come now.
  std::string forced() {
    std::string text;
    for (auto token = budget_.forced(); token; token = budget_.forced()) {
      text += vocabulary().token_bytes(*token);
      take(*token);
    }
    return text;
  }
  // Logits of equal tokens, except that `token` lies `below` them; what becomes of `token`.
  float logit_of(int32_t token, float below = 0) {
    std::vector<float> logits(vocabulary().vocab_size(), 1);
    logits[static_cast<size_t>(token)] -= below;
    budget_.apply(logits);
    return logits[static_cast<size_t>(token)];
  }
  void take(int32_t token) {
    const std::string text(vocabulary().token_bytes(token));
    written += text;
    parser_.push(text, [](const chat::ReplyEvent&) {});
    budget_.observe(text);
  }
  const ReasoningBudget& budget() const { return budget_; }

  std::string written;

 private:
  chat::StreamParser parser_;
  ReasoningBudget budget_;
};

constexpr std::string_view kLong =
    "1 + 2 = 3, 3 + 4 = 7, 7 + 5 = 12, 12 + 6 = 18, 18 + 7 = 25, 25 + 8 = 33, 33 + 9 = 42";

TEST(ReasoningBudget, TheHardLimitClosesWithAFewWords) {
  Writer writer({.hard = 10, .closing_text = "\nenough\n"});
  writer.write("<think>");
  EXPECT_EQ(writer.budget().reasoning_tokens(), 0);
  writer.write(kLong);
  EXPECT_EQ(writer.budget().reasoning_tokens(), 10);
  writer.forced();
  EXPECT_TRUE(writer.written.ends_with("\nenough\n</think>")) << writer.written;
  writer.write(" 12");
  EXPECT_EQ(writer.forced(), "");
  EXPECT_EQ(writer.budget().reasoning_tokens(), 10);
}

TEST(ReasoningBudget, WhoStaysWithinItIsLeftAlone) {
  Writer writer({.hard = 1000});
  writer.write("<think>1 + 2 = 3</think>3");
  EXPECT_EQ(writer.written, "<think>1 + 2 = 3</think>3");
  EXPECT_EQ(writer.logit_of(id("<|eot_id|>")), 1);
}

TEST(ReasoningBudget, NeverInsideAToolCall) {
  Writer writer({.hard = 2, .closing_text = "."});
  writer.write("<think><tool_call>\n{\"name\": \"add\", \"arguments\": {\"expression\": \"1 + 2 + 3 + 4\"}}");
  EXPECT_TRUE(writer.written.ends_with("4\"}}")) << writer.written;
  EXPECT_EQ(writer.forced(), "");  // its closing tag may come
  writer.write("\n</tool_call>");
  EXPECT_EQ(writer.forced(), ".</think>");
}

TEST(ReasoningBudget, AnAnswerFollows) {
  Writer writer({.hard = 3, .closing_text = ""});
  writer.write("<think>1 + 2 + 3 + 4");
  writer.forced();
  EXPECT_TRUE(writer.written.ends_with("</think>"));
  EXPECT_TRUE(std::isinf(writer.logit_of(id("<|eot_id|>"))));
  writer.write("\n\n");  // no answer yet
  EXPECT_TRUE(std::isinf(writer.logit_of(id("<|eot_id|>"))));
  writer.write("7");
  EXPECT_EQ(writer.logit_of(id("<|eot_id|>")), 1);
}

TEST(ReasoningBudget, AToolCallInReasoningIsAnAnswer) {
  Writer writer({.hard = 100});
  writer.write("<think>a <tool_call>{\"name\": \"f\"}</tool_call>");
  EXPECT_EQ(writer.logit_of(id("<|eot_id|>")), 1);
}

TEST(ReasoningBudget, ZeroIsNoReasoning) {
  Writer writer({.hard = 0});
  EXPECT_TRUE(std::isinf(writer.logit_of(id("<think>"))));
  writer.write("Yes");
  EXPECT_EQ(writer.logit_of(id("<think>")), 1);  // text there

  Writer open({.hard = 0}, /*left_open=*/true);
  EXPECT_EQ(open.forced(), "</think>");
}

TEST(ReasoningBudget, StopThinkingNow) {
  std::atomic<bool> stop = false;
  Writer writer({.closing_text = "ok", .stop_thinking = &stop});
  writer.write("<think>");
  writer.write(kLong);
  EXPECT_EQ(writer.forced(), "");
  stop = true;
  EXPECT_EQ(writer.forced(), "ok</think>");
  EXPECT_EQ(writer.forced(), "");
}

TEST(ReasoningBudget, TheSoftLimitPullsAtTheEndsOfSentences) {
  const int32_t close = id("</think>");
  Writer writer({.hard = 40, .soft = 4});
  writer.write("<think>");
  writer.write("a");
  EXPECT_EQ(writer.logit_of(close, 20), -19);  // too early
  writer.write(" b c d e f g");
  EXPECT_EQ(writer.logit_of(close, 20), -19);  // not a place to end
  writer.write(" now.");
  const float first = writer.logit_of(close, 20);
  EXPECT_GT(first, -19);
  writer.write("\n\n");
  EXPECT_GT(writer.logit_of(close, 20), first);  // a paragraph
  writer.write(" and so on and on and on.");
  EXPECT_GT(writer.logit_of(close, 20), first);  // nearer the limit
}

TEST(ReasoningBudget, AtTheLimitTheTagIsTheMostLikely) {
  Writer writer({.soft = 3});  // full pull at twice that
  writer.write("<think>");
  writer.write(kLong);
  writer.write(" done.");
  EXPECT_GT(writer.logit_of(id("</think>"), 1000), 1);
}

TEST(ReasoningBudget, ANumbersPointIsNoSentence) {
  Writer writer({.soft = 0});
  writer.write("<think>pi is 3.");
  EXPECT_EQ(writer.logit_of(id("</think>"), 20), -19);
  writer.write("1. So");
  EXPECT_EQ(writer.logit_of(id("</think>"), 20), -19);
  writer.write(" it is.");
  EXPECT_GT(writer.logit_of(id("</think>"), 20), -19);
}

TEST(ReasoningBudget, RoomForAnAnswerIsKept) {
  Writer writer({.hard = 100, .closing_text = ""}, false, /*max_tokens=*/20);
  writer.write("<think>");
  writer.write(kLong);
  writer.forced();
  EXPECT_EQ(writer.budget().reasoning_tokens(), 14);  // 20 - 1 (the tag) - 5 (a quarter)
}

TEST(ReasoningBudget, BadLimitsAreRefused) {
  EXPECT_FALSE(ReasoningLimits({.hard = -2}).validate().ok());
  EXPECT_FALSE(ReasoningLimits({.soft = -2}).validate().ok());
  EXPECT_FALSE(ReasoningLimits({.hard = 5, .soft = 6}).validate().ok());
  EXPECT_TRUE(ReasoningLimits({.hard = 5, .soft = 5}).validate().ok());
}

}  // namespace
}  // namespace hermes::generate
