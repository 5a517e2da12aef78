// attention_backward of every instruction set against the fp64 reference, and the laws that bits depend on neither
// threads nor other documents.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_training_backend.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::kernels {
namespace {

using test::random_tensor;
using test::TestTensor;

struct Problem {
  std::vector<int32_t> documents;
  TestTensor q, k, v, out, d_out, d_q, d_k, d_v;
  float scale;

  Problem(std::vector<int32_t> ends, int64_t heads, int64_t kv_heads, int64_t dim)
      : documents(std::move(ends)), scale(1 / std::sqrt(static_cast<float>(dim))) {
    const int64_t t = documents.back();
    const Shape q_shape = {t, heads, dim}, kv_shape = {t, kv_heads, dim};
    q = random_tensor(DType::kF32, q_shape, 1);
    k = random_tensor(DType::kF32, kv_shape, 2);
    v = random_tensor(DType::kF32, kv_shape, 3);
    out = random_tensor(DType::kF32, q_shape, 4);  // an input like any other
    d_out = random_tensor(DType::kF32, q_shape, 5);
    d_q = TestTensor(DType::kF32, q_shape);
    d_k = TestTensor(DType::kF32, kv_shape);
    d_v = TestTensor(DType::kF32, kv_shape);
    for (const TestTensor* gradient : {&d_q, &d_k, &d_v}) {
      for (float& value : gradient->f32()) value = std::numeric_limits<float>::quiet_NaN();  // overwritten
    }
  }

  void run(ops::TrainingBackend& backend) const {
    backend.attention_backward({.q = q.view(),
                                .k = k.view(),
                                .v = v.view(),
                                .out = out.view(),
                                .d_out = d_out.view(),
                                .documents = documents,
                                .scale = scale,
                                .d_q = d_q.view(),
                                .d_k = d_k.view(),
                                .d_v = d_v.view()});
  }

  int64_t heads() const { return q.shape[1]; }
  int64_t kv_heads() const { return k.shape[1]; }
  int64_t dim() const { return q.shape[2]; }
  int64_t longest() const {
    int32_t length = 0;
    for (size_t i = 0; i + 1 < documents.size(); ++i) length = std::max(length, documents[i + 1] - documents[i]);
    return length;
  }

  // How far F32 may be off, in steps. Norms bound scores and d_p (Cauchy-Schwarz); u is the unit roundoff.
  //   weights: scaling q, D products and exp's argument move a score, so p by its share; then exp, the sum of at most
  //            L / 16 + 4 additions, its reciprocal and the product. Twice, as the sum moves too.
  //   d_s = p (d_p - mean): d_p and mean are sums of D products, at most `d_p` each; two more roundings.
  //   d_q: a sum of L terms; d_k, d_v: of L times the heads of a group. Blocks are shorter: an upper bound.
  struct Tolerances {
    double d_q, d_k, d_v;
  };
  Tolerances tolerances() const {
    const double u = test::kUnitRoundoff, length = static_cast<double>(longest()), d = static_cast<double>(dim());
    const double group = static_cast<double>(heads() / kv_heads());
    const double score = static_cast<double>(scale) * longest_row(q) * longest_row(k);
    const double d_p = longest_row(d_out) * std::max(longest_row(v), longest_row(out));
    const double p = 2 * u * ((d + 2) * score + 2 * score + test::kExpRoundings + length / 16 + 4 + 3);
    const double d_s = 2 * d_p * (p + u * (d + 3));  // relative to p
    // sum_j p = 1 for each query; for a key, p over its queries sums to at most L * group.
    const double queries = length * group, chain = u * (queries + 3);
    const double terms = 2 * d_p;
    return {static_cast<double>(scale) * largest(k) * (d_s + terms * u * (length + 3)),
            static_cast<double>(scale) * largest(q) * queries * (d_s + terms * chain),
            largest(d_out) * queries * (p + chain)};
  }

 private:
  double longest_row(const TestTensor& x) const {
    double longest = 0;
    for (int64_t r = 0; r < x.shape.elements() / dim(); ++r) {
      double squares = 0;
      for (int64_t i = 0; i < dim(); ++i) squares += x.at(r * dim() + i) * x.at(r * dim() + i);
      longest = std::max(longest, std::sqrt(squares));
    }
    return longest;
  }
  static double largest(const TestTensor& x) {
    double most = 0;
    for (const float value : x.f32()) most = std::max(most, static_cast<double>(std::fabs(value)));
    return most;
  }
};

class AttentionBackwardOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::TrainingBackend> backend = make_cpu_training_backend(pool, GetParam());
  std::unique_ptr<ops::TrainingBackend> reference = ops::make_reference_training_backend();

  void expect_close(const Problem& mine) {
    const Problem theirs(mine.documents, mine.heads(), mine.kv_heads(), mine.dim());
    mine.run(*backend);
    theirs.run(*reference);
    const Problem::Tolerances tolerances = mine.tolerances();
    ASSERT_TRUE(test::all_close(mine.d_q.f32(), theirs.d_q.f32(), tolerances.d_q)) << "d_q";
    ASSERT_TRUE(test::all_close(mine.d_k.f32(), theirs.d_k.f32(), tolerances.d_k)) << "d_k";
    ASSERT_TRUE(test::all_close(mine.d_v.f32(), theirs.d_v.f32(), tolerances.d_v)) << "d_v";
    // The bounds above are for the worst case; errors cancel, so that on the whole F32 is far closer.
    constexpr double kTypical = 1e-5;
    EXPECT_LT(test::relative_l2(mine.d_q.f32(), theirs.d_q.f32()), kTypical);
    EXPECT_LT(test::relative_l2(mine.d_k.f32(), theirs.d_k.f32()), kTypical);
    EXPECT_LT(test::relative_l2(mine.d_v.f32(), theirs.d_v.f32()), kTypical);
  }
};

TEST_P(AttentionBackwardOnIsa, IsCloseToTheReference) {
  const std::vector<std::vector<int32_t>> packings = {{0, 1},  {0, 1, 2, 5}, {0, 63, 64, 64, 129},
                                                      {0, 65}, {0, 17, 150}, {0, 200}};
  for (const auto& documents : packings) {
    for (const auto& [heads, kv_heads] : {std::pair<int64_t, int64_t>{1, 1}, {4, 2}, {7, 1}, {3, 3}}) {
      for (const int64_t dim : {2, 16, 20, 64}) {
        if (heads == 3 && dim > 16) continue;
        SCOPED_TRACE(std::to_string(documents.size() - 1) + " documents, " + std::to_string(documents.back()) +
                     " tokens, heads " + std::to_string(heads) + "/" + std::to_string(kv_heads) + " of " +
                     std::to_string(dim));
        expect_close(Problem(documents, heads, kv_heads, dim));
      }
    }
  }
}

// More heads in a group than rows in a block of queries.
TEST_P(AttentionBackwardOnIsa, TakesLargeGroups) { expect_close(Problem({0, 3, 70}, 80, 1, 8)); }

TEST_P(AttentionBackwardOnIsa, HoldsLargeScores) {
  Problem mine({0, 90}, 2, 1, 16), theirs({0, 90}, 2, 1, 16);
  // Weights are all but one-hot; exp would overflow without the maximum.
  for (const Problem* problem : {&mine, &theirs}) {
    for (float& value : problem->q.f32()) value *= 200;
  }
  mine.run(*backend);
  theirs.run(*reference);
  const Problem::Tolerances tolerances = mine.tolerances();
  EXPECT_TRUE(test::all_close(mine.d_q.f32(), theirs.d_q.f32(), tolerances.d_q));
  EXPECT_TRUE(test::all_close(mine.d_k.f32(), theirs.d_k.f32(), tolerances.d_k));
  EXPECT_TRUE(test::all_close(mine.d_v.f32(), theirs.d_v.f32(), tolerances.d_v));
}

TEST_P(AttentionBackwardOnIsa, GivesTheSameBitsOnAnyNumberOfThreads) {
  const std::vector<int32_t> documents = {0, 1, 40, 170, 171, 300};
  ThreadPool alone(1);
  const Problem one(documents, 6, 2, 20);
  one.run(*make_cpu_training_backend(alone, GetParam()));
  for (const int threads : {2, 3, 4}) {
    ThreadPool some(threads);
    const Problem other(documents, 6, 2, 20);
    other.run(*make_cpu_training_backend(some, GetParam()));
    ASSERT_TRUE(test::same_bits(other.d_q.f32(), one.d_q.f32())) << threads;
    ASSERT_TRUE(test::same_bits(other.d_k.f32(), one.d_k.f32())) << threads;
    ASSERT_TRUE(test::same_bits(other.d_v.f32(), one.d_v.f32())) << threads;
  }
}

// A document of a row alone: the same bits, whatever lies beside it, NaN included.
TEST_P(AttentionBackwardOnIsa, GivesADocumentTheSameBitsAlone) {
  const int64_t begin = 80, end = 190, heads = 4, kv_heads = 2, dim = 24;
  const Problem packed({0, 80, 190, 230}, heads, kv_heads, dim), alone({0, 110}, heads, kv_heads, dim);
  const auto part = [&](const TestTensor& x) {
    const int64_t row = x.shape[1] * dim;
    return x.f32().subspan(static_cast<size_t>(begin * row), static_cast<size_t>((end - begin) * row));
  };
  const std::pair<const TestTensor*, const TestTensor*> inputs[] = {{&packed.q, &alone.q},
                                                                    {&packed.k, &alone.k},
                                                                    {&packed.v, &alone.v},
                                                                    {&packed.out, &alone.out},
                                                                    {&packed.d_out, &alone.d_out}};
  for (const auto& [from, to] : inputs) std::ranges::copy(part(*from), to->f32().begin());
  for (const auto& [from, to] : inputs) from->set(3, std::numeric_limits<float>::quiet_NaN());  // the first document
  packed.run(*backend);
  alone.run(*backend);
  EXPECT_TRUE(test::same_bits(part(packed.d_q), alone.d_q.f32()));
  EXPECT_TRUE(test::same_bits(part(packed.d_k), alone.d_k.f32()));
  EXPECT_TRUE(test::same_bits(part(packed.d_v), alone.d_v.f32()));
  EXPECT_TRUE(std::isnan(packed.d_v.at(3)));
}

TEST_P(AttentionBackwardOnIsa, TakesNoTokens) { Problem({0, 0}, 2, 1, 4).run(*backend); }

INSTANTIATE_TEST_SUITE_P(Cpu, AttentionBackwardOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
