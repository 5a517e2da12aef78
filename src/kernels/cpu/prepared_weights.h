// Weights of block types in the order in which the kernels read them (quant_table.h): without the transposing, a token
// costs little more than half the instructions, and then waits for memory alone.
#pragma once

#include <memory>
#include <unordered_map>

#include "base/thread_pool.h"
#include "kernels/cpu/quant_table.h"
#include "tensor/tensor.h"

namespace hermes::kernels {

class PreparedWeights {
 public:
  // A copy, found for as long as what is returned lives; the same one for a weight that has one.
  std::shared_ptr<const void> prepare(const ConstTensorView& weight, const QuantKernels& kernels, ThreadPool& pool);
  // Groups of sixteen rows, the last filled up with its last row; nullptr where there is no copy.
  const std::byte* find(const ConstTensorView& weight) const;

 private:
  struct Copy;
  using Table = std::unordered_map<const void*, std::weak_ptr<const Copy>>;
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace hermes::kernels
