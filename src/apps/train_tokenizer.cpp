#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "apps/commands.h"
#include "apps/model_options.h"
#include "base/file.h"
#include "tokenizer/bpe_trainer.h"

namespace hermes::apps {
namespace {

struct TrainTokenizerOptions {
  std::vector<std::string> corpus;
  std::string output;
  tokenizer::BpeTrainerOptions trainer;
};

// One line that rewrites itself, on a terminal only: what is done, how fast, how long it will take.
class ProgressLine {
 public:
  explicit ProgressLine(size_t corpus_bytes) : corpus_bytes_(corpus_bytes) {}
  ~ProgressLine() { clear(); }

  void show(const tokenizer::BpeTrainerProgress& progress) {
    if (::isatty(STDERR_FILENO) == 0) return;
    const bool reading = progress.n_tokens == 0;
    if (reading != was_reading_) start_ = std::chrono::steady_clock::now();
    was_reading_ = reading;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const auto done = static_cast<double>(reading ? progress.bytes_read : progress.n_tokens);
    const auto total = static_cast<double>(reading ? corpus_bytes_ : progress.vocab_size);
    const double rate = seconds > 0 ? done / seconds : 0;
    const double left = rate > 0 ? (total - done) / rate : 0;
    if (reading) {
      std::fprintf(stderr, "\r\033[Kreading %.0f of %.0f MB, %.1f MB/s, %.0f s left", done / 1e6, total / 1e6,
                   rate / 1e6, left);
    } else {
      std::fprintf(stderr, "\r\033[Kmerging %.0f of %.0f tokens, %.0f/s, %.0f s left", done, total, rate, left);
    }
  }
  void clear() const {
    if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
  }

 private:
  size_t corpus_bytes_;
  bool was_reading_ = true;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Status train_tokenizer(const TrainTokenizerOptions& options) {
  std::vector<std::shared_ptr<const MappedFile>> files;
  std::vector<std::string_view> texts;
  size_t bytes = 0;
  for (const std::string& path : options.corpus) {
    HERMES_ASSIGN(auto file, MappedFile::open(path));
    texts.emplace_back(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    bytes += file->bytes().size();
    files.push_back(std::move(file));
  }
  tokenizer::BpeTrainerOptions trainer = options.trainer;
  ProgressLine line(bytes);
  trainer.progress = [&](const tokenizer::BpeTrainerProgress& progress) { line.show(progress); };
  HERMES_ASSIGN(const std::string json, tokenizer::train_bpe(texts, trainer));
  HERMES_ASSIGN(AtomicFile out, AtomicFile::create(options.output));
  HERMES_TRY(out.write(json));
  HERMES_TRY(out.commit());
  line.clear();
  return print(fmt::format("{}: {} tokens from {:.1f} MB of text\n", options.output, trainer.vocab_size,
                           static_cast<double>(bytes) / 1e6));
}

}  // namespace

void add_train_tokenizer(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("train-tokenizer", "train a byte-level BPE vocabulary and write tokenizer.json");
  auto options = std::make_shared<TrainTokenizerOptions>();
  command->add_option("CORPUS", options->corpus, "text files, UTF-8")->required();
  command->add_option("-o,--output", options->output, "the tokenizer.json to write")->required();
  command->add_option("--vocab-size", options->trainer.vocab_size, "tokens, bytes and special ones included")
      ->capture_default_str();
  command->add_option("--special", options->trainer.special_tokens, "a special token; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--bos", options->trainer.bos, "the special token that opens every text");
  command->add_option("--max-token-bytes", options->trainer.max_token_bytes, "longest token")->capture_default_str();
  command->add_option("--min-count", options->trainer.min_count, "rarer pairs are not merged")->capture_default_str();
  command->add_flag("--nfc", options->trainer.nfc, "normalize text to NFC, in training and in use");
  command->footer(
      "Example: hermes train-tokenizer corpus.txt --vocab-size 8192 --special '<|begin_of_text|>' "
      "--bos '<|begin_of_text|>' -o tokenizer.json\nThe same texts and options give the same file, byte for byte.");
  command->callback([options, &action] { action = [options] { return train_tokenizer(*options); }; });
}

}  // namespace hermes::apps
