#include "model_files/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_folder_for_test.h"
#include "formats/gguf_bytes_for_test.h"

namespace hermes::model_files {
namespace {

using formats::gguf_bool;
using formats::gguf_i32s;
using formats::gguf_text;
using formats::gguf_texts;
using formats::gguf_u32;
using formats::GgufForTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The tiny models of tests/golden: one model in both layouts.
const std::string kFolder = HERMES_SOURCE_DIR "/tests/golden/models/llama-f32";
const std::string kGguf = HERMES_SOURCE_DIR "/tests/golden/gguf/llama-f32.gguf";

std::unique_ptr<const ModelFiles> open(const std::filesystem::path& path) {
  auto files = ModelFiles::open(path);
  EXPECT_TRUE(files.ok()) << files.error().message();
  return std::move(files).value();
}

TEST(ModelFiles, BothLayoutsOfOneModelSayTheSame) {
  const auto folder = open(kFolder), gguf = open(kGguf);
  EXPECT_EQ(folder->path(), kFolder);
  EXPECT_EQ(gguf->path(), kGguf);
  EXPECT_EQ(folder->gguf(), nullptr);
  EXPECT_NE(gguf->gguf(), nullptr);
  EXPECT_EQ(folder->given_name(), "LlamaForCausalLM");
  EXPECT_EQ(gguf->given_name(), "llama-f32");
  EXPECT_THAT(folder->missing_parts(), IsEmpty());
  EXPECT_THAT(gguf->missing_parts(), IsEmpty());

  const model::ArchSpec a = folder->read_arch_spec().value(), b = gguf->read_arch_spec().value();
  EXPECT_EQ(a.model_type, b.model_type);
  EXPECT_EQ(a.parameter_count(), b.parameter_count());
  EXPECT_EQ(a.max_positions, b.max_positions);
  EXPECT_EQ(a.rms_eps, b.rms_eps);
  EXPECT_EQ(a.rope.theta, b.rope.theta);
  EXPECT_EQ(a.tied_embeddings, b.tied_embeddings);
  EXPECT_TRUE(bind_weights(a, folder->open_weights().value(), folder->tensor_names()).ok());
  EXPECT_TRUE(bind_weights(b, gguf->open_weights().value(), gguf->tensor_names()).ok());

  const tokenizer::Tokenizer t = folder->open_tokenizer().value(), u = gguf->open_tokenizer().value();
  EXPECT_EQ(t.vocab_size(), u.vocab_size());
  EXPECT_EQ(t.encode("Hello, thé <|eot_id|>world").value(), u.encode("Hello, thé <|eot_id|>world").value());
  const auto config = gguf->read_tokenizer_config().value();
  EXPECT_EQ(config.bos_token, folder->read_tokenizer_config().value().bos_token);
  EXPECT_EQ(config.eos_token, "<|eot_id|>");
  EXPECT_THAT(gguf->read_generation_config().value().eos_token_ids, ElementsAre(2));
  EXPECT_EQ(gguf->read_chat_template().value().text, folder->read_chat_template().value().text);
  EXPECT_THAT(gguf->read_chat_template("tool_use").error().message(),
              HasSubstr("llama-f32.gguf: no chat template of name \"tool_use\" (tokenizer.chat_template)"));
}

TEST(ModelFiles, AFolderMayHoldOneGgufModelAndNothingElse) {
  const TempFolder temp;
  const std::string bytes = read_text_file(kGguf, 1 << 20).value();
  temp.write("m/model.gguf", bytes);
  EXPECT_EQ(open(temp.path() / "m")->path(), (temp.path() / "m/model.gguf").string());
  temp.write("m/other.gguf", bytes);
  EXPECT_THAT(ModelFiles::open(temp.path() / "m").error().message(), HasSubstr("2 models in *.gguf files"));
  temp.write("m/config.json", "{}");
  EXPECT_EQ(open(temp.path() / "m")->gguf(), nullptr);
  std::filesystem::create_directory(temp.path() / "empty");
  EXPECT_EQ(open(temp.path() / "empty")->read_arch_spec().error().code(), ErrorCode::kNotFound);
}

TEST(ModelFiles, KnowsGgufByItsFirstBytesToo) {
  const TempFolder temp;
  const auto blob = temp.write("sha256-0123", read_text_file(kGguf, 1 << 20).value());
  EXPECT_TRUE(is_gguf(blob));
  EXPECT_EQ(open(blob)->given_name(), "llama-f32");
  EXPECT_FALSE(is_gguf(temp.write("tokenizer.json", "{}")));
  EXPECT_FALSE(is_gguf(temp.write("short", "GG")));
  EXPECT_FALSE(is_gguf(temp.path()));
  EXPECT_FALSE(is_gguf(temp.path() / "none"));
  const auto wrong = temp.write("wrong.gguf", "no model");
  EXPECT_THAT(ModelFiles::open(wrong).error().message(),
              HasSubstr("wrong.gguf: begins with \"no m\", not with \"GGUF\""));
  EXPECT_EQ(ModelFiles::open(temp.path() / "none.gguf").error().code(), ErrorCode::kNotFound);
}

// A vocabulary, with or without something that does not fit.
std::string vocabulary_refusal(std::vector<std::string> more, std::string_view model = "gpt2",
                               std::string_view pre = "qwen2", std::string_view odd_token = "b", int32_t odd_type = 1) {
  const TempFolder temp;
  GgufForTest made;
  made.entries = {gguf_text("tokenizer.ggml.model", model),
                  gguf_texts("tokenizer.ggml.tokens", {"a", odd_token, "<s>"}),
                  gguf_i32s("tokenizer.ggml.token_type", {1, odd_type, 3}), gguf_texts("tokenizer.ggml.merges", {})};
  if (!pre.empty()) made.entries.push_back(gguf_text("tokenizer.ggml.pre", pre));
  made.entries.insert(made.entries.end(), more.begin(), more.end());
  const auto tokenizer = open(temp.write("v.gguf", made.bytes()))->open_tokenizer();
  return tokenizer.ok() ? std::string() : tokenizer.error().message();
}

TEST(ModelFiles, RefuseVocabulariesThatTheyCannotRead) {
  EXPECT_EQ(vocabulary_refusal({}), "");
  EXPECT_THAT(vocabulary_refusal({}, "llama"),
              HasSubstr("v.gguf: key \"tokenizer.ggml.model\" (byte 24) is \"llama\": not "
                        "supported (gpt2, byte-level BPE, is)"));
  EXPECT_THAT(vocabulary_refusal({}, "bert"), HasSubstr("is \"bert\": not supported"));
  EXPECT_THAT(vocabulary_refusal({}, "gpt2", "falcon"),
              HasSubstr("pre-tokenizer \"falcon\" is not supported; llama-bpe"));
  EXPECT_THAT(vocabulary_refusal({}, "gpt2", ""),
              HasSubstr("key \"tokenizer.ggml.pre\" is missing: how texts are cut"));
  // Byte tokens: one that is no byte made a loader write out of bounds.
  for (const char* token : {"<0x-1>", "<0x41>", "<0xFFFF>"}) {
    EXPECT_THAT(vocabulary_refusal({}, "gpt2", "qwen2", token, 6), HasSubstr("token 1 is a byte token (6), which"))
        << token;
    EXPECT_EQ(vocabulary_refusal({}, "gpt2", "qwen2", token, 1), "");  // as text it is text
  }
  EXPECT_THAT(vocabulary_refusal({}, "gpt2", "qwen2", "b", 0), HasSubstr("0 of token 1 is no type of token"));
  EXPECT_THAT(vocabulary_refusal({}, "gpt2", "qwen2", "b", 7), HasSubstr("7 of token 1 is no type of token"));
  EXPECT_THAT(vocabulary_refusal({}, "gpt2", "qwen2", "a"), HasSubstr("tokens 0 and 1 are both \"a\""));
  EXPECT_THAT(vocabulary_refusal({gguf_u32("tokenizer.ggml.bos_token_id", 3)}),
              HasSubstr("key \"tokenizer.ggml.bos_token_id\""));
  EXPECT_THAT(vocabulary_refusal({gguf_u32("tokenizer.ggml.eos_token_id", 128256)}),
              HasSubstr("is 128256, but the vocabulary has 3 tokens"));
  EXPECT_THAT(vocabulary_refusal({gguf_bool("tokenizer.ggml.add_bos_token", 1)}),
              HasSubstr("is to be added to every text"));
}

TEST(ModelFiles, SayWhatIsMissing) {
  const TempFolder temp;
  const auto bare = open(temp.write("bare.gguf", GgufForTest{}.bytes()));
  EXPECT_THAT(bare->missing_parts(), ElementsAre("tokenizer.ggml.tokens is missing: text needs it"));
  EXPECT_EQ(bare->open_tokenizer().error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(bare->read_chat_templates().value(), IsEmpty());
  EXPECT_THAT(bare->read_arch_spec().error().message(),
              HasSubstr("bare.gguf: key \"general.architecture\" is missing"));
  EXPECT_THAT(ModelFiles::open("no/such/model").error().message(), HasSubstr("no/such/model: no such model"));
  temp.write("folder/config.json", R"({"architectures": [1]})");
  const auto folder = open(temp.path() / "folder");
  EXPECT_EQ(folder->given_name(), "");
  EXPECT_THAT(folder->missing_parts(),
              ElementsAre(HasSubstr("tokenizer_config.json is missing"), HasSubstr("tokenizer.json is missing")));
  EXPECT_THAT(folder->open_tokenizer().error().message(), HasSubstr("no tokenizer.json in this model folder"));
}

}  // namespace
}  // namespace hermes::model_files
