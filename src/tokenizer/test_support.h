// What the tests of this folder share: where files are, small tokenizer.json texts, and random text.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/rng.h"
#include "tokenizer/tokenizer.h"

namespace hermes::tokenizer {

// A file of src/tokenizer/testdata.
std::string test_file(std::string_view name);

// The folder of public data that tests may use where it is there: HERMES_SHARED when the build was configured (a
// variable of CMake or of the environment), or ../shared beside the sources.
std::optional<std::filesystem::path> shared_folder();

// The goldens that tools/tokenizer_make_goldens.py made.
const json::object& goldens();

// A tokenizer.json with one of the goldens' models ("byte": byte-level; "fallback", "unk", ...: over characters), the
// fields it needs, and `fields` (each a name and JSON text) in their place.
std::string fixture_json(std::string_view model,
                         std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {});
Tokenizer fixture(std::string_view model,
                  std::initializer_list<std::pair<std::string_view, std::string_view>> fields = {});

// The Split of Llama-3, then ByteLevel, as a "pre_tokenizer" field.
std::string llama3_pre_tokenizer();

// Random text: a mixture of scripts, white space of all kinds, digits, contractions, combining marks, emoji, unassigned
// and any other code points, and now and then a long run.
std::string random_text(Rng& rng, size_t max_pieces);
std::string random_bytes(Rng& rng, size_t max_bytes);

}  // namespace hermes::tokenizer
