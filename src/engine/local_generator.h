// LocalGenerator: a Generator that runs the model in this process, one request at a time.
//
// A prompt is prefilled in chunks, then one token is decoded per step; the text of a request depends on its prompt, its
// seed and the weights alone. Serving many requests at once is the scheduler's business, not this one's.
#pragma once

#include <cstdint>
#include <vector>

#include "generate/generator.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace hermes::engine {

struct LocalGeneratorOptions {
  int64_t context = 0;              // positions at most, prompt and completion together; above 0
  DType kv_dtype = DType::kF32;     // F32, F16, BF16 or Q8_0
  int64_t prefill_chunk = 512;      // prompt tokens per forward pass: bounds scratch memory and the wait for a cancel
  std::vector<int32_t> end_tokens;  // any of them ends the turn; their text is not shown
  // Special tokens that are part of the text all the same: the tags of reasoning and tool calls (tag_tokens).
  std::vector<int32_t> shown_tokens{};
};

// The ids of a format's tags, where the vocabulary has them as tokens of their own.
std::vector<int32_t> tag_tokens(const tokenizer::Tokenizer& tokenizer, chat::ReplyFormat format);

class LocalGenerator final : public generate::Generator {
 public:
  // Decoder and tokenizer are borrowed and must outlive the generator.
  LocalGenerator(model::Decoder& decoder, const tokenizer::Tokenizer& tokenizer, LocalGeneratorOptions options);

  Status generate(const generate::Request& request, generate::EventSink sink) override;

 private:
  // Runs the prompt; the last token's logits. An empty span where the request was cancelled on the way.
  Result<std::span<const float>> prefill(const generate::Request& request, std::span<const int32_t> prompt,
                                         kv::KvSequence& kv, generate::EventSink sink);
  generate::Finished decode(const generate::Request& request, std::span<const int32_t> prompt, int64_t max_tokens,
                            generate::EventSink sink);

  model::Decoder& decoder_;
  const tokenizer::Tokenizer& tokenizer_;
  LocalGeneratorOptions options_;
};

}  // namespace hermes::engine
