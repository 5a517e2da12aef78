// Against Hugging Face transformers (testdata/rope_goldens.json, tools/rope_make_goldens.py) up to position 131,071.
#include "ops/rope.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <numbers>

#include "base/json.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::ops {
namespace {

struct RopeGolden {
  std::string name;
  int head_dim;
  double theta;
  std::optional<double> llama3_factor;
  std::vector<float> inv_freq;
  std::vector<std::vector<float>> cosine, sine;  // [positions][head_dim / 2]
};

struct RopeGoldens {
  std::vector<int32_t> positions;
  std::vector<RopeGolden> cases;
};

std::vector<float> floats(const json::value& array) {
  std::vector<float> values;
  for (const json::value& v : array.as_array()) values.push_back(v.to_number<float>());
  return values;
}

RopeGoldens read_goldens() {
  const json::value file = read_json_file(HERMES_OPS_TESTDATA "/rope_goldens.json", 1 << 20).value();
  RopeGoldens goldens;
  for (const json::value& p : file.at("positions").as_array()) {
    goldens.positions.push_back(p.to_number<int32_t>());
  }
  for (const json::value& c : file.at("cases").as_array()) {
    RopeGolden golden{c.at("name").as_string().c_str(),
                      c.at("head_dim").to_number<int>(),
                      c.at("theta").to_number<double>(),
                      {},
                      floats(c.at("inv_freq")),
                      {},
                      {}};
    if (!c.at("llama3_factor").is_null()) golden.llama3_factor = c.at("llama3_factor").to_number<double>();
    for (const json::value& row : c.at("cos").as_array()) golden.cosine.push_back(floats(row));
    for (const json::value& row : c.at("sin").as_array()) golden.sine.push_back(floats(row));
    goldens.cases.push_back(std::move(golden));
  }
  return goldens;
}

std::vector<float> inv_freq_of(const RopeGolden& golden) {
  std::vector<float> inv_freq = rope_inv_freq(golden.head_dim, golden.theta);
  if (golden.llama3_factor) apply_llama3_scaling(inv_freq, {.factor = *golden.llama3_factor});
  return inv_freq;
}

// The power function of torch is its own and may differ by an ulp from the C library's; the reciprocal, the division
// and the blend each carry that on and round once more.
constexpr double kInvFreqUlps = 4;
constexpr double kUlp = 2 * test::kUnitRoundoff;

TEST(RopeInvFreq, AgreesWithTransformers) {
  for (const RopeGolden& golden : read_goldens().cases) {
    SCOPED_TRACE(golden.name);
    std::vector<double> tolerances;
    for (const float f : golden.inv_freq) tolerances.push_back(kInvFreqUlps * kUlp * static_cast<double>(f));
    EXPECT_TRUE(test::all_close(inv_freq_of(golden), golden.inv_freq, tolerances));
  }
}

// Heads (1, 1, ...) and (0, ..., 1, ...) read cos and sin off a rotation: x = (1, 0) becomes (cos, sin).
void rotate_units(const std::vector<float>& inv_freq, int32_t position, std::vector<float>& cosine,
                  std::vector<float>& sine) {
  const auto half = static_cast<int64_t>(inv_freq.size());
  std::vector<float> x(inv_freq.size() * 2, 0.0F);
  std::fill_n(x.begin(), half, 1.0F);
  const std::vector<int32_t> positions = {position};
  make_reference_backend()->rope({.x = view_of(x, {1, 1, 2 * half}), .positions = positions, .inv_freq = inv_freq});
  cosine.assign(x.begin(), x.begin() + half);
  sine.assign(x.begin() + half, x.end());
}

TEST(Rope, AgreesWithTransformersAtAllPositions) {
  const RopeGoldens goldens = read_goldens();
  for (const RopeGolden& golden : goldens.cases) {
    const std::vector<float> inv_freq = inv_freq_of(golden);
    for (size_t p = 0; p < goldens.positions.size(); ++p) {
      SCOPED_TRACE(golden.name + " at " + std::to_string(goldens.positions[p]));
      std::vector<float> cosine, sine;
      rotate_units(inv_freq, goldens.positions[p], cosine, sine);
      std::vector<double> tolerances;  // the angle's error, plus cos itself rounded on both sides
      for (const float f : golden.inv_freq) {
        const double angle = static_cast<double>(f) * goldens.positions[p];
        tolerances.push_back((kInvFreqUlps + 1) * kUlp * angle + kUlp);
      }
      EXPECT_TRUE(test::all_close(cosine, golden.cosine[p], tolerances));
      EXPECT_TRUE(test::all_close(sine, golden.sine[p], tolerances));
    }
  }
}

// With their inverse frequencies to the bit, the angle is the same F32 number, and cos and sin agree to an ulp or two
// at any position: the angle is one rounded product, and not the exact one.
TEST(Rope, HasTheirAngleToTheBit) {
  const RopeGoldens goldens = read_goldens();
  for (const RopeGolden& golden : goldens.cases) {
    for (size_t p = 0; p < goldens.positions.size(); ++p) {
      SCOPED_TRACE(golden.name + " at " + std::to_string(goldens.positions[p]));
      std::vector<float> cosine, sine;
      rotate_units(golden.inv_freq, goldens.positions[p], cosine, sine);
      EXPECT_TRUE(test::all_close(cosine, golden.cosine[p], 2 * kUlp));
      EXPECT_TRUE(test::all_close(sine, golden.sine[p], 2 * kUlp));
    }
  }
}

TEST(RopeInvFreq, FallsFromOneByEqualRatios) {
  const std::vector<float> inv_freq = rope_inv_freq(4, 10000.0);
  ASSERT_EQ(inv_freq.size(), 2U);
  EXPECT_EQ(inv_freq[0], 1.0F);
  EXPECT_NEAR(static_cast<double>(inv_freq[1]), 0.01, 1e-9);
}

TEST(Llama3Scaling, KeepsShortDividesLongBlendsBetween) {
  const auto wavelength = [](double w) { return static_cast<float>(2 * std::numbers::pi / w); };
  // Bands with the defaults: below 2048 kept, above 8192 divided by 8. At 4096 the blend's weight is (2 - 1) / 3.
  std::vector<float> f = {wavelength(2000), wavelength(4096), wavelength(9000)};
  const std::vector<float> before = f;
  apply_llama3_scaling(f, {});
  EXPECT_EQ(f[0], before[0]);
  EXPECT_NEAR(static_cast<double>(f[1] / before[1]), 2.0 / 3 / 8 + 1.0 / 3, 1e-6);
  EXPECT_EQ(f[2], before[2] / 8);
}

TEST(Rope, TurnsAQuarterForAQuarterTurn) {
  // Angle pi/2 on the first pair, 0 on the second.
  std::vector<float> x = {1, 2, 3, 4};
  const std::vector<float> inv_freq = {static_cast<float>(std::numbers::pi / 2), 0};
  const std::vector<int32_t> positions = {1};
  make_reference_backend()->rope({.x = view_of(x, {1, 1, 4}), .positions = positions, .inv_freq = inv_freq});
  EXPECT_TRUE(test::all_close(x, std::vector<float>{-3, 2, 1, 4}, 1e-6));
}

TEST(Rope, TurnsNeighboursWhereInterleaved) {
  // Angle pi/2 on the first pair, 0 on the second: (1, 2) becomes (-2, 1).
  std::vector<float> x = {1, 2, 3, 4};
  const std::vector<float> inv_freq = {static_cast<float>(std::numbers::pi / 2), 0};
  const std::vector<int32_t> positions = {1};
  make_reference_backend()->rope(
      {.x = view_of(x, {1, 1, 4}), .positions = positions, .inv_freq = inv_freq, .interleaved = true});
  EXPECT_TRUE(test::all_close(x, std::vector<float>{-2, 1, 3, 4}, 1e-6));
}

TEST(Rope, KeepsLengthsAndDependsOnDistanceOnly) {
  const test::TestTensor q = test::random_tensor(DType::kF32, {1, 1, 64}, 1);
  const test::TestTensor k = test::random_tensor(DType::kF32, {1, 1, 64}, 2);
  const std::vector<float> inv_freq = rope_inv_freq(64, 10000.0);
  const auto product_at = [&](int32_t q_position, int32_t k_position) {
    std::vector<float> a(q.f32().begin(), q.f32().end()), b(k.f32().begin(), k.f32().end());
    const std::vector<int32_t> at_q = {q_position}, at_k = {k_position};
    const auto backend = make_reference_backend();
    backend->rope({.x = view_of(a, {1, 1, 64}), .positions = at_q, .inv_freq = inv_freq});
    backend->rope({.x = view_of(b, {1, 1, 64}), .positions = at_k, .inv_freq = inv_freq});
    double sum = 0;
    for (size_t i = 0; i < 64; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  };
  EXPECT_TRUE(test::is_close(product_at(17, 5), product_at(112, 100), 1e-3));
  EXPECT_FALSE(test::is_close(product_at(17, 5), product_at(18, 5), 1e-3));
}

}  // namespace
}  // namespace hermes::ops
