#include "ops/checks.h"

#include <bit>

#include "ops/operand_checks.h"
#include "tensor/shape_match.h"

namespace hermes::ops {
namespace {

int64_t check_pages(std::string_view op, const KvPagesView& pages) {
  if (pages.dtype != DType::kQ8_0) check_float(op, "pages", pages.dtype);
  HERMES_CHECK(pages.k.size() == pages.v.size(), "{}: {} pages of k, {} of v", op, pages.k.size(), pages.v.size());
  HERMES_CHECK(pages.page_size > 0 && pages.page_size % kAttentionTile == 0, "{}: page_size {} is not a multiple of {}",
               op, pages.page_size, kAttentionTile);
  return static_cast<int64_t>(pages.k.size()) * pages.page_size;
}

}  // namespace

void check(const EmbeddingArgs& args) {
  ShapeMatch match("embedding");
  match("table", args.table, {"V", "H"})("out", args.out, {"T", "H"});
  check_length("embedding", "tokens", args.tokens.size(), match["T"]);
  for (const int32_t token : args.tokens) {
    HERMES_CHECK(token >= 0 && token < match["V"], "embedding: token {} of {}", token, match["V"]);
  }
  check_weight("embedding", "table", args.table.dtype);
  check_f32("embedding", "out", args.out);
  check_apart("embedding", "table", args.out, args.table);
}

void check(const RmsNormArgs& args) {
  ShapeMatch match("rms_norm");
  match("x", args.x, {"R", "D"})("weight", args.weight, {"D"})("out", args.out, {"R", "D"});
  check_f32("rms_norm", "x", args.x);
  check_float("rms_norm", "weight", args.weight.dtype);
  check_f32("rms_norm", "out", args.out);
  check_same_or_apart("rms_norm", "x", args.out, args.x);
}

namespace {

void check_scales(const WeightScales& scales, int64_t n, int64_t k) {
  if (!scales.values) return;
  check_f32("linear", "scales", scales.values);
  const bool power_of_two = scales.columns >= 16 && std::has_single_bit(static_cast<uint64_t>(scales.columns));
  HERMES_CHECK(scales.rows > 0 && scales.columns > 0 && (power_of_two || scales.columns >= k),
               "linear: a scale for {} x {} weights", scales.rows, scales.columns);
  const Shape expected{(n + scales.rows - 1) / scales.rows, (k + scales.columns - 1) / scales.columns};
  HERMES_CHECK(scales.values.shape == expected, "linear: scales {}, expected {}", to_string(scales.values.shape),
               to_string(expected));
}

}  // namespace

void check(const LinearArgs& args) {
  ShapeMatch match("linear");
  match("x", args.x, {"T", "K"})("weight", args.weight, {"N", "K"})("y", args.y, {"T", "N"});
  check_f32("linear", "x", args.x);
  if (args.weight.dtype == DType::kF8_E4M3) {
    check_scales(args.scales, match["N"], match["K"]);
  } else {
    check_weight("linear", "weight", args.weight.dtype);
    HERMES_CHECK(!args.scales.values, "linear: scales with weights of {}", name_of(args.weight.dtype));
  }
  check_f32("linear", "y", args.y);
  check_apart("linear", "x", args.y, args.x);
  check_apart("linear", "weight", args.y, args.weight);
  if (!args.bias) return;
  match("bias", args.bias, {"N"});
  check_float("linear", "bias", args.bias.dtype);
  check_apart("linear", "bias", args.y, args.bias);
}

void check(const RopeArgs& args) {
  ShapeMatch match("rope");
  match("x", args.x, {"T", "heads", "D"});
  check_f32("rope", "x", args.x);
  HERMES_CHECK(match["D"] % 2 == 0, "rope: head_dim {} is odd", match["D"]);
  check_length("rope", "positions", args.positions.size(), match["T"]);
  check_length("rope", "inv_freq", args.inv_freq.size(), match["D"] / 2);
}

void check(const KvStoreArgs& args) {
  ShapeMatch match("kv_store");
  match("k", args.k, {"T", "kv_heads", "D"})("v", args.v, {"T", "kv_heads", "D"});
  check_f32("kv_store", "k", args.k);
  check_f32("kv_store", "v", args.v);
  check_length("kv_store", "positions", args.positions.size(), match["T"]);
  const int64_t capacity = check_pages("kv_store", args.pages);
  for (const int32_t position : args.positions) {
    HERMES_CHECK(position >= 0 && position < capacity, "kv_store: position {} of {}", position, capacity);
  }
}

void check(const AttentionArgs& args) {
  ShapeMatch match("attention");
  match("q", args.q, {"T", "heads", "D"})("out", args.out, {"T", "heads", "D"});
  check_f32("attention", "q", args.q);
  check_f32("attention", "out", args.out);
  check_apart("attention", "q", args.out, args.q);
  HERMES_CHECK(args.kv_heads > 0 && match["heads"] % args.kv_heads == 0, "attention: {} heads over {} kv heads",
               match["heads"], args.kv_heads);
  check_length("attention", "kv_begin", args.kv_begin.size(), match["T"]);
  check_length("attention", "kv_end", args.kv_end.size(), match["T"]);
  const int64_t capacity = check_pages("attention", args.pages);
  for (size_t t = 0; t < args.kv_end.size(); ++t) {
    HERMES_CHECK(args.kv_begin[t] >= 0 && args.kv_begin[t] < args.kv_end[t] && args.kv_end[t] <= capacity,
                 "attention: query {} sees [{}, {}) of {}", t, args.kv_begin[t], args.kv_end[t], capacity);
  }
}

void check(const SwigluArgs& args) {
  ShapeMatch match("swiglu");
  match("gate", args.gate, {"T", "F"})("up", args.up, {"T", "F"})("out", args.out, {"T", "F"});
  check_f32("swiglu", "gate", args.gate);
  check_f32("swiglu", "up", args.up);
  check_f32("swiglu", "out", args.out);
  check_same_or_apart("swiglu", "gate", args.out, args.gate);
  check_same_or_apart("swiglu", "up", args.out, args.up);
}

void check(const ResidualAddArgs& args) {
  ShapeMatch match("residual_add");
  match("y", args.y, {"T", "H"})("x", args.x, {"T", "H"});
  check_f32("residual_add", "y", args.y);
  check_f32("residual_add", "x", args.x);
  check_apart("residual_add", "y", args.x, args.y);
}

void check(const SoftmaxArgs& args) {
  ShapeMatch match("softmax");
  match("x", args.x, {"R", "N"})("out", args.out, {"R", "N"});
  check_f32("softmax", "x", args.x);
  check_f32("softmax", "out", args.out);
  check_same_or_apart("softmax", "x", args.out, args.x);
}

}  // namespace hermes::ops
