#include "formats/safetensors_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/temp_folder_for_test.h"
#include "formats/safetensors_bytes_for_test.h"

namespace hermes::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A shard with one U8 tensor of four elements for each name.
std::string shard_of(std::initializer_list<std::string_view> names) {
  std::string header = "{";
  size_t offset = 0;
  for (const std::string_view name : names) {
    header += fmt::format(R"({}"{}":{{"dtype":"U8","shape":[4],"data_offsets":[{},{}]}})", offset == 0 ? "" : ",", name,
                          offset, offset + 4);
    offset += 4;
  }
  return safetensors_bytes(padded(header + "}"), offset);
}

class SafetensorsSetTest : public testing::Test {
 protected:
  void write_index(std::string_view weight_map) const {
    temp_.write("model.safetensors.index.json",
                R"({"metadata":{"total_size":12},"weight_map":)" + std::string(weight_map) + "}");
  }
  Error error_of_opening() const {
    const auto set = SafetensorsSet::open(temp_.path());
    EXPECT_FALSE(set.ok());
    return set.ok() ? Error::invalid("opened") : set.error();
  }

  TempFolder temp_;
};

TEST_F(SafetensorsSetTest, OpensShardsThroughTheIndex) {
  temp_.write("1.safetensors", shard_of({"c", "a"}));
  temp_.write("2.safetensors", shard_of({"b"}));
  write_index(R"({"c":"1.safetensors","b":"2.safetensors","a":"1.safetensors"})");
  for (const auto& path : {temp_.path(), temp_.path() / "model.safetensors.index.json"}) {
    auto opened = SafetensorsSet::open(path);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    const SafetensorsSet set = *std::move(opened);
    EXPECT_THAT(set.names(), ElementsAre("a", "b", "c"));
    EXPECT_EQ(set.files().size(), 2U);
    EXPECT_EQ(set.find("a")->as<uint8_t>()[0], 4);
    EXPECT_EQ(set.tensor("b")->as<uint8_t>()[3], 3);
    EXPECT_EQ(set.file_of("b"), (temp_.path() / "2.safetensors").string());
    EXPECT_EQ(set.file_of("none"), (temp_.path() / "model.safetensors.index.json").string());
    EXPECT_FALSE(set.find("none").has_value());
    EXPECT_THAT(set.tensor("none").error().message(), HasSubstr("index.json: no tensor \"none\""));
  }
}

TEST_F(SafetensorsSetTest, OpensASingleFile) {
  temp_.write("model.safetensors", shard_of({"b", "a"}));
  for (const auto& path : {temp_.path(), temp_.path() / "model.safetensors"}) {
    const auto set = SafetensorsSet::open(path);
    ASSERT_TRUE(set.ok()) << set.error().message();
    EXPECT_THAT(set->names(), ElementsAre("a", "b"));
    EXPECT_EQ(set->path(), temp_.path() / "model.safetensors");
  }
}

TEST_F(SafetensorsSetTest, PrefersTheIndexThenTheUsualNameThenTheOnlyFile) {
  temp_.write("other.safetensors", shard_of({"other"}));
  EXPECT_EQ(*find_weights(temp_.path()), temp_.path() / "other.safetensors");
  temp_.write("model.safetensors", shard_of({"single"}));
  EXPECT_EQ(*find_weights(temp_.path()), temp_.path() / "model.safetensors");
  write_index(R"({"other":"other.safetensors"})");
  EXPECT_EQ(*find_weights(temp_.path()), temp_.path() / "model.safetensors.index.json");
  EXPECT_THAT(SafetensorsSet::open(temp_.path())->names(), ElementsAre("other"));
}

TEST_F(SafetensorsSetTest, SaysWhereThereIsNothingOrTooMuch) {
  EXPECT_EQ(error_of_opening().code(), ErrorCode::kNotFound);
  EXPECT_THAT(error_of_opening().message(), HasSubstr("no *.safetensors file"));
  temp_.write("1.safetensors", shard_of({"a"}));
  temp_.write("2.safetensors", shard_of({"b"}));
  EXPECT_EQ(error_of_opening().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error_of_opening().message(), HasSubstr("2 *.safetensors files but no model.safetensors.index.json"));
}

TEST_F(SafetensorsSetTest, RefusesATensorThatTheShardLacks) {
  temp_.write("1.safetensors", shard_of({"a"}));
  write_index(R"({"a":"1.safetensors","b":"1.safetensors"})");
  EXPECT_EQ(error_of_opening().code(), ErrorCode::kCorrupt);
  EXPECT_THAT(error_of_opening().message(),
              HasSubstr("index.json: tensor \"b\" should be in \"1.safetensors\", which"));
}

TEST_F(SafetensorsSetTest, RefusesATensorThatTheIndexLacks) {
  temp_.write("1.safetensors", shard_of({"a", "b"}));
  write_index(R"({"a":"1.safetensors"})");
  EXPECT_THAT(error_of_opening().message(),
              HasSubstr("\"1.safetensors\" holds tensor \"b\", which the index does not name"));
}

TEST_F(SafetensorsSetTest, RefusesATensorInTwoShards) {
  temp_.write("1.safetensors", shard_of({"a", "b"}));
  temp_.write("2.safetensors", shard_of({"b"}));
  write_index(R"({"a":"1.safetensors","b":"2.safetensors"})");
  EXPECT_THAT(error_of_opening().message(),
              HasSubstr("tensor \"b\" is in two shards, \"2.safetensors\" and \"1.safetensors\""));
}

TEST_F(SafetensorsSetTest, RefusesAMissingShard) {
  temp_.write("1.safetensors", shard_of({"a"}));
  write_index(R"({"a":"1.safetensors","b":"2.safetensors"})");
  EXPECT_EQ(error_of_opening().code(), ErrorCode::kNotFound);
  EXPECT_THAT(error_of_opening().message(),
              HasSubstr("tensor \"b\" is in \"2.safetensors\", and there is no such file"));
}

TEST_F(SafetensorsSetTest, ABrokenShardIsNamed) {
  temp_.write("1.safetensors", "{}");
  write_index(R"({"a":"1.safetensors"})");
  EXPECT_THAT(error_of_opening().message(), HasSubstr("1.safetensors: 2 bytes, too short"));
}

TEST_F(SafetensorsSetTest, ShardsAreFilesOfTheSameFolder) {
  for (const char* name :
       {"../1.safetensors", "a/1.safetensors", "/etc/passwd", "..", ".", "", "a\\\\b", "a\\u0000b"}) {
    write_index(fmt::format(R"({{"a":"{}"}})", name));
    EXPECT_EQ(error_of_opening().code(), ErrorCode::kCorrupt) << name;
    EXPECT_THAT(error_of_opening().message(), HasSubstr("which is not a plain file name")) << name;
  }
}

TEST_F(SafetensorsSetTest, RefusesAnIndexOfAnotherShape) {
  const auto message_for = [&](std::string_view index) {
    temp_.write("model.safetensors.index.json", index);
    return error_of_opening().message();
  };
  EXPECT_THAT(message_for("[]"), HasSubstr("index.json: must be an object, is an array"));
  EXPECT_THAT(message_for("{}"), HasSubstr("\"weight_map\" is missing"));
  EXPECT_THAT(message_for(R"({"weight_map":[]})"), HasSubstr("\"weight_map\" must be an object"));
  EXPECT_THAT(message_for(R"({"weight_map":{"a":1}})"), HasSubstr("\"weight_map\": \"a\" must be the name of a file"));
  EXPECT_THAT(message_for(R"({"metadata":3,"weight_map":{}})"), HasSubstr("\"metadata\" must be an object"));
  EXPECT_THAT(message_for(R"({"weight_map":{"a":"1","a":"2"}})"), HasSubstr("member \"a\" is named twice"));
  EXPECT_THAT(message_for("{\"weight_map\""), HasSubstr("JSON ends early"));
}

TEST_F(SafetensorsSetTest, TheMetadataOfTheIndexIsOptional) {
  temp_.write("1.safetensors", shard_of({"a"}));
  temp_.write("model.safetensors.index.json", R"({"weight_map":{"a":"1.safetensors"}})");
  EXPECT_TRUE(SafetensorsSet::open(temp_.path()).ok());
}

}  // namespace
}  // namespace hermes::formats
