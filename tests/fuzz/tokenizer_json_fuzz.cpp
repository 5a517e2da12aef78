// Arbitrary bytes as a tokenizer.json. What loads must encode and decode without crashing or taking long, and
// streaming must give what decoding gives.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/tokenizer.h"

using hermes::tokenizer::Detokenizer;
using hermes::tokenizer::TokenId;
using hermes::tokenizer::Tokenizer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kText =
      "ab <s>  hello, It's 123\n\n caf\xc3\xa9 e\xcc\x81 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80 \xff "
      "aaaaaaaaaaaaaaaaaaaaaaa";
  const hermes::Result<Tokenizer> tokenizer = Tokenizer::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!tokenizer.ok()) {
    HERMES_CHECK(tokenizer.error().message().find("fuzz") != std::string::npos, "{}", tokenizer.error().message());
    return 0;
  }
  for (const bool parse_special : {true, false}) {
    const hermes::Result<std::vector<TokenId>> ids = tokenizer->encode(kText, {.parse_special = parse_special});
    if (!ids.ok()) continue;
    const hermes::Result<std::string> decoded = tokenizer->decode(*ids);
    HERMES_CHECK(decoded.ok(), "{}", decoded.error().message());
    Detokenizer stream(*tokenizer);
    std::string streamed;
    for (const TokenId id : *ids) streamed += stream.push(id).value();
    streamed += stream.flush();
    HERMES_CHECK(streamed == hermes::to_valid_utf8(*decoded));
  }
  return 0;
}
