#include "tokenizer/trained_json.h"

#include <algorithm>
#include <boost/json.hpp>

#include "tokenizer/byte_alphabet.h"

namespace hermes::tokenizer {
namespace {

json::object byte_level(bool add_prefix_space, bool use_regex) {
  return {
      {"type", "ByteLevel"}, {"add_prefix_space", add_prefix_space}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

json::object sequence_piece(std::string_view id, int type_id) {
  return {{"Sequence", json::object{{"id", id}, {"type_id", type_id}}}};
}

json::object special_piece(std::string_view token, int type_id) {
  return {{"SpecialToken", json::object{{"id", token}, {"type_id", type_id}}}};
}

// BOS before every text.
json::value bos_template(const TrainedVocab& vocab) {
  const auto at = std::find(vocab.special_tokens.begin(), vocab.special_tokens.end(), vocab.bos);
  const int64_t id = static_cast<int64_t>(vocab.tokens.size()) + (at - vocab.special_tokens.begin());
  json::object special_tokens;
  special_tokens[vocab.bos] =
      json::object{{"id", vocab.bos}, {"ids", json::array{id}}, {"tokens", json::array{json::value(vocab.bos)}}};
  return json::object{{"type", "TemplateProcessing"},
                      {"single", json::array{special_piece(vocab.bos, 0), sequence_piece("A", 0)}},
                      {"pair", json::array{special_piece(vocab.bos, 0), sequence_piece("A", 0),
                                           special_piece(vocab.bos, 1), sequence_piece("B", 1)}},
                      {"special_tokens", std::move(special_tokens)}};
}

json::array added_tokens(const TrainedVocab& vocab) {
  json::array added;
  const auto add = [&](const std::string& token, bool special) {
    added.push_back(json::object{{"id", vocab.tokens.size() + added.size()},
                                 {"content", token},
                                 {"single_word", false},
                                 {"lstrip", false},
                                 {"rstrip", false},
                                 {"normalized", false},
                                 {"special", special}});
  };
  for (const std::string& token : vocab.special_tokens) add(token, true);
  for (const std::string& token : vocab.shown_tokens) add(token, false);
  return added;
}

}  // namespace

json::value pre_tokenizer_fields(std::string_view pattern) {
  return json::object{{"type", "Sequence"},
                      {"pretokenizers", json::array{json::object{{"type", "Split"},
                                                                 {"pattern", json::object{{"Regex", pattern}}},
                                                                 {"behavior", "Isolated"},
                                                                 {"invert", false}},
                                                    byte_level(false, false)}}};
}

Result<std::string> to_tokenizer_json(const TrainedVocab& vocab) {
  std::vector<std::string> texts;
  json::object ids;
  ids.reserve(vocab.tokens.size());
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    texts.push_back(to_alphabet(vocab.tokens[id]));
    ids[texts.back()] = id;
  }
  for (const json::value& added : added_tokens(vocab)) {
    const std::string_view token = added.at("content").as_string();
    if (ids.contains(token)) return Error::invalid("special token \"{}\" is spelled like a learnt token", token);
  }
  json::array merges;
  merges.reserve(vocab.merges.size());
  for (const auto& [left, right] : vocab.merges) {
    merges.push_back(
        json::array{json::value(texts[static_cast<size_t>(left)]), json::value(texts[static_cast<size_t>(right)])});
  }
  json::value normalizer;
  if (vocab.nfc) normalizer = json::object{{"type", "NFC"}};
  const json::object file{
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added_tokens(vocab)},
      {"normalizer", std::move(normalizer)},
      {"pre_tokenizer", pre_tokenizer_fields(vocab.pattern)},
      {"post_processor", vocab.bos.empty() ? json::value(byte_level(true, true)) : bos_template(vocab)},
      {"decoder", byte_level(true, true)},
      {"model", json::object{{"type", "BPE"},
                             {"dropout", nullptr},
                             {"unk_token", nullptr},
                             {"continuing_subword_prefix", nullptr},
                             {"end_of_word_suffix", nullptr},
                             {"fuse_unk", false},
                             {"byte_fallback", false},
                             {"ignore_merges", false},
                             {"vocab", std::move(ids)},
                             {"merges", std::move(merges)}}}};
  return to_pretty_json_text(file) + "\n";
}

}  // namespace hermes::tokenizer
