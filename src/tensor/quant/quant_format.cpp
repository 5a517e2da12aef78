#include "tensor/quant/quant_format.h"

#include "tensor/quant/iq1_s.h"
#include "tensor/quant/iq2_xxs.h"
#include "tensor/quant/iq3_xxs.h"
#include "tensor/quant/iq4_nl.h"
#include "tensor/quant/mxfp4.h"
#include "tensor/quant/q2_k.h"
#include "tensor/quant/q3_k.h"
#include "tensor/quant/q4_0.h"
#include "tensor/quant/q4_k.h"
#include "tensor/quant/q5_0.h"
#include "tensor/quant/q5_k.h"
#include "tensor/quant/q6_k.h"
#include "tensor/quant/q8_0.h"

namespace hermes {
namespace {

constexpr QuantFormat kFormats[] = {
    {DType::kQ4_0, decode_q4_0, encode_q4_0},       {DType::kQ4_1, decode_q4_1, encode_q4_1},
    {DType::kQ5_0, decode_q5_0, encode_q5_0},       {DType::kQ5_1, decode_q5_1, encode_q5_1},
    {DType::kQ8_0, decode_q8_0, encode_q8_0},       {DType::kQ2_K, decode_q2_k, encode_q2_k},
    {DType::kQ3_K, decode_q3_k, encode_q3_k},       {DType::kQ4_K, decode_q4_k, encode_q4_k},
    {DType::kQ5_K, decode_q5_k, encode_q5_k},       {DType::kQ6_K, decode_q6_k, encode_q6_k},
    {DType::kIQ1_S, decode_iq1_s, nullptr},         {DType::kIQ1_M, decode_iq1_m, nullptr},
    {DType::kIQ2_XXS, decode_iq2_xxs, nullptr},     {DType::kIQ2_XS, decode_iq2_xs, nullptr},
    {DType::kIQ2_S, decode_iq2_s, nullptr},         {DType::kIQ3_XXS, decode_iq3_xxs, nullptr},
    {DType::kIQ3_S, decode_iq3_s, nullptr},         {DType::kIQ4_NL, decode_iq4_nl, encode_iq4_nl},
    {DType::kIQ4_XS, decode_iq4_xs, encode_iq4_xs}, {DType::kMXFP4, decode_mxfp4, encode_mxfp4},
};

}  // namespace

const QuantFormat* quant_format(DType dtype) {
  for (const QuantFormat& format : kFormats) {
    if (format.dtype == dtype) return &format;
  }
  return nullptr;
}

}  // namespace hermes
