#include <boost/json.hpp>

#include "model/families/config_fields.h"

namespace hermes::model {
namespace {

constexpr int64_t kMinBlockColumns = 16;  // what products take at a time
constexpr int64_t kMaxBlock = int64_t{1} << 20;

// [rows, columns]; null and absent: no blocks.
Status read_block(const JsonObject& object, std::string_view name, Fp8Spec& spec) {
  const json::value* value = object.find(name);
  if (value == nullptr) return {};
  const json::array* sizes = value->if_array();
  if (sizes == nullptr || sizes->size() != 2 || !(*sizes)[0].is_int64() || !(*sizes)[1].is_int64()) {
    return Error::corrupt("{}: \"{}\" must be two sizes", object.what(), name);
  }
  const int64_t rows = (*sizes)[0].get_int64(), columns = (*sizes)[1].get_int64();
  if (rows < 1 || rows > kMaxBlock || columns < 1 || columns > kMaxBlock) {
    return Error::corrupt("{}: \"{}\" is [{}, {}], must be between 1 and {}", object.what(), name, rows, columns,
                          kMaxBlock);
  }
  if (columns < kMinBlockColumns || (columns & (columns - 1)) != 0) {
    return Error::unsupported("{}: \"{}\": blocks of {} columns; powers of two from {} are supported", object.what(),
                              name, columns, kMinBlockColumns);
  }
  if (spec.block_rows != 0 && (spec.block_rows != rows || spec.block_columns != columns)) {
    return Error::unsupported("{}: groups with blocks of different sizes", object.what());
  }
  spec.block_rows = rows;
  spec.block_columns = columns;
  return {};
}

Status read_group(const JsonObject& group, Fp8Spec& spec) {
  HERMES_ASSIGN(const std::optional<JsonObject> found, group.optional_object("weights"));
  if (!found) return {};  // a group for activations alone, such as an attention's
  const JsonObject& weights = *found;
  HERMES_ASSIGN(const int64_t bits, weights.integer("num_bits"));
  HERMES_ASSIGN(const std::optional<std::string> type, weights.optional_string("type"));
  if (bits != 8 || type != "float") {
    return Error::unsupported("{}: weights of {} bits, type \"{}\"; floats of 8 bits are supported", weights.what(),
                              bits, type.value_or("int"));
  }
  HERMES_ASSIGN(const std::optional<std::string> strategy, weights.optional_string("strategy"));
  if (strategy == "block") return read_block(weights, "block_structure", spec);
  if (strategy != "tensor" && strategy != "channel") {
    return Error::unsupported("{}: strategy \"{}\"; tensor, channel and block are supported", weights.what(),
                              strategy.value_or(""));
  }
  return {};
}

Result<Fp8Spec> read_compressed_tensors(const JsonObject& config) {
  HERMES_ASSIGN(const std::optional<std::string> format, config.optional_string("format"));
  if (format != "float-quantized" && format != "naive-quantized") {
    return Error::unsupported("{}: format \"{}\"; float-quantized is supported", config.what(), format.value_or(""));
  }
  Fp8Spec spec;
  HERMES_ASSIGN(const JsonObject groups, config.object("config_groups"));
  for (const auto& member : groups.raw()) {
    HERMES_ASSIGN(
        const JsonObject group,
        JsonObject::from(member.value(), fmt::format("{}: {}", groups.what(), std::string_view(member.key()))));
    HERMES_TRY(read_group(group, spec));
  }
  return spec;
}

}  // namespace

Result<Fp8Spec> read_fp8(const JsonObject& config) {
  HERMES_ASSIGN(const std::string method, config.string("quant_method"));
  if (method == "compressed-tensors") return read_compressed_tensors(config);
  if (method != "fp8") {
    return Error::unsupported("{}: quant_method \"{}\" is not supported (compressed-tensors and fp8 are)",
                              config.what(), method);
  }
  Fp8Spec spec;
  HERMES_TRY(read_block(config, "weight_block_size", spec));
  return spec;
}

}  // namespace hermes::model
