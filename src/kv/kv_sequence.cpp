#include "kv/kv_sequence.h"

namespace hermes::kv {

ContiguousKv::ContiguousKv(const KvShape& shape, int64_t capacity, int64_t page_size)
    : shape_(shape), page_size_(page_size), capacity_(capacity), n_pages_((capacity + page_size - 1) / page_size) {
  HERMES_CHECK(capacity >= 0 && page_size > 0, "capacity {}, page size {}", capacity, page_size);
  const size_t page_bytes =
      static_cast<size_t>(shape.n_kv_heads * page_size * padded_bytes(shape.dtype, shape.head_dim));
  const int64_t n_planes = 2 * shape.n_layers;
  memory_ = Buffer(page_bytes * static_cast<size_t>(n_planes * n_pages_));
  pages_.reserve(static_cast<size_t>(n_planes * n_pages_));
  for (int64_t i = 0; i < n_planes * n_pages_; ++i) {
    pages_.push_back(memory_.data() + page_bytes * static_cast<size_t>(i));
  }
}

Status ContiguousKv::reserve(int64_t n) {
  HERMES_CHECK(n >= 0);
  if (n > capacity_ - size_) {
    return Error::exhausted("the context is full: {} positions used, {} more asked for, {} is the limit", size_, n,
                            capacity_);
  }
  reserved_ = size_ + n;
  return {};
}

void ContiguousKv::advance(int64_t n) {
  HERMES_CHECK(n >= 0 && size_ + n <= reserved_, "advance by {} past the {} reserved", n, reserved_);
  size_ += n;
}

void ContiguousKv::truncate(int64_t n) {
  HERMES_CHECK(n >= 0 && n <= size_, "truncate to {} of {}", n, size_);
  size_ = reserved_ = n;
}

std::span<std::byte* const> ContiguousKv::pages(int plane) const {
  return std::span(pages_).subspan(static_cast<size_t>(plane * n_pages_), static_cast<size_t>(n_pages_));
}

}  // namespace hermes::kv
