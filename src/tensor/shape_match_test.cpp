#include "tensor/shape_match.h"

#include <gtest/gtest.h>

#include <array>

namespace hermes {
namespace {

const std::array<float, 64> kMemory{};

ConstTensorView of_shape(const Shape& shape) { return {kMemory.data(), DType::kF32, shape}; }

TEST(ShapeMatch, BindsLettersAcrossOperands) {
  ShapeMatch match("linear");
  match("x", of_shape({2, 3}), {"T", "K"})("weight", of_shape({5, 3}), {"N", "K"})("y", of_shape({2, 5}), {"T", "N"});
  EXPECT_EQ(match["T"], 2);
  EXPECT_EQ(match["K"], 3);
  EXPECT_EQ(match["N"], 5);
}

TEST(ShapeMatch, NumbersMustBeEqual) {
  ShapeMatch match("op");
  match("x", of_shape({1, 16}), {"1", "16"});
  EXPECT_DEATH(match("y", of_shape({2, 16}), {"1", "16"}), "op: y has shape \\[2, 16\\], axis 0 must be 1");
}

TEST(ShapeMatch, ASymbolMayBeginWithADigit) {
  ShapeMatch match("rope");
  match("x", of_shape({6}), {"2H"});  // a name, not the number 2
  EXPECT_EQ(match["2H"], 6);
}

TEST(ShapeMatch, ZeroAndRankZeroAreShapesToo) {
  ShapeMatch match("op");
  match("x", of_shape({0, 4}), {"T", "D"})("scale", of_shape({}), {});
  EXPECT_EQ(match["T"], 0);
}

TEST(ShapeMatchDeathTest, AMismatchNamesTheOpTheOperandsTheLetterAndBothNumbers) {
  ShapeMatch match("linear");
  match("x", of_shape({2, 3}), {"T", "K"});
  EXPECT_DEATH(match("weight", of_shape({5, 4}), {"N", "K"}), "linear: K is 3 in x but 4 in weight \\[5, 4\\]");
  EXPECT_DEATH(match("square", of_shape({4, 5}), {"D", "D"}), "linear: D is 4 in square but 5 in square \\[4, 5\\]");
}

TEST(ShapeMatchDeathTest, AWrongRankOrAnUnknownSymbolIsOurMistake) {
  ShapeMatch match("op");
  EXPECT_DEATH(match("x", of_shape({2, 3}), {"T"}), "op: x has shape \\[2, 3\\], expected rank 1");
  EXPECT_DEATH(static_cast<void>(match["Q"]), "op: no symbol Q");
}

}  // namespace
}  // namespace hermes
