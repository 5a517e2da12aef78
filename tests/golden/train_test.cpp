// Training beside PyTorch: loss, gradient and two steps, AdamW's and Muon's, of tiny models of each architecture
// (tools/train_make_goldens.py, muon_make_goldens.py), and the laws that tie trainer and sampler together.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>
#include <map>

#include "base/json.h"
#include "formats/safetensors_file.h"
#include "formats/safetensors_set.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_training_backend.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/golden_model.h"
#include "support/tolerance.h"
#include "train/model_gradient.h"
#include "train/optimizer.h"

namespace hermes {
namespace {

using train::FlatTensors;

// Relative error of F32 runs on both sides. Losses: some 10 ulp, as logits (logits_test.cpp). Gradients go through each
// layer twice, over sums of up to 120 tokens: some 50 ulp; small tensors (biases of k, whose gradient is a difference
// that nearly vanishes) lose a few digits more, so the error is taken beside the norm of the largest gradient too.
constexpr double kLossError = 1e-5;
constexpr double kGradientError = 3e-5;
constexpr double kSmallGradientError = 1e-6;  // of the largest tensor's norm
// Growth of a gradient's error, in norm and relative to it, on its way through Muon's iteration, whose result has a
// norm of its own, some 5 in these matrices. It is 485 for what lies in directions where the matrix nearly vanishes (the
// slope at 0), which is little of it, and about 1 elsewhere. Measured: up to 3.
constexpr double kMuonGrowth = 20;

struct TrainingGolden {
  formats::SafetensorsFile file;
  train::PackedRow row;

  static TrainingGolden load(const std::string& name) {
    const std::string path = HERMES_SOURCE_DIR "/tests/golden/train/" + name + ".safetensors";
    TrainingGolden golden{formats::SafetensorsFile::open(path).value(), {}};
    golden.row.tokens = golden.integers("tokens");
    golden.row.labels = golden.integers("labels");
    golden.row.documents = golden.integers("documents");
    for (size_t d = 0; d + 1 < golden.row.documents.size(); ++d) {
      for (int32_t i = 0; i < golden.row.documents[d + 1] - golden.row.documents[d]; ++i) {
        golden.row.positions.push_back(i);
      }
    }
    return golden;
  }
  std::vector<int32_t> integers(const std::string& name) const {
    const ConstTensorView view = file.tensor(name).value();
    return {view.as<int32_t>(), view.as<int32_t>() + view.shape.elements()};
  }
  std::span<const float> floats(const std::string& name) const {
    const ConstTensorView view = file.tensor(name).value();
    return {view.f32(), static_cast<size_t>(view.shape.elements())};
  }
  double option(const std::string& name) const { return std::stod(file.header().metadata.at(name)); }
  // Every k-th element, as the script takes them.
  std::vector<float> sampled(std::span<const float> values) const {
    const auto most = static_cast<size_t>(option("samples"));
    const size_t stride = (values.size() + most - 1) / most;
    std::vector<float> out;
    for (size_t i = 0; i < values.size(); i += stride) out.push_back(values[i]);
    return out;
  }
};

double norm_of(std::span<const float> values) {
  double sum = 0;
  for (const float x : values) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

std::vector<std::string> trained_names() { return {"llama-f32", "llama-tied-f32", "qwen3-f32", "seed-oss-f32"}; }

model::ArchSpec spec_of(const std::string& name) {
  const std::string path = test::golden_folder(name) + "/config.json";
  return model::read_arch_spec(read_json_file(path, 1 << 20).value(), path).value();
}

FlatTensors weights_of(const std::string& name, const model::ArchSpec& spec) {
  FlatTensors parameters(spec);
  const auto source =
      std::make_shared<formats::SafetensorsSet>(formats::SafetensorsSet::open(test::golden_folder(name)).value());
  EXPECT_TRUE(parameters.load(spec, source).ok());
  return parameters;
}

class Training : public ::testing::TestWithParam<std::string> {
 protected:
  using Inspect = std::function<void(const train::ModelGradient&, const FlatTensors& gradient, double norm)>;

  // The weights after two steps, whose losses and norms must be the golden's; `inspect` sees the first gradient.
  static FlatTensors two_steps(ops::Backend& backend, ops::TrainingBackend& training, const TrainingGolden& golden,
                               train::OptimizerOptions options, const Inspect& inspect) {
    const model::ArchSpec spec = spec_of(GetParam());
    FlatTensors parameters = weights_of(GetParam(), spec), gradient(spec);
    train::ModelGradient model(spec, backend, training);
    options.beta1 = golden.option("beta1");
    options.beta2 = golden.option("beta2");
    options.eps = golden.option("eps");
    options.weight_decay = golden.option("weight_decay");
    options.clip_norm = golden.option("clip_norm");
    train::Optimizer optimizer(spec, options, training);
    const auto n_labels = static_cast<double>(golden.row.n_labels());
    for (int64_t step = 1; step <= 2; ++step) {
      std::fill(gradient.all().begin(), gradient.all().end(), 0.0F);
      const double loss =
          model.forward_backward(parameters, golden.row, static_cast<float>(1 / n_labels), gradient) / n_labels;
      const double norm = optimizer.norm(gradient);
      const auto at = static_cast<size_t>(step - 1);
      const auto expected_loss = static_cast<double>(golden.floats("losses")[at]);
      const auto expected_norm = static_cast<double>(golden.floats("norms")[at]);
      EXPECT_TRUE(test::is_close(loss, expected_loss, kLossError * expected_loss)) << loss << " " << expected_loss;
      EXPECT_TRUE(test::is_close(norm, expected_norm, kGradientError * expected_norm)) << norm << " " << expected_norm;
      if (step == 1) inspect(model, gradient, norm);
      optimizer.update(parameters, gradient, norm, step, golden.option("learning_rate"));
    }
    return parameters;
  }

  static void expect_two_steps(ops::Backend& backend, ops::TrainingBackend& training) {
    SCOPED_TRACE(std::string(backend.name()));
    const TrainingGolden golden = TrainingGolden::load(GetParam());
    const auto inspect = [&](const train::ModelGradient& model, const FlatTensors& gradient, double norm) {
      EXPECT_LE(test::relative_l2(model.token_losses(), golden.floats("token_losses")), kLossError);
      expect_gradient(golden, gradient, norm);
    };
    const FlatTensors parameters = two_steps(backend, training, golden, {}, inspect);
    for (const FlatTensors::Entry& entry : parameters.entries()) expect_adamw(golden, parameters, entry);
  }

  // An AdamW step divides by |g| + eps: an error of g, at most kGradientError of the clipped norm 1, moves a weight by
  // lr / eps of that, and the second step again; then what rounding does to the weight itself.
  static void expect_adamw(const TrainingGolden& golden, const FlatTensors& parameters,
                           const FlatTensors::Entry& entry) {
    const double moved = 2 * golden.option("learning_rate") * kSmallGradientError / golden.option("eps");
    const std::span<const float> expected = golden.floats("updated." + entry.name);
    std::vector<double> tolerances;
    for (const float x : expected)
      tolerances.push_back(moved + 4 * test::kUnitRoundoff * (1 + std::abs(static_cast<double>(x))));
    EXPECT_TRUE(test::all_close(golden.sampled(parameters.values(entry)), expected, tolerances)) << entry.name;
  }

  // Muon for the hidden matrices, AdamW for the rest. An error of a matrix's gradient moves the weights by as much as it has
  // grown, times the step.
  static void expect_two_steps_of_muon(ops::Backend& backend, ops::TrainingBackend& training) {
    SCOPED_TRACE(std::string(backend.name()));
    const TrainingGolden golden = TrainingGolden::load("muon-" + GetParam());
    const train::OptimizerOptions options{.kind = train::OptimizerKind::kMuon, .momentum = golden.option("momentum")};
    std::map<std::string, double> errors;  // of the gradients
    const auto inspect = [&](const train::ModelGradient&, const FlatTensors& gradient, double norm) {
      for (const FlatTensors::Entry& entry : gradient.entries()) {
        errors[entry.name] = kGradientError + kSmallGradientError * norm / norm_of(gradient.values(entry));
      }
    };
    const FlatTensors parameters = two_steps(backend, training, golden, options, inspect);
    for (const FlatTensors::Entry& entry : parameters.entries()) {
      if (!train::orthogonalised(entry)) {
        expect_adamw(golden, parameters, entry);
        continue;
      }
      const std::vector<float> actual = golden.sampled(parameters.values(entry));
      const std::span<const float> expected = golden.floats("updated." + entry.name);
      std::vector<float> difference(actual.size());
      for (size_t i = 0; i < actual.size(); ++i) difference[i] = actual[i] - expected[i];
      const double step = golden.option("learning_rate") * ops::kMuonRms *
                          std::sqrt(static_cast<double>(std::max(entry.shape[0], entry.shape[1])));
      const double tolerance =
          2 * step * kMuonGrowth * errors[entry.name] + 4 * test::kUnitRoundoff * norm_of(expected);
      EXPECT_TRUE(test::is_close(norm_of(difference), 0, tolerance)) << entry.name;
    }
  }

  static void expect_gradient(const TrainingGolden& golden, const FlatTensors& gradient, double norm) {
    for (const FlatTensors::Entry& entry : gradient.entries()) {
      const std::span<const float> expected = golden.floats("gradient." + entry.name);
      const double tolerance = kGradientError * norm_of(expected) + kSmallGradientError * norm;
      const std::vector<float> actual = golden.sampled(gradient.values(entry));
      ASSERT_EQ(actual.size(), expected.size()) << entry.name;
      std::vector<float> difference(actual.size());
      for (size_t i = 0; i < actual.size(); ++i) difference[i] = actual[i] - expected[i];
      EXPECT_TRUE(test::is_close(norm_of(difference), 0, tolerance))
          << entry.name << ": " << norm_of(difference) << " of " << norm_of(expected) << ", whole " << norm;
    }
  }
};

TEST_P(Training, ReferenceBackendMatchesPyTorch) {
  const auto backend = ops::make_reference_backend();
  const auto training = ops::make_reference_training_backend();
  expect_two_steps(*backend, *training);
}

TEST_P(Training, ReferenceBackendMatchesPyTorchsMuon) {
  const auto backend = ops::make_reference_backend();
  const auto training = ops::make_reference_training_backend();
  expect_two_steps_of_muon(*backend, *training);
}

TEST_P(Training, CpuBackendMatchesPyTorch) {
  ThreadPool pool(2);
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    const auto training = kernels::make_cpu_training_backend(pool, isa);
    expect_two_steps(*backend, *training);
    expect_two_steps_of_muon(*backend, *training);
  }
}

// The ruling that RL rests on: the trainer's -log p of a token is, bit for bit, the one of the sampler's logits.
TEST_P(Training, LossesAreThoseOfTheDecodersLogits) {
  ThreadPool pool(2);
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    const auto training = kernels::make_cpu_training_backend(pool, isa);
    const TrainingGolden golden = TrainingGolden::load(GetParam());
    const model::ArchSpec spec = spec_of(GetParam());
    const FlatTensors parameters = weights_of(GetParam(), spec);
    train::ModelGradient model(spec, *backend, *training);
    model.forward(parameters, golden.row);
    const std::vector<float> packed(model.token_losses().begin(), model.token_losses().end());

    model::Decoder decoder = test::load_golden_decoder(GetParam(), *backend);
    std::vector<float> decoded;
    for (size_t d = 0; d + 1 < golden.row.documents.size(); ++d) {
      const auto begin = golden.row.documents[d], end = golden.row.documents[d + 1];
      const std::vector<int32_t> tokens(golden.row.tokens.begin() + begin, golden.row.tokens.begin() + end);
      const std::vector<float> logits = test::run_in_chunks(decoder, tokens, 1);
      const auto vocab = static_cast<size_t>(spec.vocab_size);
      for (int32_t t = 0; t < end - begin; ++t) {
        const int32_t label = golden.row.labels[static_cast<size_t>(begin + t)];
        if (label == train::kNoLabel) continue;
        std::vector<float> one(logits.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(t) * vocab),
                               logits.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(t + 1) * vocab));
        float loss = 0;
        training->cross_entropy({.logits = view_of(one, {1, spec.vocab_size}),
                                 .labels = {&label, 1},
                                 .loss_only = true,
                                 .loss = {&loss, 1}});
        decoded.push_back(loss);
      }
    }
    EXPECT_TRUE(test::same_bits(packed, decoded)) << kernels::to_string(isa);
  }
}

// What else is in the row does not touch a document: its losses packed are those it has alone.
TEST_P(Training, PackedLossesAreThoseOfTheDocumentsAlone) {
  ThreadPool pool(2);
  const auto backend = kernels::make_cpu_backend(pool);
  const auto training = kernels::make_cpu_training_backend(pool);
  const TrainingGolden golden = TrainingGolden::load(GetParam());
  const model::ArchSpec spec = spec_of(GetParam());
  const FlatTensors parameters = weights_of(GetParam(), spec);
  train::ModelGradient model(spec, *backend, *training);
  FlatTensors gradient(spec);
  model.forward_backward(parameters, golden.row, 1, gradient);
  const std::vector<float> packed(model.token_losses().begin(), model.token_losses().end());
  std::vector<float> alone;
  for (size_t d = 0; d + 1 < golden.row.documents.size(); ++d) {
    const auto begin = golden.row.documents[d], end = golden.row.documents[d + 1];
    const auto part = [&](const std::vector<int32_t>& all) {
      return std::vector<int32_t>(all.begin() + begin, all.begin() + end);
    };
    const train::PackedRow row{.tokens = part(golden.row.tokens),
                               .labels = part(golden.row.labels),
                               .positions = part(golden.row.positions),
                               .documents = {0, end - begin}};
    model.forward(parameters, row);
    alone.insert(alone.end(), model.token_losses().begin(), model.token_losses().end());
  }
  EXPECT_TRUE(test::same_bits(packed, alone));
}

TEST_P(Training, GradientDoesNotDependOnThreads) {
  const TrainingGolden golden = TrainingGolden::load(GetParam());
  const model::ArchSpec spec = spec_of(GetParam());
  const FlatTensors parameters = weights_of(GetParam(), spec);
  std::vector<std::vector<float>> gradients;
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    const auto backend = kernels::make_cpu_backend(pool);
    const auto training = kernels::make_cpu_training_backend(pool);
    train::ModelGradient model(spec, *backend, *training);
    FlatTensors gradient(spec);
    model.forward_backward(parameters, golden.row, 1, gradient);
    gradients.emplace_back(gradient.all().begin(), gradient.all().end());
  }
  EXPECT_TRUE(test::same_bits(gradients[0], gradients[1]));
  EXPECT_TRUE(test::same_bits(gradients[0], gradients[2]));
}

INSTANTIATE_TEST_SUITE_P(Golden, Training, ::testing::ValuesIn(trained_names()), test::golden_test_name);

}  // namespace
}  // namespace hermes
