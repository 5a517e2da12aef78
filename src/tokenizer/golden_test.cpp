// What Hugging Face's library does with small files: tools/tokenizer_make_goldens.py says how they were made.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

std::vector<TokenId> ids_of(const json::value& value) {
  std::vector<TokenId> ids;
  for (const json::value& id : value.as_array()) ids.push_back(static_cast<TokenId>(id.as_int64()));
  return ids;
}

std::string_view text_of(const json::value& value) { return {value.as_string().data(), value.as_string().size()}; }

const json::value& first_of(const json::object& object, std::string_view name, std::string_view otherwise) {
  return object.contains(name) ? object.at(name) : object.at(otherwise);
}

TEST(Golden, IdsAndTextsAreThoseOfHuggingFace) {
  size_t n_texts = 0;
  for (const json::value& golden : goldens().at("cases").as_array()) {
    SCOPED_TRACE(text_of(golden.at("name")));
    json::object file = golden.at("fields").as_object();
    file["model"] = goldens().at("models").as_object().at(text_of(golden.at("model")));
    const Result<Tokenizer> tokenizer = Tokenizer::parse(to_json_text(file), "golden");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
    for (const json::value& entry : golden.at("texts").as_array()) {
      const json::object& expected = entry.as_object();
      const std::string_view text = text_of(expected.at("text"));
      SCOPED_TRACE(text);
      const std::vector<TokenId> plain = ids_of(expected.at("plain"));
      EXPECT_EQ(tokenizer->encode(text, {.add_special = false}).value(), plain);
      EXPECT_EQ(tokenizer->encode(text).value(), ids_of(first_of(expected, "with_special", "plain")));
      EXPECT_EQ(tokenizer->encode(text, {.add_special = false, .parse_special = false}).value(),
                ids_of(first_of(expected, "text_specials", "plain")));
      // They take the é of an added token for a letter of the byte alphabet and lose it; ours stays.
      const std::string_view decoded = text_of(expected.at("decoded"));
      const bool is_broken = decoded.find("\ufffd") != std::string_view::npos;
      EXPECT_EQ(to_valid_utf8(tokenizer->decode(plain).value()), is_broken ? text : decoded);
      ++n_texts;
    }
  }
  EXPECT_GT(n_texts, 500U);
}

TEST(Golden, PreTokenizersCutAsHuggingFace) {
  for (const json::value& golden : goldens().at("pre_tokenizers").as_array()) {
    SCOPED_TRACE(to_json_text(golden.at("pre_tokenizer")));
    const Result<PreTokenizer> pre_tokenizer = PreTokenizer::from_json(&golden.at("pre_tokenizer"), "golden");
    ASSERT_TRUE(pre_tokenizer.ok()) << pre_tokenizer.error().message();
    for (const json::value& entry : golden.at("texts").as_array()) {
      const std::string_view text = text_of(entry.as_array()[0]);
      std::vector<std::string> words, expected;
      for (const json::value& word : entry.as_array()[1].as_array()) expected.emplace_back(text_of(word));
      const Status status = pre_tokenizer->split(text, [&](std::string_view word) { words.emplace_back(word); });
      ASSERT_TRUE(status.ok()) << status.error().message();
      EXPECT_EQ(words, expected) << text;
    }
  }
}

}  // namespace
}  // namespace hermes::tokenizer
