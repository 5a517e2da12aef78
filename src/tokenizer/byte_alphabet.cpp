#include "tokenizer/byte_alphabet.h"

#include <algorithm>

#include "base/utf8.h"

namespace hermes::tokenizer {
namespace {

constexpr uint32_t kAlphabetEnd = 0x144;  // 256 + the 68 bytes that do not stand for themselves

constexpr bool stands_for_itself(uint32_t byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

struct Alphabet {
  std::array<uint32_t, 256> to_char{};
  std::array<int16_t, kAlphabetEnd> to_byte{};  // -1 where the character is not of the alphabet
};

constexpr Alphabet make_alphabet() {
  Alphabet a;
  for (int16_t& byte : a.to_byte) byte = -1;
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    a.to_char[byte] = stands_for_itself(byte) ? byte : next++;
    a.to_byte[a.to_char[byte]] = static_cast<int16_t>(byte);
  }
  return a;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

uint32_t byte_to_char(uint8_t byte) { return kAlphabet.to_char[byte]; }

const std::array<uint8_t, 256>& alphabet_order() {
  static const std::array<uint8_t, 256> order = [] {
    std::array<uint8_t, 256> bytes;
    for (size_t i = 0; i < 256; ++i) bytes[i] = static_cast<uint8_t>(i);
    std::sort(bytes.begin(), bytes.end(), [](uint8_t a, uint8_t b) { return byte_to_char(a) < byte_to_char(b); });
    return bytes;
  }();
  return order;
}

bool append_alphabet_bytes(std::string_view text, std::string& out) {
  const size_t start = out.size();
  for (size_t pos = 0; pos < text.size();) {
    const CodePoint c = decode_utf8(text, pos);
    if (!c.valid() || c.value >= kAlphabetEnd || kAlphabet.to_byte[c.value] < 0) {
      out.resize(start);
      return false;
    }
    out.push_back(static_cast<char>(kAlphabet.to_byte[c.value]));
    pos += c.length;
  }
  return true;
}

std::string to_alphabet(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) append_utf8(out, byte_to_char(static_cast<uint8_t>(byte)));
  return out;
}

}  // namespace hermes::tokenizer
