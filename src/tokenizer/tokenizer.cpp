#include "tokenizer/tokenizer.h"

#include "base/utf8.h"
#include "tokenizer/nfc.h"
#include "tokenizer/tokenizer_parts.h"

namespace hermes::tokenizer {
namespace {

// One encode(): text goes down through the layers of the file and comes out as ids. A layer that calls back cannot
// return an error through its caller, so the first one is kept and ends the work.
class Encoding {
 public:
  Encoding(const TokenizerParts& parts, EncodeScratch& scratch, bool parse_special)
      : parts_(parts), scratch_(scratch), parse_special_(parse_special) {}

  std::vector<TokenId> ids;
  const Status& status() const { return status_; }

  void add_text(std::string_view text) {
    const size_t bad = find_invalid_utf8(text);
    if (bad == std::string_view::npos) return add_valid(text);
    add_valid(text.substr(0, bad));
    // Bytes that are not UTF-8 are words of their own; characters begin again after them.
    for (size_t begin = bad; begin < text.size();) {
      size_t end = begin;
      while (end < text.size() && !decode_utf8(text, end).valid()) ++end;
      add_word(text.substr(begin, end - begin));
      const size_t next_bad = find_invalid_utf8(text.substr(end));
      begin = next_bad == std::string_view::npos ? text.size() : end + next_bad;
      add_valid(text.substr(end, begin - end));
    }
  }

 private:
  void add_valid(std::string_view text) {
    parts_.raw_added.split(text, parse_special_, [&](const AddedTokenFinder::Piece& piece) {
      if (piece.id) return ids.push_back(*piece.id);
      std::string storage;
      add_normalized(parts_.nfc ? to_nfc(piece.text, storage) : piece.text);
    });
  }

  void add_normalized(std::string_view text) {
    parts_.normalized_added.split(text, parse_special_, [&](const AddedTokenFinder::Piece& piece) {
      if (piece.id) return ids.push_back(*piece.id);
      keep(parts_.pre_tokenizer.split(piece.text, [&](std::string_view word) { add_word(word); }));
    });
  }

  void add_word(std::string_view word) {
    if (status_.ok()) keep(parts_.model.encode_word(word, scratch_, ids));
  }

  void keep(const Status& status) {
    if (status_.ok() && !status.ok()) status_ = status.error();
  }

  const TokenizerParts& parts_;
  EncodeScratch& scratch_;
  bool parse_special_;
  Status status_;
};

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<TokenizerParts> parts) : parts_(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

Result<std::vector<TokenId>> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::unique_ptr<EncodeScratch> scratch = parts_->scratch.take();
  Encoding encoding(*parts_, *scratch, options.parse_special);
  const PostProcessor& around = parts_->post_processor;
  encoding.ids.reserve(text.size() / 3 + around.before.size() + around.after.size() + 1);
  if (options.add_special) encoding.ids = around.before;
  encoding.add_text(text);
  if (options.add_special) encoding.ids.insert(encoding.ids.end(), around.after.begin(), around.after.end());
  parts_->scratch.give_back(std::move(scratch));
  if (!encoding.status().ok()) return encoding.status().error();
  return std::move(encoding.ids);
}

Result<std::string> Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string text;
  for (const TokenId id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= vocab_size()) {
      return Error::invalid("token id {} is not in 0..{}", id, vocab_size() - 1);
    }
    if (!skip_special || !is_special(id)) text += token_bytes(id);
  }
  LeadingStrip strip = parts_->decoder.leading_strip();
  const size_t stripped = text.size() - strip.apply(text).size();
  text.erase(0, stripped);
  return text;
}

size_t Tokenizer::vocab_size() const { return parts_->texts.size(); }

std::string_view Tokenizer::token_bytes(TokenId id) const {
  return id < 0 || static_cast<size_t>(id) >= vocab_size() ? std::string_view()
                                                           : parts_->bytes[static_cast<size_t>(id)];
}

std::string_view Tokenizer::token_text(TokenId id) const {
  return id < 0 || static_cast<size_t>(id) >= vocab_size() ? std::string_view()
                                                           : parts_->texts[static_cast<size_t>(id)];
}

std::optional<TokenId> Tokenizer::find(std::string_view token_text) const {
  if (const auto added = parts_->added_ids.find(std::string(token_text)); added != parts_->added_ids.end()) {
    return added->second;
  }
  return parts_->vocab_index.find(parts_->texts, token_text);
}

bool Tokenizer::is_special(TokenId id) const {
  return id >= 0 && static_cast<size_t>(id) < vocab_size() &&
         (parts_->flags[static_cast<size_t>(id)] & TokenizerParts::kSpecial) != 0;
}

bool Tokenizer::is_added(TokenId id) const {
  return id >= 0 && static_cast<size_t>(id) < vocab_size() &&
         (parts_->flags[static_cast<size_t>(id)] & TokenizerParts::kAdded) != 0;
}

}  // namespace hermes::tokenizer
