#include "formats/hf_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/temp_folder_for_test.h"
#include "formats/safetensors_bytes_for_test.h"

namespace hermes::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ModelDirectoryTest : public testing::Test {
 protected:
  ModelDirectory opened() const { return *ModelDirectory::open(temp_.path()); }
  std::string in_folder(std::string_view name) const { return (temp_.path() / name).string(); }

  TempFolder temp_;
};

TEST_F(ModelDirectoryTest, SaysWhatIsThere) {
  EXPECT_FALSE(opened().has("config.json"));
  temp_.write("config.json", "{}");
  EXPECT_TRUE(opened().has("config.json"));
  EXPECT_FALSE(opened().has("tokenizer.json"));
  EXPECT_EQ(opened().path(), temp_.path());
  EXPECT_EQ(opened().file("tokenizer.json"), temp_.path() / "tokenizer.json");
}

TEST_F(ModelDirectoryTest, KnowsTheLayoutOfTheWeights) {
  EXPECT_EQ(opened().weights_layout(), WeightsLayout::kNone);
  EXPECT_EQ(opened().open_weights().error().code(), ErrorCode::kNotFound);
  temp_.write("a.safetensors", safetensors_bytes("{}", 0));
  EXPECT_EQ(opened().weights_layout(), WeightsLayout::kSingle);
  temp_.write("b.safetensors", safetensors_bytes("{}", 0));
  EXPECT_EQ(opened().weights_layout(), WeightsLayout::kUnclear);
  EXPECT_EQ(opened().open_weights().error().code(), ErrorCode::kInvalidArgument);
  temp_.write("model.safetensors.index.json", R"({"weight_map":{}})");
  EXPECT_EQ(opened().weights_layout(), WeightsLayout::kSharded);
}

TEST_F(ModelDirectoryTest, OpensTheWeights) {
  temp_.write("model.safetensors",
              safetensors_bytes(padded(R"({"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})"), 2));
  const auto weights = opened().open_weights();
  ASSERT_TRUE(weights.ok()) << weights.error().message();
  EXPECT_THAT((*weights)->names(), ElementsAre("w"));
  EXPECT_EQ((*weights)->tensor("w")->as<uint8_t>()[1], 1);
}

TEST_F(ModelDirectoryTest, ReadsConfigJson) {
  EXPECT_EQ(opened().read_config_json().error().code(), ErrorCode::kNotFound);
  temp_.write("config.json", R"({"hidden_size": 64})");
  EXPECT_EQ(opened().read_config_json()->at("hidden_size").as_int64(), 64);
  temp_.write("config.json", R"({"hidden_size": 64, "hidden_size": 32})");
  EXPECT_THAT(opened().read_config_json().error().message(),
              HasSubstr(in_folder("config.json") + ": member \"hidden_size\" is named twice"));
}

TEST_F(ModelDirectoryTest, GenerationConfigFallsBackToConfigJson) {
  temp_.write("config.json", R"({"eos_token_id": 7})");
  EXPECT_THAT(opened().read_generation_config()->eos_token_ids, ElementsAre(7));
  temp_.write("generation_config.json", R"({"eos_token_id": [8, 9]})");
  EXPECT_THAT(opened().read_generation_config()->eos_token_ids, ElementsAre(8, 9));
  temp_.write("generation_config.json", R"({"top_p": 7})");
  EXPECT_THAT(opened().read_generation_config().error().message(),
              HasSubstr(in_folder("generation_config.json") + ": \"top_p\" is 7"));
}

TEST_F(ModelDirectoryTest, ReadsTheTokenizerConfig) {
  EXPECT_FALSE(opened().read_tokenizer_config()->bos_token.has_value());
  temp_.write("tokenizer_config.json", R"({"bos_token": "<s>"})");
  EXPECT_EQ(opened().read_tokenizer_config()->bos_token, "<s>");
  temp_.write("tokenizer_config.json", R"({"bos_token": 1})");
  EXPECT_THAT(opened().read_tokenizer_config().error().message(),
              HasSubstr(in_folder("tokenizer_config.json") + ": \"bos_token\""));
}

TEST_F(ModelDirectoryTest, AChatTemplateFileWinsOverTheConfig) {
  EXPECT_EQ(opened().read_chat_template().error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(opened().read_chat_templates()->empty());
  temp_.write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "default", "template": "old"}, {"name": "tool_use", "template": "old tools"}]})");
  const auto from_config = opened().read_chat_template();
  ASSERT_TRUE(from_config.ok()) << from_config.error().message();
  EXPECT_EQ(from_config->text, "old");
  EXPECT_EQ(from_config->source, in_folder("tokenizer_config.json") + ": chat_template");
  EXPECT_EQ(opened().read_chat_template("tool_use")->text, "old tools");

  temp_.write("chat_template.jinja", "new\n");
  EXPECT_EQ(opened().read_chat_template()->text, "new\n");
  EXPECT_EQ(opened().read_chat_template()->source, in_folder("chat_template.jinja"));
  const auto gone = opened().read_chat_template("tool_use");
  EXPECT_THAT(gone.error().message(), HasSubstr("no chat template of name \"tool_use\""));
}

TEST_F(ModelDirectoryTest, MoreTemplatesAreFilesByName) {
  temp_.write("tokenizer_config.json", R"({"chat_template": "plain"})");
  temp_.write("additional_chat_templates/tool_use.jinja", "tools");
  temp_.write("chat_templates/tool_use.jinja", "elsewhere");
  temp_.write("chat_templates/rag.jinja", "documents");
  temp_.write("chat_templates/README.md", "not one");
  const auto templates = opened().read_chat_templates();
  ASSERT_TRUE(templates.ok()) << templates.error().message();
  std::vector<std::string> read;
  for (const ChatTemplate& t : *templates) read.push_back(t.name + ": " + t.text);
  EXPECT_THAT(read, ElementsAre("default: plain", "rag: documents", "tool_use: tools"));
  temp_.write("chat_templates/rag.jinja", "\xFF");
  EXPECT_THAT(opened().read_chat_templates().error().message(), HasSubstr("rag.jinja: not UTF-8 at byte 0"));
}

TEST_F(ModelDirectoryTest, AConfigOnItsOwnIsAModelWithoutTheRest) {
  const auto config = temp_.write("config.json", R"({"hidden_size": 64})");
  temp_.write("tokenizer.json", "{}");
  temp_.write("chat_template.jinja", "x");
  temp_.write("model.safetensors", safetensors_bytes("{}", 0));
  const auto model = ModelDirectory::open(config);
  ASSERT_TRUE(model.ok()) << model.error().message();
  EXPECT_EQ(model->read_config_json()->at("hidden_size").as_int64(), 64);
  EXPECT_FALSE(model->has("tokenizer.json"));
  EXPECT_EQ(model->weights_layout(), WeightsLayout::kNone);
  EXPECT_THAT(model->open_weights().error().message(), HasSubstr("without weights"));
  EXPECT_TRUE(model->read_chat_templates()->empty());
}

TEST_F(ModelDirectoryTest, RefusesByNameWhatIsNoModel) {
  EXPECT_EQ(ModelDirectory::open(temp_.path() / "none").error().code(), ErrorCode::kNotFound);
  const auto gguf = ModelDirectory::open(temp_.write("m.gguf", "GGUF"));
  EXPECT_EQ(gguf.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(gguf.error().message(), HasSubstr("m.gguf: a GGUF file; what is asked for here is a folder"));
  const auto text = ModelDirectory::open(temp_.write("notes.txt", ""));
  EXPECT_EQ(text.error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace hermes::formats
