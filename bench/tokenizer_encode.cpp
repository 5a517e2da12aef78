// Token ids of many texts, for programs that compare them with another tokenizer's.
//
//   tokenizer_encode [--text-specials] [--add-special] tokenizer.json < texts > ids
//
// Texts are separated by NUL bytes; every text gives one line of ids. Each line is decoded again, and the program fails
// where the bytes differ from the text (but for tokenizers whose normalizer changes it).
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>

#include "tokenizer/nfc.h"
#include "tokenizer/tokenizer.h"

namespace {

using hermes::tokenizer::EncodeOptions;
using hermes::tokenizer::to_nfc;
using hermes::tokenizer::TokenId;
using hermes::tokenizer::Tokenizer;

std::string read_stdin() {
  std::string text;
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, stdin)) > 0;) text.append(buffer, n);
  return text;
}

// The line of ids; false where they do not stand for the text.
bool encode_line(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options, std::string& out) {
  const auto ids = tokenizer.encode(text, options);
  if (!ids.ok()) {
    fmt::print(stderr, "tokenizer_encode: {}\n", ids.error().message());
    return false;
  }
  fmt::format_to(std::back_inserter(out), "{}\n", fmt::join(*ids, " "));
  options.add_special = false;
  const auto plain = tokenizer.encode(text, options);
  const auto decoded = tokenizer.decode(*plain);
  std::string storage, other;
  return *decoded == text || to_nfc(*decoded, storage) == to_nfc(text, other);
}

}  // namespace

int main(int argc, char** argv) {
  EncodeOptions options{.add_special = false, .parse_special = true};
  std::string path;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--text-specials") {
      options.parse_special = false;
    } else if (argument == "--add-special") {
      options.add_special = true;
    } else {
      path = argument;
    }
  }
  const auto tokenizer = Tokenizer::open(path);
  if (!tokenizer.ok()) {
    fmt::print(stderr, "tokenizer_encode: {}\n", tokenizer.error().message());
    return 1;
  }
  const std::string texts = read_stdin();
  std::string out;
  size_t n_unfaithful = 0;
  for (size_t begin = 0; begin <= texts.size();) {
    const size_t end = std::min(texts.find('\0', begin), texts.size());
    if (!encode_line(*tokenizer, std::string_view(texts).substr(begin, end - begin), options, out)) ++n_unfaithful;
    begin = end + 1;
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  if (n_unfaithful > 0) fmt::print(stderr, "tokenizer_encode: {} texts do not come back\n", n_unfaithful);
  return n_unfaithful > 0 ? 1 : 0;
}
