// Model folders with projections in F8_E4M3: compressed-tensors' layout with a scale for a matrix or a row, and blocks as
// transformers has them. The same logits, bit for bit, as of the F32 model whose weights are the products; and folders that
// those two wrote (tools/fp8_make_goldens.py), decoded to the same bits as they do. logits_test.cpp has these folders' logits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/file.h"
#include "base/json.h"
#include "base/temp_folder_for_test.h"
#include "formats/gguf_file.h"
#include "formats/safetensors_file.h"
#include "formats/safetensors_writer.h"
#include "kernels/cpu/cpu_backend.h"
#include "model_files/model_files.h"
#include "quantize/quantize.h"
#include "support/golden_model.h"
#include "support/random_tensor.h"
#include "tensor/float_types.h"

namespace hermes {
namespace {

namespace fs = std::filesystem;

struct Layout {
  const char* name;
  const char* config;     // "quantization_config"
  int64_t rows, columns;  // of a scale; 0: all
  const char* suffix;
  DType scale_type;
};
constexpr Layout kLayouts[] = {
    {"tensor", R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0":
      {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "tensor"}}}, "ignore": ["lm_head"]})",
     0, 0, "_scale", DType::kF32},
    {"channel", R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0":
      {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}}, "ignore": ["lm_head"]})",
     1, 0, "_scale", DType::kBF16},
    {"block", R"({"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [32, 16]})", 32, 16,
     "_scale_inv", DType::kF32},
};

// A tensor that owns its memory, under a name.
struct Owned {
  std::string name;
  test::TestTensor tensor;
};

// The golden model's folder twice: with projections in F8 and scales, and in F32 with their products.
class Fp8 : public testing::TestWithParam<Layout> {
 protected:
  void SetUp() override {
    const fs::path golden = test::golden_folder("llama-f32");
    const auto files = model_files::ModelFiles::open(golden).value();
    spec_ = files->read_arch_spec().value();
    const auto source = files->open_weights().value();
    std::vector<Owned> rounded, products;
    for (const model::ExpectedTensor& expected : model::expected_tensors(spec_)) {
      const ConstTensorView view = source->tensor(expected.name).value();
      if (expected.name.find("_proj.weight") == std::string::npos) {
        for (std::vector<Owned>* both : {&rounded, &products}) both->push_back({expected.name, copy(view)});
      } else {
        round(expected.name, view, rounded, products);
      }
    }
    json::value config = read_json_file((golden / "config.json").string(), 1 << 20).value();
    write(temp_.path() / "products", config, products);
    config.as_object()["quantization_config"] = parse_json(GetParam().config, "config").value();
    write(temp_.path() / "rounded", config, rounded);
  }

  static test::TestTensor copy(const ConstTensorView& view) {
    test::TestTensor made(DType::kF32, view.shape);
    for (int64_t i = 0; i < view.shape.elements(); ++i) made.set(i, view.f32()[i]);
    return made;
  }
  // Each block's largest element becomes 448, E4M3's largest.
  static void round(const std::string& name, const ConstTensorView& view, std::vector<Owned>& rounded,
                    std::vector<Owned>& products) {
    const Layout& layout = GetParam();
    const int64_t n = view.shape[0], k = view.shape[1];
    const int64_t rows = layout.rows > 0 ? layout.rows : n, columns = layout.columns > 0 ? layout.columns : k;
    const int64_t across = (k + columns - 1) / columns;
    Shape shape{(n + rows - 1) / rows, across};
    if (layout.rows == 0) shape = Shape{1};
    test::TestTensor weight(DType::kF8_E4M3, view.shape), product(DType::kF32, view.shape),
        scales(layout.scale_type, shape);
    std::vector<float> largest(static_cast<size_t>(shape.elements()));
    const auto scale_of = [&](int64_t i) { return i / k / rows * across + i % k / columns; };
    for (int64_t i = 0; i < n * k; ++i) {
      float& most = largest[static_cast<size_t>(scale_of(i))];
      most = std::max(most, std::fabs(view.f32()[i]));
    }
    for (int64_t i = 0; i < shape.elements(); ++i) scales.set(i, largest[static_cast<size_t>(i)] / 440.0F);
    for (int64_t i = 0; i < n * k; ++i) {
      const auto scale = static_cast<float>(scales.at(scale_of(i)));
      weight.set(i, view.f32()[i] / scale);
      product.set(i, static_cast<float>(weight.at(i)) * scale);
    }
    rounded.push_back({name, std::move(weight)});
    rounded.push_back({name + layout.suffix, std::move(scales)});
    products.push_back({name, std::move(product)});
  }
  static void write(const fs::path& folder, const json::value& config, const std::vector<Owned>& tensors) {
    fs::create_directory(folder);
    std::vector<formats::NamedTensor> named;
    for (const Owned& one : tensors) named.push_back({one.name, one.tensor.view()});
    ASSERT_TRUE(formats::write_safetensors(folder / "model.safetensors", named, {{"format", "pt"}}).ok());
    AtomicFile file = AtomicFile::create(folder / "config.json").value();
    ASSERT_TRUE(file.write(to_json_text(config)).ok() && file.commit().ok());
  }

  std::vector<float> logits(const fs::path& folder, ops::Backend& backend, size_t chunk) {
    const auto files = model_files::ModelFiles::open(folder).value();
    auto weights = model::bind_weights(spec_of(*files), files->open_weights().value(), files->tensor_names());
    EXPECT_TRUE(weights.ok()) << weights.error().message();
    model::Decoder decoder(spec_of(*files), *std::move(weights), backend);
    std::vector<int32_t> tokens;
    for (int32_t i = 0; i < 20; ++i) tokens.push_back((i * 37 + 5) % 60);
    return test::run_in_chunks(decoder, tokens, chunk);
  }
  static model::ArchSpec spec_of(const model_files::ModelFiles& files) { return files.read_arch_spec().value(); }

  TempFolder temp_;
  model::ArchSpec spec_;
};

TEST_P(Fp8, HasTheLogitsOfItsProducts) {
  ThreadPool pool(2);
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    const std::vector<float> expected = logits(temp_.path() / "products", *backend, 20);
    for (const size_t chunk : {size_t{1}, size_t{20}}) {
      EXPECT_EQ(logits(temp_.path() / "rounded", *backend, chunk), expected) << to_string(isa);
    }
  }
}

TEST_P(Fp8, IsCompleteInTheEyesOfInfo) {
  const auto files = model_files::ModelFiles::open(temp_.path() / "rounded").value();
  EXPECT_TRUE(model::weight_findings(spec_of(*files), *files->open_weights().value()).empty());
}

// GGUF has no such type, but may hold the products.
TEST_P(Fp8, BecomesGguf) {
  ThreadPool pool(2);
  std::string made[2];
  for (const int i : {0, 1}) {
    const auto files = model_files::ModelFiles::open(temp_.path() / (i == 0 ? "rounded" : "products")).value();
    quantize::QuantizeOptions options;
    options.mix = quantize::find_type_mix("F32").value();
    const fs::path out = temp_.path() / "out.gguf";
    const auto report = quantize::quantize(*files, out, options, pool);
    ASSERT_TRUE(report.ok()) << report.error().message();
    const auto file = formats::GgufFile::open(out).value();
    for (const formats::GgufTensor& tensor : file.header().tensors) {
      const auto bytes = file.bytes_of(tensor);
      made[i].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  }
  EXPECT_TRUE(made[0] == made[1]);
}

class Fp8Folder : public testing::TestWithParam<std::string> {};

std::vector<std::string> fp8_folders() {
  std::vector<std::string> names = test::golden_names();
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("llama-fp8-"); });
  return names;
}

// A row of the unit matrix as x picks a column of the weights: what kernels multiply with, seen from outside.
test::TestTensor decoded(ops::Backend& backend, const model::Projection& projection) {
  const int64_t n = projection.weight.shape[0], k = projection.weight.shape[1];
  test::TestTensor unit(DType::kF32, {k, k}), columns(DType::kF32, {k, n}), rows(DType::kF32, {n, k});
  for (int64_t i = 0; i < k * k; ++i) unit.set(i, i % (k + 1) == 0 ? 1.0F : 0.0F);
  backend.linear({.x = unit.view(),
                  .weight = projection.weight,
                  .bias = {},
                  .y = columns.view(),
                  .activations = ops::Activations::kF32,
                  .scales = projection.scales});
  for (int64_t i = 0; i < n * k; ++i) rows.set(i, columns.f32()[static_cast<size_t>(i % k * n + i / k)]);
  return rows;
}

TEST_P(Fp8Folder, DecodesAsItsMakerDoes) {
  const auto files = model_files::ModelFiles::open(test::golden_folder(GetParam())).value();
  const auto golden = formats::SafetensorsFile::open(test::golden_folder(GetParam()) + "/golden.safetensors").value();
  const auto weights =
      model::bind_weights(files->read_arch_spec().value(), files->open_weights().value(), files->tensor_names())
          .value();
  const model::LayerWeights& layer = weights.layers[1];
  const std::pair<const char*, const model::Projection*> projections[] = {
      {"self_attn.k", &layer.k}, {"mlp.gate", &layer.gate}, {"mlp.down", &layer.down}};
  ThreadPool pool(2);
  for (const kernels::CpuIsa isa : kernels::runnable_cpu_isas()) {
    const auto backend = kernels::make_cpu_backend(pool, isa);
    for (const auto& [name, projection] : projections) {
      ASSERT_EQ(projection->weight.dtype, DType::kF8_E4M3) << name;
      const ConstTensorView expected = golden.find(fmt::format("decoded.model.layers.1.{}_proj.weight", name)).value();
      const test::TestTensor made = decoded(*backend, *projection);
      ASSERT_EQ(made.shape, expected.shape) << name;
      // Not bit patterns: -0 and the zeros of the unit matrix sum to 0.
      for (int64_t i = 0; i < made.shape.elements(); ++i) {
        ASSERT_EQ(made.f32()[static_cast<size_t>(i)], expected.f32()[i]) << name << " " << i << " " << to_string(isa);
      }
    }
  }
}

TEST_P(Fp8Folder, IsCompleteInTheEyesOfInfo) {
  const auto files = model_files::ModelFiles::open(test::golden_folder(GetParam())).value();
  EXPECT_THAT(model::weight_findings(files->read_arch_spec().value(), *files->open_weights().value()),
              testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Golden, Fp8Folder, testing::ValuesIn(fp8_folders()), test::golden_test_name);
INSTANTIATE_TEST_SUITE_P(Layouts, Fp8, testing::ValuesIn(kLayouts),
                         [](const auto& layout) { return layout.param.name; });

}  // namespace
}  // namespace hermes
