#include "chat/thinking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace hermes::chat {
namespace {

TEST(Thinking, TheWaysOfClients) {
  const struct {
    const char* request;
    std::optional<bool> thinking;
    std::optional<int64_t> budget;
  } cases[] = {
      {R"({})", {}, {}},
      {R"({"thinking": true})", true, {}},
      {R"({"thinking": false})", false, {}},
      {R"({"thinking": null, "reasoning_effort": null})", {}, {}},
      {R"({"thinking": {"type": "enabled", "budget_tokens": 500}})", true, 500},
      {R"({"thinking": {"type": "adaptive"}})", true, {}},
      {R"({"thinking": {"type": "disabled"}})", false, {}},
      {R"({"enable_thinking": true})", true, {}},
      {R"({"reasoning_effort": "none"})", false, {}},
      {R"({"reasoning_effort": "minimal"})", false, {}},
      {R"({"reasoning_effort": "low"})", true, kLowEffortTokens},
      {R"({"reasoning_effort": "medium"})", true, kMediumEffortTokens},
      {R"({"reasoning_effort": "high"})", true, {}},
      {R"({"chat_template_kwargs": {"thinking": true}})", true, {}},
      {R"({"chat_template_kwargs": {"enable_thinking": false, "other": 1}})", false, {}},
      {R"({"thinking_budget": 0})", false, {}},
      {R"({"thinking_budget": -1})", {}, {}},
      {R"({"thinking_budget": 512})", true, 512},
      {R"({"thinking": true, "enable_thinking": true, "reasoning_effort": "high"})", true, {}},
  };
  for (const auto& c : cases) {
    const auto read = read_thinking(json::parse(c.request).get_object(), "request");
    ASSERT_TRUE(read.ok()) << c.request << ": " << read.error().message();
    EXPECT_EQ(read->thinking, c.thinking) << c.request;
    EXPECT_EQ(read->budget, c.budget) << c.request;
  }
}

TEST(Thinking, RefusedByName) {
  const struct {
    const char *request, *says;
  } cases[] = {
      {R"({"thinking": 1})", "request: thinking must be"},
      {R"({"thinking": {"type": "on"}})", "must be enabled, disabled or adaptive"},
      {R"({"thinking": {"type": "enabled", "budget_tokens": -5}})", "thinking.budget_tokens is -5"},
      {R"({"thinking": {"budget_tokens": 5}})", "\"type\" is missing"},
      {R"({"enable_thinking": "yes"})", "\"enable_thinking\" must be true or false"},
      {R"({"reasoning_effort": "huge"})", "reasoning_effort is \"huge\""},
      {R"({"thinking": true, "enable_thinking": false})", "thinking and enable_thinking contradict"},
      {R"({"thinking": true, "chat_template_kwargs": {"thinking": false}})",
       "chat_template_kwargs.thinking contradict"},
      {R"({"reasoning_effort": "low", "thinking_budget": 9})", "two reasoning budgets"},
      {R"({"thinking_budget": -2})", "thinking_budget is -2"},
  };
  for (const auto& c : cases) {
    const auto read = read_thinking(json::parse(c.request).get_object(), "request");
    ASSERT_FALSE(read.ok()) << c.request;
    EXPECT_THAT(read.error().message(), testing::HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace hermes::chat
