#include "formats/tokenizer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace hermes::formats {
namespace {

using testing::HasSubstr;

Result<TokenizerConfig> read(std::string_view text) {
  HERMES_ASSIGN(const json::value document, parse_json(text, "t.json"));
  return read_tokenizer_config(document, "t.json");
}

std::string error_of(std::string_view text) {
  const auto config = read(text);
  EXPECT_FALSE(config.ok()) << text;
  return config.ok() ? "" : config.error().message();
}

TEST(TokenizerConfig, ReadsWhatAModelShips) {
  const auto config = read(R"({
    "add_bos_token": true, "add_eos_token": false, "clean_up_tokenization_spaces": false,
    "added_tokens_decoder": {"128000": {"content": "<|begin_of_text|>", "special": true}},
    "bos_token": {"__type": "AddedToken", "content": "<|begin_of_text|>", "lstrip": false, "special": true},
    "eos_token": "<|eot_id|>", "pad_token": null,
    "chat_template": "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "model_max_length": 131072, "tokenizer_class": "PreTrainedTokenizerFast"})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->bos_token, "<|begin_of_text|>");
  EXPECT_EQ(config->eos_token, "<|eot_id|>");
  EXPECT_EQ(config->pad_token, std::nullopt);
  EXPECT_EQ(config->unk_token, std::nullopt);
  EXPECT_EQ(config->add_bos_token, true);
  EXPECT_EQ(config->add_eos_token, false);
  EXPECT_EQ(config->clean_up_tokenization_spaces, false);
  EXPECT_EQ(config->model_max_length, 131072);
  ASSERT_EQ(config->chat_templates.size(), 1U);
  EXPECT_EQ(config->chat_templates[0].name, "default");
  EXPECT_EQ(config->chat_templates[0].source, "t.json: chat_template");
  EXPECT_THAT(config->chat_templates[0].text, HasSubstr("{% endfor %}"));
}

TEST(TokenizerConfig, NothingSaidIsEmpty) {
  const auto config = read("{}");
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(config->bos_token || config->eos_token || config->pad_token || config->unk_token ||
               config->add_bos_token || config->add_eos_token || config->clean_up_tokenization_spaces ||
               config->model_max_length);
  EXPECT_TRUE(config->chat_templates.empty());
}

TEST(TokenizerConfig, AnAstronomicalLengthIsNoLimit) {
  EXPECT_FALSE(read(R"({"model_max_length": 1000000000000000019884624838656})")->model_max_length);
  EXPECT_FALSE(read(R"({"model_max_length": 1e30})")->model_max_length);
  EXPECT_EQ(read(R"({"model_max_length": 524288})")->model_max_length, 524288);
}

TEST(TokenizerConfig, TemplatesMayBeNamed) {
  const auto config =
      read(R"({"chat_template": [{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}]})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  ASSERT_EQ(config->chat_templates.size(), 2U);
  EXPECT_EQ(config->chat_templates[1].name, "tool_use");
  EXPECT_EQ(config->chat_templates[1].text, "b");
}

TEST(TokenizerConfig, ErrorsNameFileAndField) {
  EXPECT_EQ(error_of("3"), "t.json: must be an object, is a number");
  EXPECT_EQ(error_of(R"({"bos_token": 1})"), "t.json: \"bos_token\" must be a string or an object with \"content\"");
  EXPECT_EQ(error_of(R"({"eos_token": {"lstrip": false}})"), "t.json: eos_token: \"content\" is missing");
  EXPECT_THAT(error_of(R"({"unk_token": {"content": 3}})"),
              HasSubstr("t.json: unk_token: \"content\" must be a string"));
  EXPECT_THAT(error_of(R"({"add_bos_token": "yes"})"), HasSubstr("\"add_bos_token\" must be true or false"));
  EXPECT_THAT(error_of(R"({"model_max_length": 0})"), HasSubstr("\"model_max_length\" is 0, must be positive"));
  EXPECT_THAT(error_of(R"({"model_max_length": 10.5})"), HasSubstr("\"model_max_length\" is not an integer"));
  EXPECT_THAT(error_of(R"({"model_max_length": "long"})"), HasSubstr("\"model_max_length\" must be a number"));
  EXPECT_EQ(error_of(R"({"chat_template": 1})"),
            "t.json: chat_template must be a string or a list of {name, template}");
  EXPECT_THAT(error_of(R"({"chat_template": ["a"]})"), HasSubstr("t.json: chat_template: must be an object"));
  EXPECT_THAT(error_of(R"({"chat_template": [{"name": "a"}]})"), HasSubstr("\"template\" is missing"));
  EXPECT_THAT(error_of(R"({"chat_template": [{"name": "a", "template": ""}, {"name": "a", "template": ""}]})"),
              HasSubstr("there are two of name \"a\""));
}

}  // namespace
}  // namespace hermes::formats
