// How long training takes: learns a vocabulary from files and writes the tokenizer.json.
//
//   tokenizer_train_bench [--vocab N] [--nfc] [--bos] OUT.json text...
//
// Every file is split into texts at blank lines. With --bos the tokenizer puts <|begin_of_text|> before every text.
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/utf8.h"
#include "tokenizer/bpe_trainer.h"

namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 32;

// The file's texts, as views into it.
void add_texts(std::string_view file, std::vector<std::string_view>& texts) {
  while (!file.empty()) {
    const size_t blank = file.find("\n\n");
    const size_t end = blank == std::string_view::npos ? file.size() : blank + 2;
    texts.push_back(file.substr(0, end));
    file.remove_prefix(end);
  }
}

}  // namespace

int main(int argc, char** argv) {
  hermes::tokenizer::BpeTrainerOptions options;
  options.special_tokens = {"<|begin_of_text|>", "<|end_of_text|>"};
  std::string out;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--vocab" && i + 1 < argc) {
      options.vocab_size = std::strtoul(argv[++i], nullptr, 10);
    } else if (argument == "--nfc") {
      options.nfc = true;
    } else if (argument == "--bos") {
      options.bos = options.special_tokens[0];
    } else if (out.empty()) {
      out = argument;
    } else {
      auto text = hermes::read_text_file(argument, kMaxTextBytes);
      if (!text.ok()) {
        fmt::print(stderr, "tokenizer_train_bench: {}\n", text.error().message());
        return 1;
      }
      files.push_back(hermes::to_valid_utf8(*text));
    }
  }
  std::vector<std::string_view> texts;
  size_t n_bytes = 0;
  for (const std::string& file : files) {
    add_texts(file, texts);
    n_bytes += file.size();
  }
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  double read_seconds = 0;
  options.progress = [&](const hermes::tokenizer::BpeTrainerProgress& progress) {
    if (progress.n_tokens == 0) read_seconds = seconds();
  };
  const auto trained = hermes::tokenizer::train_bpe(texts, options);
  if (!trained.ok()) {
    fmt::print(stderr, "tokenizer_train_bench: {}\n", trained.error().message());
    return 1;
  }
  fmt::print("{} texts, {:.1f} MB, vocabulary {}: {:.1f} s, of which {:.1f} s reading\n", texts.size(),
             static_cast<double>(n_bytes) / 1e6, options.vocab_size, seconds(), read_seconds);
  auto file = hermes::AtomicFile::create(out);
  if (!file.ok() || !file->write(*trained).ok() || !file->commit().ok()) {
    fmt::print(stderr, "tokenizer_train_bench: cannot write {}\n", out);
    return 1;
  }
  return 0;
}
