// How fast text becomes token ids: MB/s of each text with each vocabulary, one thread.
//
//   tokenizer_bench [--runs N] [--ids FILE] tokenizer.json... -- text...
//
// Prints one line of JSON for every vocabulary (loading) and every pair of vocabulary and text (the median of N runs,
// each on a fresh tokenizer state as far as caches are concerned: a tokenizer is loaded anew for every text).
// With --ids, writes the ids of the last pair to FILE, as int32, to compare with another program's.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "tokenizer/tokenizer.h"

namespace {

using hermes::tokenizer::TokenId;
using hermes::tokenizer::Tokenizer;

constexpr size_t kMaxTextBytes = size_t{1} << 30;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Arguments {
  int runs = 3;
  std::string ids_path;
  std::vector<std::string> vocabularies;
  std::vector<std::string> texts;
};

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  std::vector<std::string>* paths = &arguments.vocabularies;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--runs" && i + 1 < argc) {
      arguments.runs = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--ids" && i + 1 < argc) {
      arguments.ids_path = argv[++i];
    } else if (argument == "--") {
      paths = &arguments.texts;
    } else {
      paths->push_back(argument);
    }
  }
  return arguments;
}

template <class T>
T value_or_exit(hermes::Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "tokenizer_bench: {}\n", result.error().message());
    std::exit(1);
  }
  return std::move(result).value();
}

void write_ids(const std::string& path, const std::vector<TokenId>& ids) {
  hermes::AtomicFile file = value_or_exit(hermes::AtomicFile::create(path));
  const hermes::Status written = file.write(std::as_bytes(std::span(ids)));
  if (!written.ok() || !file.commit().ok()) {
    fmt::print(stderr, "tokenizer_bench: cannot write {}\n", path);
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = read_arguments(argc, argv);
  if (arguments.vocabularies.empty()) {
    fmt::print(stderr, "usage: tokenizer_bench [--runs N] [--ids FILE] tokenizer.json... -- text...\n");
    return 2;
  }
  for (const std::string& vocabulary : arguments.vocabularies) {
    for (const std::string& path : arguments.texts) {
      const std::string text = value_or_exit(hermes::read_text_file(path, kMaxTextBytes));
      std::vector<double> seconds;
      std::vector<TokenId> ids;
      double load_seconds = 0;
      for (int run = 0; run < arguments.runs; ++run) {
        hermes::Result<Tokenizer> tokenizer = hermes::Error::invalid("not loaded");
        load_seconds = seconds_of([&] { tokenizer = Tokenizer::open(vocabulary); });
        const Tokenizer loaded = value_or_exit(std::move(tokenizer));
        seconds.push_back(seconds_of([&] { ids = value_or_exit(loaded.encode(text)); }));
      }
      std::sort(seconds.begin(), seconds.end());
      const double median = seconds[seconds.size() / 2];
      fmt::print(
          "{{\"vocabulary\": \"{}\", \"text\": \"{}\", \"bytes\": {}, \"ids\": {}, \"seconds\": {:.4f}, "
          "\"mb_per_second\": {:.2f}, \"load_seconds\": {:.3f}}}\n",
          vocabulary, std::filesystem::path(path).filename().string(), text.size(), ids.size(), median,
          static_cast<double>(text.size()) / median / 1e6, load_seconds);
      if (!arguments.ids_path.empty()) write_ids(arguments.ids_path, ids);
    }
  }
  return 0;
}
