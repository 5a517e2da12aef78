// Rows of a tensor from one element type to another, on all threads, and how far the result is from what it was.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "quantize/gguf_description.h"
#include "tensor/tensor.h"

namespace hermes::quantize {

// Sums over elements, in the order of the rows, so that they are the same for any number of threads and any pieces.
struct RoundingError {
  double squared = 0;  // of the differences
  double energy = 0;   // of the elements
  double largest = 0;  // difference

  double relative() const;  // root mean square, relative to that of the elements; 0 where these are all 0
};

class RowEncoder {
 public:
  // importance: one weight for each column, or empty. Rows are whole blocks of `to`.
  RowEncoder(const SourceTensor& tensor, DType to, std::span<const float> importance, ThreadPool& pool);

  int64_t n_rows() const { return n_rows_; }
  size_t row_bytes() const { return row_bytes_; }
  // Rows [begin, end) into `out`. Corrupt where an element is not finite: such a weight is damaged, and a block would
  // hide it.
  Status encode(int64_t begin, int64_t end, std::span<std::byte> out);
  const RoundingError& error() const { return error_; }  // of all rows so far

 private:
  struct Scratch {
    std::vector<float> x, y;
  };
  bool encode_row(int64_t row, Scratch& scratch, std::byte* out, RoundingError& error) const;

  const SourceTensor& tensor_;
  DType to_;
  std::span<const float> importance_;
  ThreadPool& pool_;
  int64_t n_rows_, row_;  // row_: elements of one
  size_t row_bytes_;
  std::vector<Scratch> scratch_;  // by thread
  std::vector<RoundingError> row_errors_;
  RoundingError error_;
};

}  // namespace hermes::quantize
