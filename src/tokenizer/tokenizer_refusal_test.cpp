// Files that must not load: every one ends in an error that names the file and the field.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tokenizer/test_support.h"

namespace hermes::tokenizer {
namespace {

// `fields` go into a tokenizer.json that would load, in place of those of the same name.
struct Refusal {
  std::string_view name;  // of the field to replace
  std::string_view text;  // its JSON
  ErrorCode code;
  std::string_view message;  // part of it
};

constexpr ErrorCode kCorrupt = ErrorCode::kCorrupt;
constexpr ErrorCode kUnsupported = ErrorCode::kUnsupported;

constexpr Refusal kRefusals[] = {
    {"normalizer", R"({"type": "Lowercase"})", kUnsupported, "normalizer: type \"Lowercase\""},
    {"normalizer", R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFKC"}]})", kUnsupported,
     "normalizers[1]: type \"NFKC\""},
    {"normalizer", R"({"type": "NFC", "strict": true})", kUnsupported, "\"strict\" is not known"},
    {"normalizer", R"("NFC")", kCorrupt, "normalizer: must be an object"},
    {"normalizer", R"({})", kCorrupt, "\"type\" is missing"},
    {"pre_tokenizer", R"({"type": "Metaspace"})", kUnsupported, "pre_tokenizer: type \"Metaspace\""},
    {"pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Digits"}]})",
     kUnsupported, "pretokenizers[1]: Digits after ByteLevel"},
    {"pre_tokenizer", R"({"type": "Sequence", "pretokenizers": {}})", kCorrupt, "\"pretokenizers\" must be an array"},
    {"pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"})", kCorrupt,
     "pattern \"(a\" does not compile"},
    {"pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "[a&&b]"}, "behavior": "Isolated"})", kUnsupported,
     "pattern \"[a&&b]\""},
    {"pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Scattered"})", kUnsupported,
     "behavior \"Scattered\""},
    {"pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "a", "String": "a"}, "behavior": "Isolated"})",
     kCorrupt, "one of \"Regex\" and \"String\""},
    {"pre_tokenizer", R"({"type": "Split", "pattern": "a", "behavior": "Isolated"})", kCorrupt,
     "\"pattern\" must be an object"},
    {"pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": 7}, "behavior": "Isolated"})", kCorrupt,
     "\"Regex\" must be a string"},
    {"pre_tokenizer", R"({"type": "Digits", "individual_digits": "yes"})", kCorrupt,
     "\"individual_digits\" must be true or false"},
    {"post_processor", R"({"type": "RobertaProcessing"})", kUnsupported, "post_processor: type \"RobertaProcessing\""},
    {"post_processor", R"({"type": "TemplateProcessing", "single": [], "special_tokens": {}})", kUnsupported,
     "without the text"},
    {"post_processor", R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}]})", kUnsupported,
     "once, as \"A\""},
    {"post_processor",
     R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {}})", kCorrupt,
     "\"x\" is not in special_tokens"},
    {"post_processor",
     R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {"x": {"ids": [-1]}}})",
     kCorrupt, "not a token id"},
    {"post_processor",
     R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "x"}}], "special_tokens": {"x": {"ids": [4000]}}})",
     kCorrupt, "id 4000 is not in the vocabulary"},
    {"decoder", "null", kUnsupported, "decoder: null"},
    {"decoder", R"({"type": "WordPiece"})", kUnsupported, "decoder: "},
    {"decoder", R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "ByteFallback"}]})", kUnsupported,
     "decoders[1]: ByteFallback at this place"},
    {"decoder", R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})", kUnsupported, "without Fuse"},
    {"decoder",
     R"({"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 1}]})",
     kUnsupported, "\"stop\" 1"},
    {"decoder", R"({"type": "Replace", "pattern": {"Regex": "a"}, "content": "b"})", kUnsupported,
     "\"Regex\" is not known"},
    {"added_tokens", R"({"id": 1})", kCorrupt, "\"added_tokens\" must be an array"},
    {"added_tokens", R"([{"id": 320, "content": ""}])", kCorrupt, "added_tokens[0]: \"content\" is empty"},
    {"added_tokens", R"([{"id": -1, "content": "x"}])", kCorrupt, "\"id\" is -1"},
    {"added_tokens", R"([{"id": 9999999999, "content": "x"}])", kCorrupt, "\"id\" is 9999999999"},
    {"added_tokens", R"([{"id": 320.5, "content": "x"}])", kCorrupt, "\"id\" is not an integer"},
    {"added_tokens", R"([{"id": 320, "content": "<x>"}, {"id": 320, "content": "<y>"}])", kCorrupt,
     "added_tokens[1]: \"id\" 320 is there already"},
    {"added_tokens", R"([{"id": 320, "content": "<x>"}, {"id": 321, "content": "<x>"}])", kCorrupt,
     "added_tokens[1]: \"content\" <x>"},
    {"added_tokens", R"([{"id": 7, "content": "<x>"}])", kCorrupt, "added token \"<x>\" has id 7, which is"},
    {"added_tokens", R"([{"id": 320, "content": "a"}])", kCorrupt, "added token \"a\" has id 320, but"},
    {"added_tokens", R"([{"id": 320, "content": "x", "lstrip": 1}])", kCorrupt, "\"lstrip\" must be true or false"},
    {"added_tokens", R"([{"id": 320, "content": "x", "colour": 1}])", kUnsupported, "\"colour\" is not known"},
    {"model", R"({"type": "Unigram", "vocab": {}, "merges": []})", kUnsupported, "model: type \"Unigram\""},
    {"model", R"({"vocab": {"a": 0}, "merges": [], "dropout": 0.1})", kUnsupported, "dropout"},
    {"model", R"({"vocab": {"a": 0}, "merges": [], "continuing_subword_prefix": "##"})", kUnsupported,
     "continuing_subword_prefix"},
    {"model", R"({"vocab": {"a": 0}, "merges": [], "end_of_word_suffix": "</w>"})", kUnsupported, "end_of_word_suffix"},
    {"model", R"({"vocab": {"a": 0}, "merges": [], "unk_token": "<unk>"})", kCorrupt,
     "unk_token \"<unk>\" is not in the vocabulary"},
    {"model", R"({"vocab": {"a": 0}, "merges": [], "speed": 9})", kUnsupported, "\"speed\" is not known"},
    {"model", R"({"vocab": {"a": 0}})", kCorrupt, "\"merges\" is missing"},
    {"model", R"({"merges": []})", kCorrupt, "\"vocab\" is missing"},
    {"model", R"({"vocab": ["a"], "merges": []})", kCorrupt, "\"vocab\" must be an object"},
    {"model", R"({"vocab": {"a": 0, "b": 0}, "merges": []})", kCorrupt, "both have id 0"},
    {"model", R"({"vocab": {"a": 0, "a": 1}, "merges": []})", kCorrupt, "named twice"},
    {"model", R"({"vocab": {"a": -1}, "merges": []})", kCorrupt, "\"a\" has id -1"},
    {"model", R"({"vocab": {"a": 2097152}, "merges": []})", kCorrupt, "\"a\" has id 2097152"},
    {"model", R"({"vocab": {"a": 1.5}, "merges": []})", kCorrupt, "\"a\" has no integer id"},
    {"model", R"({"vocab": {"": 0}, "merges": []})", kCorrupt, "the token of id 0 is empty"},
    {"model", R"({"vocab": {"a": 0, "b": 1}, "merges": ["a b"]})", kCorrupt,
     "merges[0]: \"ab\" is not in the vocabulary"},
    {"model", R"({"vocab": {"a": 0}, "merges": [["a", "z"]]})", kCorrupt, "merges[0]: \"z\" is not in the vocabulary"},
    {"model", R"({"vocab": {"a": 0}, "merges": ["a"]})", kCorrupt, "merges[0]: must be"},
    {"model", R"({"vocab": {"a": 0}, "merges": ["a a a"]})", kCorrupt, "merges[0]: must be"},
    {"model", R"({"vocab": {"a": 0}, "merges": [["a", 1]]})", kCorrupt, "merges[0]: must be"},
    {"model", R"({"vocab": {"a": 0}, "merges": [["a"]]})", kCorrupt, "merges[0]: must be"},
    {"model", "null", kCorrupt, "\"model\" is missing"},
    {"surprise", "1", kUnsupported, "\"surprise\" is not known"},
};

TEST(TokenizerRefusal, NamesTheFileAndTheField) {
  // The field is put in front as text, since a JSON library would drop repeated members.
  for (const Refusal& refusal : kRefusals) {
    SCOPED_TRACE(fmt::format("{}: {}", refusal.name, refusal.text));
    std::string file = "{";
    const std::pair<std::string_view, std::string> kFields[] = {
        {"added_tokens", "[]"},
        {"pre_tokenizer", llama3_pre_tokenizer()},
        {"decoder", R"({"type": "ByteLevel"})"},
        {"model", to_json_text(goldens().at("models").as_object().at("byte"))}};
    for (const auto& [name, text] : kFields) {
      if (name != refusal.name) file += fmt::format("\"{}\": {}, ", name, text);
    }
    file += fmt::format("\"{}\": {}}}", refusal.name, refusal.text);
    const Result<Tokenizer> tokenizer = Tokenizer::parse(file, "the/file.json");
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_EQ(tokenizer.error().code(), refusal.code);
    EXPECT_EQ(tokenizer.error().message().find("the/file.json: "), 0U) << tokenizer.error().message();
    EXPECT_NE(tokenizer.error().message().find(refusal.message), std::string::npos) << tokenizer.error().message();
  }
}

TEST(TokenizerRefusal, TheRestOfThatFileLoads) { EXPECT_TRUE(Tokenizer::parse(fixture_json("byte"), "test").ok()); }

TEST(TokenizerRefusal, NestingIsBounded) {
  for (const auto& [field, list] : {std::pair("pre_tokenizer", "pretokenizers"), std::pair("normalizer", "normalizers"),
                                    std::pair("decoder", "decoders"), std::pair("post_processor", "processors")}) {
    std::string nested = R"({"type": "Sequence", "x": []})";
    for (int depth = 0; depth < 9; ++depth) nested = fmt::format(R"({{"type": "Sequence", "{}": [{}]}})", list, nested);
    const Result<Tokenizer> tokenizer = Tokenizer::parse(fixture_json("byte", {{field, nested}}), "test");
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_NE(tokenizer.error().message().find("nested too deeply"), std::string::npos) << tokenizer.error().message();
  }
  EXPECT_FALSE(Tokenizer::parse(std::string(100000, '['), "test").ok());
}

TEST(TokenizerRefusal, NoPrefixOfAFileLoads) {
  const std::string file = fixture_json("byte");
  for (size_t n = 0; n < file.size(); n += 97) {
    EXPECT_FALSE(Tokenizer::parse(std::string_view(file).substr(0, n), "test").ok()) << n;
  }
  EXPECT_FALSE(Tokenizer::parse("{\"model\": \"\xFF\"}", "test").ok());
  EXPECT_FALSE(Tokenizer::parse("[]", "test").ok());
}

TEST(TokenizerRefusal, WorkPerTextAndTokenIsBounded) {
  std::string steps = R"({"type": "Digits"})",
              replaces = R"({"type": "Replace", "pattern": {"String": "a"}, "content": "b"})";
  const std::string step = ", " + steps, replace = ", " + replaces;
  for (int i = 0; i < 64; ++i) {
    steps += step;
    replaces += replace;
  }
  for (const auto& [field, text] :
       {std::pair("pre_tokenizer", fmt::format(R"({{"type": "Sequence", "pretokenizers": [{}]}})", steps)),
        std::pair("decoder", fmt::format(R"({{"type": "Sequence", "decoders": [{}]}})", replaces))}) {
    const Result<Tokenizer> tokenizer = Tokenizer::parse(fixture_json("byte", {{field, text}}), "test");
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_EQ(tokenizer.error().code(), ErrorCode::kUnsupported) << tokenizer.error().message();
  }
}

// A pattern that backtracks without end is an error of encode, not a hang.
TEST(TokenizerRefusal, EndlessPatternsEnd) {
  const Tokenizer tokenizer = fixture("byte", {{"pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "(?:a+)+[0-9]"}, "behavior": "Isolated"}, {"type": "ByteLevel", "use_regex": false}]})"}});
  const auto ids = tokenizer.encode(std::string(100, 'a'));
  ASSERT_FALSE(ids.ok());
  EXPECT_EQ(ids.error().code(), ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace hermes::tokenizer
