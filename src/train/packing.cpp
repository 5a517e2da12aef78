#include "train/packing.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/check.h"
#include "base/rng.h"
#include "train/random_streams.h"

namespace hermes::train {
namespace {

void shuffle(std::vector<uint32_t>& items, Rng rng) {  // Fisher-Yates
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[rng.below(i)]);
}

// Rows by the room they have left, as a tree of maxima: the first row with enough room in O(log n).
class FirstFit {
 public:
  FirstFit(size_t most_rows, int64_t row_length)
      : leaves_(std::bit_ceil(std::max<size_t>(most_rows, 1))), room_(2 * leaves_, row_length) {}

  // Takes `length` from the first row that has it, and returns that row. An unused row counts as one with all its room.
  size_t place(int64_t length) {
    size_t node = 1;
    while (node < leaves_) node = room_[2 * node] >= length ? 2 * node : 2 * node + 1;
    room_[node] -= length;
    const size_t row = node - leaves_;
    for (node /= 2; node > 0; node /= 2) room_[node] = std::max(room_[2 * node], room_[2 * node + 1]);
    return row;
  }

 private:
  size_t leaves_;
  std::vector<int64_t> room_;  // node i's children are 2i and 2i + 1; leaves are rows
};

}  // namespace

double Packing::efficiency(int64_t row_length) const {
  return n_rows() == 0
             ? 0
             : static_cast<double>(n_tokens) / (static_cast<double>(n_rows()) * static_cast<double>(row_length));
}

Packing pack(std::span<const int32_t> lengths, const PackingOptions& options) {
  Packing packing;
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < lengths.size(); ++i) {
    HERMES_CHECK(lengths[i] > 0, "sample {} is empty", i);
    if (lengths[i] <= options.row_length)
      order.push_back(i);
    else
      ++packing.n_dropped;
  }
  shuffle(order, Rng(options.seed, kPackingStream));

  const size_t group_size =
      options.group_size == 0 ? std::max<size_t>(order.size(), 1) : static_cast<size_t>(options.group_size);
  std::vector<size_t> rows;  // of each sample in the group
  for (size_t begin = 0; begin < order.size(); begin += group_size) {
    const std::span<uint32_t> group = std::span(order).subspan(begin, std::min(group_size, order.size() - begin));
    std::stable_sort(group.begin(), group.end(), [&](uint32_t a, uint32_t b) { return lengths[a] > lengths[b]; });
    FirstFit fit(group.size(), options.row_length);
    rows.clear();
    size_t n_rows = 0;
    for (const uint32_t sample : group) {
      rows.push_back(fit.place(lengths[sample]));
      n_rows = std::max(n_rows, rows.back() + 1);
      packing.n_tokens += lengths[sample];
    }
    // Sorted by row: where each row begins, then each sample to its place.
    const size_t first_row = packing.n_rows();
    std::vector<size_t> next(n_rows + 1, 0);
    for (const size_t row : rows) ++next[row + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    for (size_t row = 0; row < n_rows; ++row) packing.row_begins.push_back(begin + next[row + 1]);
    packing.samples.resize(begin + group.size());
    HERMES_CHECK(packing.row_begins[first_row] == begin);
    for (size_t i = 0; i < group.size(); ++i) packing.samples[begin + next[rows[i]]++] = group[i];
  }
  return packing;
}

int64_t PackedRow::n_labels() const {
  return std::count_if(labels.begin(), labels.end(), [](int32_t label) { return label != kNoLabel; });
}

PackedRow make_row(const Dataset& dataset, std::span<const uint32_t> samples) {
  PackedRow row;
  for (const uint32_t sample : samples) {
    const size_t begin = dataset.begins[sample];
    const int32_t length = dataset.input_length(sample);
    for (int32_t i = 0; i < length; ++i) {
      const size_t at = begin + static_cast<size_t>(i);
      row.tokens.push_back(dataset.tokens[at]);
      row.labels.push_back(dataset.trained[at + 1] != 0 ? dataset.tokens[at + 1] : kNoLabel);
      row.positions.push_back(i);
    }
    row.documents.push_back(static_cast<int32_t>(row.tokens.size()));
  }
  return row;
}

size_t RowOrder::at(uint64_t position) {
  HERMES_CHECK(n_rows_ > 0);
  const uint64_t epoch = position / n_rows_;
  if (epoch != epoch_) {
    order_.resize(n_rows_);
    std::iota(order_.begin(), order_.end(), 0U);
    shuffle(order_, Rng(seed_, kEpochStream + epoch));
    epoch_ = epoch;
  }
  return order_[position % n_rows_];
}

}  // namespace hermes::train
