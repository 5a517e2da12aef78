#include "quantize/quantize.h"

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "base/hash.h"
#include "formats/gguf_set_writer.h"
#include "quantize/encode_rows.h"
#include "quantize/gguf_description.h"
#include "quantize/journal.h"

namespace hermes::quantize {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kQuantizationVersion = 2;  // general.quantization_version: of the block types' present layouts
constexpr int64_t kPieceElements = int64_t{1} << 23;
constexpr std::chrono::seconds kSyncEvery{10};

// Norms and biases stay what they are (small, and sensitive); matrices are rounded.
bool is_rounded(const SourceTensor& tensor) {
  return tensor.view.shape.rank() >= 2 && tensor.name.ends_with(".weight") && !tensor.name.ends_with("_norm.weight");
}

class Plan {
 public:
  Plan(const QuantizeOptions& options, const GgufDescription& model) : options_(options), model_(model) {
    context_.architecture = model.spec.model_type;
    context_.n_layers = model.spec.n_layers;
    context_.queries_per_kv_head = model.spec.n_heads / model.spec.n_kv_heads;
    context_.tied_embeddings = model.spec.tied_embeddings;
    context_.has_importance = options.imatrix != nullptr;
  }

  Result<TensorReport> decide(const SourceTensor& tensor) const {
    const DType from = tensor.view.dtype;
    TensorReport report{.name = tensor.name, .from = from, .to = from, .shape = tensor.view.shape};
    if (!is_rounded(tensor)) {
      // GGUF's programs want norms and biases in F32; a GGUF file has them as it has them.
      if (model_.from_folder) report.to = DType::kF32;
      return report;
    }
    const DType wanted = wanted_type(tensor.name);
    report.to = fitting_type(wanted, tensor.view.shape[tensor.view.shape.rank() - 1]);
    report.fell_back = report.to != wanted;
    const formats::ImatrixEntry* entry = options_.imatrix != nullptr ? options_.imatrix->find(tensor.name) : nullptr;
    report.by_importance = is_block_type(report.to) && from != report.to && entry != nullptr && entry->count > 0;
    if (is_block_type(from) && from != report.to && !options_.requantize) {
      return Error::invalid(
          "tensor \"{}\" is {} already: rounding it again to {} adds both errors. Start from the original weights, or "
          "say --requantize",
          tensor.name, name_of(from), name_of(report.to));
    }
    return report;
  }

 private:
  DType wanted_type(const std::string& name) const {
    for (const TypeOverride& one : options_.overrides) {
      if (matches(one.pattern, name)) return one.dtype;
    }
    const MatrixPlace place = place_of(name);
    if (options_.output_type && place.role == MatrixRole::kOutput) return *options_.output_type;
    if (options_.embedding_type && place.role == MatrixRole::kEmbedding) return *options_.embedding_type;
    if (options_.output_type && context_.tied_embeddings && place.role == MatrixRole::kEmbedding) {
      return *options_.output_type;
    }
    return options_.pure ? options_.mix.base : type_in_mix(options_.mix, place, context_);
  }

  const QuantizeOptions& options_;
  const GgufDescription& model_;
  MixContext context_;
};

void describe_result(const QuantizeOptions& options, formats::GgufFields& fields) {
  fields.set_u32("general.file_type", options.mix.file_type);
  fields.set_u32("general.quantization_version", kQuantizationVersion);
  if (options.imatrix == nullptr) return;
  fields.set_string("quantize.imatrix.file", options.imatrix_name);
  if (!options.imatrix->datasets.empty()) {
    fields.set_string("quantize.imatrix.dataset", options.imatrix->datasets.front());
  }
  fields.set_i32("quantize.imatrix.entries_count", static_cast<int32_t>(options.imatrix->entries.size()));
  fields.set_i32("quantize.imatrix.chunks_count", static_cast<int32_t>(options.imatrix->chunk_count));
}

template <class T>
std::string_view bytes_view(const T* values, size_t n) {
  return {reinterpret_cast<const char*>(values), n * sizeof(T)};
}

// Of all that decides the files' bytes: those read (by size and time of change), metadata, how tensors are shared out,
// types, importance.
std::string fingerprint_of(const GgufDescription& model, std::span<const formats::GgufPart> parts,
                           const std::vector<TensorReport>& tensors, const formats::Imatrix* imatrix) {
  uint64_t state = hash_state(model.fields.encoded());
  for (const formats::GgufPart& part : parts) state = hash_state(fmt::format("{}\n", part.end), state);
  std::string last;
  for (const SourceTensor& tensor : model.tensors) {
    const std::string file = model.source->file_of(tensor.name);
    if (file == last) continue;
    last = file;
    std::error_code ignored;
    const auto size = fs::file_size(file, ignored);
    const auto time = fs::last_write_time(file, ignored).time_since_epoch().count();
    state = hash_state(fmt::format("{}\n{}\n{}\n", file, size, time), state);
  }
  for (const TensorReport& one : tensors) {
    state = hash_state(fmt::format("{} {} {}\n", one.name, name_of(one.to), to_string(one.shape)), state);
  }
  if (imatrix != nullptr) {
    for (const formats::ImatrixEntry& entry : imatrix->entries) {
      state = hash_state(fmt::format("{} {}\n", entry.name, entry.count), state);
      state = hash_state(bytes_view(entry.sums.data(), entry.sums.size()), state);
    }
  }
  return fmt::format("{:016x}", finish_hash(state));
}

Result<std::vector<float>> importance_of(const QuantizeOptions& options, const TensorReport& report) {
  if (!report.by_importance) return std::vector<float>();
  const formats::ImatrixEntry* entry = options.imatrix->find(report.name);
  std::vector<float> importance = entry->importance();
  const int64_t row = report.shape[report.shape.rank() - 1];
  if (static_cast<int64_t>(importance.size()) != row) {
    return Error::invalid("{}: entry \"{}\" has {} columns, the tensor {}: it is of another model",
                          options.imatrix_name, report.name, importance.size(), row);
  }
  return importance;
}

bool cancelled(const QuantizeOptions& options) { return options.cancel != nullptr && options.cancel->load(); }

class Run {
 public:
  Run(const QuantizeOptions& options, const GgufDescription& model, ThreadPool& pool, QuantizeReport& report)
      : options_(options), model_(model), pool_(pool), report_(report) {}

  // False where it was cancelled.
  Result<bool> write_tensor(size_t i, formats::GgufSetWriter& writer) {
    TensorReport& report = report_.tensors[i];
    const SourceTensor& tensor = model_.tensors[i];
    HERMES_ASSIGN(const std::vector<float> importance, importance_of(options_, report));
    RowEncoder encoder(tensor, report.to, importance, pool_);
    const int64_t row = encoder.n_rows() > 0 ? tensor.view.shape.elements() / encoder.n_rows() : 0;
    const int64_t rows_at_a_time = std::max<int64_t>(1, kPieceElements / std::max<int64_t>(1, row));
    for (int64_t begin = 0; begin < encoder.n_rows(); begin += rows_at_a_time) {
      if (cancelled(options_)) return false;
      const int64_t end = std::min(encoder.n_rows(), begin + rows_at_a_time);
      piece_.resize(static_cast<size_t>(end - begin) * encoder.row_bytes());
      HERMES_TRY(encoder.encode(begin, end, piece_));
      HERMES_TRY(writer.append(piece_));
      done_ += (end - begin) * row;
      tell(tensor.name);
    }
    report.relative_error = encoder.error().relative();
    report.largest_error = encoder.error().largest;
    return true;
  }
  void skip_done(size_t n_done) {
    for (size_t i = 0; i < n_done; ++i) done_ += report_.tensors[i].shape.elements();
    before_ = done_;
  }

 private:
  void tell(std::string_view tensor) const {
    if (options_.progress) options_.progress({done_, report_.elements, before_, tensor});
  }

  const QuantizeOptions& options_;
  const GgufDescription& model_;
  ThreadPool& pool_;
  QuantizeReport& report_;
  std::vector<std::byte> piece_;
  int64_t done_ = 0, before_ = 0;
};

Status check_used(const QuantizeOptions& options, const GgufDescription& model) {
  for (const TypeOverride& one : options.overrides) {
    const bool used = std::any_of(model.tensors.begin(), model.tensors.end(), [&](const SourceTensor& tensor) {
      return is_rounded(tensor) && matches(one.pattern, tensor.name);
    });
    if (!used) return Error::invalid("no matrix of the model has a name with \"{}\"", one.pattern);
  }
  if (options.imatrix == nullptr) return {};
  const bool any = std::any_of(model.tensors.begin(), model.tensors.end(), [&](const SourceTensor& tensor) {
    return options.imatrix->find(tensor.name) != nullptr;
  });
  if (!any) return Error::invalid("{}: no entry for any tensor of this model", options.imatrix_name);
  return {};
}

Status check_target(const GgufDescription& model, const fs::path& out) {
  std::error_code error;
  if (fs::is_directory(out, error)) return Error::invalid("{}: a folder; name a file (.gguf) to write", out.string());
  for (const SourceTensor& tensor : model.tensors) {
    if (fs::equivalent(model.source->file_of(tensor.name), out, error)) {
      return Error::invalid("{}: it would be written over the model it is made from", out.string());
    }
  }
  return {};
}

}  // namespace

Result<QuantizeReport> quantize(const model_files::ModelFiles& files, const fs::path& out,
                                const QuantizeOptions& options, ThreadPool& pool) {
  HERMES_ASSIGN(GgufDescription model, describe_as_gguf(files));
  HERMES_TRY(check_used(options, model));
  describe_result(options, model.fields);
  const Plan plan(options, model);
  QuantizeReport report;
  std::vector<formats::GgufTensorPlan> plans;
  for (const SourceTensor& tensor : model.tensors) {
    HERMES_ASSIGN(TensorReport decided, plan.decide(tensor));
    plans.push_back({tensor.name, formats::find_gguf_type(decided.to), tensor.view.shape});
    report.elements += tensor.view.shape.elements();
    report.source_bytes += tensor.view.bytes();
    report.bytes += bytes_of(decided.to, tensor.view.shape.elements());
    report.tensors.push_back(std::move(decided));
  }
  HERMES_ASSIGN(std::vector<formats::GgufPart> parts,
                formats::plan_gguf_parts(out, model.fields, plans, options.max_file_bytes));
  std::error_code ignored;
  if (const fs::path& first = parts.front().path; !options.replace && fs::is_regular_file(first, ignored)) {
    return Error::invalid("{}: it is there already; --force replaces it", first.string());
  }
  for (const formats::GgufPart& part : parts) {
    HERMES_TRY(check_target(model, part.path));
    report.files.push_back(part.path);
  }
  const std::string fingerprint = fingerprint_of(model, parts, report.tensors, options.imatrix);
  const Journal journal(parts.front().path);
  report.n_resumed = journal.read(fingerprint, report.tensors);
  HERMES_ASSIGN(formats::GgufSetWriter writer,
                formats::GgufSetWriter::resume(std::move(parts), std::move(plans), report.n_resumed));

  Run run(options, model, pool, report);
  run.skip_done(report.n_resumed);
  auto synced = std::chrono::steady_clock::now();
  for (size_t i = report.n_resumed; i < report.tensors.size(); ++i) {
    HERMES_ASSIGN(const bool complete, run.write_tensor(i, writer));
    const auto now = std::chrono::steady_clock::now();
    if (complete && now - synced < kSyncEvery) continue;
    HERMES_TRY(writer.sync());
    HERMES_TRY(journal.write(fingerprint, report.tensors, complete ? i + 1 : i));
    if (!complete) return report;
    synced = now;
  }
  HERMES_TRY(writer.commit());
  journal.remove();
  report.finished = true;
  return report;
}

}  // namespace hermes::quantize
