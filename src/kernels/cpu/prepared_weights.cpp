#include "kernels/cpu/prepared_weights.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

namespace hermes::kernels {
namespace {

// Copied at a time: a little more than a huge page, so that the pages of the source can be given back soon.
constexpr int64_t kStepBytes = 4 << 20;

}  // namespace

class PreparedWeights::Copy final : public ops::Preparation,
                                    public std::enable_shared_from_this<PreparedWeights::Copy> {
 public:
  Copy(const ConstTensorView& weight, const QuantKernels& kernels, const std::shared_ptr<Table>& found_in)
      : weight_(weight),
        kernels_(kernels),
        row_bytes_(static_cast<int64_t>(bytes_of(weight.dtype, weight.shape[1]))),
        memory_(static_cast<size_t>((weight.shape[0] + kQuantRows - 1) / kQuantRows * kQuantRows * row_bytes_)),
        table_(found_in) {}
  ~Copy() override {
    const auto table = table_.lock();
    if (table == nullptr) return;
    const std::lock_guard lock(table->mutex);
    const auto place = table->copies.find(weight_.data);
    if (place != table->copies.end() && place->second == this) table->copies.erase(place);  // else it is another's
  }

  bool is_of(const ConstTensorView& weight) const {
    return weight_.dtype == weight.dtype && weight_.shape == weight.shape;
  }
  PreparedRows rows() const { return {memory_.data(), n_rows_.load(std::memory_order_acquire)}; }

  int64_t advance() override {
    const std::lock_guard lock(advancing_);
    const int64_t n = weight_.shape[0], begin = n_rows_.load(std::memory_order_relaxed);
    const int64_t groups = std::max<int64_t>(1, kStepBytes / (kQuantRows * row_bytes_));
    const int64_t end = std::min(n, begin + groups * kQuantRows);
    for (int64_t row = begin; row < end; row += kQuantRows) copy_group(row);
    n_rows_.store(end, std::memory_order_release);
    return end;
  }

 private:
  void copy_group(int64_t row) {
    const std::byte* rows = weight_.as<std::byte>() + row * row_bytes_;
    std::vector<std::byte> filled;
    if (const int64_t left = weight_.shape[0] - row; left < kQuantRows) {
      filled.resize(static_cast<size_t>(kQuantRows * row_bytes_));
      for (int64_t r = 0; r < kQuantRows; ++r) {
        std::memcpy(filled.data() + r * row_bytes_, rows + std::min(r, left - 1) * row_bytes_,
                    static_cast<size_t>(row_bytes_));
      }
      rows = filled.data();
    }
    kernels_.interleave(rows, row_bytes_, weight_.shape[1] / kernels_.block_elements,
                        memory_.data() + row * row_bytes_);
  }

  ConstTensorView weight_;
  const QuantKernels& kernels_;
  int64_t row_bytes_;
  Buffer memory_;
  std::weak_ptr<Table> table_;
  std::mutex advancing_;
  std::atomic<int64_t> n_rows_{0};  // whole groups, or all
};

PreparedWeights::Copy* PreparedWeights::find_copy(const Table& table, const ConstTensorView& weight) {
  const auto found = table.copies.find(weight.data);
  return found != table.copies.end() && found->second->is_of(weight) ? found->second : nullptr;
}

std::shared_ptr<ops::Preparation> PreparedWeights::prepare(const ConstTensorView& weight, const QuantKernels& kernels) {
  const std::lock_guard lock(table_->mutex);
  if (Copy* copy = find_copy(*table_, weight)) {
    if (auto shared = copy->weak_from_this().lock()) return shared;  // else it is about to go
  }
  auto copy = std::make_shared<Copy>(weight, kernels, table_);
  table_->copies[weight.data] = copy.get();
  return copy;
}

PreparedRows PreparedWeights::find(const ConstTensorView& weight) const {
  const std::lock_guard lock(table_->mutex);
  const Copy* copy = find_copy(*table_, weight);
  return copy != nullptr ? copy->rows() : PreparedRows();
}

}  // namespace hermes::kernels
