// Packing: samples of different lengths into rows of one length, with little room wasted.
//
// First-fit decreasing (Johnson 1973): the samples of a group, longest first, each go into the first row that has room,
// else into a new one. Groups are 5,000 samples as they come after a shuffle, as the trainer of Hermes 4 does; 0 packs
// all samples as one group. The result is a function of lengths, options and seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/dataset.h"

namespace hermes::train {

inline constexpr int32_t kNoLabel = -1;

struct PackingOptions {
  int64_t row_length = 4096;
  int64_t group_size = 5000;  // 0: one group
  uint64_t seed = 0;
};

// Which samples stand in which row, in order.
struct Packing {
  std::vector<uint32_t> samples;
  std::vector<size_t> row_begins{0};  // row r is samples [row_begins[r], row_begins[r + 1])
  int64_t n_tokens = 0;               // that the rows hold
  int64_t n_dropped = 0;              // samples longer than a row

  size_t n_rows() const { return row_begins.size() - 1; }
  std::span<const uint32_t> row(size_t r) const {
    return std::span(samples).subspan(row_begins[r], row_begins[r + 1] - row_begins[r]);
  }
  // Share of the rows' room that holds tokens: 0 to 1.
  double efficiency(int64_t row_length) const;
};

Packing pack(std::span<const int32_t> lengths, const PackingOptions& options);

// One row as the model reads it. Rows are not padded: T is what the samples fill.
struct PackedRow {
  std::vector<int32_t> tokens;        // [T] inputs
  std::vector<int32_t> labels;        // [T] the token that follows, or kNoLabel where it is not trained
  std::vector<int32_t> positions;     // [T], from 0 in each document
  std::vector<int32_t> documents{0};  // document i is [documents[i], documents[i + 1])

  int64_t n_labels() const;
};

PackedRow make_row(const Dataset& dataset, std::span<const uint32_t> samples);

// The order of rows: epoch after epoch, each a shuffle of its own.
class RowOrder {
 public:
  RowOrder(size_t n_rows, uint64_t seed) : n_rows_(n_rows), seed_(seed) {}
  // The row at `position`, counted from 0 over all epochs.
  size_t at(uint64_t position);

 private:
  size_t n_rows_;
  uint64_t seed_;
  uint64_t epoch_ = ~uint64_t{0};
  std::vector<uint32_t> order_;
};

}  // namespace hermes::train
