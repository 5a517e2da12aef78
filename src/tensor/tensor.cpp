#include "tensor/tensor.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace hermes {

Shape::Shape(std::span<const int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  HERMES_CHECK(rank_ <= kMaxRank, "rank {}", rank_);
  std::copy(dims.begin(), dims.end(), dims_.begin());
  for (const int64_t d : dims) HERMES_CHECK(d >= 0, "negative dimension {}", d);
}

int64_t Shape::elements() const {
  int64_t n = 1;
  for (const int64_t d : dims()) n *= d;
  return n;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const int64_t d : shape.dims()) text += (text.size() > 1 ? ", " : "") + std::to_string(d);
  return text + "]";
}

Buffer::Buffer(size_t bytes) {
  if (bytes == 0) return;
  const size_t page = 4096;
  const size_t mapped = (bytes + page - 1) / page * page;
  void* memory = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Fewer TLB misses where the kernel grants it; only a hint.
  if (mapped >= (size_t{2} << 20)) ::madvise(memory, mapped, MADV_HUGEPAGE);
  memory_ = std::unique_ptr<std::byte[], Unmap>(static_cast<std::byte*>(memory), Unmap{bytes, mapped});
}

void Buffer::Unmap::operator()(std::byte* memory) const { ::munmap(memory, mapped); }

TensorView Buffer::view(DType dtype, Shape shape, size_t offset_bytes) const {
  const size_t bytes = bytes_of(dtype, shape.elements());
  HERMES_CHECK(offset_bytes <= size() && bytes <= size() - offset_bytes, "view of {} bytes at {} into a buffer of {}",
               bytes, offset_bytes, size());
  HERMES_CHECK(is_block_type(dtype) || offset_bytes % size_of(dtype) == 0, "offset {} is not aligned to {}",
               offset_bytes, name_of(dtype));
  return {data() + offset_bytes, dtype, shape};
}

}  // namespace hermes
