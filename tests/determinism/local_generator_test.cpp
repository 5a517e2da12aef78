// The generator's laws: one Finished event, the last; the same text for every way of running it.
#include "engine/local_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/cpu/cpu_backend.h"
#include "support/golden_model.h"

namespace hermes::engine {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  std::string text;
  generate::Finished finished;
  int n_finished = 0;
  int64_t prompt_done = 0;
  bool last_was_finished = false;
};

class LocalGeneratorTest : public ::testing::Test {
 protected:
  LocalGeneratorTest()
      : backend_(kernels::make_cpu_backend(pool_)),
        decoder_(test::load_golden_decoder("llama-f32", *backend_)),
        tokenizer_(tokenizer::Tokenizer::open(test::golden_folder("llama-f32") + "/tokenizer.json").value()) {}

  Outcome run(const generate::Request& request, LocalGeneratorOptions options = {.context = 200, .end_tokens = {}}) {
    LocalGenerator generator(decoder_, tokenizer_, std::move(options));
    Outcome run;
    const Status status = generator.generate(request, [&](const generate::Event& event) {
      run.last_was_finished = false;
      if (const auto* delta = std::get_if<generate::TextDelta>(&event)) run.text += delta->text;
      if (const auto* progress = std::get_if<generate::PromptProgress>(&event)) run.prompt_done = progress->done;
      if (const auto* finished = std::get_if<generate::Finished>(&event)) {
        run.finished = *finished;
        ++run.n_finished;
        run.last_was_finished = true;
      }
    });
    EXPECT_TRUE(status.ok()) << status.error().message();
    EXPECT_EQ(run.n_finished, 1);
    EXPECT_TRUE(run.last_was_finished);
    return run;
  }

  Status refused(const generate::Request& request, int64_t context = 200) {
    LocalGenerator generator(decoder_, tokenizer_, {.context = context, .end_tokens = {}});
    return generator.generate(request, [](const generate::Event&) { FAIL() << "a refused request sends no event"; });
  }

  ThreadPool pool_{2};
  std::unique_ptr<ops::Backend> backend_;
  model::Decoder decoder_;
  tokenizer::Tokenizer tokenizer_;
};

TEST_F(LocalGeneratorTest, EndsAtItsLimits) {
  const Outcome limited = run({.prompt = "hello", .max_tokens = 7});
  EXPECT_EQ(limited.finished.reason, generate::FinishReason::kLength);
  EXPECT_EQ(limited.finished.usage.completion_tokens, 7);
  const Outcome full = run({.prompt = "hello"}, {.context = 20, .end_tokens = {}});
  EXPECT_EQ(full.finished.reason, generate::FinishReason::kLength);
  EXPECT_EQ(full.finished.usage.prompt_tokens + full.finished.usage.completion_tokens, 20);
  const Outcome none = run({.prompt = "hello", .max_tokens = 0});
  EXPECT_EQ(none.finished.usage.completion_tokens, 0);
  EXPECT_EQ(none.text, "");
}

TEST_F(LocalGeneratorTest, EndTokensEndTheTurnAndAreNotShown) {
  // Greedy, this prompt goes on with tokens 118, 135, 48 (golden.json); the last of them ends the turn here.
  const generate::Request request{.prompt = "Hello, th\u00e9 world", .max_tokens = 20};
  const Outcome ended = run(request, {.context = 200, .end_tokens = {7, 48}});
  EXPECT_EQ(ended.finished.reason, generate::FinishReason::kStop);
  EXPECT_EQ(ended.finished.usage.completion_tokens, 3);
  EXPECT_TRUE(run(request).text.starts_with(ended.text + "N"));
}

// This vocabulary has no tokens for tags: they are spelled, also by the budget.
TEST_F(LocalGeneratorTest, ABudgetClosesReasoningAndAnAnswerFollows) {
  generate::Request request{.prompt = "Hello", .max_tokens = 120};
  request.reply = chat::StreamParserOptions{.think_left_open = true};
  request.reasoning = {.hard = 16, .closing_text = "\nso\n"};
  const LocalGeneratorOptions options{.context = 200, .end_tokens = {7, 48, 118, 135}};
  const Outcome ended = run(request, options);
  EXPECT_EQ(ended.finished.usage.reasoning_tokens, 16);
  EXPECT_TRUE(ended.finished.reply.reasoning.ends_with("\nso"));
  EXPECT_TRUE(ended.finished.reply.reasoning_closed);
  EXPECT_NE(ended.finished.reply.content, "");
  EXPECT_EQ(ended.text, "");  // parts, not text
  for (const int64_t prefill_chunk : {1, 3}) {
    LocalGeneratorOptions other = options;
    other.prefill_chunk = prefill_chunk;
    EXPECT_EQ(run(request, other).finished.reply.text, ended.finished.reply.text);
  }
}

TEST_F(LocalGeneratorTest, AReplyIsTheSameTextTakenApart) {
  generate::Request request{.prompt = "Hello", .max_tokens = 40};
  const std::string text = run(request).text;
  request.reply = chat::StreamParserOptions{};
  EXPECT_EQ(run(request).finished.reply.text, text);
}

TEST_F(LocalGeneratorTest, TextDependsOnPromptAndSeedAlone) {
  generate::Request request{.prompt = std::string(150, 'a'), .max_tokens = 40};
  request.sampling = {.temperature = 1, .top_k = 40, .seed = 5};
  const std::string expected = run(request).text;
  for (const int64_t prefill_chunk : {1, 7, 64, 151}) {
    EXPECT_EQ(run(request, {.context = 200, .prefill_chunk = prefill_chunk, .end_tokens = {}}).text, expected);
  }
  request.sampling.seed = 6;
  EXPECT_NE(run(request).text, expected);
}

TEST_F(LocalGeneratorTest, CancelsBetweenSteps) {
  std::atomic<bool> cancel{true};
  const Outcome before = run({.prompt = "hello", .cancel = &cancel});
  EXPECT_EQ(before.finished.reason, generate::FinishReason::kCancelled);
  EXPECT_EQ(before.finished.usage.completion_tokens, 0);
}

TEST_F(LocalGeneratorTest, RefusesBeforeItStarts) {
  EXPECT_THAT(refused({.prompt = std::string(50, 'a')}, 30).error().message(), HasSubstr("the context holds 30"));
  EXPECT_THAT(refused({.prompt = "a", .max_tokens = -2}).error().message(), HasSubstr("max_tokens"));
  generate::Request hot{.prompt = "a"};
  hot.sampling.temperature = -1;
  EXPECT_THAT(refused(hot).error().message(), HasSubstr("temperature"));
}

}  // namespace
}  // namespace hermes::engine
