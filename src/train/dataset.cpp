#include "train/dataset.h"

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <numeric>

#include "base/compressed_file.h"
#include "base/hash.h"
#include "base/json.h"

namespace hermes::train {
namespace {

constexpr size_t kMaxTextBytes = size_t{16} << 30;
constexpr int64_t kLinesPerPiece = 64;

struct Line {
  std::string_view text;
  int64_t number = 0;
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  int64_t number = 1;
  for (size_t begin = 0; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back({line, number});
    begin = end + 1;
  }
  return lines;
}

void append_all(Dataset& to, const Dataset& from) {
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t begin = from.begins[i], n = from.begins[i + 1] - begin;
    to.append(std::span(from.tokens).subspan(begin, n), std::span(from.trained).subspan(begin, n));
  }
}

Status add_record(const Line& line, const std::string& file, const DatasetOptions& options,
                  const ConversationEncoder& encoder, Splits& out) {
  const std::string what = fmt::format("{}:{}", file, line.number);
  HERMES_ASSIGN(const json::value value, parse_json(line.text, what));
  HERMES_ASSIGN(const JsonObject record, JsonObject::from(value, what));
  HERMES_ASSIGN(const std::optional<std::string> named, record.optional_string("split"));
  const std::string& split = named ? *named : options.train_split;
  if (split != options.train_split && split != options.test_split) {
    ++out.skipped;
    return {};
  }
  HERMES_ASSIGN(const EncodedConversation encoded, encoder.encode(record));
  (split == options.train_split ? out.train : out.test).append(encoded.tokens, encoded.trained);
  return {};
}

}  // namespace

void Dataset::append(std::span<const int32_t> sample_tokens, std::span<const uint8_t> sample_trained) {
  HERMES_CHECK(sample_tokens.size() == sample_trained.size() && sample_tokens.size() >= 2);
  tokens.insert(tokens.end(), sample_tokens.begin(), sample_tokens.end());
  trained.insert(trained.end(), sample_trained.begin(), sample_trained.end());
  begins.push_back(tokens.size());
}

int64_t Dataset::trained_tokens() const { return std::accumulate(trained.begin(), trained.end(), int64_t{0}); }

uint64_t Dataset::fingerprint() const {
  uint64_t state = kHashSeed;
  const auto add = [&](const auto& values) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), std::as_bytes(std::span(values)).size());
    state = hash_state(bytes, state);
  };
  add(tokens);
  add(trained);
  add(begins);
  return finish_hash(state);
}

Result<Splits> load_splits(const DatasetOptions& options, const ConversationEncoder& encoder, ThreadPool& pool,
                           const std::function<void(size_t, size_t)>& progress) {
  Splits all;
  for (const std::string& file : options.files) {
    HERMES_ASSIGN(const std::string text, read_text_or_zst(file, kMaxTextBytes));
    const std::vector<Line> lines = lines_of(text);
    const auto n_lines = static_cast<int64_t>(lines.size());
    struct Piece {
      Splits splits;
      Status status;
    };
    std::vector<Piece> pieces(static_cast<size_t>((n_lines + kLinesPerPiece - 1) / kLinesPerPiece));
    std::atomic<size_t> bytes_done{0};
    std::atomic<bool> failed{false};
    pool.parallel_for(n_lines, kLinesPerPiece, [&](int thread, int64_t begin, int64_t end) {
      if (failed) return;  // pieces are handed out in order: those before the failed one have all begun
      Piece& piece = pieces[static_cast<size_t>(begin / kLinesPerPiece)];
      size_t bytes = 0;
      for (int64_t i = begin; i < end && piece.status.ok(); ++i) {
        const Line& line = lines[static_cast<size_t>(i)];
        piece.status = add_record(line, file, options, encoder, piece.splits);
        bytes += line.text.size() + 1;
      }
      if (!piece.status.ok()) failed = true;
      const size_t done = bytes_done.fetch_add(bytes) + bytes;
      if (thread == 0 && progress) progress(done, text.size());
    });
    for (const Piece& piece : pieces) {
      HERMES_TRY(piece.status);
      append_all(all.train, piece.splits.train);
      append_all(all.test, piece.splits.test);
      all.skipped += piece.splits.skipped;
    }
  }
  return all;
}

}  // namespace hermes::train
