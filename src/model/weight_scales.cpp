// Scales of weights in F8_E4M3, as compressed-tensors and transformers name and shape them.
#include <algorithm>
#include <cmath>

#include "model/weights.h"
#include "tensor/float_types.h"

namespace hermes::model {
namespace {

constexpr std::string_view kWeight = ".weight";

std::string base_of(const std::string& weight_name) {
  HERMES_CHECK(weight_name.ends_with(kWeight), "{}", weight_name);
  return weight_name.substr(0, weight_name.size() - kWeight.size());
}

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Shapes that a file may have, and what they say.
std::optional<ops::WeightScales> layout_of(const Shape& shape, int64_t n, int64_t k,
                                           const std::optional<Fp8Spec>& fp8) {
  if (fp8 && fp8->block_rows > 0) {
    const Shape blocks{ceil_div(n, fp8->block_rows), ceil_div(k, fp8->block_columns)};
    if (shape == blocks) return ops::WeightScales{.values = {}, .rows = fp8->block_rows, .columns = fp8->block_columns};
  }
  if (shape.elements() == 1 && shape.rank() <= 2) return ops::WeightScales{.values = {}, .rows = n, .columns = k};
  if (shape == Shape{n} || shape == Shape{n, 1}) return ops::WeightScales{.values = {}, .rows = 1, .columns = k};
  return std::nullopt;
}

std::vector<float> widened(const ConstTensorView& view) {
  std::vector<float> out(static_cast<size_t>(view.shape.elements()));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = view.dtype == DType::kBF16  ? to_float(view.as<Bf16>()[i])
             : view.dtype == DType::kF16 ? to_float(view.as<F16>()[i])
                                         : view.f32()[i];
  }
  return out;
}

}  // namespace

std::vector<std::string> scale_names(const std::string& weight_name) {
  const std::string base = base_of(weight_name);
  std::vector<std::string> names = {weight_name + "_scale", weight_name + "_scale_inv", base + ".input_scale",
                                    base + ".activation_scale"};
  // Of an attention or a cache in eight bits.
  for (const std::string_view projection : {".q_proj", ".k_proj", ".v_proj"}) {
    if (!base.ends_with(projection)) continue;
    const std::string attention = base.substr(0, base.size() - projection.size());
    names.push_back(fmt::format("{}.{}_scale", attention, projection[1]));
    names.push_back(fmt::format("{}.{}_zero_point", attention, projection[1]));
    names.push_back(fmt::format("{}.{}_scale", base, projection[1]));
  }
  return names;
}

Result<ops::WeightScales> find_weight_scales(const ArchSpec& spec, const formats::TensorSource& source,
                                             const std::string& weight_name, const ConstTensorView& weight,
                                             std::vector<std::vector<float>>& kept) {
  const std::string file = source.file_of(weight_name);
  for (const std::string_view suffix : {"_scale", "_scale_inv"}) {
    const std::string name = weight_name + std::string(suffix);
    const Result<ConstTensorView> found = source.tensor(name);
    if (!found.ok() && found.error().code() == ErrorCode::kNotFound) continue;
    if (!found.ok()) return found.error();
    const int64_t n = weight.shape[0], k = weight.shape[1];
    std::optional<ops::WeightScales> scales = layout_of(found->shape, n, k, spec.fp8);
    if (!scales || (found->dtype != DType::kF32 && found->dtype != DType::kBF16 && found->dtype != DType::kF16)) {
      return Error::corrupt("{}: tensor \"{}\" is {} {}: no scales for a weight {}", file, name, name_of(found->dtype),
                            to_string(found->shape), to_string(weight.shape));
    }
    std::vector<float> values = widened(*found);
    if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
      return Error::corrupt("{}: tensor \"{}\" has a scale that is not finite", file, name);
    }
    const Shape shape{ceil_div(n, scales->rows), ceil_div(k, scales->columns)};
    if (found->dtype == DType::kF32) {
      scales->values = {found->data, DType::kF32, shape};
    } else {
      kept.push_back(std::move(values));
      scales->values = const_view_of(kept.back(), shape);
    }
    return *scales;
  }
  return Error::corrupt("{}: tensor \"{}\" is F8_E4M3, but there is no \"{}_scale\" or \"{}_scale_inv\"", file,
                        weight_name, weight_name, weight_name);
}

}  // namespace hermes::model
