#include "kernels/cpu/prepared_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace hermes::kernels {

struct PreparedWeights::Copy {
  ConstTensorView of;
  Buffer memory;
  std::weak_ptr<Table> table;

  Copy(const ConstTensorView& weight, size_t bytes, const std::shared_ptr<Table>& found_in)
      : of(weight), memory(bytes), table(found_in) {}
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  ~Copy() {
    const auto alive = table.lock();
    if (alive == nullptr) return;
    const auto place = alive->find(of.data);
    if (place != alive->end() && place->second.expired()) alive->erase(place);  // else it is another's
  }
};

std::shared_ptr<const void> PreparedWeights::prepare(const ConstTensorView& weight, const QuantKernels& kernels,
                                                     ThreadPool& pool) {
  if (find(weight) != nullptr) return table_->at(weight.data).lock();
  const int64_t n = weight.shape[0], k = weight.shape[1], groups = (n + kQuantRows - 1) / kQuantRows;
  const auto row_bytes = static_cast<int64_t>(bytes_of(weight.dtype, k));
  auto copy = std::make_shared<const Copy>(weight, static_cast<size_t>(groups * kQuantRows * row_bytes), table_);
  // A page of memory appears to the thread that writes it first.
  pool.parallel_for(groups, 8, [&](int64_t begin, int64_t end) {
    std::vector<std::byte> filled;
    for (int64_t group = begin; group < end; ++group) {
      const std::byte* rows = weight.as<std::byte>() + group * kQuantRows * row_bytes;
      if (const int64_t left = n - group * kQuantRows; left < kQuantRows) {
        filled.resize(static_cast<size_t>(kQuantRows * row_bytes));
        for (int64_t r = 0; r < kQuantRows; ++r) {
          std::memcpy(filled.data() + r * row_bytes, rows + std::min(r, left - 1) * row_bytes,
                      static_cast<size_t>(row_bytes));
        }
        rows = filled.data();
      }
      kernels.interleave(rows, row_bytes, k / kernels.block_elements,
                         copy->memory.data() + group * kQuantRows * row_bytes);
    }
  });
  (*table_)[weight.data] = copy;
  return copy;
}

const std::byte* PreparedWeights::find(const ConstTensorView& weight) const {
  const auto found = table_->find(weight.data);
  if (found == table_->end()) return nullptr;
  const auto copy = found->second.lock();
  const bool same = copy != nullptr && copy->of.dtype == weight.dtype && copy->of.shape == weight.shape;
  return same ? copy->memory.data() : nullptr;
}

}  // namespace hermes::kernels
