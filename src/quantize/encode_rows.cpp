#include "quantize/encode_rows.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "tensor/float_types.h"
#include "tensor/quant/quant_format.h"

namespace hermes::quantize {
namespace {

template <class T>
void widen(const std::byte* from, int64_t n, float* to) {
  for (int64_t i = 0; i < n; ++i) {
    T x;
    std::memcpy(&x, from + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    to[i] = to_float(x);
  }
}

void to_floats(DType dtype, const std::byte* from, int64_t n, float* to) {
  if (const QuantFormat* format = quant_format(dtype)) return format->decode(from, n, to);
  switch (dtype) {
    case DType::kF32:
      std::memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
      return;
    case DType::kF16:
      return widen<F16>(from, n, to);
    case DType::kBF16:
      return widen<Bf16>(from, n, to);
    case DType::kF8_E4M3:
      return widen<F8E4M3>(from, n, to);
    default:
      HERMES_CHECK(false, "{} is not weights", name_of(dtype));
  }
}

void from_floats(DType dtype, const float* x, int64_t n, const float* importance, std::byte* out) {
  if (const QuantFormat* format = quant_format(dtype)) return format->encode(x, n, importance, out);
  if (dtype == DType::kF32) {
    std::memcpy(out, x, static_cast<size_t>(n) * sizeof(float));
    return;
  }
  HERMES_CHECK(dtype == DType::kF16 || dtype == DType::kBF16, "{} is not written", name_of(dtype));
  for (int64_t i = 0; i < n; ++i) {
    const uint16_t bits = dtype == DType::kF16 ? to_f16(x[i]).bits : to_bf16(x[i]).bits;
    std::memcpy(out + 2 * i, &bits, sizeof(bits));
  }
}

}  // namespace

double RoundingError::relative() const { return energy > 0 ? std::sqrt(squared / energy) : 0; }

RowEncoder::RowEncoder(const SourceTensor& tensor, DType to, std::span<const float> importance, ThreadPool& pool)
    : tensor_(tensor), to_(to), importance_(importance), pool_(pool), scratch_(static_cast<size_t>(pool.n_threads())) {
  const Shape& shape = tensor.view.shape;
  row_ = shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
  n_rows_ = row_ > 0 ? shape.elements() / row_ : 0;
  row_bytes_ = bytes_of(to, row_);
  HERMES_CHECK(importance.empty() || static_cast<int64_t>(importance.size()) == row_);
  for (Scratch& one : scratch_) {
    one.x.resize(static_cast<size_t>(row_));
    one.y.resize(static_cast<size_t>(row_));
  }
}

bool RowEncoder::encode_row(int64_t row, Scratch& scratch, std::byte* out, RoundingError& error) const {
  const ConstTensorView& view = tensor_.view;
  const size_t source_bytes = bytes_of(view.dtype, row_);
  const std::byte* from =
      static_cast<const std::byte*>(view.data) + static_cast<size_t>(tensor_.source_row(row)) * source_bytes;
  to_floats(view.dtype, from, row_, scratch.x.data());
  if (const ops::WeightScales& scales = tensor_.scales; scales.values) {
    const float* of_row = scales.values.f32() + tensor_.source_row(row) / scales.rows * scales.values.shape[1];
    for (int64_t i = 0; i < row_; ++i) scratch.x[static_cast<size_t>(i)] *= of_row[i / scales.columns];
  }
  error = {};
  for (const float x : scratch.x) error.energy += static_cast<double>(x) * static_cast<double>(x);
  if (!std::isfinite(error.energy)) return false;
  if (view.dtype == to_) {
    std::memcpy(out, from, row_bytes_);
    return true;
  }
  from_floats(to_, scratch.x.data(), row_, importance_.empty() ? nullptr : importance_.data(), out);
  to_floats(to_, out, row_, scratch.y.data());
  for (size_t i = 0; i < scratch.x.size(); ++i) {
    const double difference = static_cast<double>(scratch.y[i]) - static_cast<double>(scratch.x[i]);
    error.squared += difference * difference;
    error.largest = std::max(error.largest, std::fabs(difference));
  }
  return true;
}

Status RowEncoder::encode(int64_t begin, int64_t end, std::span<std::byte> out) {
  HERMES_CHECK(out.size() == static_cast<size_t>(end - begin) * row_bytes_);
  constexpr int64_t kElementsAtATime = 1 << 15;
  row_errors_.resize(static_cast<size_t>(end - begin));
  std::atomic<int64_t> damaged{n_rows_};  // the first such row
  pool_.parallel_for(end - begin, std::max<int64_t>(1, kElementsAtATime / std::max<int64_t>(1, row_)),
                     [&](int thread, int64_t first, int64_t last) {
                       for (int64_t i = first; i < last; ++i) {
                         const auto at = static_cast<size_t>(i);
                         if (encode_row(begin + i, scratch_[static_cast<size_t>(thread)], out.data() + at * row_bytes_,
                                        row_errors_[at])) {
                           continue;
                         }
                         int64_t seen = damaged.load();
                         while (begin + i < seen && !damaged.compare_exchange_weak(seen, begin + i)) {
                         }
                       }
                     });
  if (damaged < n_rows_) {
    return Error::corrupt("tensor \"{}\", row {}: an element is not finite; the source is damaged", tensor_.name,
                          damaged.load());
  }
  for (const RoundingError& row : row_errors_) {
    error_.squared += row.squared;
    error_.energy += row.energy;
    error_.largest = std::max(error_.largest, row.largest);
  }
  return {};
}

}  // namespace hermes::quantize
