#include "tensor/shape_match.h"

#include <charconv>

namespace hermes {

ShapeMatch& ShapeMatch::operator()(std::string_view operand, const ConstTensorView& view,
                                   std::initializer_list<std::string_view> symbols) {
  HERMES_CHECK(view.shape.rank() == static_cast<int>(symbols.size()), "{}: {} has shape {}, expected rank {}", op_,
               operand, to_string(view.shape), symbols.size());
  int axis = 0;
  for (const std::string_view symbol : symbols) {
    const int64_t actual = view.shape[axis++];
    const char* const end = symbol.data() + symbol.size();
    if (int64_t fixed = 0; std::from_chars(symbol.data(), end, fixed).ptr == end) {  // a number, to its last digit
      HERMES_CHECK(actual == fixed, "{}: {} has shape {}, axis {} must be {}", op_, operand, to_string(view.shape),
                   axis - 1, fixed);
      continue;
    }
    const Binding* bound = nullptr;
    for (int i = 0; i < n_bindings_ && bound == nullptr; ++i) {
      if (bindings_[static_cast<size_t>(i)].symbol == symbol) bound = &bindings_[static_cast<size_t>(i)];
    }
    if (bound != nullptr) {
      HERMES_CHECK(actual == bound->value, "{}: {} is {} in {} but {} in {} {}", op_, symbol, bound->value,
                   bound->operand, actual, operand, to_string(view.shape));
      continue;
    }
    HERMES_CHECK(n_bindings_ < static_cast<int>(bindings_.size()), "{}: too many symbols", op_);
    bindings_[static_cast<size_t>(n_bindings_++)] = {symbol, operand, actual};
  }
  return *this;
}

int64_t ShapeMatch::operator[](std::string_view symbol) const {
  for (int i = 0; i < n_bindings_; ++i) {
    if (bindings_[static_cast<size_t>(i)].symbol == symbol) return bindings_[static_cast<size_t>(i)].value;
  }
  HERMES_CHECK(false, "{}: no symbol {}", op_, symbol);
  return 0;
}

}  // namespace hermes
