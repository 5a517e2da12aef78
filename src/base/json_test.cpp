#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>

#include "base/rng.h"
#include "base/temp_folder_for_test.h"

namespace hermes {
namespace {

using testing::HasSubstr;

json::value parsed(std::string_view text) {
  auto result = parse_json(text, "test");
  EXPECT_TRUE(result.ok()) << result.error().message();
  return result.ok() ? *result : json::value();
}

std::string error_of(std::string_view text, JsonLimits limits = {}) {
  const auto result = parse_json(text, "a.json", limits);
  EXPECT_FALSE(result.ok()) << text;
  if (result.ok()) return {};
  EXPECT_EQ(result.error().code(), ErrorCode::kCorrupt);
  return result.error().message();
}

TEST(Json, KeepsTheOrderOfMembersAndEveryKindOfValue) {
  const std::string text = R"({"z":1,"a":[true,false,null,-2,"é\n\u00e9"],"m":{"x":1.5E0},"e":{},"f":[]})";
  EXPECT_EQ(to_json_text(parsed(text)), R"({"z":1,"a":[true,false,null,-2,"é\né"],"m":{"x":1.5E0},"e":{},"f":[]})");
}

TEST(Json, ErrorsNameTheByte) {
  EXPECT_EQ(error_of(""), "a.json: JSON ends early at byte 0");
  EXPECT_EQ(error_of("{\"a\": 1"), "a.json: JSON ends early at byte 7");
  EXPECT_THAT(error_of("{\"a\": x}"), HasSubstr("a.json: not JSON at byte 6"));
  EXPECT_THAT(error_of("[1,]"), HasSubstr("not JSON at byte 3"));
  EXPECT_THAT(error_of("[1] [2]"), HasSubstr("at byte 4"));
  EXPECT_THAT(error_of("[1]x"), HasSubstr("at byte 3"));
  EXPECT_THAT(error_of("{'a':1}"), HasSubstr("not JSON at byte 1"));
  EXPECT_THAT(error_of("[1] // comment"), HasSubstr("at byte 4"));
  EXPECT_THAT(error_of("[NaN]"), HasSubstr("not JSON at byte 1"));
  EXPECT_THAT(error_of("[\"a\nb\"]"), HasSubstr("not JSON at byte 3"));
}

TEST(Json, RequiresUtf8) {
  EXPECT_EQ(error_of("[\"\xFF\"]"), "a.json: not UTF-8 at byte 2");
  EXPECT_THAT(error_of("[\"\\ud800\"]"), HasSubstr("not JSON"));  // half a surrogate pair has no UTF-8
  EXPECT_EQ(parsed(R"(["\ud83d\ude00"])").at(0).as_string(), "😀");
}

TEST(Json, AllowsWhitespaceAround) { EXPECT_EQ(parsed(" \t\r\n[1] \n").at(0).as_int64(), 1); }

TEST(Json, DepthIsBounded) {
  const auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(parse_json(nested(64), "t").ok());
  EXPECT_THAT(error_of(nested(65)), HasSubstr("nested deeper than 64 at byte 6"));
  EXPECT_TRUE(parse_json(nested(3), "t", {.max_depth = 3}).ok());
  EXPECT_THAT(error_of(nested(4), {.max_depth = 3}), HasSubstr("nested deeper than 3"));
  EXPECT_THAT(error_of(std::string(1'000'000, '[')), HasSubstr("nested deeper than 64"));
}

TEST(Json, RefusesRepeatedNamesWhereAsked) {
  const JsonLimits strict{.unique_names = true};
  EXPECT_EQ(error_of(R"({"a":1,"b":2,"a":3})", strict), R"(a.json: member "a" is named twice (byte 15))");
  EXPECT_THAT(error_of(R"({"x":[{"é":1,"\u00e9":2}]})", strict), HasSubstr("is named twice"));
  EXPECT_THAT(error_of(R"({"":1,"":2})", strict), HasSubstr(R"(member "" is named twice)"));
  EXPECT_TRUE(parse_json(R"({"a":{"a":1},"b":{"a":1}})", "t", strict).ok());
  EXPECT_EQ(parsed(R"({"a":1,"a":3})").at("a").as_int64(), 3);  // the last one, unless asked
}

TEST(Json, NumbersAreTheDoublesNearestToTheirText) {
  for (const char* text : {"0.1", "1e-6", "0.30000000000000004", "1e23", "5e-324", "2.2250738585072011e-308",
                           "1.7976931348623157e308", "123456789012345678901234567890", "-0.0", "1e-400"}) {
    EXPECT_EQ(parsed(text).to_number<double>(), std::strtod(text, nullptr)) << text;
  }
  Rng rng(5);
  for (int i = 0; i < 20'000; ++i) {
    const double number = std::ldexp(rng.uniform(), static_cast<int>(rng.below(200)) - 100);
    const std::string text = fmt::format("{:.{}e}", number, rng.below(18));
    ASSERT_EQ(parsed(text).to_number<double>(), std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(Json, NumbersSurviveWritingAndReading) {
  Rng rng(6);
  for (int i = 0; i < 20'000; ++i) {
    const double number = std::ldexp(rng.uniform() - 0.5, static_cast<int>(rng.below(600)) - 300);
    ASSERT_EQ(parsed(to_json_text(json::value(number))).as_double(), number);
  }
  EXPECT_EQ(parsed("9223372036854775807").as_int64(), INT64_MAX);
  EXPECT_EQ(parsed("-9223372036854775808").as_int64(), INT64_MIN);
  EXPECT_EQ(parsed("18446744073709551615").as_uint64(), UINT64_MAX);
}

TEST(Json, PrettyTextIsIndentedByTwo) {
  const json::value value = parsed(R"({"a":[1,{"b":"x"}],"e":{},"f":[]})");
  EXPECT_EQ(to_pretty_json_text(value), R"({
  "a": [
    1,
    {
      "b": "x"
    }
  ],
  "e": {},
  "f": []
})");
  EXPECT_EQ(parsed(to_pretty_json_text(value)), value);
}

TEST(Json, ReadsAFileAndNamesIt) {
  const TempFolder temp;
  const std::string path = temp.write("a.json", "{\"a\": tru}").string();
  EXPECT_THAT(read_json_file(path, 100).error().message(), HasSubstr(path + ": not JSON at byte"));
  EXPECT_EQ(read_json_file(path, 5).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(read_json_file(path + ".not", 100).error().code(), ErrorCode::kNotFound);
}

class JsonObjectTest : public testing::Test {
 protected:
  const json::value document_ = parsed(
      R"({"i":3,"f":2.5,"whole":1e6,"big":18446744073709551615,"huge":1e400,"s":"x","b":true,"n":null,"o":{"k":1},"a":[]})");
  const JsonObject object_ = *JsonObject::from(document_, "c.json");
};

TEST_F(JsonObjectTest, GivesTypedMembers) {
  EXPECT_EQ(*object_.integer("i"), 3);
  EXPECT_EQ(*object_.integer("whole"), 1'000'000);
  EXPECT_EQ(*object_.number("f"), 2.5);
  EXPECT_EQ(*object_.number("i"), 3.0);
  EXPECT_EQ(*object_.string("s"), "x");
  EXPECT_EQ(*object_.optional_boolean("b"), std::optional(true));
  EXPECT_EQ(*object_.object("o")->integer("k"), 1);
  EXPECT_EQ(*object_.optional_integer("i"), std::optional<int64_t>(3));
}

TEST_F(JsonObjectTest, AbsentAndNullAreNothing) {
  for (const char* name : {"absent", "n"}) {
    EXPECT_EQ(object_.find(name), nullptr);
    EXPECT_EQ(*object_.optional_integer(name), std::nullopt);
    EXPECT_EQ(*object_.optional_number(name), std::nullopt);
    EXPECT_EQ(*object_.optional_boolean(name), std::nullopt);
    EXPECT_EQ(*object_.optional_string(name), std::nullopt);
    EXPECT_FALSE(object_.optional_object(name)->has_value());
    EXPECT_EQ(object_.integer(name).error().message(), fmt::format("c.json: \"{}\" is missing", name));
    EXPECT_FALSE(object_.object(name).ok());
  }
}

TEST_F(JsonObjectTest, ErrorsNameTheFileTheMemberAndTheKind) {
  EXPECT_EQ(object_.integer("s").error().message(), R"(c.json: "s" must be an integer, is a string)");
  EXPECT_EQ(object_.integer("f").error().message(), R"(c.json: "f" is not an integer in range)");
  EXPECT_EQ(object_.integer("big").error().message(), R"(c.json: "big" is not an integer in range)");
  EXPECT_EQ(object_.number("huge").error().message(), R"(c.json: "huge" is too large a number)");
  EXPECT_EQ(object_.number("b").error().message(), R"(c.json: "b" must be a number, is a boolean)");
  EXPECT_EQ(object_.string("o").error().message(), R"(c.json: "o" must be a string, is an object)");
  EXPECT_EQ(object_.optional_boolean("i").error().message(), R"(c.json: "i" must be true or false, is a number)");
  EXPECT_EQ(object_.object("a").error().message(), R"(c.json: "a" must be an object, is an array)");
  EXPECT_EQ(object_.object("o")->integer("x").error().message(), R"(c.json: o: "x" is missing)");
  EXPECT_EQ(JsonObject::from(json::value(1), "d").error().message(), "d: must be an object, is a number");
}

}  // namespace
TEST(SpacedJsonText, IsWhatPythonsJsonDumpsWrites) {
  // json.dumps({"a": [1, 2.0, -0.5, 1e+22], "b": {}, "c": [], "é": "\n", "d": None}, ensure_ascii=False)
  const json::value value = json::parse(R"({"a":[1,2.0,-0.5,1e22],"b":{},"c":[],"é":"\n","d":null})");
  EXPECT_EQ(to_spaced_json_text(value), R"({"a": [1, 2.0, -0.5, 1e+22], "b": {}, "c": [], "é": "\n", "d": null})");
}

}  // namespace hermes
