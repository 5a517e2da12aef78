#include "quantize/type_mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/json.h"

namespace hermes::quantize {
namespace {

using testing::HasSubstr;

// The types that llama.cpp's quantiser gives (tools/quantize_make_goldens.py).
TEST(TypeMix, AreThoseOfLlamaCpp) {
  const json::value goldens =
      read_json_file(std::string(HERMES_SOURCE_DIR) + "/src/quantize/testdata/type_mixes.json", 1 << 22).value();
  int n_tensors = 0;
  for (const json::value& model : goldens.at("models").as_array()) {
    MixContext context;
    context.architecture = std::string_view(model.at("architecture").as_string());
    context.n_layers = model.at("n_layers").as_int64();
    context.queries_per_kv_head = model.at("queries_per_kv_head").as_int64();
    context.tied_embeddings = model.at("tied_embeddings").as_bool();
    context.has_importance = model.at("has_importance").as_bool();
    for (const auto& [mix_name, types] : model.at("mixes").as_object()) {
      const TypeMix mix = find_type_mix(std::string_view(mix_name.data(), mix_name.size())).value();
      for (const json::value& name : model.at("names").as_array()) {
        const std::string_view tensor(name.as_string());
        const json::value* other = types.at("others").as_object().if_contains(tensor);
        const DType ours = type_in_mix(mix, place_of(tensor), context);
        EXPECT_EQ(name_of(ours), std::string_view((other != nullptr ? *other : types.at("most")).as_string()))
            << mix.name << " " << tensor << ", " << context.n_layers << " layers, importance "
            << context.has_importance;
        ++n_tensors;
      }
    }
  }
  EXPECT_GT(n_tensors, 1000);
}

TEST(TypeMix, NamesAreTakenInAnyCase) {
  EXPECT_EQ(find_type_mix("q4_k_m")->name, "Q4_K_M");
  EXPECT_EQ(find_type_mix("Q4_K_M")->file_type, 15U);
  const auto none = find_type_mix("Q9_Z");
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().message(), HasSubstr("no type \"Q9_Z\"; there are F32, F16"));
}

TEST(TypeMix, SeventyBillionGetBetterValues) {
  MixContext context{.architecture = "llama", .n_layers = 80, .queries_per_kv_head = 8};
  const MatrixPlace value{MatrixRole::kAttentionV, 11};
  EXPECT_EQ(type_in_mix(*find_type_mix("Q4_K_M"), value, context), DType::kQ5_K);
  context.architecture = "qwen3";
  EXPECT_EQ(type_in_mix(*find_type_mix("Q4_K_M"), value, context), DType::kQ4_K);
}

TEST(TypeMix, PlacesAreReadFromNames) {
  EXPECT_EQ(place_of("token_embd.weight").role, MatrixRole::kEmbedding);
  EXPECT_EQ(place_of("output.weight").role, MatrixRole::kOutput);
  const MatrixPlace down = place_of("blk.31.ffn_down.weight");
  EXPECT_TRUE(down.role == MatrixRole::kDown && down.layer == 31);
  for (const char* name :
       {"blk.x.ffn_down.weight", "blk.", "blk.3", "", "blk.1.ffn_down.bias", "xblk.1.attn_v.weight"}) {
    EXPECT_EQ(place_of(name).role, MatrixRole::kOther) << name;
  }
}

TEST(TypeMix, RowsThatDoNotFitGetANeighbour) {
  EXPECT_EQ(fitting_type(DType::kQ4_K, 512), DType::kQ4_K);
  EXPECT_EQ(fitting_type(DType::kQ4_K, 192), DType::kQ5_0);
  EXPECT_EQ(fitting_type(DType::kQ5_K, 192), DType::kQ5_1);
  EXPECT_EQ(fitting_type(DType::kQ6_K, 192), DType::kQ8_0);
  EXPECT_EQ(fitting_type(DType::kQ3_K, 192), DType::kIQ4_NL);
  EXPECT_EQ(fitting_type(DType::kIQ4_XS, 192), DType::kIQ4_NL);
  EXPECT_EQ(fitting_type(DType::kQ4_0, 48), DType::kF16);
  EXPECT_EQ(fitting_type(DType::kBF16, 7), DType::kBF16);
}

TEST(TypeOverride, PatternsArePartsOfNames) {
  EXPECT_TRUE(matches("attn_v", "blk.0.attn_v.weight"));
  EXPECT_TRUE(matches("blk.1*.ffn_*", "blk.12.ffn_down.weight"));
  EXPECT_TRUE(matches("*", "x"));
  EXPECT_FALSE(matches("blk.1*.ffn_", "blk.2.ffn_down.weight"));
  EXPECT_FALSE(matches("weight*blk", "blk.2.ffn_down.weight"));
}

TEST(TypeOverride, AreReadOrRefused) {
  const auto one = parse_type_override("ffn_down=q6_k");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->pattern, "ffn_down");
  EXPECT_EQ(one->dtype, DType::kQ6_K);
  for (const char* text : {"ffn_down", "=Q6_K", "ffn_down=", "ffn_down=IQ2_XS", "x=F8_E4M3", "x=Q9"}) {
    EXPECT_FALSE(parse_type_override(text).ok()) << text;
  }
  EXPECT_THAT(parse_type_override("x=IQ2_XS").error().message(),
              HasSubstr("no type that can be written; there are F32"));
}

}  // namespace
}  // namespace hermes::quantize
