#include "apps/eval_perplexity.h"

#include <boost/json.hpp>
#include <filesystem>

#include "apps/interrupt.h"
#include "apps/progress.h"
#include "base/json.h"
#include "engine/perplexity.h"

namespace hermes::apps {
namespace {

using engine::Divergence;
using engine::Estimate;

json::object to_json(const Estimate& estimate) {
  return {{"value", estimate.value}, {"standard_error", estimate.error}};
}

json::object to_json(const Divergence& d, const std::string& reference) {
  return {{"reference", reference},
          {"reference_perplexity", to_json(d.reference_perplexity)},
          {"log_perplexity_ratio", to_json(d.log_ratio)},
          {"kl_divergence", to_json(d.mean)},
          {"kl_divergence_median", d.median},
          {"kl_divergence_99", d.percentile_99},
          {"kl_divergence_maximum", d.maximum},
          {"probability_change", to_json(d.change)},
          {"probability_change_rms", d.change_rms},
          {"same_top", to_json(d.same_top)}};
}

std::string to_text(const Divergence& d, const std::string& reference) {
  return fmt::format(
      "beside {}, perplexity {:.4f} ± {:.4f}:\n"
      "  ln of the ratio       {:>11.6f} ± {:.6f}\n"
      "  KL divergence         {:>11.6f} ± {:.6f}, median {:.6f}, 99 % {:.6f}, maximum {:.6f}\n"
      "  change of p(token)    {:>+11.4f} ± {:.4f} %, RMS {:.4f} %\n"
      "  same top token        {:>11.3f} ± {:.3f} %\n",
      reference, d.reference_perplexity.value, d.reference_perplexity.error, d.log_ratio.value, d.log_ratio.error,
      d.mean.value, d.mean.error, d.median, d.percentile_99, d.maximum, 100 * d.change.value, 100 * d.change.error,
      100 * d.change_rms, 100 * d.same_top.value, 100 * d.same_top.error);
}

// The reference is told the model's tokens; where it has a vocabulary of its own, that must give the same.
Status check_vocabulary(const ModelFiles& reference, const engine::TextChunks& text, const TextOptions& options) {
  const auto tokenizer = reference.open_tokenizer();
  if (!tokenizer.ok()) return tokenizer.error().code() == ErrorCode::kNotFound ? Status() : tokenizer.error();
  HERMES_ASSIGN(const engine::TextChunks other, read_text_chunks(*tokenizer, options));
  const Status same = engine::same_tokens(text, other);
  return same.ok() ? same : same.error().with_context(reference.path());
}

}  // namespace

std::vector<CLI::Option*> add_perplexity_options(CLI::App& command, PerplexityEvalOptions& options) {
  std::vector<CLI::Option*> added = add_text_options(command, options.text);
  added.push_back(command
                      .add_option("--against", options.against,
                                  "another model of the same vocabulary, the reference: how far MODEL is from it")
                      ->option_text("MODEL2"));
  return added;
}

Status evaluate_perplexity(const ModelOptions& model, const PerplexityEvalOptions& options, bool as_json) {
  if (options.text.path.empty()) return Error::invalid("the task perplexity needs a text: -f FILE");
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(model.path));
  HERMES_ASSIGN(const tokenizer::Tokenizer tokenizer, files->open_tokenizer());
  HERMES_ASSIGN(const engine::TextChunks text, read_text_chunks(tokenizer, options.text));
  HERMES_ASSIGN(const LoadedModel loaded, load_model(*files, model));
  LoadedModel reference;
  if (!options.against.empty()) {
    HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> other, open_model(options.against));
    HERMES_TRY(check_vocabulary(*other, text, options.text));
    HERMES_ASSIGN(reference, load_model(*other, model));
  }

  watch_for_interrupt();  // Ctrl-C ends the run; the chunks that are done are reported
  ProgressLine line("tokens");
  const auto total = static_cast<int64_t>(text.tokens.size());
  const auto report = engine::measure_perplexity(
      *loaded.decoder, reference.decoder.get(), *loaded.pool, text,
      {.kv_dtype = model.kv_dtype, .cancel = &interrupted(), .progress = [&](int64_t tokens, double perplexity) {
         line.show(tokens, total, 0, fmt::format("perplexity {:.4f}", perplexity));
       }});
  line.clear();
  if (!report.ok()) return report.error();

  if (as_json) {
    json::object object{{"task", "perplexity"},      {"model", files->path()},
                        {"text", options.text.path}, {"context", text.size},
                        {"chunks", report->chunks},  {"interrupted", report->chunks < text.count()},
                        {"tokens", report->tokens},  {"perplexity", to_json(report->perplexity)}};
    if (report->divergence) object["against"] = to_json(*report->divergence, options.against);
    return print(to_json_text(object) + "\n");
  }
  std::string out = fmt::format("{}: perplexity {:.4f} ± {:.4f}, {} tokens in {} chunks of {}{}\n", files->path(),
                                report->perplexity.value, report->perplexity.error, report->tokens, report->chunks,
                                text.size, report->chunks < text.count() ? " (interrupted)" : "");
  if (report->divergence) out += to_text(*report->divergence, options.against);
  return print(out);
}

}  // namespace hermes::apps
