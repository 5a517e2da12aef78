// Arbitrary bytes as a model folder's JSON files: each reader gives a value or an error, in bounded time and memory.
#include <boost/json.hpp>
#include <string_view>

#include "base/json.h"
#include "formats/generation_config.h"
#include "formats/tokenizer_config.h"
#include "model/arch_spec.h"
#include "model/weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = hermes::parse_json(text, "input", {.unique_names = true});
  if (!document.ok()) return 0;
  if (const auto spec = hermes::model::read_arch_spec(*document, "input"); spec.ok()) {
    // What was accepted is sane: sizes multiply without overflow.
    HERMES_CHECK(spec->parameter_count() > 0);
    HERMES_CHECK(spec->n_heads % spec->n_kv_heads == 0 && spec->head_dim % 2 == 0);
    if (spec->n_layers < 100) HERMES_CHECK(!hermes::model::expected_tensors(*spec).empty());
  }
  const auto generation = hermes::formats::read_generation_config(*document, "input");
  const auto tokenizer = hermes::formats::read_tokenizer_config(*document, "input");
  (void)generation.ok();
  (void)tokenizer.ok();
  return 0;
}
