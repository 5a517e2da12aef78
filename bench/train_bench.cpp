// A training step of nano's shape (recipes/nano/train.json): forward, backward and AdamW over one packed row of documents
// of one length, every token trained. Tokens per second, and FLOPs beside the multiply-add peak measured in the same
// run. The peer is bench/peers/pytorch_train.py.
//
//   build/cpu-release/bench/train_bench [-t THREADS] [--documents 32] [--length 128] [-r 3] [--json]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>

#include "base/json.h"
#include "base/rng.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_training_backend.h"
#include "kernels/cpu/machine_limits.h"
#include "train/model_gradient.h"
#include "train/optimizer.h"

namespace hermes {
namespace {

struct Settings {
  int threads = available_cores();
  int documents = 32, length = 128;
  int repeat = 3;
  bool json = false;
};

model::ArchSpec nano() {
  model::ArchSpec spec;
  spec.model_type = "llama";
  spec.n_layers = 6;
  spec.hidden_size = 192;
  spec.n_heads = 6;
  spec.n_kv_heads = 3;
  spec.head_dim = 32;
  spec.intermediate_size = 512;
  spec.vocab_size = 1024;
  spec.max_positions = 4096;
  spec.rms_eps = 1e-5F;
  spec.tied_embeddings = true;
  return spec;
}

train::PackedRow random_row(const Settings& settings, int64_t vocab_size) {
  train::PackedRow row;
  Rng rng(2);
  for (int d = 0; d < settings.documents; ++d) {
    for (int i = 0; i < settings.length; ++i) {
      row.tokens.push_back(static_cast<int32_t>(rng.below(static_cast<uint64_t>(vocab_size))));
      row.labels.push_back(static_cast<int32_t>(rng.below(static_cast<uint64_t>(vocab_size))));
      row.positions.push_back(i);
    }
    row.documents.push_back(static_cast<int32_t>(row.tokens.size()));
  }
  return row;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const Settings& settings) {
  ThreadPool pool(settings.threads);
  const auto backend = kernels::make_cpu_backend(pool);
  const auto training = kernels::make_cpu_training_backend(pool);
  const model::ArchSpec spec = nano();
  train::FlatTensors parameters(spec), gradient(spec);
  train::initialise(spec, 1, parameters);
  train::ModelGradient model(spec, *backend, *training);
  train::Optimizer optimizer(spec, {.weight_decay = 0.1}, *training);
  const train::PackedRow row = random_row(settings, spec.vocab_size);
  const auto n_tokens = static_cast<double>(row.tokens.size());

  const auto seconds_of = [](auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::vector<double> rates, forward_rates, shares, peaks;
  for (int round = 0; round <= settings.repeat; ++round) {  // the first warms up
    const double before = kernels::measure_f32_gflops(pool, kernels::runnable_cpu_isas().back());
    const double forward = seconds_of([&] { model.forward(parameters, row); });
    const double step = seconds_of([&] {
      std::fill(gradient.all().begin(), gradient.all().end(), 0.0F);
      model.forward_backward(parameters, row, static_cast<float>(1 / n_tokens), gradient);
      optimizer.update(parameters, gradient, optimizer.norm(gradient), round + 1, 1e-3);
    });
    const double after = kernels::measure_f32_gflops(pool, kernels::runnable_cpu_isas().back());
    if (round == 0) continue;
    peaks.push_back((before + after) / 2);
    rates.push_back(n_tokens / step);
    forward_rates.push_back(n_tokens / forward);
    shares.push_back(model.flops(row) / step / 1e9 / peaks.back());
  }
  if (settings.json) {
    std::printf("%s\n", to_json_text(json::object{{"engine", std::string("hermes ") + std::string(backend->name())},
                                                  {"threads", settings.threads},
                                                  {"documents", settings.documents},
                                                  {"length", settings.length},
                                                  {"tokens_per_second", median(rates)},
                                                  {"forward_tokens_per_second", median(forward_rates)},
                                                  {"share_of_f32_peak", median(shares)},
                                                  {"f32_peak_gflops", median(peaks)}})
                            .c_str());
    return;
  }
  std::printf("%s, %d threads, nano's shape, %d documents of %d tokens\n", std::string(backend->name()).c_str(),
              settings.threads, settings.documents, settings.length);
  std::printf("step %.0f tokens/s, forward alone %.0f tokens/s, %.0f %% of the F32 peak of %.0f GFLOP/s\n",
              median(rates), median(forward_rates), 100 * median(shares), median(peaks));
}

}  // namespace
}  // namespace hermes

int main(int argc, char** argv) {
  hermes::Settings settings;
  CLI::App app("A training step of nano's shape, beside this machine's multiply-add peak.");
  app.add_option("-t,--threads", settings.threads, "threads")->check(CLI::Range(1, 1024));
  app.add_option("--documents", settings.documents, "documents in the row")->check(CLI::Range(1, 4096));
  app.add_option("--length", settings.length, "tokens of each")->check(CLI::Range(1, 65536));
  app.add_option("-r", settings.repeat, "rounds; medians are reported")->check(CLI::Range(1, 100));
  app.add_flag("--json", settings.json, "one JSON object");
  CLI11_PARSE(app, argc, argv);
  hermes::run(settings);
  return 0;
}
