#include "tokenizer/named_pre_tokenizer.h"

#include <boost/json.hpp>
#include <span>

#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/bpe_trainer.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/split_scanner.h"

namespace hermes::tokenizer {
namespace {

constexpr std::string_view kHan = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";

constexpr std::string_view kLlama3[] = {kLlama3Pattern};
constexpr std::string_view kQwen[] = {kQwenPattern};
constexpr std::string_view kSeed[] = {kSeedPattern};
constexpr std::string_view kDeepseekLlm[] = {
    R"([\r\n])",
    // Letters that have upper and lower case, by a list of the model's own.
    R"(\s?[)"
    R"(A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-\x{2af})"
    R"(\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1})"
    R"(\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5})"
    R"(\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a})"
    R"(\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b})"
    R"(\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc})"
    R"(\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107})"
    R"(\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134})"
    R"(\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4})"
    R"(\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787})"
    R"(\x{a78b}-\x{a78e}\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a})"
    R"(\x{10400}-\x{1044f}\x{104b0}-\x{104d3}\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2})"
    R"(\x{118a0}-\x{118df}\x{1e900}-\x{1e943})"
    R"(]+)",
    R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)",
    R"(\s+$)",
    kHan,
    R"(\p{N}+)",
};
constexpr std::string_view kDeepseekCoder[] = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kHan, R"(\p{N})"};
constexpr std::string_view kWords[] = {kWordsPattern};
constexpr std::string_view kDigits[] = {R"(\p{N})"};

struct Named {
  std::string_view name;
  std::span<const std::string_view> patterns;  // of Split steps, one after the other
  bool gpt2_pattern = false;                   // then GPT-2's
  bool nfc = false;
  bool ignore_merges = false;
  bool add_bos = false;
};
constexpr Named kNamed[] = {
    {.name = "llama-bpe", .patterns = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama3", .patterns = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .patterns = kLlama3, .ignore_merges = true, .add_bos = true},
    {.name = "qwen2", .patterns = kQwen, .nfc = true},
    {.name = "seed-coder", .patterns = kSeed},
    {.name = "deepseek-llm", .patterns = kDeepseekLlm},
    {.name = "deepseek-coder", .patterns = kDeepseekCoder},
    {.name = "gpt-2", .patterns = {}, .gpt2_pattern = true},
    {.name = "starcoder", .patterns = kDigits, .gpt2_pattern = true},
    // Ours: of vocabularies that train-tokenizer makes. Other programs do not know these names.
    {.name = "hermes-llama3", .patterns = kLlama3},
    {.name = "hermes-qwen", .patterns = kQwen},
    {.name = "hermes-words", .patterns = kWords},
};

json::value fields_of(const Named& named) {
  json::array steps;
  for (const std::string_view pattern : named.patterns) {
    steps.push_back(
        {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  }
  steps.push_back({{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", named.gpt2_pattern}});
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

// The steps of a pre-tokenizer, those of nested Sequences in their place; what is only about offsets is left out.
void flatten(const json::value& step, json::array& steps, int depth) {
  const json::object* object = step.if_object();
  const json::value* parts = object != nullptr ? object->if_contains("pretokenizers") : nullptr;
  if (parts == nullptr || !parts->is_array() || depth >= kMaxSequenceDepth) {
    json::value kept = step;
    if (json::object* members = kept.if_object()) {
      members->erase("trim_offsets");
      const json::value* type = members->if_contains("type");
      if (type != nullptr && *type == "ByteLevel" && !members->contains("use_regex")) (*members)["use_regex"] = true;
      if (type != nullptr && *type == "Split" && !members->contains("invert")) (*members)["invert"] = false;
    }
    steps.push_back(std::move(kept));
    return;
  }
  for (const json::value& part : parts->get_array()) flatten(part, steps, depth + 1);
}

json::array steps_of(const json::value& fields) {
  json::array steps;
  flatten(fields, steps, 0);
  return steps;
}

}  // namespace

std::string pre_tokenizer_names() {
  std::string names;
  for (const Named& named : kNamed) names += (names.empty() ? "" : ", ") + std::string(named.name);
  return names;
}

Result<NamedPreTokenizer> find_pre_tokenizer(std::string_view name, std::string_view what) {
  for (const Named& named : kNamed) {
    if (named.name != name) continue;
    const json::value fields = fields_of(named);
    HERMES_ASSIGN(PreTokenizer pre_tokenizer, PreTokenizer::from_json(&fields, what));
    return NamedPreTokenizer{std::move(pre_tokenizer), named.nfc, named.ignore_merges, named.add_bos};
  }
  return Error::unsupported("{}: pre-tokenizer {} is not supported; {} are", what,
                            to_json_text(json::string(to_valid_utf8(name))), pre_tokenizer_names());
}

std::optional<std::string_view> name_of_pre_tokenizer(const json::value& fields, bool nfc, bool ignore_merges) {
  const json::array steps = steps_of(fields);
  for (const Named& named : kNamed) {
    if (named.nfc != nfc || named.ignore_merges != ignore_merges) continue;
    if (steps_of(fields_of(named)) == steps) return named.name;
  }
  return std::nullopt;
}

}  // namespace hermes::tokenizer
