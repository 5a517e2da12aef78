// The oracle of AdamW beside torch.optim.AdamW, and of the norm of a gradient.
#include "ops/adamw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/tolerance.h"

namespace hermes::ops {
namespace {

// torch 2.15, float64: AdamW(lr=1/8, betas=(3/4, 7/8), eps=1/16, weight_decay=1/4). All hyperparameters are exact in
// F32, so that what differs is three roundings of the state and of the parameter for each step, of values below 4.
TEST(ReferenceAdamw, IsPyTorchs) {
  struct Step {
    std::vector<float> grad;
    std::vector<double> parameter, m, v;
  };
  const Step steps[] = {
      {{1, -0.5F, 0}, {0.8511029411764706, -1.8263888888888888, 0.484375}, {0.25, -0.125, 0}, {0.125, 0.03125, 0}},
      {{0.25F, 2, 0},
       {0.7316941992457203, -1.8435999503968254, 0.46923828125},
       {0.25, 0.40625, 0},
       {0.1171875, 0.52734375, 0}},
      {{-3, 0.5F, 1},
       {0.7699158626733037, -1.8583312039033943, 0.3748352711790705},
       {-0.5625, 0.4296875, 0.25},
       {1.2275390625, 0.49267578125, 0.125}}};
  const double tolerance = 3 * 3 * 4 * test::kUnitRoundoff;
  for (const float grad_scale : {1.0F, 0.25F}) {
    std::vector<float> parameter = {1, -2, 0.5F}, m(3, 0), v(3, 0);
    int64_t number = 0;
    for (const Step& step : steps) {
      std::vector<float> grad = step.grad;
      for (float& g : grad) g /= grad_scale;  // exactly undone by the scale
      make_reference_training_backend()->adamw({.parameter = parameter,
                                                .grad = grad,
                                                .m = m,
                                                .v = v,
                                                .step = ++number,
                                                .lr = 0.125F,
                                                .beta1 = 0.75F,
                                                .beta2 = 0.875F,
                                                .eps = 0.0625F,
                                                .weight_decay = 0.25F,
                                                .grad_scale = grad_scale});
      for (size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(test::is_close(static_cast<double>(parameter[i]), step.parameter[i], tolerance)) << number;
        EXPECT_TRUE(test::is_close(static_cast<double>(m[i]), step.m[i], tolerance)) << number;
        EXPECT_TRUE(test::is_close(static_cast<double>(v[i]), step.v[i], tolerance)) << number;
      }
    }
  }
}

TEST(ReferenceSumOfSquares, SumsInFp64) {
  const auto backend = make_reference_training_backend();
  EXPECT_EQ(backend->sum_of_squares({}), 0);
  EXPECT_EQ(backend->sum_of_squares(std::vector<float>{3, -4}), 25);
  EXPECT_EQ(backend->sum_of_squares(std::vector<float>{0x1.0p20F, 1}), 0x1.0p40 + 1);  // beyond F32
  EXPECT_EQ(backend->sum_of_squares(std::vector<float>{0x1.0p100F}), 0x1.0p200);
  EXPECT_TRUE(std::isnan(backend->sum_of_squares(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()})));
}

}  // namespace
}  // namespace hermes::ops
