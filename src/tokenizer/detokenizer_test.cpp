#include "tokenizer/detokenizer.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

const Tokenizer& byte_tokenizer() {
  static const Tokenizer tokenizer =
      fixture("byte", {{"added_tokens", R"([{"id": 320, "content": "<s>", "special": true}])"}});
  return tokenizer;
}

TEST(Detokenizer, HoldsACodePointUntilItIsWhole) {
  const Tokenizer& tokenizer = byte_tokenizer();
  const auto byte = [&](char c) { return tokenizer.encode(std::string(1, c)).value().at(0); };
  Detokenizer stream(tokenizer);
  EXPECT_EQ(stream.push(byte('\xF0')).value(), "");
  EXPECT_EQ(stream.push(byte('\x9F')).value(), "");
  EXPECT_EQ(stream.push(byte('\x98')).value(), "");
  EXPECT_EQ(stream.push(byte('\x80')).value(), "\U0001f600");
  EXPECT_EQ(stream.push(byte('\xE4')).value(), "");
  EXPECT_EQ(stream.push(byte('x')).value(), "\ufffdx");  // it can no longer become a character
  EXPECT_EQ(stream.push(byte('\xC3')).value(), "");
  EXPECT_EQ(stream.flush(), "\ufffd");
  EXPECT_EQ(stream.flush(), "");
  EXPECT_EQ(stream.push(byte('\xED')).value(), "");
  EXPECT_EQ(stream.push(byte('\xA0')).value(), "\ufffd\ufffd");  // a surrogate begins so: never a character
}

TEST(Detokenizer, SkipsSpecialTokensWhereAsked) {
  EXPECT_EQ(Detokenizer(byte_tokenizer(), true).push(320).value(), "");
  EXPECT_EQ(Detokenizer(byte_tokenizer(), false).push(320).value(), "<s>");
  EXPECT_EQ(Detokenizer(byte_tokenizer(), true, {320}).push(320).value(), "<s>");
  EXPECT_FALSE(Detokenizer(byte_tokenizer()).push(321).ok());
  EXPECT_FALSE(Detokenizer(byte_tokenizer()).push(-1).ok());
}

void expect_same_as_decode(const Tokenizer& tokenizer, uint64_t seed) {
  Rng rng(seed);
  for (int i = 0; i < 1000; ++i) {
    const bool skip_special = rng.below(2) == 0;
    Detokenizer stream(tokenizer, skip_special);
    std::vector<TokenId> ids(rng.below(40));
    std::string text;
    for (TokenId& id : ids) {
      id = static_cast<TokenId>(rng.below(tokenizer.vocab_size()));
      const std::string piece = stream.push(id).value();
      EXPECT_EQ(find_invalid_utf8(piece), std::string::npos);
      text += piece;
    }
    text += stream.flush();
    ASSERT_EQ(text, to_valid_utf8(tokenizer.decode(ids, skip_special).value()));
  }
}

TEST(Detokenizer, GivesWhatDecodeGives) { expect_same_as_decode(byte_tokenizer(), 1); }

TEST(Detokenizer, GivesWhatDecodeGivesWithALeadingStrip) {
  const Tokenizer tokenizer = fixture("fallback", {{"decoder", R"({"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "h"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 2, "stop": 0}]})"}});
  expect_same_as_decode(tokenizer, 2);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("hhho").value()).value(), " o");
}

}  // namespace
}  // namespace hermes::tokenizer
