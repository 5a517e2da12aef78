// Unicode Normalization Form C, fast on text that has it already (nearly all text): one pass that looks for characters
// the normalisation could touch, and only their neighbourhoods are rewritten. Linear in the text, also for long runs of
// combining marks in any order.
//
// The tables are utf8proc's. Hugging Face's library has older ones: it does not reorder marks that Unicode added since.
#pragma once

#include <string>
#include <string_view>

namespace hermes::tokenizer {

// `text` (UTF-8) in NFC: `text` itself where it has that form, else a view of `storage`.
std::string_view to_nfc(std::string_view text, std::string& storage);

}  // namespace hermes::tokenizer
