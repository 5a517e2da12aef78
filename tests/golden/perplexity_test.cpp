// Perplexity, divergence and importance beside what llama.cpp's own tools make of the same model and text
// (tools/imatrix_make_goldens.py): cutting, opening token, scored tokens and sums are as there.
#include "engine/perplexity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "engine/importance.h"
#include "formats/imatrix_file.h"
#include "kernels/cpu/cpu_backend.h"
#include "model_files/model_files.h"
#include "support/golden_model.h"

namespace hermes::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class BesideLlamaCpp : public testing::Test {
 protected:
  BesideLlamaCpp() : backend_(kernels::make_cpu_backend(pool_)) {
    json_ = read_json_file(HERMES_SOURCE_DIR "/tests/golden/perplexity/llama_cpp.json", 1 << 20).value();
    text_ = std::string(json_.at("text").as_string());
  }
  static std::unique_ptr<const model_files::ModelFiles> open(std::string_view name) {
    return model_files::ModelFiles::open(fmt::format(HERMES_SOURCE_DIR "/tests/golden/gguf/{}.gguf", name)).value();
  }
  model::Decoder decoder(std::string_view name) {
    const auto files = open(name);
    model::ArchSpec spec = files->read_arch_spec().value();
    model::Weights weights = bind_weights(spec, files->open_weights().value(), files->tensor_names()).value();
    return model::Decoder(std::move(spec), std::move(weights), *backend_);
  }
  TextChunks cut(int64_t most = 0) {
    const auto tokenizer = open("llama-f32")->open_tokenizer().value();
    return cut_into_chunks(tokenizer, text_, "text", {.size = json_.at("context").to_number<int64_t>(), .most = most})
        .value();
  }
  // A value and its error as they were printed.
  static void expect_near(const Estimate& ours, const json::value& theirs, double tolerance, double scale = 1) {
    EXPECT_NEAR(scale * ours.value, theirs.at(0).to_number<double>(), tolerance);
    EXPECT_NEAR(scale * ours.error, theirs.at(1).to_number<double>(), tolerance);
  }

  ThreadPool pool_{2};
  std::unique_ptr<ops::Backend> backend_;
  json::value json_;
  std::string text_;
};

TEST_F(BesideLlamaCpp, PerplexityIsTheSame) {
  model::Decoder model = decoder("llama-f32");
  for (const json::value& run : json_.at("runs").as_array()) {
    const TextChunks text = cut(std::max<int64_t>(0, run.at("chunks").to_number<int64_t>()));
    const PerplexityReport report = measure_perplexity(model, nullptr, pool_, text).value();
    EXPECT_EQ(report.tokens, 31 * report.chunks);
    expect_near(report.perplexity, run.at("perplexity"), 1e-3);  // of about a thousand
  }
}

// There the reference's logarithms are rounded to 16 bits, and what is below e^-16 left out.
TEST_F(BesideLlamaCpp, DivergenceIsTheSame) {
  const json::value& theirs = json_.at("divergence");
  model::Decoder reference = decoder("llama-f32");
  model::Weights swapped = reference.weights();
  std::swap(swapped.layers[0], swapped.layers[2]);
  model::Decoder model(reference.spec(), swapped, *backend_);
  const PerplexityReport report = measure_perplexity(model, &reference, pool_, cut()).value();
  const Divergence& d = *report.divergence;
  expect_near(report.perplexity, theirs.at("perplexity"), 1e-3);
  expect_near(d.log_ratio, theirs.at("log_ratio"), 2e-5);
  expect_near(d.mean, theirs.at("mean"), 2e-5);
  EXPECT_NEAR(d.maximum, theirs.at("maximum").to_number<double>(), 2e-4);
  EXPECT_NEAR(d.percentile_99, theirs.at("percentile_99").to_number<double>(), 2e-4);
  EXPECT_NEAR(d.median, theirs.at("median").to_number<double>(), 2e-4);
  expect_near(d.change, theirs.at("change_percent"), 1e-3, 100);
  EXPECT_NEAR(100 * d.change_rms, theirs.at("change_rms_percent").at(0).to_number<double>(), 1e-3);
  expect_near(d.same_top, theirs.at("same_top_percent"), 1e-3, 100);
}

TEST_F(BesideLlamaCpp, ImportanceIsTheSame) {
  const auto theirs = formats::read_imatrix(HERMES_SOURCE_DIR "/src/formats/testdata/imatrix.gguf").value();
  // From the GGUF file, and from the folder that it was made of: the names are GGUF's for both.
  const model::Decoder from_file = decoder("llama-f32"),
                       from_folder = test::load_golden_decoder("llama-f32", *backend_);
  const TextChunks text = cut();
  for (const model::Decoder* model : {&from_file, &from_folder}) {
    const Importance ours = measure_importance(model->spec(), model->weights(), *backend_, pool_, text).value();
    EXPECT_EQ(ours.chunks, theirs.chunk_count);
    ASSERT_EQ(ours.weights.size(), theirs.entries.size());
    for (size_t i = 0; i < theirs.entries.size(); ++i) {
      const formats::ImatrixEntry& entry = theirs.entries[i];
      EXPECT_EQ(ours.weights[i].name, entry.name);
      EXPECT_EQ(ours.weights[i].count, static_cast<int64_t>(entry.count));
      ASSERT_EQ(ours.weights[i].squares.size(), entry.sums.size());
      for (size_t k = 0; k < entry.sums.size(); ++k) {
        const auto expected = static_cast<double>(entry.sums[k]);
        EXPECT_NEAR(ours.weights[i].squares[k], expected, 1e-5 * expected) << entry.name << " " << k;
      }
    }
  }
}

// Every architecture's linear layers are known by the names of its GGUF file.
TEST(ImportanceNames, AreThoseOfTheTensors) {
  ThreadPool pool(1);
  const auto backend = kernels::make_cpu_backend(pool);
  for (const char* name : {"llama-f32", "llama-tied-f32", "qwen3-f32", "seed-oss-f32"}) {
    const model::Decoder decoder = test::load_golden_decoder(name, *backend);
    const TextChunks text{.tokens = {1, 2, 3, 4}, .size = 4};
    const Importance all =
        measure_importance(decoder.spec(), decoder.weights(), *backend, pool, text, {.with_output = true}).value();
    std::vector<std::string> expected, names;
    for (const auto& tensor : expected_tensors(decoder.spec(), model::TensorNames::kGguf)) {
      const bool embedding = tensor.name == "token_embd.weight" && !decoder.spec().tied_embeddings;
      if (tensor.shape.rank() == 2 && !embedding) expected.push_back(tensor.name);
    }
    for (const WeightInputs& weight : all.weights) names.push_back(weight.name);
    EXPECT_THAT(names, testing::UnorderedElementsAreArray(expected)) << name;
  }
}

TEST_F(BesideLlamaCpp, ChunksAreWholeAndBeginWithTheOpeningToken) {
  const auto tokenizer = open("llama-f32")->open_tokenizer().value();
  const auto cut = [&](std::string_view text, const ChunkOptions& options) {
    return cut_into_chunks(tokenizer, text, "text.txt", options);
  };
  const std::vector<int32_t> bare = tokenizer.encode("abcdefghijk", {.add_special = false}).value();
  const TextChunks chunks = cut("abcdefghijk", {.size = 4}).value();
  ASSERT_EQ(chunks.count(), 3);
  EXPECT_THAT(chunks.chunk(0), ElementsAre(0, bare[0], bare[1], bare[2]));
  EXPECT_THAT(chunks.chunk(1), ElementsAre(0, bare[4], bare[5], bare[6]));
  EXPECT_THAT(chunks.chunk(2), ElementsAre(0, bare[8], bare[9], bare[10]));
  EXPECT_EQ(cut("abcdefghijk", {.size = 5})->count(), 2);
  EXPECT_EQ(cut("abcdefghijk", {.size = 4, .most = 2})->count(), 2);
  EXPECT_EQ(cut("abcdefghijk", {.size = 4, .most = 9})->count(), 3);
  EXPECT_THAT(cut("abc", {.size = 5}).error().message(), HasSubstr("text.txt: 4 tokens are fewer than one chunk of 5"));
  EXPECT_FALSE(cut("", {.size = 2}).ok());

  // Text that spells a special token is text, unless it is asked for.
  EXPECT_EQ(cut("<|eot_id|>", {.size = 2, .parse_special = true})->tokens[1], 2);
  EXPECT_NE(cut("<|eot_id|>", {.size = 2})->tokens[1], 2);

  EXPECT_TRUE(same_tokens(chunks, chunks).ok());
  TextChunks other = chunks;
  other.tokens[6] += 1;
  EXPECT_THAT(same_tokens(chunks, other).error().message(), HasSubstr("they differ from token 6 on"));
}

}  // namespace
}  // namespace hermes::engine
