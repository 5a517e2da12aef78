#include <algorithm>
#include <chrono>
#include <map>

#include "apps/commands.h"
#include "apps/model_options.h"
#include "apps/progress.h"
#include "engine/speed_test.h"
#include "kernels/cpu/machine_limits.h"
#include "model/prepare_weights.h"

namespace hermes::apps {
namespace {

struct BenchOptions {
  ModelOptions model;
  std::vector<int64_t> prompts{512}, steps{128}, depths{0}, batches{1};
  std::vector<int> thread_counts;  // empty: what the model options say
  int repeats = 5;
  int64_t prefill_chunk = 512;
  bool json = false;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

struct LoadTime {
  double ready = 0;     // seconds until the first token could have been asked for
  double repacked = 0;  // seconds after that until all weights were in their fastest order, with nothing else to do
};

// With all weights as they stay.
Result<LoadedModel> load_wholly(const ModelFiles& files, const ModelOptions& options, LoadTime& time) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  const Clock::time_point begin = Clock::now();
  HERMES_ASSIGN(LoadedModel loaded, load_model(files, options));
  time.ready = seconds_since(begin);
  const Clock::time_point ready = Clock::now();
  if (const auto& preparation = loaded.decoder->weights().prepared) {
    constexpr int64_t kMega = 1000 * 1000;
    const int64_t bytes = model::bytes_to_prepare(loaded.decoder->weights());
    ProgressLine progress("MB of weights");
    preparation->finish([&](int64_t done) { progress.show(done / kMega, bytes / kMega); });
    time.repacked = seconds_since(ready);
  }
  return loaded;
}

// Much more than the last-level cache of one socket; taken once, for all measurements.
constexpr size_t kReadBytes = size_t{1} << 30;

class Bench {
 public:
  // `first`: whether no object has been printed; kept up to date.
  Bench(const BenchOptions& options, const LoadTime& load, const model::Decoder& decoder, ThreadPool& pool, bool& first)
      : options_(options),
        load_(load),
        first_(first),
        isa_(kernels::runnable_cpu_isas().back()),
        pool_(pool),
        memory_(kReadBytes) {
    std::fill_n(reinterpret_cast<float*>(memory_.data()), memory_.size() / sizeof(float), 1.0F);
    std::map<DType, int64_t> elements;
    for (const model::LayerWeights& layer : decoder.weights().layers) {
      for (const model::Projection* p : {&layer.q, &layer.up, &layer.down}) {
        elements[p->weight.dtype] += p->weight.shape.elements();
      }
    }
    type_ = std::max_element(elements.begin(), elements.end(), [](const auto& a, const auto& b) {
              return a.second < b.second;
            })->first;
  }

  Status run(model::Decoder& decoder, const engine::SpeedTest& test) {
    std::vector<double> reads, peaks;
    engine::SpeedOptions speed{.kv_dtype = options_.model.kv_dtype,
                               .prefill_chunk = options_.prefill_chunk,
                               .repeats = options_.repeats,
                               .before_run = [&](int) { measure(reads, peaks); }};
    HERMES_ASSIGN(const std::vector<double> seconds, engine::run_speed_test(decoder, test, speed));
    measure(reads, peaks);
    const engine::SpeedWork work = engine::work_of(decoder, test, options_.model.kv_dtype);
    const auto tokens = static_cast<double>(test.n_prompt + test.n_gen * test.batch);
    std::vector<double> rates, read_shares, peak_shares;
    for (size_t i = 0; i < seconds.size(); ++i) {
      rates.push_back(tokens / seconds[i]);
      const double used = work.bytes_per_step * static_cast<double>(test.n_gen) / seconds[i] / 1e9;
      read_shares.push_back(used / (reads[i] + reads[i + 1]) * 2);
      peak_shares.push_back(work.ops_per_run / seconds[i] / 1e9 / (peaks[i] + peaks[i + 1]) * 2);
    }
    const Row row{test, rates, median(read_shares), median(peak_shares), median(reads), median(peaks)};
    return options_.json ? print_json(row) : print_row(row);
  }

  Status print_heading() const {
    if (options_.json) return {};
    const std::string repacked = load_.repacked > 0 ? fmt::format(", repacked in {:.2f} s", load_.repacked) : "";
    return print(fmt::format(
        "{} on {}, {} cache; ready in {:.2f} s{}\n{:>8} {:>8} {:>6} {:>6} {:>8} {:>10} {:>19} {:>17} {:>17}\n",
        name_of(type_), to_string(isa_), name_of(options_.model.kv_dtype), load_.ready, repacked, "prompt", "steps",
        "depth", "batch", "threads", "tokens/s", "least - most", "of GB/s read", "of G(FL)OP/s"));
  }

 private:
  struct Row {
    const engine::SpeedTest& test;
    std::vector<double> rates;
    double read_share, peak_share, read, peak;
  };

  // The rate that the products are bound by: that of the numbers they multiply.
  void measure(std::vector<double>& reads, std::vector<double>& peaks) {
    reads.push_back(kernels::measure_read_gb_per_s(pool_, isa_, memory_, 2));
    const bool bf16 = type_ == DType::kBF16 && options_.model.activations == ops::Activations::kBF16;
    peaks.push_back(is_block_type(type_) ? kernels::measure_int8_gops(pool_, isa_)
                    : bf16               ? kernels::measure_bf16_gflops(pool_, isa_)
                                         : kernels::measure_f32_gflops(pool_, isa_));
  }

  Status print_row(const Row& row) const {
    const auto [least, most] = std::minmax_element(row.rates.begin(), row.rates.end());
    const std::string range = fmt::format("{:.2f} - {:.2f}", *least, *most);
    const std::string read =
        row.test.n_gen > 0 ? fmt::format("{:.0f} % of {:.1f}", 100 * row.read_share, row.read) : "";
    return print(fmt::format("{:>8} {:>8} {:>6} {:>6} {:>8} {:>10.2f} {:>19} {:>17} {:>17}\n", row.test.n_prompt,
                             row.test.n_gen, row.test.depth, row.test.batch, pool_.n_threads(), median(row.rates),
                             range, read, fmt::format("{:.0f} % of {:.0f}", 100 * row.peak_share, row.peak)));
  }
  Status print_json(const Row& row) {
    std::string samples;
    for (const double rate : row.rates) samples += fmt::format("{}{}", samples.empty() ? "" : ", ", rate);
    const std::string object = fmt::format(
        "{}\n{{\"n_prompt\": {}, \"n_gen\": {}, \"depth\": {}, \"batch\": {}, \"threads\": {}, \"type\": \"{}\", "
        "\"tokens_per_second\": {}, \"samples\": [{}], \"bandwidth_share\": {}, \"matrix_share\": {}, "
        "\"read_gb_per_s\": {}, \"matrix_gops\": {}, \"ready_seconds\": {}, \"repack_seconds\": {}}}",
        first_ ? "" : ",", row.test.n_prompt, row.test.n_gen, row.test.depth, row.test.batch, pool_.n_threads(),
        name_of(type_), median(row.rates), samples,
        row.test.n_gen > 0 ? fmt::format("{}", row.read_share) : std::string("null"), row.peak_share, row.read,
        row.peak, load_.ready, load_.repacked);
    first_ = false;
    return print(object);
  }

  const BenchOptions& options_;
  LoadTime load_;
  bool& first_;
  kernels::CpuIsa isa_;
  ThreadPool& pool_;
  Buffer memory_;
  DType type_ = DType::kF32;
};

Status bench_with(const BenchOptions& options, const ModelFiles& files, int threads, bool& first) {
  ModelOptions model = options.model;
  model.threads = threads;
  LoadTime load;
  HERMES_ASSIGN(LoadedModel loaded, load_wholly(files, model, load));
  const int64_t most = loaded.decoder->spec().max_positions;
  const int64_t longest = std::max(*std::max_element(options.prompts.begin(), options.prompts.end()),
                                   *std::max_element(options.steps.begin(), options.steps.end()));
  const int64_t deepest = *std::max_element(options.depths.begin(), options.depths.end());
  if (deepest + longest > most) {
    return Error::invalid("--depth {} and {} more tokens are beyond the model's context of {}", deepest, longest, most);
  }
  Bench bench(options, load, *loaded.decoder, *loaded.pool, first);
  HERMES_TRY(bench.print_heading());
  for (const int64_t depth : options.depths) {
    for (const int64_t n : options.prompts) {
      if (n > 0) HERMES_TRY(bench.run(*loaded.decoder, {.n_prompt = n, .depth = depth}));
    }
    for (const int64_t batch : options.batches) {
      for (const int64_t n : options.steps) {
        if (n > 0) HERMES_TRY(bench.run(*loaded.decoder, {.n_gen = n, .depth = depth, .batch = batch}));
      }
    }
  }
  return {};
}

Status bench(const BenchOptions& options) {
  HERMES_ASSIGN(const std::unique_ptr<const ModelFiles> files, open_model(options.model.path));
  std::vector<int> threads = options.thread_counts;
  if (threads.empty()) threads.push_back(options.model.threads);
  bool first = true;
  if (options.json) HERMES_TRY(print("["));
  for (const int n : threads) HERMES_TRY(bench_with(options, *files, n, first));
  return options.json ? print("\n]\n") : Status();
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("bench", "measure prompt and generation speed beside the machine's limits");
  auto options = std::make_shared<BenchOptions>();
  add_model_options(*command, options->model);
  const auto list = [&](const char* name, auto& values, const char* help) {
    command->add_option(name, values, help)->delimiter(',')->check(CLI::Range(0, 1 << 24))->capture_default_str();
  };
  list("-p,--prompt", options->prompts, "lengths of prompts, in tokens; 0: none");
  list("-n,--gen", options->steps, "numbers of steps of generation; 0: none");
  list("-d,--depth", options->depths, "positions that the cache holds before");
  command->add_option("-b,--concurrency", options->batches, "sequences that generate side by side")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--thread-counts", options->thread_counts, "numbers of threads, each in turn; instead of -t")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024));
  command->add_option("-r,--repeats", options->repeats, "runs of each; the median counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--prefill-chunk", options->prefill_chunk, "tokens of a prompt at a time")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_flag("--json", options->json, "print a list of objects, one for each test");
  command->footer(
      "Example: hermes bench model.gguf -p 512,2048 -n 64 -d 0,8192 --kv-dtype f16 -t 2\n"
      "Bandwidth and arithmetic are measured before and after each run: on shared machines they change by the minute. "
      "Shares count the weights and the cache read, and the multiply-adds of linear layers.");
  command->callback([options, &action] { action = [options] { return bench(*options); }; });
}

}  // namespace hermes::apps
