// Working memory that grows to the largest size asked for and is then kept: a decoder's steady state allocates nothing.
#pragma once

#include "tensor/tensor.h"

namespace hermes::kernels {

class Scratch {
 public:
  // At least `bytes`, aligned to 64. What it held before is lost.
  void* reserve(int64_t bytes) {
    if (static_cast<size_t>(bytes) > memory_.size()) memory_ = Buffer(static_cast<size_t>(bytes));
    return memory_.data();
  }
  float* reserve_floats(int64_t n) { return static_cast<float*>(reserve(n * static_cast<int64_t>(sizeof(float)))); }

 private:
  Buffer memory_;
};

}  // namespace hermes::kernels
