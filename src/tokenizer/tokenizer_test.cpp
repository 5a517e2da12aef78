#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/utf8.h"
#include "tokenizer/nfc.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

constexpr std::string_view kAdded = R"([
  {"id": 320, "content": "<s>", "special": true},
  {"id": 322, "content": "<tool>", "special": false, "normalized": false},
  {"id": 323, "content": "caf\u00e9", "special": false, "normalized": true}])";

TEST(Tokenizer, AnswersAboutItsTokens) {
  const Tokenizer tokenizer = fixture("byte", {{"added_tokens", kAdded}});
  EXPECT_EQ(tokenizer.vocab_size(), 324U);
  EXPECT_EQ(tokenizer.find("<s>"), 320);
  EXPECT_EQ(tokenizer.find("\u0120"), tokenizer.encode(" ").value().at(0));
  EXPECT_FALSE(tokenizer.find("nowhere").has_value());
  EXPECT_FALSE(tokenizer.find("").has_value());
  const TokenId the = tokenizer.find("\u0120the").value();
  EXPECT_EQ(tokenizer.token_text(the), "\u0120the");
  EXPECT_EQ(tokenizer.token_bytes(the), " the");
  EXPECT_FALSE(tokenizer.is_added(the));
  EXPECT_TRUE(tokenizer.is_added(320) && tokenizer.is_special(320));
  EXPECT_TRUE(tokenizer.is_added(322) && !tokenizer.is_special(322));
  EXPECT_EQ(tokenizer.token_text(323), "caf\u00e9");
  EXPECT_EQ(tokenizer.token_bytes(323), "caf\u00e9");
  for (const TokenId unused : {321, -1, 324, 1 << 30}) {
    EXPECT_EQ(tokenizer.token_text(unused), "");
    EXPECT_EQ(tokenizer.token_bytes(unused), "");
    EXPECT_FALSE(tokenizer.is_added(unused) || tokenizer.is_special(unused));
  }
}

TEST(Tokenizer, DecodesOnlyIdsItHas) {
  const Tokenizer tokenizer = fixture("byte", {{"added_tokens", kAdded}});
  EXPECT_EQ(tokenizer.decode({}).value(), "");
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{320, 321, 322}).value(), "<s><tool>");  // 321 is unused, not wrong
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{320, 322}, true).value(), "<tool>");
  for (const TokenId id : {-1, 324}) {
    const Result<std::string> text = tokenizer.decode(std::vector<TokenId>{id});
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(Tokenizer, OptionsChooseWhatIsSpecial) {
  const Tokenizer tokenizer =
      fixture("byte", {{"added_tokens", kAdded}, {"post_processor", R"({"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "B", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"B": {"id": "B", "ids": [320], "tokens": ["<s>"]}}})"}});
  EXPECT_EQ(tokenizer.encode("").value(), (std::vector<TokenId>{320}));
  EXPECT_EQ(tokenizer.encode("", {.add_special = false}).value(), (std::vector<TokenId>{}));
  EXPECT_EQ(tokenizer.encode("<s><tool>", {.add_special = false}).value(), (std::vector<TokenId>{320, 322}));
  const auto as_text = tokenizer.encode("<s><tool>", {.add_special = false, .parse_special = false}).value();
  EXPECT_EQ(as_text.back(), 322);  // an added token, but not a special one
  EXPECT_GT(as_text.size(), 2U);
  EXPECT_EQ(tokenizer.decode(as_text).value(), "<s><tool>");
}

TEST(Tokenizer, GivesBackRandomText) {
  const Tokenizer plain = fixture("byte", {{"added_tokens", kAdded}});
  const Tokenizer normalizing = fixture("byte", {{"added_tokens", kAdded}, {"normalizer", R"({"type": "NFC"})"}});
  Rng rng(21);
  for (int i = 0; i < 10000; ++i) {
    const std::string text = random_text(rng, 20);
    ASSERT_EQ(plain.decode(plain.encode(text).value()).value(), text) << testing::PrintToString(text);
    std::string storage;
    const std::string normal(to_nfc(text, storage));
    ASSERT_EQ(normalizing.decode(normalizing.encode(text).value()).value(), normal) << testing::PrintToString(text);
  }
}

TEST(Tokenizer, GivesBackRandomBytes) {
  const Tokenizer tokenizer = fixture("byte", {{"added_tokens", kAdded}});
  Rng rng(22);
  for (int i = 0; i < 10000; ++i) {
    const std::string bytes = random_bytes(rng, 60);
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(bytes).value()).value(), bytes) << testing::PrintToString(bytes);
  }
}

TEST(Tokenizer, EncodesBrokenTextAroundTheBreak) {
  const Tokenizer tokenizer = fixture("byte", {{"added_tokens", kAdded}});
  const auto joined = [&](std::initializer_list<std::string_view> parts) {
    std::vector<TokenId> ids;
    for (const std::string_view part : parts) {
      const std::vector<TokenId> of_part = tokenizer.encode(part).value();
      ids.insert(ids.end(), of_part.begin(), of_part.end());
    }
    return ids;
  };
  EXPECT_EQ(tokenizer.encode("the <s>\xFF\xFE the<tool>\xC3").value(),
            joined({"the <s>", "\xFF\xFE", " the<tool>", "\xC3"}));
}

// Texts that are one enormous word. (Quadratic code would not come back.)
TEST(Tokenizer, IsLinearInLongWords) {
  const Tokenizer tokenizer = fixture("byte");
  constexpr size_t kBytes = 2'000'000;
  std::string emoji, mixed, broken(kBytes, '\xFF');
  while (emoji.size() < kBytes) emoji += "\U0001f468\u200d";
  Rng rng(23);
  while (mixed.size() < kBytes) mixed += static_cast<char>('a' + rng.below(26));
  for (const std::string& text :
       {std::string(kBytes, 'a'), std::string(kBytes, 'l'), std::string(kBytes, ' '), emoji, mixed, broken,
        std::string(kBytes, '\n'), std::string(kBytes, '\''), std::string(kBytes, '1')}) {
    const std::vector<TokenId> ids = tokenizer.encode(text).value();
    EXPECT_TRUE(tokenizer.decode(ids).value() == text);
  }
}

// Words are remembered between calls: what was encoded before may not change what comes after.
TEST(Tokenizer, IsTheSameEveryTimeAndInEveryThread) {
  const Tokenizer tokenizer = fixture("byte", {{"added_tokens", kAdded}});
  Rng rng(24);
  std::vector<std::string> texts;
  std::vector<std::vector<TokenId>> expected;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(random_text(rng, 30));
    expected.push_back(fixture("byte", {{"added_tokens", kAdded}}).encode(texts.back()).value());
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < texts.size() * 2; ++i) {
        const size_t k = (i * 7 + static_cast<size_t>(t) * 31) % texts.size();
        EXPECT_EQ(tokenizer.encode(texts[k]).value(), expected[k]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Tokenizer, OpensFiles) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "hermes_tokenizer_test.json";
  std::ofstream(path) << fixture_json("byte");
  const Result<Tokenizer> tokenizer = Tokenizer::open(path.string());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("the cat").value()).value(), "the cat");
  std::filesystem::remove(path);
  const Result<Tokenizer> missing = Tokenizer::open(path.string());
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message().find(path.string()), std::string::npos);
}

TEST(Tokenizer, ReadsBothSpellingsOfMergesAndAModelWithoutType) {
  for (const std::string_view merges : {R"(["a b", "ab c"])", R"([["a", "b"], ["ab", "c"]])"}) {
    const std::string text = fmt::format(
        R"({{"decoder": {{"type": "Fuse"}}, "model": {{"vocab": {{"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 9}}, "merges": {}}}}})",
        merges);
    const Result<Tokenizer> tokenizer = Tokenizer::parse(text, "test");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
    EXPECT_EQ(tokenizer->encode("abcab").value(), (std::vector<TokenId>{9, 3}));
    EXPECT_EQ(tokenizer->vocab_size(), 10U);
    EXPECT_FALSE(tokenizer->encode("x").ok());
  }
}

}  // namespace
}  // namespace hermes::tokenizer
