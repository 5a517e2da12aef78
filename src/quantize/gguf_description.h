// A model as a GGUF file describes it: metadata, and which tensors there are under which names in which order of rows.
// docs/formats/gguf.md has the keys and where they come from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/gguf_writer.h"
#include "formats/tensor_source.h"
#include "model/arch_spec.h"
#include "model_files/model_files.h"
#include "ops/linear.h"
#include "tensor/tensor.h"

namespace hermes::quantize {

struct SourceTensor {
  std::string name;      // GGUF's
  ConstTensorView view;  // as it lies in the source
  // Rows that the source has in Hugging Face's order and GGUF in that of RoPE over neighbours: of q and k of llama. The
  // size of a head; 0: the order stays.
  int64_t head_dim = 0;
  ops::WeightScales scales = {};  // of a weight in F8_E4M3

  // The source's row that is row `row` here.
  int64_t source_row(int64_t row) const {
    if (head_dim == 0) return row;
    const int64_t within = row % head_dim;
    return row - within + within / 2 + (within % 2) * (head_dim / 2);
  }
};

struct GgufDescription {
  bool from_folder = false;  // else from GGUF
  model::ArchSpec spec;
  formats::GgufFields fields;
  std::vector<SourceTensor> tensors;  // in the order in which they are written

  std::shared_ptr<const formats::TensorSource> source;  // what the views look into
  std::vector<std::vector<float>> made;                 // and what is in no file
};

// Of a GGUF model: what it says, in its order, without what says which part of a set a file is. Of a folder: what its
// files say, translated; a vocabulary that GGUF has no words for is refused, a folder without one is a model without.
Result<GgufDescription> describe_as_gguf(const model_files::ModelFiles& files);

}  // namespace hermes::quantize
