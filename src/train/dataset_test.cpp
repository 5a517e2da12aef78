#include "train/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/compressed_file.h"
#include "base/temp_folder_for_test.h"

namespace hermes::train {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTokenizer = R"({"version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [{"id": 3, "content": "<e>", "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": true}],
  "normalizer": null, "post_processor": null, "decoder": {"type": "ByteLevel", "add_prefix_space": false,
  "trim_offsets": true, "use_regex": false},
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
  "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": {"a": 0, "b": 1, "c": 2}, "merges": []}})";

class Datasets : public ::testing::Test {
 protected:
  Datasets()
      : tokenizer_(tokenizer::Tokenizer::parse(kTokenizer, "tokenizer").value()),
        template_(chat::ChatTemplate::parse("{% for m in messages %}{{ m.content }}<e>{% endfor %}", "t").value()),
        encoder_(template_, tokenizer_,
                 {.end_of_turn = "<e>", .bos_token = {}, .eos_token = {}, .pad_token = {}, .vocab_size = 4}) {}

  static std::string record(std::string_view user, std::string_view assistant, std::string_view split = "") {
    return fmt::format(
        R"({{"messages": [{{"role": "user", "content": "{}"}}, {{"role": "assistant", "content": "{}"}}]{}}})"
        "\n",
        user, assistant, split.empty() ? "" : fmt::format(R"(, "split": "{}")", split));
  }
  Result<Splits> load(const std::vector<std::string>& files, int threads = 2) const {
    ThreadPool pool(threads);
    return load_splits({.files = files}, encoder_, pool);
  }

  TempFolder folder_;
  tokenizer::Tokenizer tokenizer_;
  chat::ChatTemplate template_;
  ConversationEncoder encoder_;
};

TEST_F(Datasets, ReadsPlainAndCompressedFilesInOrder) {
  const auto plain = folder_.write("a.jsonl", record("a", "b") + "\n" + record("aa", "c", "train"));
  const auto packed = folder_.write("b.jsonl.zst", compress_zst(record("b", "ccc")));
  const Splits splits = load({plain, packed}).value();
  EXPECT_EQ(splits.train.tokens, (std::vector<int32_t>{0, 3, 1, 3, 0, 0, 3, 2, 3, 1, 3, 2, 2, 2, 3}));
  EXPECT_EQ(splits.train.trained, (std::vector<uint8_t>{0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(splits.train.begins, (std::vector<size_t>{0, 4, 9, 15}));
  EXPECT_EQ(splits.train.input_length(1), 4);
  EXPECT_EQ(splits.train.trained_tokens(), 8);
}

TEST_F(Datasets, SplitsApart) {
  const auto file = folder_.write(
      "a.jsonl", record("a", "b", "train") + record("b", "b", "test") + record("c", "b", "spare") + record("a", "c"));
  const Splits splits = load({file}).value();
  EXPECT_EQ(splits.train.size(), 2U);
  EXPECT_EQ(splits.test.size(), 1U);
  EXPECT_EQ(splits.test.tokens[0], 1);
  EXPECT_EQ(splits.skipped, 1);
}

TEST_F(Datasets, DoNotDependOnThreads) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += record(std::string(static_cast<size_t>(1 + i % 7), 'a'), "b", i % 5 == 0 ? "test" : "train");
  const auto file = folder_.write("a.jsonl", text);
  const Splits one = load({file}, 1).value(), many = load({file}, 5).value();
  EXPECT_EQ(one.train.tokens, many.train.tokens);
  EXPECT_EQ(one.train.begins, many.train.begins);
  EXPECT_EQ(one.train.fingerprint(), many.train.fingerprint());
  EXPECT_NE(one.train.fingerprint(), one.test.fingerprint());
}

TEST_F(Datasets, TheFirstBadRecordIsNamed) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += i == 150 || i == 290 ? "{\"messages\": 5}\n" : record("a", "b");
  const auto file = folder_.write("a.jsonl", text);
  EXPECT_THAT(load({file}).error().message(), HasSubstr("a.jsonl:151"));
  EXPECT_THAT(load({folder_.write("b.jsonl", record("a", "b") + "\n{oops\n")}).error().message(),
              HasSubstr("b.jsonl:3"));
  EXPECT_FALSE(load({(folder_.path() / "missing.jsonl").string()}).ok());
}

}  // namespace
}  // namespace hermes::train
