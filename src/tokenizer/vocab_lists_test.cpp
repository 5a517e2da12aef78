#include "tokenizer/vocab_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tokenizer/named_pre_tokenizer.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts_of(const json::value& array) {
  std::vector<std::string> texts;
  for (const json::value& text : array.as_array()) texts.emplace_back(text.as_string());
  return texts;
}

// Lists that own their strings.
struct OwnedLists {
  std::vector<std::string> tokens, merges;
  std::vector<TokenKind> kinds;
  VocabLists lists;  // without the spans

  Result<Tokenizer> build() const {
    const std::vector<std::string_view> token_views(tokens.begin(), tokens.end());
    const std::vector<std::string_view> merge_views(merges.begin(), merges.end());
    VocabLists all = lists;
    all.tokens = token_views;
    all.kinds = kinds;
    all.merges = merge_views;
    return Tokenizer::from_lists(all, "m.gguf: tokenizer.ggml");
  }
  std::string refusal() const {
    const auto tokenizer = build();
    return tokenizer.ok() ? std::string() : tokenizer.error().message();
  }
};

// Bytes a, b and space, a merge, two special tokens, one that is not, a hole.
OwnedLists small() {
  OwnedLists made;
  made.tokens = {"a", "b", "Ġ", "ab", "<s>", "</s>", "<think>", "[PAD7]"};
  made.kinds = {TokenKind::kNormal,  TokenKind::kNormal,  TokenKind::kNormal,      TokenKind::kNormal,
                TokenKind::kControl, TokenKind::kControl, TokenKind::kUserDefined, TokenKind::kUnused};
  made.merges = {"a b"};
  made.lists.pre_tokenizer = "qwen2";
  made.lists.bos = 4;
  made.lists.eos = 5;
  return made;
}

// Hugging Face tokenizers with the pre-tokenizer each name stands for (tools/gguf_make_goldens.py).
TEST(NamedPreTokenizer, GiveTheIdsOfHuggingFace) {
  const json::value goldens = read_json_file(test_file("named_pre_tokenizers.json"), 1 << 20).value();
  OwnedLists made;
  made.tokens = texts_of(goldens.at("tokens"));
  made.merges = texts_of(goldens.at("merges"));
  const std::vector<std::string> texts = texts_of(goldens.at("texts"));
  for (const auto& [name, cases] : goldens.at("cases").as_object()) {
    made.lists.pre_tokenizer = std::string_view(name.data(), name.size());
    const auto tokenizer = made.build();
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
    for (size_t i = 0; i < texts.size(); ++i) {
      std::vector<TokenId> expected;
      for (const json::value& id : cases.as_array().at(i).as_array()) expected.push_back(id.to_number<TokenId>());
      EXPECT_EQ(tokenizer->encode(texts[i]).value(), expected) << name << ": " << texts[i];
    }
  }
}

TEST(NamedPreTokenizer, TheyCutApart) {
  // Were all patterns the same one, the goldens would be blind.
  const json::value goldens = read_json_file(test_file("named_pre_tokenizers.json"), 1 << 20).value();
  const json::object& cases = goldens.at("cases").as_object();
  EXPECT_EQ(cases.size(), 6U);
  for (const auto& a : cases) {
    for (const auto& b : cases) EXPECT_EQ(a.key() == b.key(), a.value() == b.value()) << a.key() << " and " << b.key();
  }
}

// DeepSeek-LLM's words, as its pattern has them: letters that have case, punctuation, Chinese, numbers.
TEST(NamedPreTokenizer, CutsAsDeepseekLlmDoes) {
  const auto named = find_pre_tokenizer("deepseek-llm", "test");
  std::vector<std::string> words;
  const auto split = [&](std::string_view text) {
    words.clear();
    EXPECT_TRUE(named->pre_tokenizer.split(text, [&](std::string_view word) { words.emplace_back(word); }).ok());
  };
  split("Hello world, 1234\n\n 日本語 ΑΒΓ  ");
  EXPECT_THAT(words, ElementsAre("Hello", " world", ",", " ", "1234", "\n", "\n", " ", "日本語", " ΑΒΓ", "  "));
}

TEST(VocabLists, AreTheTokenizerJsonOfTheSameVocabulary) {
  const json::object& model = goldens().at("models").as_object().at("byte").as_object();
  OwnedLists made;
  made.tokens.resize(model.at("vocab").as_object().size());
  for (const auto& member : model.at("vocab").as_object()) {
    made.tokens[member.value().to_number<size_t>()] = std::string(member.key());
  }
  for (const json::value& merge : model.at("merges").as_array()) {
    made.merges.push_back(merge.is_string()
                              ? std::string(merge.as_string())
                              : std::string(merge.at(0).as_string()) + " " + std::string(merge.at(1).as_string()));
  }
  made.lists.pre_tokenizer = "llama-bpe";
  const Tokenizer expected = fixture("byte");
  const Tokenizer tokenizer = made.build().value();
  ASSERT_EQ(tokenizer.vocab_size(), expected.vocab_size());
  for (TokenId id = 0; id < static_cast<TokenId>(expected.vocab_size()); ++id) {
    EXPECT_EQ(tokenizer.token_bytes(id), expected.token_bytes(id));
    EXPECT_EQ(tokenizer.token_text(id), expected.token_text(id));
  }
  Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = i % 2 == 0 ? random_text(rng, 20) : random_bytes(rng, 40);
    ASSERT_EQ(tokenizer.encode(text).value(), expected.encode(text).value()) << testing::PrintToString(text);
  }
}

TEST(VocabLists, KnowTheKindsOfTokens) {
  const Tokenizer tokenizer = small().build().value();
  EXPECT_EQ(tokenizer.vocab_size(), 8U);
  EXPECT_THAT(tokenizer.encode("ab<s>a<think> b").value(), ElementsAre(3, 4, 0, 6, 2, 1));
  const EncodeOptions as_text{.parse_special = false};
  EXPECT_THAT(tokenizer.encode("a<think>b", as_text).value(), ElementsAre(0, 6, 1));  // not special: found all the same
  EXPECT_FALSE(tokenizer.encode("<s>", as_text).ok());                                // its letters are no tokens
  EXPECT_TRUE(tokenizer.is_special(4) && tokenizer.is_added(4));
  EXPECT_TRUE(!tokenizer.is_special(6) && tokenizer.is_added(6));
  EXPECT_FALSE(tokenizer.is_added(3));
  EXPECT_EQ(tokenizer.token_bytes(2), " ");
  EXPECT_EQ(tokenizer.token_bytes(6), "<think>");
  EXPECT_EQ(tokenizer.token_bytes(7), "");
  EXPECT_EQ(tokenizer.find("[PAD7]"), std::nullopt);
  EXPECT_EQ(tokenizer.find("<think>"), 6);
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{4, 3, 6}, true).value(), "ab<think>");
}

TEST(VocabLists, PutTokensAroundTexts) {
  const auto ids = [](std::string_view pre, std::optional<bool> add_bos, std::optional<bool> add_eos) {
    OwnedLists made = small();
    made.lists.pre_tokenizer = pre;
    made.lists.add_bos = add_bos;
    made.lists.add_eos = add_eos;
    return made.build().value().encode("a").value();
  };
  EXPECT_THAT(ids("qwen2", {}, {}), ElementsAre(0));
  EXPECT_THAT(ids("qwen2", true, true), ElementsAre(4, 0, 5));
  EXPECT_THAT(ids("llama-bpe", {}, {}), ElementsAre(4, 0));  // this family adds one unless told otherwise
  EXPECT_THAT(ids("llama-bpe", false, {}), ElementsAre(0));
  OwnedLists made = small();
  made.lists.bos = {};
  made.lists.add_bos = true;
  EXPECT_THAT(made.refusal(),
              HasSubstr("m.gguf: tokenizer.ggml: a beginning-of-text token is to be added to every text"));
  made.lists.add_bos = {};
  made.lists.pre_tokenizer = "llama-bpe";
  EXPECT_EQ(made.refusal(), "");
}

TEST(VocabLists, RefuseWhatDoesNotFit) {
  const auto with = [](auto change) {
    OwnedLists made = small();
    change(made);
    return made.refusal();
  };
  EXPECT_THAT(with([](OwnedLists& m) { m.lists.pre_tokenizer = "falcon"; }),
              HasSubstr("pre-tokenizer \"falcon\" is not supported; llama-bpe, llama3, llama-v3, qwen2, seed-coder"));
  EXPECT_THAT(with([](OwnedLists& m) { m.lists.pre_tokenizer = "\xff"; }), HasSubstr("pre-tokenizer"));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens.clear(), m.kinds.clear(); }), HasSubstr("the vocabulary is empty"));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens[1] = std::string((size_t{256} << 20) + 1, 'x'); }),
              HasSubstr("tokens of 268435482 bytes in all, at most 268435456"));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens[1] = ""; }), HasSubstr("token 1 is empty"));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens[1] = "\xff"; }), HasSubstr("token 1, \"\xef\xbf\xbd\", is not UTF-8"));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens[1] = "a"; }), HasSubstr("tokens 0 and 1 are both \"a\""));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens[5] = "<s>"; }), HasSubstr("tokens 4 and 5 are both \"<s>\""));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens[4] = "ab"; }), HasSubstr("added token \"ab\" has id 4, but 3"));
  EXPECT_THAT(with([](OwnedLists& m) { m.tokens[4] = std::string(1025, 'x'); }),
              HasSubstr("has 1025 bytes; at most 1024"));
  EXPECT_THAT(with([](OwnedLists& m) { m.merges = {"a b", "ab"}; }), HasSubstr("merge 1, \"ab\": must be"));
  EXPECT_THAT(with([](OwnedLists& m) { m.merges = {"a  b"}; }), HasSubstr("merge 0, \"a  b\": must be"));
  EXPECT_THAT(with([](OwnedLists& m) { m.merges = {"a x"}; }), HasSubstr("merge 0: \"x\" is not in the vocabulary"));
  EXPECT_THAT(with([](OwnedLists& m) { m.merges = {"b a"}; }), HasSubstr("merge 0: \"ba\" is not in the vocabulary"));
  EXPECT_THAT(with([](OwnedLists& m) { m.merges = {"<s> a"}; }), HasSubstr("\"<s>\" is not in the vocabulary"));
  EXPECT_THAT(with([](OwnedLists& m) { m.lists.bos = 8, m.lists.add_bos = true; }),
              HasSubstr("id 8 is not in the vocabulary"));
  EXPECT_THAT(with([](OwnedLists& m) { m.lists.bos = 7, m.lists.add_bos = true; }),
              HasSubstr("id 7 is not in the vocabulary"));
}

}  // namespace
}  // namespace hermes::tokenizer
