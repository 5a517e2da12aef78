#include "tokenizer/test_support.h"

#include <boost/json.hpp>

#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/split_scanner.h"
#include "tokenizer/trained_json.h"

namespace hermes::tokenizer {
namespace {

constexpr std::string_view kPieces[] = {" ",
                                        " ",
                                        " ",
                                        "  ",
                                        "   ",
                                        "\t",
                                        "\n",
                                        "\r\n",
                                        "\n\n",
                                        "\r",
                                        "\u00a0",
                                        "\u2003",
                                        "\u3000",
                                        "\u2028",
                                        "\u0085",
                                        "\v",
                                        "\f",
                                        "\u180e",
                                        "\u200b",
                                        "\u1680",
                                        "\u202f",
                                        "\u205f",
                                        "\ufeff",
                                        "'s",
                                        "'S",
                                        "'t",
                                        "'re",
                                        "'RE",
                                        "'Ve",
                                        "'m",
                                        "'ll",
                                        "'lL",
                                        "'d",
                                        "'\u017f",
                                        "'",
                                        "''",
                                        "\u2019s",
                                        "0",
                                        "12",
                                        "345",
                                        "6789",
                                        "\u0663\u0664",
                                        "\u2167",
                                        "\u00bd",
                                        "\u00b2",
                                        "\u2460",
                                        "\U0001d7d8",
                                        "\u3007",
                                        ".",
                                        ",",
                                        "...",
                                        "-",
                                        "_",
                                        "(",
                                        ")",
                                        "{",
                                        "=>",
                                        "\"",
                                        "\u201c",
                                        "\u3002",
                                        "\u20ac",
                                        "<",
                                        ">",
                                        "|",
                                        "\u0301",
                                        "\u0323\u0300",
                                        "\u0300\u0323",
                                        "\u20dd",
                                        "\u0344",
                                        "\u093c",
                                        "\u3099",
                                        "\u1161",
                                        "\u11a8",
                                        "\u0338",
                                        "\U0001f600",
                                        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
                                        "\U0001f44d\U0001f3fd",
                                        "\u200d",
                                        "\ufe0f",
                                        "\U0001f1e9\U0001f1ea",
                                        "\u0378",
                                        "\U0003fffd",
                                        "\ue000",
                                        "\ufffd",
                                        "\uffff",
                                        "\U0010ffff",
                                        "\u212b",
                                        "\uf900",
                                        "\u0958",
                                        "\U0002f800",
                                        "\U00011f04",
                                        "\U00031350",
                                        "\u0130",
                                        "\u01c5",
                                        "\x7f",
                                        "\x01"};

// First letters of ranges of letters: Latin, Latin-1, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Han,
// Hangul.
constexpr uint32_t kScripts[] = {'a',   'A',   0xE0,   0x3B1,  0x430,  0x5D0,  0x627,
                                 0x905, 0xE01, 0x3042, 0x4E00, 0xAC00, 0x10330};

uint32_t any_code_point(Rng& rng) {
  const auto c = static_cast<uint32_t>(rng.below(0x110000 - 0x800));
  return c < 0xD800 ? c : c + 0x800;  // past the surrogates
}

}  // namespace

std::string test_file(std::string_view name) {
  return std::string(HERMES_SOURCE_DIR "/src/tokenizer/testdata/").append(name);
}

std::optional<std::filesystem::path> shared_folder() {
  if (!std::filesystem::is_directory(HERMES_SHARED)) return std::nullopt;
  return HERMES_SHARED;
}

const json::object& goldens() {
  static const json::value document = read_json_file(test_file("goldens.json"), size_t{16} << 20).value();
  return document.get_object();
}

std::string llama3_pre_tokenizer() { return to_json_text(pre_tokenizer_fields(kLlama3Pattern)); }

std::string fixture_json(std::string_view model,
                         std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  const bool is_byte = model == "byte";
  constexpr std::string_view kCharDecoder =
      R"({"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]})";
  json::object file{{"version", "1.0"},
                    {"added_tokens", json::array()},
                    {"normalizer", nullptr},
                    {"pre_tokenizer", is_byte ? pre_tokenizer_fields(kLlama3Pattern) : json::value()},
                    {"post_processor", nullptr},
                    {"decoder", is_byte ? json::value{{"type", "ByteLevel"}} : json::parse(kCharDecoder)},
                    {"model", goldens().at("models").as_object().at(model)}};
  for (const auto& [name, text] : fields) file[name] = json::parse(text);
  return to_json_text(file);
}

Tokenizer fixture(std::string_view model, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  return Tokenizer::parse(fixture_json(model, fields), "fixture").value();
}

std::string random_text(Rng& rng, size_t max_pieces) {
  std::string text;
  for (uint64_t n = rng.below(max_pieces + 1); n > 0; --n) {
    const uint64_t kind = rng.below(100);
    if (kind < 40) {
      const uint32_t first = kScripts[rng.below(std::size(kScripts))];
      for (uint64_t letters = 1 + rng.below(8); letters > 0; --letters) {
        append_utf8(text, first + static_cast<uint32_t>(rng.below(20)));
      }
    } else if (kind < 94) {
      text += kPieces[rng.below(std::size(kPieces))];
    } else if (kind < 99) {
      append_utf8(text, any_code_point(rng));
    } else {
      const std::string_view piece = kPieces[rng.below(std::size(kPieces))];
      for (uint64_t repeats = rng.below(200); repeats > 0; --repeats) text += piece;
    }
  }
  return text;
}

std::string random_bytes(Rng& rng, size_t max_bytes) {
  std::string bytes(rng.below(max_bytes + 1), '\0');
  for (char& byte : bytes) {
    // A good part ASCII and lead bytes, so that valid and broken characters mix.
    const uint64_t kind = rng.below(4);
    byte = static_cast<char>(kind == 0 ? 0x20 + rng.below(0x60) : kind == 1 ? 0xC0 + rng.below(0x38) : rng.below(256));
  }
  return bytes;
}

}  // namespace hermes::tokenizer
