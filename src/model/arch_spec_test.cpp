#include "model/arch_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "model/families/config_fields.h"
#include "model/weights.h"

namespace hermes::model {
namespace {

using ::testing::HasSubstr;

Result<ArchSpec> read(const std::string& text) {
  HERMES_ASSIGN(const json::value config, parse_json(text, "config.json"));
  return read_arch_spec(config, "config.json");
}

// The published shapes of the four sizes.
constexpr const char* kHermes405B = R"({"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":16384,
  "num_hidden_layers":126,"num_attention_heads":128,"num_key_value_heads":8,"intermediate_size":53248,
  "vocab_size":128256,"max_position_embeddings":131072,"rms_norm_eps":1e-05,"rope_theta":500000.0,"hidden_act":"silu",
  "attention_bias":false,"mlp_bias":false,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
  "rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
                  "original_max_position_embeddings":8192,"rope_type":"llama3"}})";
constexpr const char* kHermes70B = R"({"model_type":"llama","hidden_size":8192,"num_hidden_layers":80,
  "num_attention_heads":64,"num_key_value_heads":8,"head_dim":128,"intermediate_size":28672,"vocab_size":128256,
  "max_position_embeddings":131072,"rms_norm_eps":1e-05,"rope_theta":500000.0,
  "rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
                  "original_max_position_embeddings":8192,"rope_type":"llama3"}})";
constexpr const char* kHermes14B = R"({"model_type":"qwen3","hidden_size":5120,"num_hidden_layers":40,
  "num_attention_heads":40,"num_key_value_heads":8,"head_dim":128,"intermediate_size":17408,"vocab_size":151936,
  "max_position_embeddings":40960,"rms_norm_eps":1e-06,"rope_theta":1000000,"rope_scaling":null,
  "sliding_window":null,"use_sliding_window":false,"tie_word_embeddings":false})";
constexpr const char* kHermes36B = R"({"model_type":"seed_oss","hidden_size":5120,"num_hidden_layers":64,
  "num_attention_heads":80,"num_key_value_heads":8,"head_dim":128,"intermediate_size":27648,"vocab_size":155136,
  "max_position_embeddings":524288,"rms_norm_eps":1e-06,"rope_theta":10000000.0,"attention_bias":true,
  "attention_out_bias":false,"mlp_bias":false,"rope_scaling":{"rope_type":"default"}})";

TEST(ArchSpec, ReadsTheFourSizes) {
  const struct {
    const char* text;
    double billions;
    int64_t kv_bytes_bf16;
  } cases[] = {{kHermes405B, 405.85, 516096},
               {kHermes70B, 70.55, 327680},
               {kHermes14B, 14.77, 163840},
               {kHermes36B, 36.15, 262144}};
  for (const auto& c : cases) {
    const auto spec = read(c.text);
    ASSERT_TRUE(spec.ok()) << spec.error().message();
    EXPECT_NEAR(static_cast<double>(spec->parameter_count()) / 1e9, c.billions, 0.005);
    EXPECT_EQ(2 * spec->n_layers * spec->kv_width() * 2, c.kv_bytes_bf16);
    int64_t listed = 0;
    for (const ExpectedTensor& tensor : expected_tensors(*spec)) listed += tensor.shape.elements();
    EXPECT_EQ(listed, spec->parameter_count());
  }
}

TEST(ArchSpec, TellsTheFamiliesApart) {
  const ArchSpec llama = read(kHermes405B).value(), qwen = read(kHermes14B).value(), seed = read(kHermes36B).value();
  EXPECT_FALSE(llama.qkv_bias || llama.qk_norm || llama.tied_embeddings);
  EXPECT_EQ(llama.head_dim, 128);  // hidden / heads where it is not given
  ASSERT_TRUE(llama.rope.llama3.has_value());
  EXPECT_EQ(llama.rope.llama3->original_max_position, 8192);
  EXPECT_TRUE(qwen.qk_norm && !qwen.qkv_bias && !qwen.rope.llama3);
  EXPECT_TRUE(seed.qkv_bias && !seed.out_bias && !seed.qk_norm);
  EXPECT_EQ(seed.q_width(), 2 * seed.hidden_size);
  EXPECT_EQ(seed.rope.theta, 1e7);
}

TEST(ArchSpec, ReadsBothSpellingsOfRope) {
  std::string old_text = kHermes405B, new_text = kHermes405B;
  const auto replace = [](std::string& text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace(new_text, R"("rope_theta":500000.0,)", "");
  replace(new_text, R"("rope_scaling":{)", R"("rope_parameters":{"rope_theta":500000.0,)");
  const ArchSpec before = read(old_text).value(), after = read(new_text).value();
  EXPECT_EQ(before.rope.theta, after.rope.theta);
  EXPECT_EQ(before.rope.llama3->factor, after.rope.llama3->factor);
}

TEST(ArchSpec, RefusesByNameAndField) {
  // Each case replaces one piece of the 14B's config.
  const struct {
    const char *from, *to, *message;
  } cases[] = {
      {R"("model_type":"qwen3")", R"("model_type":"mamba")", "model_type \"mamba\" is not supported"},
      {R"("model_type":"qwen3",)", "", "\"model_type\" is missing"},
      {R"("hidden_size":5120)", R"("hidden_size":"5120")", "\"hidden_size\" must be an integer, is a string"},
      {R"("hidden_size":5120)", R"("hidden_size":0)", "\"hidden_size\" is 0"},
      {R"("hidden_size":5120)", R"("hidden_size":-1)", "\"hidden_size\" is -1"},
      {R"("hidden_size":5120)", R"("hidden_size":9e18)", "\"hidden_size\" is not an integer in range"},
      {R"("num_hidden_layers":40)", R"("num_hidden_layers":100000)", "\"num_hidden_layers\" is 100000"},
      {R"("num_key_value_heads":8)", R"("num_key_value_heads":7)", "not a multiple of num_key_value_heads 7"},
      {R"("head_dim":128)", R"("head_dim":127)", "head_dim 127 is odd"},
      {R"("head_dim":128)", R"("head_dim":65536)", "is not a multiple"},
      {R"("rms_norm_eps":1e-06)", R"("rms_norm_eps":0)", "\"rms_norm_eps\" is 0"},
      {R"("rms_norm_eps":1e-06,)", "", "\"rms_norm_eps\" is missing"},
      {R"("rope_theta":1000000)", R"("rope_theta":-1)", "\"rope_theta\" is -1"},
      {R"("rope_scaling":null)", R"("rope_scaling":{"rope_type":"yarn"})", "rope_type \"yarn\" is not supported"},
      {R"("rope_scaling":null)", R"("rope_scaling":{"rope_type":"llama3"})", "\"factor\" is missing"},
      {R"("rope_scaling":null)", R"("rope_scaling":[])", "\"rope_scaling\" must be an object, is an array"},
      {R"("use_sliding_window":false)", R"("use_sliding_window":true)", "use_sliding_window"},
      {R"("sliding_window":null)", R"("hidden_act":"gelu")", "hidden_act \"gelu\" is not supported"},
      {R"("sliding_window":null)", R"("quantization_config":{"quant_method":"awq"})", "quantization_config"},
      {R"("tie_word_embeddings":false)", R"("tie_word_embeddings":1)", "must be true or false"},
  };
  for (const auto& c : cases) {
    std::string text = kHermes14B;
    const size_t at = text.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    text.replace(at, std::string(c.from).size(), c.to);
    if (std::string(c.to).find("65536") != std::string::npos) {
      // 40 heads x 65,536 fits; the product with more heads does not.
      text.replace(text.find(R"("num_attention_heads":40)"), 24, R"("num_attention_heads":4096)");
      const auto wide = read(text);
      ASSERT_FALSE(wide.ok());
      EXPECT_THAT(wide.error().message(), HasSubstr("num_attention_heads 4096 x head_dim 65536"));
      continue;
    }
    const auto spec = read(text);
    ASSERT_FALSE(spec.ok()) << c.to;
    EXPECT_THAT(spec.error().message(), HasSubstr(c.message));
    EXPECT_THAT(spec.error().message(), HasSubstr("config.json"));
  }
  EXPECT_THAT(read("[]").error().message(), HasSubstr("must be an object"));
}

// A source of F32 tensors that live nowhere: enough for binding, which looks at names and shapes.
class FakeSource final : public formats::TensorSource {
 public:
  std::map<std::string, ConstTensorView> tensors;
  std::optional<ConstTensorView> find(std::string_view name) const override {
    const auto it = tensors.find(std::string(name));
    return it == tensors.end() ? std::nullopt : std::optional(it->second);
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : tensors) names.push_back(name);
    return names;
  }
  std::string file_of(std::string_view) const override { return "model.safetensors"; }
};

TEST(Weights, BindByNameOrSayWhatIsWrong) {
  std::string text = kHermes36B;
  text.replace(text.find(R"("num_hidden_layers":64)"), 22, R"("num_hidden_layers":2)");
  const ArchSpec spec = read(text).value();
  static float anywhere = 0;
  auto source = std::make_shared<FakeSource>();
  for (const ExpectedTensor& tensor : expected_tensors(spec)) {
    source->tensors[tensor.name] = {&anywhere, DType::kBF16, tensor.shape};
  }
  ASSERT_TRUE(bind_weights(spec, source).ok());
  EXPECT_TRUE(weight_findings(spec, *source).empty());

  auto& bias = source->tensors["model.layers.1.self_attn.q_proj.bias"];
  bias.shape = Shape{5120};
  EXPECT_THAT(bind_weights(spec, source).error().message(),
              HasSubstr("model.safetensors: tensor \"model.layers.1.self_attn.q_proj.bias\" has shape [5120], "
                        "config.json asks for [10240]"));
  bias.shape = Shape{10240};
  bias.dtype = DType::kI8;
  EXPECT_THAT(bind_weights(spec, source).error().message(), HasSubstr("is I8"));
  source->tensors.erase("model.layers.1.self_attn.q_proj.bias");
  EXPECT_THAT(bind_weights(spec, source).error().message(), HasSubstr("is missing"));

  source->tensors["model.layers.1.mystery"] = {&anywhere, DType::kF32, Shape{1}};
  EXPECT_EQ(weight_findings(spec, *source).size(), 2U);
  source->tensors.clear();
  EXPECT_EQ(weight_findings(spec, *source, TensorNames::kHuggingFace, 3).size(), 4U);  // three and a count
}

TEST(Weights, TiedEmbeddingsServeAsTheOutput) {
  std::string text = kHermes14B;
  text.replace(text.find(R"("tie_word_embeddings":false)"), 27, R"("tie_word_embeddings":true)");
  const ArchSpec spec = read(text).value();
  static float anywhere = 0;
  auto source = std::make_shared<FakeSource>();
  for (const ExpectedTensor& tensor : expected_tensors(spec)) {
    EXPECT_NE(tensor.name, "lm_head.weight");
    source->tensors[tensor.name] = {&anywhere, DType::kF32, tensor.shape};
  }
  const auto weights = bind_weights(spec, source);
  ASSERT_TRUE(weights.ok());
  EXPECT_EQ(weights->output.shape, weights->embedding.shape);
}

}  // namespace
}  // namespace hermes::model
