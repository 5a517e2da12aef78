// Shapes checked by symbol: within one matcher the same letter must mean the same number.
//
//   ShapeMatch match("linear");
//   match("x", args.x, {"T", "K"})("weight", args.weight, {"N", "K"})("y", args.y, {"T", "N"});
//   const int64_t n = match["N"];
//
// A mismatch is our own mistake (weights were checked when they were bound), so it ends the program, naming the op,
// the operand, the letter and both numbers. A symbol that is a number ("1", "64") must equal it.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

#include "tensor/tensor.h"

namespace hermes {

class ShapeMatch {
 public:
  explicit ShapeMatch(std::string_view op) : op_(op) {}
  ShapeMatch& operator()(std::string_view operand, const ConstTensorView& view,
                         std::initializer_list<std::string_view> symbols);
  int64_t operator[](std::string_view symbol) const;

 private:
  struct Binding {
    std::string_view symbol, operand;
    int64_t value;
  };
  std::string_view op_;
  std::array<Binding, 12> bindings_{};
  int n_bindings_ = 0;
};

}  // namespace hermes
