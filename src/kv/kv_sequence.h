// The KV cache of one sequence, seen as pages: K and V of every layer for positions [0, size).
//
// Goals: the decoder and attention see pages only, so that a page pool shared by many sequences can take the place of
// ContiguousKv without their noticing. Non-goals (here): sharing prefixes, eviction.
// One object belongs to one sequence; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "tensor/padded_rows.h"
#include "tensor/tensor.h"

namespace hermes::kv {

struct KvShape {
  int n_layers = 0;
  int64_t n_kv_heads = 0;
  int64_t head_dim = 0;
  DType dtype = DType::kF32;  // F32, F16, BF16 or Q8_0

  // Bytes that one position takes in all layers, K and V.
  size_t bytes_per_position() const {
    return static_cast<size_t>(2 * n_layers * n_kv_heads * padded_bytes(dtype, head_dim));
  }
};

class KvSequence {
 public:
  virtual ~KvSequence() = default;

  virtual const KvShape& shape() const = 0;
  virtual int64_t page_size() const = 0;  // positions per page
  virtual int64_t capacity() const = 0;   // positions it can ever hold
  // Positions stored so far: the next token's position.
  virtual int64_t size() const = 0;

  // Makes room for `n` more positions after size(); the pages below then cover them. Fails, changing nothing, where
  // capacity() does not allow it.
  virtual Status reserve(int64_t n) = 0;
  // Declares that the `n` reserved positions after size() have been written in every layer.
  virtual void advance(int64_t n) = 0;
  // Forgets positions from `n` on; n <= size().
  virtual void truncate(int64_t n) = 0;

  // Page p of `layer`: n_kv_heads * page_size rows of padded_bytes(), laid out as ops/attention.h says. Valid until the next
  // reserve().
  virtual std::span<std::byte* const> k_pages(int layer) const = 0;
  virtual std::span<std::byte* const> v_pages(int layer) const = 0;
};

// One allocation for the whole capacity. The operating system supplies memory only for pages that are written.
class ContiguousKv final : public KvSequence {
 public:
  ContiguousKv(const KvShape& shape, int64_t capacity, int64_t page_size = 256);

  const KvShape& shape() const override { return shape_; }
  int64_t page_size() const override { return page_size_; }
  int64_t capacity() const override { return capacity_; }
  int64_t size() const override { return size_; }
  Status reserve(int64_t n) override;
  void advance(int64_t n) override;
  void truncate(int64_t n) override;
  std::span<std::byte* const> k_pages(int layer) const override { return pages(2 * layer); }
  std::span<std::byte* const> v_pages(int layer) const override { return pages(2 * layer + 1); }

 private:
  std::span<std::byte* const> pages(int plane) const;

  KvShape shape_;
  int64_t page_size_;
  int64_t capacity_;
  int64_t n_pages_;
  int64_t reserved_ = 0;  // positions that may be written
  int64_t size_ = 0;
  Buffer memory_;                  // [n_layers, K or V, n_pages] pages
  std::vector<std::byte*> pages_;  // [n_layers, K or V, n_pages]
};

}  // namespace hermes::kv
