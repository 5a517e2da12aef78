#include "train/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/rng.h"

namespace hermes::train {
namespace {

using ::testing::ElementsAre;

// The definition, by the plainest loops: longest first, each into the first row with room.
std::vector<std::vector<int32_t>> plain_first_fit(std::vector<int32_t> lengths, int64_t row_length) {
  std::sort(lengths.begin(), lengths.end(), std::greater<>());
  std::vector<std::vector<int32_t>> rows;
  for (const int32_t length : lengths) {
    const auto has_room = [&](const std::vector<int32_t>& row) {
      return std::accumulate(row.begin(), row.end(), int64_t{0}) + length <= row_length;
    };
    const auto row = std::find_if(rows.begin(), rows.end(), has_room);
    if (row == rows.end())
      rows.push_back({length});
    else
      row->push_back(length);
  }
  return rows;
}

std::vector<int32_t> random_lengths(size_t n, uint64_t most, uint64_t seed) {
  Rng rng(seed);
  std::vector<int32_t> lengths(n);
  for (int32_t& length : lengths) length = 1 + static_cast<int32_t>(rng.below(most));
  return lengths;
}

TEST(Pack, IsFirstFitDecreasing) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<int32_t> lengths = random_lengths(200, 60, seed);
    const Packing packing = pack(lengths, {.row_length = 100, .group_size = 0, .seed = seed});
    std::vector<std::vector<int32_t>> rows;
    for (size_t r = 0; r < packing.n_rows(); ++r) {
      rows.emplace_back();
      for (const uint32_t sample : packing.row(r)) rows.back().push_back(lengths[sample]);
    }
    EXPECT_EQ(rows, plain_first_fit(lengths, 100));
  }
}

TEST(Pack, EverySampleOnceNoRowTooLong) {
  const std::vector<int32_t> lengths = random_lengths(1000, 120, 3);
  const Packing packing = pack(lengths, {.row_length = 100, .group_size = 70, .seed = 1});
  std::vector<int> seen(lengths.size(), 0);
  int64_t n_tokens = 0;
  for (size_t r = 0; r < packing.n_rows(); ++r) {
    int64_t length = 0;
    for (const uint32_t sample : packing.row(r)) {
      ++seen[sample];
      length += lengths[sample];
    }
    EXPECT_LE(length, 100);
    n_tokens += length;
  }
  int64_t dropped = 0;
  for (size_t i = 0; i < lengths.size(); ++i) {
    EXPECT_EQ(seen[i], lengths[i] <= 100 ? 1 : 0) << i;
    dropped += lengths[i] > 100 ? 1 : 0;
  }
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(packing.n_dropped, dropped);
  EXPECT_EQ(packing.n_tokens, n_tokens);
}

TEST(Pack, GroupsDoNotShareRows) {
  // Each sample takes 40 of 100: two fit a row. Groups of three leave every second row half empty.
  const std::vector<int32_t> lengths(6, 40);
  EXPECT_EQ(pack(lengths, {.row_length = 100, .group_size = 3}).n_rows(), 4U);
  EXPECT_EQ(pack(lengths, {.row_length = 100, .group_size = 0}).n_rows(), 3U);
}

TEST(Pack, IsAFunctionOfTheSeed) {
  const std::vector<int32_t> lengths = random_lengths(500, 100, 9);
  const PackingOptions options{.row_length = 100, .group_size = 100, .seed = 5};
  EXPECT_EQ(pack(lengths, options).samples, pack(lengths, options).samples);
  PackingOptions reseeded = options;
  reseeded.seed = 6;
  EXPECT_NE(pack(lengths, options).samples, pack(lengths, reseeded).samples);
}

TEST(Pack, FillsRowsAndIsFast) {
  std::vector<int32_t> lengths = random_lengths(300000, 900, 2);
  for (const int64_t group_size : {int64_t{5000}, int64_t{0}}) {
    const auto start = std::chrono::steady_clock::now();
    const Packing packing = pack(lengths, {.row_length = 4096, .group_size = group_size, .seed = 1});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    RecordProperty(group_size == 0 ? "seconds_one_group" : "seconds_groups", std::to_string(seconds));
    EXPECT_GT(packing.efficiency(4096), group_size == 0 ? 0.9999 : 0.995);
    EXPECT_LT(seconds, 20) << "a quadratic search takes minutes";
  }
}

TEST(Pack, NothingGivesNoRows) {
  const Packing packing = pack({}, {});
  EXPECT_EQ(packing.n_rows(), 0U);
  EXPECT_EQ(packing.efficiency(4096), 0);
}

TEST(MakeRow, ShiftsLabelsAndBeginsPositionsAnew) {
  Dataset dataset;
  dataset.append(std::vector<int32_t>{1, 2, 3, 4}, std::vector<uint8_t>{0, 0, 1, 1});
  dataset.append(std::vector<int32_t>{5, 6, 7}, std::vector<uint8_t>{0, 1, 0});
  const PackedRow row = make_row(dataset, std::vector<uint32_t>{1, 0});
  EXPECT_THAT(row.tokens, ElementsAre(5, 6, 1, 2, 3));
  EXPECT_THAT(row.labels, ElementsAre(6, kNoLabel, kNoLabel, 3, 4));
  EXPECT_THAT(row.positions, ElementsAre(0, 1, 0, 1, 2));
  EXPECT_THAT(row.documents, ElementsAre(0, 2, 5));
  EXPECT_EQ(row.n_labels(), 3);
}

TEST(RowOrder, EveryEpochHasEveryRowInAnOrderOfItsOwn) {
  RowOrder order(50, 7);
  std::vector<std::vector<size_t>> epochs(3);
  for (uint64_t position = 0; position < 150; ++position) epochs[position / 50].push_back(order.at(position));
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
  const std::vector<size_t> first = epochs[0];
  for (std::vector<size_t>& epoch : epochs) {
    std::sort(epoch.begin(), epoch.end());
    for (size_t i = 0; i < 50; ++i) EXPECT_EQ(epoch[i], i);
  }
  EXPECT_EQ(RowOrder(50, 7).at(20), first[20]);  // no history needed
}

}  // namespace
}  // namespace hermes::train
