// The byte-level alphabet of GPT-2: every byte has one printable character, so that a vocabulary of bytes can be
// written as text in a tokenizer.json ("Ġhello" is " hello"). Printable Latin-1 stands for itself; the other 68 bytes
// are U+0100 onward, in byte order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hermes::tokenizer {

// The character (all are below U+0144) that stands for `byte`.
uint32_t byte_to_char(uint8_t byte);

// The bytes in the order of the characters that stand for them: the order in which vocabularies list them.
const std::array<uint8_t, 256>& alphabet_order();

// Appends the bytes that `text` stands for. False, with `out` as it was, if a character is not of the alphabet.
bool append_alphabet_bytes(std::string_view text, std::string& out);

// `bytes` written in the alphabet.
std::string to_alphabet(std::string_view bytes);

}  // namespace hermes::tokenizer
