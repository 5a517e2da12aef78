#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>
#include <map>

#include "base/json.h"
#include "model/families/config_fields.h"
#include "model/weights.h"
#include "tensor/float_types.h"

namespace hermes::model {
namespace {

using testing::HasSubstr;

class Tensors final : public formats::TensorSource {
 public:
  void add(const std::string& name, ConstTensorView view) { views_[name] = view; }
  std::optional<ConstTensorView> find(std::string_view name) const override {
    const auto found = views_.find(name);
    return found == views_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<std::string> names() const override { return {}; }
  std::string file_of(std::string_view) const override { return "m.safetensors"; }

 private:
  std::map<std::string, ConstTensorView, std::less<>> views_;
};

class WeightScalesTest : public testing::Test {
 protected:
  Result<ops::WeightScales> find(const Tensors& tensors) {
    return find_weight_scales(spec_, tensors, "q_proj.weight", weight_, kept_);
  }
  std::string refusal(const Tensors& tensors) {
    const auto scales = find(tensors);
    return scales.ok() ? std::string() : scales.error().message();
  }

  ArchSpec spec_;
  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(300 * 200);
  ConstTensorView weight_{bytes_.data(), DType::kF8_E4M3, {300, 200}};
  std::vector<float> values_ = std::vector<float>(300, 0.5F);
  std::vector<std::vector<float>> kept_;
};

TEST_F(WeightScalesTest, OneForAllInAnyShape) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}}) {
    Tensors tensors;
    tensors.add("q_proj.weight_scale", const_view_of(values_, shape));
    const auto scales = find(tensors);
    ASSERT_TRUE(scales.ok()) << to_string(shape);
    EXPECT_EQ(scales->values.shape, (Shape{1, 1}));
    EXPECT_EQ(scales->values.data, values_.data());
    EXPECT_TRUE(scales->rows >= 300 && scales->columns >= 200);
  }
}

TEST_F(WeightScalesTest, OneForEachRow) {
  for (const Shape& shape : {Shape{300}, Shape{300, 1}}) {
    Tensors tensors;
    tensors.add("q_proj.weight_scale", const_view_of(values_, shape));
    const auto scales = find(tensors);
    ASSERT_TRUE(scales.ok()) << to_string(shape);
    EXPECT_EQ(scales->values.shape, (Shape{300, 1}));
    EXPECT_EQ(scales->rows, 1);
  }
}

TEST_F(WeightScalesTest, OneForEachBlockAsTheConfigSays) {
  Tensors tensors;
  tensors.add("q_proj.weight_scale_inv", const_view_of(values_, {3, 2}));
  EXPECT_THAT(refusal(tensors),
              HasSubstr("\"q_proj.weight_scale_inv\" is F32 [3, 2]: no scales for a weight [300, 200]"));
  spec_.fp8 = Fp8Spec{128, 128};
  const auto scales = find(tensors);
  ASSERT_TRUE(scales.ok());
  EXPECT_TRUE(scales->rows == 128 && scales->columns == 128);
}

TEST_F(WeightScalesTest, HalvesAreWidened) {
  std::vector<Bf16> halves(300);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = to_bf16(static_cast<float>(i));
  Tensors tensors;
  tensors.add("q_proj.weight_scale", {halves.data(), DType::kBF16, {300, 1}});
  const auto scales = find(tensors);
  ASSERT_TRUE(scales.ok());
  ASSERT_EQ(kept_.size(), 1U);
  EXPECT_EQ(scales->values.f32()[200], 200);
}

TEST_F(WeightScalesTest, WhatIsWrongIsNamed) {
  Tensors tensors;
  EXPECT_THAT(refusal(tensors), HasSubstr("there is no \"q_proj.weight_scale\""));
  values_[7] = std::numeric_limits<float>::infinity();
  tensors.add("q_proj.weight_scale", const_view_of(values_, {300, 1}));
  EXPECT_THAT(refusal(tensors), HasSubstr("not finite"));
}

Result<Fp8Spec> read(std::string_view text) {
  const json::value value = parse_json(text, "c.json").value();
  return read_fp8(JsonObject::from(value, "c.json").value());
}

TEST(Fp8Config, IsRead) {
  const auto channel =
      read(R"({"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"],
    "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}}})");
  ASSERT_TRUE(channel.ok()) << channel.error().message();
  EXPECT_EQ(channel->block_rows, 0);
  const auto block = read(R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups":
    {"a": {"weights": {"num_bits": 8, "type": "float", "strategy": "block", "block_structure": [128, 64]}}}})");
  ASSERT_TRUE(block.ok()) << block.error().message();
  EXPECT_TRUE(block->block_rows == 128 && block->block_columns == 64);
  const auto attention = read(R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups":
    {"a": {"weights": null, "input_activations": {"num_bits": 8, "type": "float", "strategy": "tensor"}}}})");
  EXPECT_TRUE(attention.ok()) << attention.error().message();
  const auto fp8 = read(R"({"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]})");
  ASSERT_TRUE(fp8.ok());
  EXPECT_EQ(fp8->block_rows, 128);
  EXPECT_EQ(read(R"({"quant_method": "fp8"})")->block_rows, 0);
}

TEST(Fp8Config, OthersAreRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"quant_method": "gptq"})", "quant_method \"gptq\" is not supported"},
      {R"({"bits": 4})", "\"quant_method\" is missing"},
      {R"({"quant_method": "compressed-tensors", "format": "pack-quantized"})", "format \"pack-quantized\""},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized"})", "config_groups"},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups":
          {"g": {"weights": {"num_bits": 4, "type": "int", "strategy": "group"}}}})",
       "weights of 4 bits"},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups":
          {"g": {"weights": {"num_bits": 8, "type": "float", "strategy": "token"}}}})",
       "strategy \"token\""},
      {R"({"quant_method": "fp8", "weight_block_size": [128]})", "must be two sizes"},
      {R"({"quant_method": "fp8", "weight_block_size": [128, 0]})", "must be between 1 and"},
      {R"({"quant_method": "fp8", "weight_block_size": [128, 48]})", "powers of two from 16"},
  };
  for (const auto& [text, message] : cases) {
    const auto spec = read(text);
    ASSERT_FALSE(spec.ok()) << text;
    EXPECT_THAT(spec.error().message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace hermes::model
