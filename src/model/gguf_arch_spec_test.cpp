#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/temp_folder_for_test.h"
#include "formats/gguf_bytes_for_test.h"
#include "formats/gguf_set.h"
#include "formats/gguf_writer.h"
#include "model/arch_spec.h"
#include "model/weights.h"

namespace hermes::model {
namespace {

using formats::GgufFields;
using formats::GgufTensorPlan;
using formats::GgufWriter;
using testing::HasSubstr;

// A model as a GGUF file would have it; tests change a piece and write it.
struct Model {
  GgufFields fields;
  std::vector<GgufTensorPlan> plans;

  explicit Model(std::string_view architecture, DType dtype = DType::kF16) {
    const std::string prefix = std::string(architecture) + ".";
    fields.set_string("general.architecture", architecture);
    fields.set_u32(prefix + "block_count", 2);
    fields.set_u32(prefix + "context_length", 64);
    fields.set_u32(prefix + "embedding_length", 64);
    fields.set_u32(prefix + "feed_forward_length", 96);
    fields.set_u32(prefix + "attention.head_count", 4);
    fields.set_u32(prefix + "attention.head_count_kv", 2);
    fields.set_f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5F);
    fields.set_f32(prefix + "rope.freq_base", 500000);
    fields.set_u32(prefix + "vocab_size", 50);
    add("token_embd.weight", {50, 64}, dtype);
    for (const char* layer : {"blk.0.", "blk.1."}) add_layer(layer, architecture, dtype);
    add("output_norm.weight", {64}, DType::kF32);
    add("output.weight", {50, 64}, dtype);
  }
  void add_layer(const std::string& layer, std::string_view architecture, DType dtype) {
    add(layer + "attn_norm.weight", {64}, DType::kF32);
    add(layer + "attn_q.weight", {64, 64}, dtype);
    add(layer + "attn_k.weight", {32, 64}, dtype);
    add(layer + "attn_v.weight", {32, 64}, dtype);
    if (architecture == "qwen3") {
      add(layer + "attn_q_norm.weight", {16}, DType::kF32);
      add(layer + "attn_k_norm.weight", {16}, DType::kF32);
    }
    add(layer + "attn_output.weight", {64, 64}, dtype);
    add(layer + (architecture == "seed_oss" ? "post_attention_norm.weight" : "ffn_norm.weight"), {64}, DType::kF32);
    add(layer + "ffn_gate.weight", {96, 64}, dtype);
    add(layer + "ffn_up.weight", {96, 64}, dtype);
    add(layer + "ffn_down.weight", {64, 96}, dtype);
  }
  void add(const std::string& name, Shape shape, DType dtype) {
    plans.push_back({name, formats::find_gguf_type(dtype), shape});
  }
  void drop(std::string_view name) {
    std::erase_if(plans, [&](const GgufTensorPlan& plan) { return plan.name == name; });
  }
  GgufTensorPlan& plan(std::string_view name) {
    return *std::find_if(plans.begin(), plans.end(), [&](const GgufTensorPlan& p) { return p.name == name; });
  }
};

class GgufModel : public testing::Test {
 protected:
  // `value` is what every byte of the data is.
  std::shared_ptr<const formats::GgufSet> write(const Model& model, uint8_t value = 0x3C) {
    const auto path = temp_.path() / "m.gguf";
    auto writer = GgufWriter::create(path, model.fields, model.plans);
    EXPECT_TRUE(writer.ok()) << writer.error().message();
    while (writer->bytes_left() > 0) {
      const std::vector<std::byte> bytes(writer->bytes_left(), std::byte{value});
      EXPECT_TRUE(writer->append(bytes).ok());
    }
    EXPECT_TRUE(writer->commit().ok());
    return std::make_shared<const formats::GgufSet>(formats::GgufSet::open(path).value());
  }
  Result<ArchSpec> read(const Model& model) {
    const auto set = write(model);
    return read_gguf_arch_spec(set->metadata(), *set);
  }
  std::string refusal(const std::function<void(Model&)>& change, std::string_view architecture = "llama") {
    Model model(architecture);
    change(model);
    const auto spec = read(model);
    return spec.ok() ? "" : spec.error().message();
  }
  TempFolder temp_;
};

TEST_F(GgufModel, TellsTheFamiliesApart) {
  const ArchSpec llama = read(Model("llama")).value();
  EXPECT_EQ(llama.model_type, "llama");
  EXPECT_EQ(llama.n_layers, 2);
  EXPECT_EQ(llama.hidden_size, 64);
  EXPECT_EQ(llama.n_heads, 4);
  EXPECT_EQ(llama.n_kv_heads, 2);
  EXPECT_EQ(llama.head_dim, 16);
  EXPECT_EQ(llama.intermediate_size, 96);
  EXPECT_EQ(llama.vocab_size, 50);
  EXPECT_EQ(llama.max_positions, 64);
  EXPECT_EQ(llama.rms_eps, 1e-5F);
  EXPECT_EQ(llama.rope.theta, 500000);
  EXPECT_TRUE(llama.rope.interleaved);
  EXPECT_FALSE(llama.qk_norm || llama.qkv_bias || llama.out_bias || llama.mlp_bias || llama.tied_embeddings);

  const ArchSpec qwen = read(Model("qwen3")).value();
  EXPECT_TRUE(qwen.qk_norm);
  EXPECT_FALSE(qwen.rope.interleaved);
  const ArchSpec seed = read(Model("seed_oss")).value();
  EXPECT_FALSE(seed.qk_norm || seed.rope.interleaved);
}

TEST_F(GgufModel, AsksTheTensorsForWhatTheKeysDoNotSay) {
  Model model("seed_oss");
  model.drop("output.weight");
  for (const char* name : {"attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias", "ffn_gate.bias"}) {
    model.add(std::string("blk.0.") + name, {1}, DType::kF32);
  }
  const ArchSpec spec = read(model).value();
  EXPECT_TRUE(spec.tied_embeddings && spec.qkv_bias && spec.out_bias && spec.mlp_bias);
}

TEST_F(GgufModel, TakesTheDefaultsOfTheFormat) {
  Model model("qwen3");
  GgufFields fields;
  fields.set_string("general.architecture", "qwen3");
  for (const auto& [key, value] : {std::pair("qwen3.block_count", 2U),
                                   {"qwen3.context_length", 64U},
                                   {"qwen3.embedding_length", 64U},
                                   {"qwen3.feed_forward_length", 96U},
                                   {"qwen3.attention.head_count", 4U}}) {
    fields.set_u64(key, value);  // any width
  }
  fields.set_f32("qwen3.attention.layer_norm_rms_epsilon", 1e-6F);
  model.fields = fields;
  const ArchSpec spec = read(model).value();
  EXPECT_EQ(spec.n_kv_heads, 4);
  EXPECT_EQ(spec.head_dim, 16);
  EXPECT_EQ(spec.rope.theta, 10000);
  EXPECT_EQ(spec.vocab_size, 50);  // the embedding's rows
  const std::string_view tokens[] = {"a", "b", "c"};
  model.fields.set_strings("tokenizer.ggml.tokens", tokens);
  EXPECT_EQ(read(model).value().vocab_size, 3);
  model.fields.set_u32("qwen3.attention.key_length", 32);
  model.fields.set_u32("qwen3.attention.value_length", 32);
  model.fields.set_u32("qwen3.rope.dimension_count", 32);
  EXPECT_EQ(read(model).value().head_dim, 32);
}

TEST_F(GgufModel, RefusesByKey) {
  const auto set_u32 = [](std::string key, uint32_t value) {
    return [=](Model& m) { m.fields.set_u32("llama." + key, value); };
  };
  const auto set_f32 = [](std::string key, float value) {
    return [=](Model& m) { m.fields.set_f32("llama." + key, value); };
  };
  const struct {
    std::function<void(Model&)> change;
    const char* message;
  } cases[] = {
      {[](Model& m) { m.fields.set_string("general.architecture", "mamba"); },
       "key \"general.architecture\" (byte 24) is \"mamba\": not supported (llama, qwen3 and seed_oss are)"},
      {[](Model& m) { m.fields.set_u32("general.architecture", 1); }, "must be a string"},
      {[](Model& m) { m.fields = {}; }, "key \"general.architecture\" is missing"},
      {set_u32("block_count", 0), "key \"llama.block_count\" (byte 69) is 0, must be between 1 and 4096"},
      {set_u32("block_count", 100000), "is 100000, must be between 1 and 4096"},
      {[](Model& m) { m.fields.set_string("llama.block_count", "2"); }, "is a string, must be an integer"},
      {[](Model& m) { m.fields.set_f32("llama.block_count", 2); }, "is of type f32, must be an integer"},
      {[](Model& m) { m.fields.set_bool("llama.block_count", true); }, "is of type bool, must be an integer"},
      {[](Model& m) { m.fields.set_i32("llama.block_count", -1); }, "is -1, must be between 1 and 4096"},
      {[](Model& m) { m.fields.set_u64("llama.block_count", ~uint64_t{0}); }, "no integer below 2^63"},
      {set_u32("context_length", 0), "key \"llama.context_length\" (byte 102) is 0, must be between 1 and"},
      {set_u32("context_length", 0xFFFFFFFF), "is 4294967295, must be between 1 and 1073741824"},
      {set_u32("embedding_length", 0), "is 0, must be between 1 and 16777216"},
      {set_u32("feed_forward_length", 1U << 31), "is 2147483648, must be between"},
      {set_u32("attention.head_count", 0), "is 0, must be between 1 and 65536"},
      {set_u32("attention.head_count", 5), "is 2, of which attention.head_count 5 is not a multiple"},
      {set_u32("attention.head_count_kv", 3), "is 3, of which attention.head_count 4 is not a multiple"},
      {[](Model& m) {
         const int32_t each[] = {4, 4};
         m.fields.set_i32s("llama.attention.head_count", each);
       },
       "is an array: layers that differ from each other are not supported"},
      {[](Model& m) { m.fields.set_u32("llama.attention.head_count", 6); },
       "key \"llama.attention.key_length\" is missing, and embedding_length 64 is not a multiple of the 6 heads"},
      {set_u32("attention.key_length", 15), "heads of 15 elements; RoPE turns pairs"},
      {set_u32("attention.key_length", 0), "is 0, must be between 1 and 65536"},
      {set_u32("attention.value_length", 32), "is 32, keys have 16: not supported"},
      {[](Model& m) {
         m.fields.set_u32("llama.attention.head_count", 4096);
         m.fields.set_u32("llama.attention.key_length", 65536);
       },
       "4096 heads of 65536 elements are more than 16777216"},
      {set_f32("attention.layer_norm_rms_epsilon", 0), "is 0, must be above 0"},
      {set_f32("attention.layer_norm_rms_epsilon", __builtin_nanf("")), "must be finite"},
      {set_f32("rope.freq_base", -1), "is -1, must be above 0"},
      {set_u32("rope.freq_base", 10000), "is of type u32, must be an f32 or f64"},
      {set_u32("rope.dimension_count", 8), "is 8, but heads have 16: turning a part of a head is not supported"},
      {[](Model& m) { m.fields.set_string("llama.rope.scaling.type", "yarn"); }, "is \"yarn\": not supported"},
      {[](Model& m) { m.fields.set_string("llama.rope.scaling.type", "longrope"); }, "is \"longrope\": not supported"},
      {set_f32("rope.scaling.factor", 4), "is 4: linear scaling of positions is not supported"},
      {set_f32("rope.scale_linear", 2), "is 2: linear scaling of positions is not supported"},
      {set_u32("expert_count", 8), "key \"llama.expert_count\" (byte 426) is 8: not supported"},
      {set_u32("attention.sliding_window", 4096), "is 4096: not supported"},
      {set_f32("logit_scale", 0.5F), "is 0.5: not supported"},
      {set_f32("attention.clamp_kqv", 8), "is 8: not supported"},
      {[](Model& m) { m.fields.set_bool("llama.attention.causal", false); }, "is false: not supported"},
      {[](Model& m) { m.fields.set_bool("llama.use_parallel_residual", true); }, "is true: not supported"},
      {[](Model& m) { m.fields.set_u32("llama.rope.dimension_sections", 1); }, "of several kinds are not supported"},
      {set_u32("vocab_size", 0), "is 0, must be between 1 and 16777216"},
  };
  for (const auto& c : cases) {
    const std::string message = refusal(c.change);
    EXPECT_THAT(message, HasSubstr(c.message));
    EXPECT_THAT(message, HasSubstr("m.gguf: key "));
  }
  // The values that say "no" are taken.
  EXPECT_EQ(refusal([](Model& m) {
              m.fields.set_u32("llama.expert_count", 0);
              m.fields.set_string("llama.rope.scaling.type", "none");
              m.fields.set_f32("llama.rope.scaling.factor", 8);
              m.fields.set_bool("llama.attention.causal", true);
              m.fields.set_f32("llama.logit_scale", 0);
            }),
            "");
  EXPECT_EQ(refusal([](Model& m) {
              m.fields.set_string("llama.rope.scaling.type", "linear");
              m.fields.set_f32("llama.rope.scaling.factor", 1);
            }),
            "");
}

TEST_F(GgufModel, BindsByTheFormatsNames) {
  for (const char* architecture : {"llama", "qwen3", "seed_oss"}) {
    const auto set = write(Model(architecture));
    const ArchSpec spec = read_gguf_arch_spec(set->metadata(), *set).value();
    const auto weights = bind_weights(spec, set, TensorNames::kGguf);
    ASSERT_TRUE(weights.ok()) << weights.error().message();
    EXPECT_EQ(weights->layers[1].k.weight.data, set->find("blk.1.attn_k.weight")->data);
    EXPECT_EQ(weights->layers[0].down.weight.shape, (Shape{64, 96}));
    EXPECT_EQ(weights->output.data, set->find("output.weight")->data);
    EXPECT_FALSE(weights->rope_factors);
    EXPECT_TRUE(weight_findings(spec, *set, TensorNames::kGguf).empty());
    EXPECT_EQ(expected_tensors(spec, TensorNames::kGguf).size(), expected_tensors(spec).size());
  }
}

TEST_F(GgufModel, SaysWhatDoesNotFit) {
  const auto bind = [&](const std::function<void(Model&)>& change) {
    Model model("llama");
    change(model);
    const auto set = write(model);
    const auto spec = read_gguf_arch_spec(set->metadata(), *set);
    const auto weights = bind_weights(spec.value(), set, TensorNames::kGguf);
    EXPECT_EQ(weights.ok(), weight_findings(*spec, *set, TensorNames::kGguf).empty());
    return weights.ok() ? std::string() : weights.error().message();
  };
  EXPECT_EQ(bind([](Model&) {}), "");
  EXPECT_THAT(bind([](Model& m) { m.drop("blk.1.ffn_up.weight"); }),
              HasSubstr("m.gguf: tensor \"blk.1.ffn_up.weight\" [96, 64] is missing"));
  EXPECT_THAT(bind([](Model& m) {
                m.plan("blk.0.attn_k.weight").shape = Shape{64, 64};
              }),
              HasSubstr("tensor \"blk.0.attn_k.weight\" has shape [64, 64], the metadata asks for [32, 64]"));
  EXPECT_THAT(bind([](Model& m) {
                m.plan("token_embd.weight").shape = Shape{49, 64};
              }),
              HasSubstr("\"token_embd.weight\" has shape [49, 64], the metadata asks for [50, 64]"));
  EXPECT_THAT(bind([](Model& m) { m.plan("blk.0.attn_q.weight").type = formats::find_gguf_type(DType::kI8); }),
              HasSubstr("tensor \"blk.0.attn_q.weight\" is I8; F32, F16, BF16 and block types can be run"));
  EXPECT_THAT(bind([](Model& m) { m.plan("blk.0.attn_norm.weight").type = formats::find_gguf_type(DType::kQ8_0); }),
              HasSubstr("tensor \"blk.0.attn_norm.weight\" is Q8_0; F32, F16 and BF16 can be run"));
  EXPECT_THAT(bind([](Model& m) { m.plan("blk.0.attn_q.weight").type = formats::find_gguf_type(28); }),
              HasSubstr("tensor \"blk.0.attn_q.weight\" is of type F64, with which we do not compute"));
  EXPECT_THAT(bind([](Model& m) { m.add("rope_freqs.weight", {4}, DType::kF32); }),
              HasSubstr("tensor \"rope_freqs.weight\" is F32 [4], must be F32 [8]"));
  EXPECT_EQ(bind([](Model& m) { m.add("rope_freqs.weight", {8}, DType::kF32); }), "");
}

TEST_F(GgufModel, BindsBlockTypes) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kIQ4_NL, DType::kMXFP4}) {
    const auto set = write(Model("llama", dtype));
    const ArchSpec spec = read_gguf_arch_spec(set->metadata(), *set).value();
    const auto weights = bind_weights(spec, set, TensorNames::kGguf);
    ASSERT_TRUE(weights.ok()) << weights.error().message();
    EXPECT_EQ(weights->embedding.dtype, dtype);
    EXPECT_EQ(weights->layers[1].gate.weight.dtype, dtype);
    EXPECT_EQ(weights->layers[1].mlp_norm.dtype, DType::kF32);
  }
}

TEST_F(GgufModel, BindsBlockTypesThatAreOnlyRead) {
  for (const DType dtype : {DType::kIQ1_S, DType::kIQ2_XXS, DType::kIQ3_S}) {
    Model model("llama");
    model.fields.set_u32("llama.feed_forward_length", 256);
    for (const char* layer : {"blk.0.", "blk.1."}) {
      for (const char* name : {"ffn_gate.weight", "ffn_up.weight"})
        model.plan(layer + std::string(name)).shape = {256, 64};
      model.plan(layer + std::string("ffn_down.weight")).shape = {64, 256};
    }
    model.plan("blk.1.ffn_down.weight").type = formats::find_gguf_type(dtype);
    const auto set = write(model);
    const ArchSpec spec = read_gguf_arch_spec(set->metadata(), *set).value();
    const auto weights = bind_weights(spec, set, TensorNames::kGguf);
    ASSERT_TRUE(weights.ok()) << weights.error().message();
    EXPECT_EQ(weights->layers[1].down.weight.dtype, dtype);
  }
}

TEST_F(GgufModel, RopeFactorsMustLeaveNumbers) {
  Model model("llama");
  model.add("rope_freqs.weight", {8}, DType::kF32);
  const auto set = write(model, 0);  // all zero
  const ArchSpec spec = read_gguf_arch_spec(set->metadata(), *set).value();
  EXPECT_THAT(bind_weights(spec, set, TensorNames::kGguf).error().message(),
              HasSubstr("tensor \"rope_freqs.weight\" holds 0 at 0, must be above 0"));
}

}  // namespace
}  // namespace hermes::model
