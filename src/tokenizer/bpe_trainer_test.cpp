#include "tokenizer/bpe_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "tokenizer/pair_counter.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

// A language of made-up words, most of them rare, as words are.
std::vector<std::string> corpus(uint64_t seed, size_t n_texts) {
  Rng rng(seed);
  std::vector<std::string> words(400), texts(n_texts);
  for (std::string& word : words) {
    for (uint64_t n = 1 + rng.below(4); n > 0; --n) {
      constexpr std::string_view kSyllables[] = {"ka",           "to", "mi", "ren", "\u00e9t\u00e9",
                                                 "\u65e5\u672c", "s",  "x1", "ing", "ou"};
      word += kSyllables[rng.below(std::size(kSyllables))];
    }
  }
  for (std::string& text : texts) {
    for (uint64_t n = 3 + rng.below(20); n > 0; --n) {
      text += words[rng.below(1 + rng.below(words.size()))];
      text += rng.below(8) == 0 ? ".\n" : " ";
    }
  }
  return texts;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

BpeTrainerOptions options_for(size_t vocab_size) {
  BpeTrainerOptions options;
  options.vocab_size = vocab_size;
  options.special_tokens = {"<s>", "</s>"};
  return options;
}

TEST(BpeTrainer, MakesATokenizerOfExactlyThatSize) {
  const std::vector<std::string> texts = corpus(1, 200);
  for (const size_t vocab_size : {258, 259, 300, 500}) {
    BpeTrainerOptions options = options_for(vocab_size);
    options.bos = "<s>";
    const std::string file = train_bpe(views(texts), options).value();
    const Result<Tokenizer> tokenizer = Tokenizer::parse(file, "trained");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
    EXPECT_EQ(tokenizer->vocab_size(), vocab_size);
    const auto bos = static_cast<TokenId>(vocab_size - 2);
    EXPECT_EQ(tokenizer->find("<s>"), bos);
    EXPECT_TRUE(tokenizer->is_special(bos));
    for (const std::string& text : texts) {
      const std::vector<TokenId> ids = tokenizer->encode(text).value();
      EXPECT_EQ(ids.front(), bos);
      EXPECT_EQ(tokenizer->decode(ids, true).value(), text);
    }
  }
}

TEST(BpeTrainer, ShownTokensAreOneTokenEachAndKeepTheirText) {
  std::vector<std::string> texts = corpus(1, 200);
  for (std::string& text : texts) text += "<think>" + text + "</think>";
  BpeTrainerOptions options = options_for(400);
  options.shown_tokens = {"<think>", "</think>"};
  const Result<Tokenizer> tokenizer = Tokenizer::parse(train_bpe(views(texts), options).value(), "trained");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->find("<s>"), 396);
  EXPECT_EQ(tokenizer->find("<think>"), 398);
  EXPECT_FALSE(tokenizer->is_special(398));
  const std::vector<TokenId> ids = tokenizer->encode("<think>a</think>").value();
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_EQ(tokenizer->decode(ids, true).value(), "<think>a</think>");
}

TEST(BpeTrainer, IsTheSameEveryTimeAndInAnyOrder) {
  const std::vector<std::string> texts = corpus(2, 300);
  std::vector<std::string_view> reversed = views(texts);
  std::reverse(reversed.begin(), reversed.end());
  const std::string once = train_bpe(views(texts), options_for(500)).value();
  EXPECT_EQ(train_bpe(views(texts), options_for(500)).value(), once);
  EXPECT_EQ(train_bpe(reversed, options_for(500)).value(), once);
}

TEST(BpeTrainer, LargerVocabulariesContinueSmallerOnes) {
  const std::vector<std::string> texts = corpus(3, 200);
  const auto merges = [&](size_t vocab_size) {
    const json::value file = json::parse(train_bpe(views(texts), options_for(vocab_size)).value());
    return file.at("model").at("merges").as_array();
  };
  const json::array small = merges(300), large = merges(400);
  ASSERT_LT(small.size(), large.size());
  for (size_t i = 0; i < small.size(); ++i) EXPECT_EQ(small[i], large[i]);
}

TEST(BpeTrainer, BreaksTiesByLowerIds) {
  // "ab" and "cd" are as frequent: a is before c. Then "abab" beats "cd" by one.
  const std::vector<std::string_view> texts = {"ab", "ab", "cd", "cd"};
  BpeTrainerOptions options = options_for(260);
  const json::value file = json::parse(train_bpe(texts, options).value());
  EXPECT_EQ(to_json_text(file.at("model").at("merges")), R"([["a","b"],["c","d"]])");
}

TEST(BpeTrainer, KeepsLimits) {
  const std::vector<std::string> texts = corpus(4, 200);
  BpeTrainerOptions options = options_for(290);
  options.max_token_bytes = 3;
  const Tokenizer tokenizer = Tokenizer::parse(train_bpe(views(texts), options).value(), "trained").value();
  for (TokenId id = 0; id < 288; ++id) EXPECT_LE(tokenizer.token_bytes(id).size(), 3U);
  // Special tokens cut texts: nothing is learnt across them or from them.
  const std::vector<std::string_view> marked(50, "a<s>b<s>a<s>b");
  const Result<std::string> nothing = train_bpe(marked, options_for(259));
  EXPECT_FALSE(nothing.ok());
}

TEST(BpeTrainer, RefusesWhatCannotBe) {
  const std::vector<std::string_view> texts = {"some text, some text"};
  const auto refusal = [&](const BpeTrainerOptions& options) {
    const Result<std::string> trained = train_bpe(texts, options);
    EXPECT_FALSE(trained.ok());
    return trained.ok() ? std::string() : trained.error().message();
  };
  EXPECT_NE(refusal(options_for(257)).find("too small"), std::string::npos);
  EXPECT_NE(refusal(options_for(5000)).find("the texts support a vocabulary of"), std::string::npos);
  BpeTrainerOptions options = options_for(260);
  options.bos = "<bos>";
  EXPECT_NE(refusal(options).find("\"<bos>\" is not one of"), std::string::npos);
  options = options_for(260);
  options.special_tokens = {"<s>", "<s>"};
  EXPECT_NE(refusal(options).find("given twice"), std::string::npos);
  options.special_tokens = {"x"};
  EXPECT_NE(refusal(options).find("spelled like"), std::string::npos);
  options = options_for(260);
  options.pattern = "(";
  EXPECT_NE(refusal(options).find("does not compile"), std::string::npos);
  const std::vector<std::string_view> broken = {"fine", "not \xFF"};
  EXPECT_NE(train_bpe(broken, options_for(260)).error().message().find("text 1 is not UTF-8 at byte 4"),
            std::string::npos);
}

TEST(BpeTrainer, ReportsProgress) {
  const std::vector<std::string> texts = corpus(5, 200);
  BpeTrainerOptions options = options_for(500);
  std::vector<size_t> seen;
  options.progress = [&](const BpeTrainerProgress& progress) { seen.push_back(progress.n_tokens); };
  ASSERT_TRUE(train_bpe(views(texts), options).ok());
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back(), 500U);
}

// The definition, counted anew for every merge.
TEST(PairCounter, AgreesWithCountingAnew) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    std::vector<std::pair<std::vector<TokenId>, uint64_t>> words(1 + rng.below(20));
    PairCounter counter(std::vector<size_t>(3, 1), 10);
    std::vector<size_t> lengths(3, 1);
    for (auto& [tokens, count] : words) {
      tokens.resize(1 + rng.below(30));
      for (TokenId& token : tokens) token = static_cast<TokenId>(rng.below(3));
      count = 1 + rng.below(5);
      counter.add_word(tokens, count);
    }
    for (TokenId made = 3; made < 30; ++made) {
      std::map<std::pair<TokenId, TokenId>, uint64_t> counts;
      for (const auto& [tokens, count] : words) {
        for (size_t i = 0; i + 1 < tokens.size(); ++i) counts[{tokens[i], tokens[i + 1]}] += count;
      }
      std::optional<PairCounter::Pair> best;
      for (const auto& [pair, count] : counts) {  // in order of ids, so that the first of equals is the one
        const size_t length = lengths[static_cast<size_t>(pair.first)] + lengths[static_cast<size_t>(pair.second)];
        if (length <= 10 && count >= 2 && (!best || count > best->count)) best = {pair.first, pair.second, count};
      }
      const std::optional<PairCounter::Pair> pair = counter.next_pair(2);
      ASSERT_EQ(pair.has_value(), best.has_value());
      if (!pair) break;
      ASSERT_EQ(std::tie(pair->left, pair->right, pair->count), std::tie(best->left, best->right, best->count));
      counter.merge(pair->left, pair->right, made);
      lengths.push_back(lengths[static_cast<size_t>(pair->left)] + lengths[static_cast<size_t>(pair->right)]);
      for (auto& [tokens, count] : words) {
        std::vector<TokenId> merged;
        for (size_t i = 0; i < tokens.size(); ++i) {
          const bool joins = i + 1 < tokens.size() && tokens[i] == pair->left && tokens[i + 1] == pair->right;
          merged.push_back(joins ? made : tokens[i]);
          i += joins;
        }
        tokens = merged;
      }
    }
  }
}

}  // namespace
}  // namespace hermes::tokenizer
