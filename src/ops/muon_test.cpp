// The oracle of Muon beside torch.optim.Muon with its iteration in fp64 (tools/muon_make_goldens.py), and beside what the
// iteration does to singular values.
#include "ops/muon.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::ops {
namespace {

using test::TestTensor;

// How much the iteration enlarges an error of its input, at most: the slope of five polynomials at 0 is a^5.
constexpr double kSlope = 485;

struct Matrices {
  TestTensor parameter, grad, m;
  explicit Matrices(const Shape& shape)
      : parameter(DType::kF32, shape), grad(DType::kF32, shape), m(DType::kF32, shape) {}
  MuonArgs args() const { return {.parameter = parameter.view(), .grad = grad.view(), .m = m.view()}; }
};

void run(const MuonArgs& args) { make_reference_training_backend()->muon({&args, 1}); }

double number(const json::value& value) { return value.to_number<double>(); }

void fill(const TestTensor& tensor, const json::value& values, float scale = 1) {
  for (size_t i = 0; i < tensor.f32().size(); ++i) {
    tensor.f32()[i] = static_cast<float>(number(values.at(i))) * scale;
  }
}

TEST(ReferenceMuon, IsPyTorchs) {
  const json::value file = read_json_file(HERMES_OPS_TESTDATA "/muon_goldens.json", 1 << 20).value();
  for (const json::value& golden : file.at("cases").as_array()) {
    const Shape shape = {golden.at("shape").at(0).to_number<int64_t>(), golden.at("shape").at(1).to_number<int64_t>()};
    SCOPED_TRACE(to_string(shape));
    for (const float grad_scale : {1.0F, 0.25F}) {
      const Matrices matrices(shape);
      fill(matrices.parameter, golden.at("parameter"));
      MuonArgs args = matrices.args();
      args.lr = static_cast<float>(number(file.at("lr")));
      args.weight_decay = static_cast<float>(number(file.at("weight_decay")));
      args.momentum = static_cast<float>(number(file.at("momentum")));
      args.nesterov = golden.at("nesterov").as_bool();
      args.grad_scale = grad_scale;
      // m is rounded in each step, relative to the largest of its values so far (below 4), p thrice.
      const double step = static_cast<double>(args.lr) * kMuonRms * std::sqrt(std::max(shape[0], shape[1]));
      double tolerance = 0;
      for (const json::value& expected : golden.at("steps").as_array()) {
        fill(matrices.grad, expected.at("grad"), 1 / grad_scale);  // exactly undone by the scale
        run(args);
        tolerance += (step * kSlope * 4 + 3 * 4) * test::kUnitRoundoff;
        for (int64_t i = 0; i < shape.elements(); ++i) {
          const auto at = static_cast<size_t>(i);
          EXPECT_TRUE(test::is_close(matrices.parameter.at(i), number(expected.at("parameter").at(at)), tolerance));
          EXPECT_TRUE(test::is_close(matrices.m.at(i), number(expected.at("m").at(at)), 3 * 4 * test::kUnitRoundoff));
        }
      }
    }
  }
}

// A diagonal matrix stays one, and each of its values goes its own way.
TEST(ReferenceMuon, TakesSingularValuesThroughThePolynomial) {
  const auto [a, b, c] = kNewtonSchulz;
  for (const Shape& shape : {Shape{3, 4}, Shape{4, 3}}) {
    const Matrices matrices(shape);
    const double values[] = {3, 0.25, -0.015625};
    double norm = 0;
    for (const double value : values) norm += value * value;
    norm = std::sqrt(norm);
    for (int64_t i = 0; i < 3; ++i) matrices.grad.set(i * shape[1] + i, static_cast<float>(values[i]));
    MuonArgs args = matrices.args();
    args.lr = 1;
    args.momentum = 0;
    run(args);
    for (int64_t i = 0; i < shape.elements(); ++i) {
      double expected = 0;
      if (i % (shape[1] + 1) == 0 && i / (shape[1] + 1) < 3) {
        expected = values[i / (shape[1] + 1)] / norm;
        for (int step = 0; step < kNewtonSchulzSteps; ++step) {
          expected = a * expected + b * std::pow(expected, 3) + c * std::pow(expected, 5);
        }
        EXPECT_GT(std::fabs(expected), 0.68);  // from 0.005 on
      }
      EXPECT_TRUE(test::is_close(matrices.parameter.at(i), -kMuonRms * 2 * expected, test::kUnitRoundoff)) << i;
    }
  }
}

TEST(ReferenceMuon, OnlyDecaysWithoutAGradient) {
  const Matrices matrices({2, 3});
  for (int64_t i = 0; i < 6; ++i) matrices.parameter.set(i, static_cast<float>(i));
  MuonArgs args = matrices.args();
  args.lr = 0.5F;
  args.weight_decay = 0.5F;
  run(args);
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(matrices.parameter.at(i), 0.75 * static_cast<double>(i));
}

TEST(ReferenceMuon, ShowsNan) {
  const Matrices matrices({2, 3});
  matrices.grad.set(4, std::numeric_limits<float>::quiet_NaN());
  MuonArgs args = matrices.args();
  args.lr = 1;
  run(args);
  for (int64_t i = 0; i < 6; ++i) EXPECT_TRUE(std::isnan(matrices.parameter.at(i))) << i;
}

TEST(ReferenceMuon, NesterovLooksAhead) {
  // One row: the orthogonalised row is its direction, times p applied five times to 1.
  const auto direction = [](bool nesterov) {
    const Matrices matrices({1, 2});
    matrices.m.set(0, 1);
    matrices.grad.set(1, 1);
    MuonArgs args = matrices.args();
    args.lr = 1;
    args.momentum = 0.5F;
    args.nesterov = nesterov;
    run(args);
    EXPECT_EQ(matrices.m.at(0), 0.5);
    EXPECT_EQ(matrices.m.at(1), 0.5);
    return matrices.parameter.at(1) / matrices.parameter.at(0);
  };
  EXPECT_NEAR(direction(false), 1, 1e-6);           // 0.5 to 0.5
  EXPECT_NEAR(direction(true), 0.75 / 0.25, 1e-6);  // 0.5 * 0.5 + 0.5 to 0.5 * 0.5
}

}  // namespace
}  // namespace hermes::ops
