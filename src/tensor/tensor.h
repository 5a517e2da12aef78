// Tensors: a view borrows, a buffer owns. Dense, row-major, at most four dimensions, any dtype; of block types every row
// (the last dimension) is whole blocks.
// Goals: shapes that travel with pointers, checked once at the door of each op (shape_match.h).
// Non-goals: arithmetic, broadcasting, strides, reference counting: ops take views, and who owns is plain to see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "base/check.h"
#include "tensor/dtype.h"

namespace hermes {

class Shape {
 public:
  static constexpr int kMaxRank = 4;
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }
  int64_t elements() const;  // 1 for rank 0
  bool operator==(const Shape&) const = default;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

std::string to_string(const Shape& shape);  // "[2, 3]"

// Borrows memory that it may not write. A default-made view is absent (data == nullptr), for optional operands.
struct ConstTensorView {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  Shape shape;

  explicit operator bool() const { return data != nullptr; }
  size_t bytes() const { return bytes_of(dtype, shape.elements()); }
  template <class T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
  const float* f32() const {
    HERMES_CHECK(dtype == DType::kF32);
    return as<float>();
  }
};

// Borrows memory that it may write.
struct TensorView {
  void* data = nullptr;
  DType dtype = DType::kF32;
  Shape shape;

  explicit operator bool() const { return data != nullptr; }
  operator ConstTensorView() const { return {data, dtype, shape}; }  // NOLINT: implicit by design
  size_t bytes() const { return ConstTensorView(*this).bytes(); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  float* f32() const {
    HERMES_CHECK(dtype == DType::kF32);
    return as<float>();
  }
};

inline TensorView view_of(std::span<float> values, Shape shape) {
  HERMES_CHECK(static_cast<int64_t>(values.size()) >= shape.elements());
  return {values.data(), DType::kF32, shape};
}
inline ConstTensorView const_view_of(std::span<const float> values, Shape shape) {
  HERMES_CHECK(static_cast<int64_t>(values.size()) >= shape.elements());
  return {values.data(), DType::kF32, shape};
}

// Owns zeroed memory, aligned to 64 bytes. Large buffers come straight from the operating system: pages appear when
// first touched, so reserving a long KV cache costs nothing until it fills.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  Buffer(DType dtype, const Shape& shape) : Buffer(bytes_of(dtype, shape.elements())) {}

  size_t size() const { return memory_ ? memory_.get_deleter().bytes : 0; }  // 0 once moved from
  std::byte* data() const { return memory_.get(); }
  TensorView view(DType dtype, Shape shape, size_t offset_bytes = 0) const;

 private:
  struct Unmap {
    size_t bytes;   // asked for
    size_t mapped;  // whole pages
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte[], Unmap> memory_{nullptr, Unmap{0, 0}};
};

}  // namespace hermes
