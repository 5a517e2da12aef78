// Writes a model as a GGUF file, or a set of them, of other element types.
//
// Goals: memory bounded by a piece of a tensor, whatever the model's size; all cores; a file that is complete or absent;
// work that was stopped goes on at the tensor it was at; the error of every tensor measured. The bytes do not depend on
// the number of threads, nor on where the work was stopped.
// Non-goals: training-aware methods; running the model (engine/perplexity.h says what the rounding costs).
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "formats/imatrix_file.h"
#include "model_files/model_files.h"
#include "quantize/type_mix.h"

namespace hermes::quantize {

struct QuantizeProgress {
  int64_t elements, total;  // done, and of the whole model
  int64_t before;           // of those done, the ones an earlier run did
  std::string_view tensor;
};

struct QuantizeOptions {
  TypeMix mix{};
  bool pure = false;                 // the mix's base type for every matrix
  std::optional<DType> output_type;  // instead of the mix's
  std::optional<DType> embedding_type;
  std::vector<TypeOverride> overrides;  // the first that matches; before all others
  bool requantize = false;              // block types of the source may be rounded again
  uint64_t max_file_bytes = 0;          // more becomes a set of files (formats/gguf_set_writer.h); 0: one file
  bool replace = true;                  // what is there already; else it is an error
  const formats::Imatrix* imatrix = nullptr;
  std::string imatrix_name;  // for the file's metadata
  const std::atomic<bool>* cancel = nullptr;
  std::function<void(const QuantizeProgress&)> progress;
};

struct TensorReport {
  std::string name;
  DType from, to;
  Shape shape;
  bool by_importance = false;
  bool fell_back = false;     // its rows do not fit the blocks of the type it should have had
  double relative_error = 0;  // root mean square
  double largest_error = 0;
};

struct QuantizeReport {
  bool finished = false;                     // otherwise cancelled: the same call goes on
  std::vector<std::filesystem::path> files;  // written, or being written
  std::vector<TensorReport> tensors;
  int64_t elements = 0;
  uint64_t source_bytes = 0, bytes = 0;  // of the tensors
  size_t n_resumed = 0;                  // tensors that an earlier run wrote
};

// Invalid where options do not fit the model; corrupt where the source is damaged.
Result<QuantizeReport> quantize(const model_files::ModelFiles& files, const std::filesystem::path& out,
                                const QuantizeOptions& options, ThreadPool& pool);

}  // namespace hermes::quantize
