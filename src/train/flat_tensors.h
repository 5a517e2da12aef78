// FlatTensors: all tensors of an architecture in one F32 allocation, each at a multiple of 64 bytes, in the order of
// model::expected_tensors. Master weights, gradients and the optimiser's moments are four of these with one layout, so
// that a norm or a sum over ranks is one call over `all()`. Gaps between tensors hold zeros.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/tensor_source.h"
#include "model/arch_spec.h"
#include "model/weights.h"
#include "tensor/tensor.h"

namespace hermes::train {

class FlatTensors {
 public:
  struct Entry {
    std::string name;  // as Hugging Face names it
    Shape shape;
    size_t begin = 0;  // in all()

    size_t size() const { return static_cast<size_t>(shape.elements()); }
  };

  explicit FlatTensors(const model::ArchSpec& spec);  // zeros

  const std::vector<Entry>& entries() const { return entries_; }
  std::span<float> all() const { return all_; }
  std::span<float> values(const Entry& entry) const { return all_.subspan(entry.begin, entry.size()); }
  // The same memory, bound to its places.
  const model::Weights& weights() const { return weights_; }

  // Copies every tensor of the architecture from `source`, widened to F32; one that is missing or does not fit is named.
  Status load(const model::ArchSpec& spec, std::shared_ptr<const formats::TensorSource> source);

 private:
  std::vector<Entry> entries_;
  std::span<float> all_;
  model::Weights weights_;  // owns the memory
};

}  // namespace hermes::train
