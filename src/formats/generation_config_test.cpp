#include "formats/generation_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace hermes::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<GenerationConfig> read(std::string_view text) {
  HERMES_ASSIGN(const json::value document, parse_json(text, "g.json"));
  return read_generation_config(document, "g.json");
}

std::string error_of(std::string_view text) {
  const auto config = read(text);
  EXPECT_FALSE(config.ok()) << text;
  return config.ok() ? "" : config.error().message();
}

TEST(GenerationConfig, ReadsWhatAModelShips) {
  const auto config = read(R"({"bos_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643],
      "pad_token_id": 151643, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.0, "repetition_penalty": 1.05,
      "transformers_version": "4.51.0"})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_THAT(config->eos_token_ids, ElementsAre(151645, 151643));
  EXPECT_EQ(config->bos_token_id, 151643);
  EXPECT_EQ(config->pad_token_id, 151643);
  EXPECT_EQ(config->do_sample, true);
  EXPECT_EQ(config->temperature, 0.6);
  EXPECT_EQ(config->top_k, 20);
  EXPECT_EQ(config->top_p, 0.95);
  EXPECT_EQ(config->min_p, 0.0);
  EXPECT_EQ(config->repetition_penalty, 1.05);
}

TEST(GenerationConfig, OneEndTokenOrNone) {
  EXPECT_THAT(read(R"({"eos_token_id": 2})")->eos_token_ids, ElementsAre(2));
  EXPECT_THAT(read(R"({"eos_token_id": null})")->eos_token_ids, IsEmpty());
  EXPECT_THAT(read(R"({"eos_token_id": []})")->eos_token_ids, IsEmpty());
  const auto config = read("{}");
  EXPECT_THAT(config->eos_token_ids, IsEmpty());
  EXPECT_FALSE(config->bos_token_id || config->pad_token_id || config->do_sample || config->temperature ||
               config->top_p || config->min_p || config->top_k || config->repetition_penalty);
}

TEST(GenerationConfig, MinusOneIsNoPaddingToken) { EXPECT_FALSE(read(R"({"pad_token_id": -1})")->pad_token_id); }

TEST(GenerationConfig, ErrorsNameFileAndField) {
  EXPECT_EQ(error_of("[]"), "g.json: must be an object, is an array");
  EXPECT_EQ(error_of(R"({"eos_token_id": "2"})"), "g.json: \"eos_token_id\" must be an integer or a list of integers");
  EXPECT_EQ(error_of(R"({"eos_token_id": [1, "2"]})"), "g.json: \"eos_token_id\" must hold integers only");
  EXPECT_EQ(error_of(R"({"eos_token_id": [1, -2]})"), "g.json: \"eos_token_id\" holds -2, which is no token id");
  EXPECT_EQ(error_of(R"({"eos_token_id": 4294967296})"),
            "g.json: \"eos_token_id\" holds 4294967296, which is no token id");
  EXPECT_EQ(error_of(R"({"eos_token_id": 1.5})"), "g.json: \"eos_token_id\" is not an integer in range");
  EXPECT_THAT(error_of(R"({"bos_token_id": -1})"), HasSubstr("\"bos_token_id\" holds -1"));
  EXPECT_THAT(error_of(R"({"bos_token_id": [1]})"), HasSubstr("\"bos_token_id\" must be an integer"));
  EXPECT_THAT(error_of(R"({"pad_token_id": -2})"), HasSubstr("\"pad_token_id\" holds -2"));
  EXPECT_THAT(error_of(R"({"do_sample": 1})"), HasSubstr("\"do_sample\" must be true or false"));
  EXPECT_EQ(error_of(R"({"temperature": -0.5})"), "g.json: \"temperature\" is -0.5, must be at least 0");
  EXPECT_THAT(error_of(R"({"temperature": "hot"})"), HasSubstr("\"temperature\" must be a number"));
  EXPECT_EQ(error_of(R"({"top_p": 1.5})"), "g.json: \"top_p\" is 1.5, must be 0 to 1");
  EXPECT_THAT(error_of(R"({"min_p": -1})"), HasSubstr("\"min_p\" is -1, must be 0 to 1"));
  EXPECT_THAT(error_of(R"({"top_k": -1})"), HasSubstr("\"top_k\" is -1, must be at least 0"));
  EXPECT_THAT(error_of(R"({"top_k": 2.5})"), HasSubstr("\"top_k\" is not an integer"));
  EXPECT_THAT(error_of(R"({"repetition_penalty": 0})"), HasSubstr("\"repetition_penalty\" is 0, must be above 0"));
}

}  // namespace
}  // namespace hermes::formats
