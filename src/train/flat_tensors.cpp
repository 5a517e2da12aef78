#include "train/flat_tensors.h"

#include <algorithm>
#include <map>

#include "tensor/float_types.h"

namespace hermes::train {
namespace {

constexpr size_t kAlignedFloats = 16;

class Memory final : public formats::TensorSource {
 public:
  Memory(Buffer buffer, const std::vector<FlatTensors::Entry>& entries) : buffer_(std::move(buffer)) {
    for (const auto& entry : entries) {
      views_[entry.name] = buffer_.view(DType::kF32, entry.shape, entry.begin * sizeof(float));
    }
  }
  std::optional<ConstTensorView> find(std::string_view name) const override {
    const auto it = views_.find(name);
    return it == views_.end() ? std::nullopt : std::optional(it->second);
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : views_) names.push_back(name);
    return names;
  }
  std::string file_of(std::string_view) const override { return "memory"; }

 private:
  Buffer buffer_;
  std::map<std::string, ConstTensorView, std::less<>> views_;
};

void widen(const ConstTensorView& from, std::span<float> to) {
  switch (from.dtype) {
    case DType::kF32:
      std::copy_n(from.as<float>(), to.size(), to.begin());
      return;
    case DType::kBF16:
      std::transform(from.as<Bf16>(), from.as<Bf16>() + to.size(), to.begin(), [](Bf16 x) { return to_float(x); });
      return;
    case DType::kF16:
      std::transform(from.as<F16>(), from.as<F16>() + to.size(), to.begin(), [](F16 x) { return to_float(x); });
      return;
    default:
      HERMES_CHECK(false, "bind_weights let {} through", name_of(from.dtype));
  }
}

}  // namespace

FlatTensors::FlatTensors(const model::ArchSpec& spec) {
  size_t size = 0;
  for (model::ExpectedTensor& tensor : model::expected_tensors(spec)) {
    entries_.push_back({std::move(tensor.name), tensor.shape, size});
    size += (entries_.back().size() + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
  }
  Buffer buffer(size * sizeof(float));
  all_ = {buffer.view(DType::kF32, {static_cast<int64_t>(size)}).f32(), size};
  auto bound = model::bind_weights(spec, std::make_shared<Memory>(std::move(buffer), entries_));
  weights_ = std::move(bound).value();
}

Status FlatTensors::load(const model::ArchSpec& spec, std::shared_ptr<const formats::TensorSource> source) {
  HERMES_TRY(model::bind_weights(spec, source));  // names, shapes and dtypes fit
  for (const Entry& entry : entries_) {
    HERMES_ASSIGN(const ConstTensorView view, source->tensor(entry.name));
    widen(view, values(entry));
  }
  return {};
}

}  // namespace hermes::train
