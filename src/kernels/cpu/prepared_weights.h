// Weights of block types in the order in which the kernels read them (quant_table.h): without the transposing, a token
// costs little more than half the instructions, and then waits for memory alone.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "kernels/cpu/quant_table.h"
#include "ops/preparation.h"
#include "tensor/tensor.h"

namespace hermes::kernels {

// Groups of sixteen rows, those of the first n_rows; the last group of all is filled up with the last row.
struct PreparedRows {
  const std::byte* groups = nullptr;
  int64_t n_rows = 0;
};

// Thread-safe.
class PreparedWeights {
 public:
  std::shared_ptr<ops::Preparation> prepare(const ConstTensorView& weight, const QuantKernels& kernels);
  // What is copied by now. It stays for as long as what prepare() gave.
  PreparedRows find(const ConstTensorView& weight) const;

 private:
  class Copy;
  struct Table {
    std::mutex mutex;
    std::unordered_map<const void*, Copy*> copies;  // each takes itself out before it goes
  };
  static Copy* find_copy(const Table& table, const ConstTensorView& weight);

  std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace hermes::kernels
