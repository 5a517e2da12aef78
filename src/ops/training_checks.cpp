#include "ops/checks.h"
#include "ops/operand_checks.h"
#include "tensor/shape_match.h"

namespace hermes::ops {
namespace {

struct Operand {
  std::string_view name;
  ConstTensorView view;
};

// Training is in F32 throughout.
void check_all_f32(std::string_view op, std::initializer_list<Operand> operands) {
  for (const Operand& operand : operands) check_f32(op, operand.name, operand.view);
}

// `out` may not touch any of `others`; absent operands touch nothing.
void check_apart_from(std::string_view op, const ConstTensorView& out, std::initializer_list<Operand> others) {
  for (const Operand& other : others) {
    if (out && other.view) check_apart(op, other.name, out, other.view);
  }
}

ConstTensorView view_of_floats(std::span<const float> values) {
  return {values.data(), DType::kF32, {static_cast<int64_t>(values.size())}};
}

}  // namespace

void check(const EmbeddingBackwardArgs& args) {
  ShapeMatch match("embedding_backward");
  match("d_out", args.d_out, {"T", "H"})("d_table", args.d_table, {"V", "H"});
  check_length("embedding_backward", "tokens", args.tokens.size(), match["T"]);
  for (const int32_t token : args.tokens) {
    HERMES_CHECK(token >= 0 && token < match["V"], "embedding_backward: token {} of {}", token, match["V"]);
  }
  check_all_f32("embedding_backward", {{"d_out", args.d_out}, {"d_table", args.d_table}});
  check_apart("embedding_backward", "d_out", args.d_table, args.d_out);
}

void check(const RmsNormBackwardArgs& args) {
  constexpr std::string_view kOp = "rms_norm_backward";
  ShapeMatch match(kOp);
  match("x", args.x, {"R", "D"})("weight", args.weight, {"D"})("d_out", args.d_out, {"R", "D"});
  match("d_x", args.d_x, {"R", "D"})("d_weight", args.d_weight, {"D"});
  check_all_f32(kOp, {{"x", args.x}, {"weight", args.weight}, {"d_out", args.d_out}});
  check_all_f32(kOp, {{"d_x", args.d_x}, {"d_weight", args.d_weight}});
  check_same_or_apart(kOp, "d_out", args.d_x, args.d_out);
  check_apart_from(kOp, args.d_x, {{"x", args.x}, {"weight", args.weight}});
  check_apart_from(kOp, args.d_weight,
                   {{"x", args.x}, {"weight", args.weight}, {"d_out", args.d_out}, {"d_x", args.d_x}});
}

void check(const LinearBackwardArgs& args) {
  constexpr std::string_view kOp = "linear_backward";
  ShapeMatch match(kOp);
  match("x", args.x, {"T", "K"})("weight", args.weight, {"N", "K"})("d_y", args.d_y, {"T", "N"});
  match("d_weight", args.d_weight, {"N", "K"});
  check_all_f32(kOp, {{"x", args.x}, {"weight", args.weight}, {"d_y", args.d_y}, {"d_weight", args.d_weight}});
  check_apart_from(kOp, args.d_weight, {{"x", args.x}, {"weight", args.weight}, {"d_y", args.d_y}});
  if (args.d_x) {
    match("d_x", args.d_x, {"T", "K"});
    check_f32(kOp, "d_x", args.d_x);
    check_apart_from(kOp, args.d_x,
                     {{"x", args.x}, {"weight", args.weight}, {"d_y", args.d_y}, {"d_weight", args.d_weight}});
  }
  if (args.d_bias) {
    match("d_bias", args.d_bias, {"N"});
    check_f32(kOp, "d_bias", args.d_bias);
    check_apart_from(
        kOp, args.d_bias,
        {{"x", args.x}, {"weight", args.weight}, {"d_y", args.d_y}, {"d_x", args.d_x}, {"d_weight", args.d_weight}});
  }
}

void check(const RopeBackwardArgs& args) {
  ShapeMatch match("rope_backward");
  match("d_x", args.d_x, {"T", "heads", "D"});
  check_f32("rope_backward", "d_x", args.d_x);
  HERMES_CHECK(match["D"] % 2 == 0, "rope_backward: head_dim {} is odd", match["D"]);
  HERMES_CHECK(!args.interleaved, "rope_backward: half-split only");
  check_length("rope_backward", "positions", args.positions.size(), match["T"]);
  check_length("rope_backward", "inv_freq", args.inv_freq.size(), match["D"] / 2);
}

void check(const AttentionBackwardArgs& args) {
  constexpr std::string_view kOp = "attention_backward";
  ShapeMatch match(kOp);
  match("q", args.q, {"T", "heads", "D"})("out", args.out, {"T", "heads", "D"});
  match("d_out", args.d_out, {"T", "heads", "D"})("d_q", args.d_q, {"T", "heads", "D"});
  match("k", args.k, {"T", "kv_heads", "D"})("v", args.v, {"T", "kv_heads", "D"});
  match("d_k", args.d_k, {"T", "kv_heads", "D"})("d_v", args.d_v, {"T", "kv_heads", "D"});
  const Operand q{"q", args.q}, k{"k", args.k}, v{"v", args.v}, out{"out", args.out}, d_out{"d_out", args.d_out};
  const Operand d_q{"d_q", args.d_q}, d_k{"d_k", args.d_k}, d_v{"d_v", args.d_v};
  check_all_f32(kOp, {q, k, v, out, d_out, d_q, d_k, d_v});
  check_apart_from(kOp, args.d_q, {q, k, v, out, d_out});
  check_apart_from(kOp, args.d_k, {q, k, v, out, d_out, d_q});
  check_apart_from(kOp, args.d_v, {q, k, v, out, d_out, d_q, d_k});
  HERMES_CHECK(match["kv_heads"] > 0 && match["heads"] % match["kv_heads"] == 0, "{}: {} heads over {} kv heads", kOp,
               match["heads"], match["kv_heads"]);
  HERMES_CHECK(!args.documents.empty() && args.documents.front() == 0 && args.documents.back() == match["T"],
               "{}: documents do not go from 0 to {}", kOp, match["T"]);
  for (size_t i = 1; i < args.documents.size(); ++i) {
    HERMES_CHECK(args.documents[i - 1] <= args.documents[i], "{}: document {} ends at {}, before its begin at {}", kOp,
                 i - 1, args.documents[i], args.documents[i - 1]);
  }
}

void check(const SwigluBackwardArgs& args) {
  constexpr std::string_view kOp = "swiglu_backward";
  ShapeMatch match(kOp);
  match("gate", args.gate, {"T", "F"})("up", args.up, {"T", "F"})("d_out", args.d_out, {"T", "F"});
  match("d_gate", args.d_gate, {"T", "F"})("d_up", args.d_up, {"T", "F"});
  check_all_f32(kOp, {{"gate", args.gate}, {"up", args.up}, {"d_out", args.d_out}});
  check_all_f32(kOp, {{"d_gate", args.d_gate}, {"d_up", args.d_up}});
  check_same_or_apart(kOp, "gate", args.d_gate, args.gate);
  check_same_or_apart(kOp, "d_out", args.d_gate, args.d_out);
  check_same_or_apart(kOp, "up", args.d_up, args.up);
  check_same_or_apart(kOp, "d_out", args.d_up, args.d_out);
  check_apart_from(kOp, args.d_gate, {{"up", args.up}, {"d_up", args.d_up}});
  check_apart_from(kOp, args.d_up, {{"gate", args.gate}});
}

void check(const CrossEntropyArgs& args) {
  ShapeMatch match("cross_entropy");
  match("logits", args.logits, {"R", "V"});
  check_f32("cross_entropy", "logits", args.logits);
  check_length("cross_entropy", "labels", args.labels.size(), match["R"]);
  check_length("cross_entropy", "loss", args.loss.size(), match["R"]);
  check_apart("cross_entropy", "loss", args.logits, view_of_floats(args.loss));
  for (const int32_t label : args.labels) {
    HERMES_CHECK(label >= 0 && label < match["V"], "cross_entropy: label {} of {}", label, match["V"]);
  }
}

void check(const AdamwArgs& args) {
  const auto n = static_cast<int64_t>(args.parameter.size());
  check_length("adamw", "grad", args.grad.size(), n);
  check_length("adamw", "m", args.m.size(), n);
  check_length("adamw", "v", args.v.size(), n);
  HERMES_CHECK(args.step >= 1, "adamw: step {}; steps count from 1", args.step);
  const Operand parameter{"parameter", view_of_floats(args.parameter)}, grad{"grad", view_of_floats(args.grad)};
  const Operand m{"m", view_of_floats(args.m)};
  check_apart_from("adamw", parameter.view, {grad});
  check_apart_from("adamw", m.view, {parameter, grad});
  check_apart_from("adamw", view_of_floats(args.v), {parameter, grad, m});
}

void check(const MuonArgs& args) {
  ShapeMatch match("muon");
  match("parameter", args.parameter, {"R", "C"})("grad", args.grad, {"R", "C"})("m", args.m, {"R", "C"});
  const Operand parameter{"parameter", args.parameter}, grad{"grad", args.grad}, m{"m", args.m};
  check_all_f32("muon", {parameter, grad, m});
  check_apart_from("muon", args.parameter, {grad});
  check_apart_from("muon", args.m, {parameter, grad});
}

}  // namespace hermes::ops
