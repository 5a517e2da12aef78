#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>

#include "apps/commands.h"
#include "apps/model_options.h"
#include "base/compressed_file.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_lines.h"
#include "chat/message.h"
#include "chat/template/chat_template.h"
#include "tokenizer/bpe_trainer.h"

namespace hermes::apps {
namespace {

constexpr size_t kMostCorpusBytes = size_t{16} << 30;
constexpr size_t kMostTemplateBytes = size_t{4} << 20;

struct TrainTokenizerOptions {
  std::vector<std::string> corpus;
  std::string output;
  std::string chat_template;
  tokenizer::BpeTrainerOptions trainer;
};

bool is_chat_data(const std::string& path) { return path.ends_with(".jsonl") || path.ends_with(".jsonl.zst"); }

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

// The texts of a chat data set as the model will see them: each conversation through the chat template.
Status append_chat_texts(const std::string& path, const chat::ChatTemplate& chat_template,
                         std::vector<std::string>& texts) {
  HERMES_ASSIGN(const std::string lines, read_text_or_zst(path, kMostCorpusBytes));
  return for_each_json_line(lines, path, [&](const json::value& value, const std::string& where) -> Status {
    HERMES_ASSIGN(const JsonObject record, JsonObject::from(value, where));
    const json::value* messages = record.find("messages");
    if (messages == nullptr) return Error::corrupt("{}: \"messages\" is missing", where);
    chat::Conversation conversation;
    HERMES_ASSIGN(conversation.messages, chat::read_messages(*messages, where));
    if (const json::value* tools = record.find("tools"); tools != nullptr && tools->is_array()) {
      conversation.tools = tools->get_array();
    }
    HERMES_ASSIGN(const auto thinking, record.optional_boolean("thinking"));
    auto rendered = chat_template.render(chat::template_variables(
        conversation, false, {{"bos_token", ""}, {"thinking", thinking.value_or(false)}, {"keep_cots", true}}));
    if (!rendered.ok()) return rendered.error().with_context(where);
    texts.push_back(std::move(rendered->text));
    return {};
  });
}

Result<std::vector<std::string>> chat_texts_of(const TrainTokenizerOptions& options) {
  std::vector<std::string> texts;
  for (const std::string& path : options.corpus) {
    if (!is_chat_data(path)) continue;
    if (options.chat_template.empty()) return Error::invalid("{}: chat data needs --chat-template", path);
    HERMES_ASSIGN(const std::string source, read_text_file(options.chat_template, kMostTemplateBytes));
    HERMES_ASSIGN(const chat::ChatTemplate chat_template, chat::ChatTemplate::parse(source, options.chat_template));
    HERMES_TRY(append_chat_texts(path, chat_template, texts));
  }
  return texts;
}

Status train_tokenizer(const TrainTokenizerOptions& options) {
  std::vector<std::shared_ptr<const MappedFile>> files;
  HERMES_ASSIGN(const std::vector<std::string> chat_texts, chat_texts_of(options));
  std::vector<std::string_view> texts;
  size_t bytes = 0;
  for (const std::string& path : options.corpus) {
    if (is_chat_data(path)) continue;
    HERMES_ASSIGN(auto file, MappedFile::open(path));
    texts.emplace_back(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    files.push_back(std::move(file));
  }
  texts.insert(texts.end(), chat_texts.begin(), chat_texts.end());
  for (const std::string_view text : texts) bytes += text.size();
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
  command->add_option("CORPUS", options->corpus, "text files, UTF-8, and chat data (*.jsonl, *.jsonl.zst)")->required();
  command->add_option("-o,--output", options->output, "the tokenizer.json to write")->required();
  command->add_option("--chat-template", options->chat_template,
                      "Jinja file: how chat data is written, so that the vocabulary fits what the model reads");
  command->add_option("--vocab-size", options->trainer.vocab_size, "tokens, bytes and special ones included")
      ->capture_default_str();
  command->add_option("--special", options->trainer.special_tokens, "a special token; may be given several times")
      ->allow_extra_args(false);
  command
      ->add_option("--shown", options->trainer.shown_tokens,
                   "a token that is one piece and yet part of the text, as <think>; may be given several times")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--split", options->trainer.pattern,
          "pre-tokenizer: llama3 (up to three digits a token, default), qwen (one digit a token) or words (one digit a "
          "token, words apart from the space before them)")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, std::string>{{"llama3", std::string(tokenizer::kLlama3Pattern)},
                                                                     {"qwen", std::string(tokenizer::kQwenPattern)},
                                                                     {"words", std::string(tokenizer::kWordsPattern)}},
                                  CLI::ignore_case))
      ->option_text("llama3|qwen|words");
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
