// Run by mpirun -n 2: two ranks train the model that one rank trains, up to the order of sums.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "support/close.h"
#include "train/tiny_training_for_test.h"

namespace hermes::train {
namespace {

collective::Collective* all = nullptr;

// A gradient summed in another order is off by a few ulp; AdamW's early steps, which divide it by its own size plus eps,
// make of that at most learning_rate * ulps / eps. With eps 1e-3 and gradients below 1, after six steps:
constexpr double kWeightError = 6 * 1e-2 * 16 * 0x1p-24 / 1e-3;

Recipe smooth_recipe() {
  Recipe recipe = tiny_recipe();
  recipe.optimizer.eps = 1e-3;
  return recipe;
}

TEST(DataParallel, TwoRanksTrainAsOneDoes) {
  ASSERT_EQ(all->size(), 2);
  TinyTraining alone(smooth_recipe()), shared(smooth_recipe());
  Trainer trainer(shared.recipe, tiny_spec(), shared.data,
                  {.backend = *shared.backend, .training = *shared.training, .collective = *all});
  for (int step = 0; step < 6; ++step) {
    const StepResult expected = alone.trainer->step().value(), actual = trainer.step().value();
    EXPECT_NEAR(actual.loss, expected.loss, 1e-6 * expected.loss) << step;
    EXPECT_NEAR(actual.gradient_norm, expected.gradient_norm, 1e-5 * expected.gradient_norm) << step;
    EXPECT_EQ(actual.n_tokens, expected.n_tokens);
    EXPECT_EQ(actual.n_trained, expected.n_trained);
  }
  EXPECT_TRUE(test::all_close(trainer.parameters().all(), alone.trainer->parameters().all(), kWeightError));
  EXPECT_NEAR(trainer.evaluate().value(), alone.trainer->evaluate().value(), 1e-5);
}

TEST(DataParallel, RanksHoldTheSameBits) {
  for (const OptimizerKind kind : {OptimizerKind::kAdamw, OptimizerKind::kMuon}) {
    Recipe recipe = smooth_recipe();
    recipe.optimizer.kind = kind;
    TinyTraining tiny(recipe);
    Trainer trainer(tiny.recipe, tiny_spec(), tiny.data,
                    {.backend = *tiny.backend, .training = *tiny.training, .collective = *all});
    for (int step = 0; step < 3; ++step) ASSERT_TRUE(trainer.step().ok());
    std::vector<float> first(trainer.parameters().all().begin(), trainer.parameters().all().end());
    all->broadcast(std::as_writable_bytes(std::span(first)), 0);
    EXPECT_TRUE(test::same_bits(trainer.parameters().all(), first));
  }
}

}  // namespace
}  // namespace hermes::train

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const auto collective = hermes::collective::make_mpi().value();
  hermes::train::all = collective.get();
  return RUN_ALL_TESTS();
}
