#include <charconv>
#include <cmath>

#include "apps/commands.h"
#include "apps/model_options.h"
#include "kv/kv_sequence.h"
#include "sampling/sampler.h"

namespace hermes::apps {
namespace {

struct LogitsOptions {
  ModelOptions model;
  std::string tokens_text;
  std::vector<int32_t> tokens;
  bool json = false;
};

// "1,2,3" to numbers; the first piece that is none, as CLI11 wants refusals: a message, or "" where all is well.
std::string parse_tokens(const std::string& text, std::vector<int32_t>& tokens) {
  tokens.clear();
  for (const char *at = text.data(), *end = at + text.size();; ++at) {
    int32_t token = 0;
    const auto [next, error] = std::from_chars(at, end, token);
    if (error != std::errc() || (next != end && *next != ',')) {
      return fmt::format("token ids are numbers separated by commas; \"{}\" is not, at character {}", text,
                         at - text.data() + 1);
    }
    tokens.push_back(token);
    at = next;
    if (at == end) return {};
  }
}

Status logits(const LogitsOptions& options) {
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options.model.path));
  HERMES_ASSIGN(LoadedModel loaded, load_model(*files, options.model));
  model::Decoder& decoder = *loaded.decoder;
  const auto vocab = static_cast<size_t>(decoder.spec().vocab_size);
  kv::ContiguousKv kv(decoder.kv_shape(options.model.kv_dtype), static_cast<int64_t>(options.tokens.size()));

  std::string out;
  if (options.json) {
    out = "{\"tokens\": [";
    for (size_t i = 0; i < options.tokens.size(); ++i) out += (i > 0 ? ", " : "") + std::to_string(options.tokens[i]);
    out += "], \"logits\": [";
  }
  // A piece at a time: a row is as wide as the vocabulary, and a long prompt's rows together may not fit in memory.
  constexpr size_t kPiece = 64;
  for (size_t begin = 0; begin < options.tokens.size(); begin += kPiece) {
    const size_t n = std::min(kPiece, options.tokens.size() - begin);
    const model::Chunk chunk{
        .tokens = std::span(options.tokens).subspan(begin, n), .kv = &kv, .logits = model::LogitsRows::kAll};
    HERMES_ASSIGN(const std::span<const float> rows, decoder.forward(std::span(&chunk, 1)));
    for (size_t r = 0; r < n; ++r) {
      const std::span<const float> row = rows.subspan(r * vocab, vocab);
      HERMES_ASSIGN(const int32_t best, sampling::argmax(row));  // refuses NaN, which JSON cannot say
      if (!options.json) {
        out += fmt::format("{:>6}  token {:>7}  next {:>7}  logit {}\n", begin + r, options.tokens[begin + r], best,
                           row[static_cast<size_t>(best)]);
        continue;
      }
      out += begin + r > 0 ? ",\n[" : "[";
      for (size_t i = 0; i < vocab; ++i) {
        if (i > 0) out += ',';
        if (std::isfinite(row[i])) {
          append_json_number(out, row[i]);
        } else {
          out += "-1e999";  // JSON has no infinity; readers take this for one
        }
      }
      out += ']';
    }
    HERMES_TRY(print(out));
    out.clear();
  }
  return options.json ? print("]}\n") : Status();
}

}  // namespace

void add_logits(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("logits", "run tokens through the model and show the logits of every position");
  auto options = std::make_shared<LogitsOptions>();
  add_model_options(*command, options->model);
  command->add_option("--tokens", options->tokens_text, "token ids, separated by commas")
      ->required()
      ->check([options](const std::string& text) { return parse_tokens(text, options->tokens); })
      ->option_text("1,2,3");
  command->add_flag("--json", options->json,
                    "print {\"tokens\": [..], \"logits\": [[one row per position, vocabulary wide]]}");
  command->footer("Example: hermes logits models/my-model --tokens 1,2,3 --json");
  command->callback([options, &action] { action = [options] { return logits(*options); }; });
}

}  // namespace hermes::apps
