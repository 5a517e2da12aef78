// attention and kv_store of every instruction set against the fp64 reference, and the law that a query's bits depend
// on nothing but itself and what it sees.
#include "ops/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/cpu_backend.h"
#include "ops/reference/reference_backend.h"
#include "support/close.h"
#include "support/random_tensor.h"
#include "support/tolerance.h"

namespace hermes::kernels {
namespace {

using test::random_tensor;
using test::TestTensor;

// Queries, and a cache whose pages are filled with NaN beyond the positions that are stored.
struct Problem {
  int64_t heads, kv_heads, head_dim, positions;
  TestTensor q, k, v, memory;
  std::vector<std::byte*> k_pages, v_pages;
  std::vector<int32_t> kv_begin, kv_end;
  int64_t page_size;

  Problem(DType dtype, int64_t tokens, int64_t n_heads, int64_t n_kv_heads, int64_t dim, int64_t n_positions,
          int64_t page)
      : heads(n_heads),
        kv_heads(n_kv_heads),
        head_dim(dim),
        positions(n_positions),
        q(random_tensor(DType::kF32, {tokens, n_heads, dim}, 1)),
        k(random_tensor(DType::kF32, {n_positions, n_kv_heads, dim}, 2)),
        v(random_tensor(DType::kF32, {n_positions, n_kv_heads, dim}, 3)),
        page_size(page) {
    const int64_t n_pages = (positions + page - 1) / page;
    memory = TestTensor(dtype, {2 * n_pages, kv_heads, page, padded_elements(dtype, head_dim)});
    std::fill_n(memory.buffer.data(), memory.buffer.size(), std::byte{0xFF});  // NaN in every type, and in scales
    const size_t bytes = memory.buffer.size() / static_cast<size_t>(2 * n_pages);
    for (size_t p = 0; p < static_cast<size_t>(n_pages); ++p) {
      // In no particular order, as a pool hands pages out.
      k_pages.insert(k_pages.begin(), memory.buffer.data() + 2 * p * bytes);
      v_pages.insert(v_pages.begin(), memory.buffer.data() + (2 * p + 1) * bytes);
    }
    for (int64_t t = 0; t < tokens; ++t) {  // causal, the last query sees all
      kv_begin.push_back(0);
      kv_end.push_back(static_cast<int32_t>(positions - tokens + 1 + t));
    }
  }

  ops::KvPagesView pages() const { return {k_pages, v_pages, memory.dtype, page_size}; }

  void store(ops::Backend& backend) const {
    std::vector<int32_t> at(static_cast<size_t>(positions));
    for (size_t i = 0; i < at.size(); ++i) at[i] = static_cast<int32_t>(i);
    backend.kv_store({.k = k.view(), .v = v.view(), .positions = at, .pages = pages()});
  }

  // Queries [begin, end) of all.
  std::vector<float> attend(ops::Backend& backend, int64_t begin, int64_t end) const {
    std::vector<float> out(static_cast<size_t>((end - begin) * heads * head_dim),
                           std::numeric_limits<float>::quiet_NaN());
    const auto from = static_cast<size_t>(begin), n = static_cast<size_t>(end - begin);
    const Shape shape = {end - begin, heads, head_dim};
    backend.attention({.q = {q.f32().data() + begin * heads * head_dim, DType::kF32, shape},
                       .pages = pages(),
                       .kv_heads = kv_heads,
                       .kv_begin = std::span(kv_begin).subspan(from, n),
                       .kv_end = std::span(kv_end).subspan(from, n),
                       .scale = scale(),
                       .out = view_of(out, shape)});
    return out;
  }
  std::vector<float> attend(ops::Backend& backend) const { return attend(backend, 0, q.shape[0]); }

  float scale() const { return 1 / std::sqrt(static_cast<float>(head_dim)); }

  double tolerance() const {
    const auto longest_row = [&](const TestTensor& x) {
      double longest = 0;
      for (int64_t r = 0; r < x.shape.elements() / head_dim; ++r) {
        double squares = 0;
        for (int64_t i = 0; i < head_dim; ++i) squares += x.at(r * head_dim + i) * x.at(r * head_dim + i);
        longest = std::max(longest, std::sqrt(squares));
      }
      return longest;
    };
    double value = 0;
    for (const float x : v.f32()) value = std::max(value, static_cast<double>(std::fabs(x)));
    const double score = static_cast<double>(scale()) * longest_row(q) * longest_row(k);
    const int64_t n_tiles = positions / ops::kAttentionTile + 1;
    // What the pages hold was rounded, and for int8 q too: by up to 1/254 of the largest element of 32, which is at most
    // sqrt(32) / 254 of their norm.
    if (memory.dtype == DType::kQ8_0) {
      return test::attention_q8_tolerance(head_dim, ops::kAttentionTile, n_tiles, 1.05 * score, 1.01 * value);
    }
    return test::attention_tolerance(head_dim, ops::kAttentionTile, n_tiles, 1.01 * score, 1.01 * value);
  }
};

class AttentionOnIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  ThreadPool pool{2};
  std::unique_ptr<ops::Backend> backend = make_cpu_backend(pool, GetParam());
  std::unique_ptr<ops::Backend> reference = ops::make_reference_backend();
};

TEST_P(AttentionOnIsa, IsWithinItsRoundingsOfTheReference) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0}) {
    for (const int64_t head_dim : {8, 20, 64, 80, 128, 256}) {
      // The dtype matters where tiles are read only; but for int8, where dots do.
      if (dtype != DType::kF32 && dtype != DType::kQ8_0 && head_dim % 20 != 0) continue;

      for (const auto& [heads, kv_heads] : {std::pair<int64_t, int64_t>{1, 1}, {6, 2}, {7, 1}}) {
        for (const auto& [tokens, positions] : {std::pair<int64_t, int64_t>{1, 1}, {1, 130}, {5, 64}, {9, 150}}) {
          SCOPED_TRACE(std::string(name_of(dtype)) + " heads " + std::to_string(heads) + "/" +
                       std::to_string(kv_heads) + " of " + std::to_string(head_dim) + ", " + std::to_string(tokens) +
                       " tokens, " + std::to_string(positions) + " positions");
          const Problem problem(dtype, tokens, heads, kv_heads, head_dim, positions, 64);
          problem.store(*reference);
          ASSERT_TRUE(test::all_close(problem.attend(*backend), problem.attend(*reference), problem.tolerance()));
        }
      }
    }
  }
}

// Documents packed in one row: queries that see different, also disjoint, ranges.
void pack_documents(Problem& problem) {
  for (size_t t = 0; t < problem.kv_begin.size(); ++t) {
    const auto document = static_cast<int32_t>(t % 3);
    problem.kv_begin[t] = document * 61;
    problem.kv_end[t] = document * 61 + 1 + static_cast<int32_t>(t * 5 % 70);
  }
}

TEST_P(AttentionOnIsa, KeepsPackedDocumentsApart) {
  for (const DType dtype : {DType::kBF16, DType::kQ8_0}) {
    Problem problem(dtype, 29, 6, 2, 48, 200, 64);
    pack_documents(problem);
    problem.store(*reference);
    ASSERT_TRUE(test::all_close(problem.attend(*backend), problem.attend(*reference), problem.tolerance()))
        << name_of(dtype);
  }
}

TEST_P(AttentionOnIsa, GivesAQueryTheSameBitsAloneAndInAnyChunk) {
  // Rows of whole vectors, which few queries read in place, and others.
  for (const auto& [dtype, head_dim] :
       {std::pair{DType::kF16, 72}, {DType::kBF16, 64}, {DType::kQ8_0, 72}, {DType::kQ8_0, 64}}) {
    for (const bool packed : {false, true}) {
      Problem problem(dtype, 29, 6, 2, head_dim, 200, 64);
      if (packed) pack_documents(problem);
      problem.store(*backend);
      const std::vector<float> whole = problem.attend(*backend);
      for (const int64_t chunk : {1, 2, 7, 28}) {
        std::vector<float> parts;
        for (int64_t begin = 0; begin < 29; begin += chunk) {
          const std::vector<float> part = problem.attend(*backend, begin, std::min<int64_t>(29, begin + chunk));
          parts.insert(parts.end(), part.begin(), part.end());
        }
        ASSERT_TRUE(test::same_bits(parts, whole))
            << name_of(dtype) << " in chunks of " << chunk << (packed ? ", packed" : "");
      }
    }
  }
}

TEST_P(AttentionOnIsa, GivesTheSameBitsWithAnyPages) {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kQ8_0}) {
    const Problem small(dtype, 9, 4, 2, 64, 300, 64), large(dtype, 9, 4, 2, 64, 300, 256);
    small.store(*backend);
    large.store(*backend);
    ASSERT_TRUE(test::same_bits(small.attend(*backend), large.attend(*backend)));
  }
}

TEST_P(AttentionOnIsa, GivesTheSameBitsOnAnyNumberOfThreadsAndEverySet) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0}) {
    for (const auto& [tokens, head_dim] : {std::pair<int64_t, int64_t>{1, 64}, {50, 80}}) {
      Problem problem(dtype, tokens, 10, 2, head_dim, 210, 64);
      problem.store(*backend);
      const std::vector<float> two = problem.attend(*backend);
      for (const int threads : {1, 4}) {
        for (const CpuIsa isa : {CpuIsa::kScalar, GetParam()}) {
          ThreadPool other_pool(threads);
          const auto other = make_cpu_backend(other_pool, isa);
          ASSERT_TRUE(test::same_bits(problem.attend(*other), two))
              << name_of(dtype) << ", " << tokens << " tokens, " << threads << " threads, " << to_string(isa);
        }
      }
    }
  }
}

// Several segments: taken apart by many threads, in turn by one, and beside other tokens.
TEST_P(AttentionOnIsa, GivesTheSameBitsHoweverSegmentsAreTaken) {
  ThreadPool one(1), many(5);
  const auto alone = make_cpu_backend(one, GetParam()), threaded = make_cpu_backend(many, GetParam());
  for (const auto& [dtype, head_dim] : {std::pair{DType::kF16, 32}, {DType::kQ8_0, 32}, {DType::kQ8_0, 40}}) {
    const Problem problem(dtype, 3, 4, 2, head_dim, 2500, 64);
    problem.store(*backend);
    const std::vector<float> whole = problem.attend(*alone);
    ASSERT_TRUE(test::same_bits(problem.attend(*threaded), whole)) << name_of(dtype);
    std::vector<float> parts;
    for (int64_t t = 0; t < 3; ++t) {
      const std::vector<float> part = problem.attend(*threaded, t, t + 1);
      parts.insert(parts.end(), part.begin(), part.end());
    }
    ASSERT_TRUE(test::same_bits(parts, whole)) << name_of(dtype);
    ASSERT_TRUE(test::all_close(whole, problem.attend(*reference), problem.tolerance())) << name_of(dtype);
  }
}

// By how much a score may be off beside an exact cache: see ops/attention.h.
double q8_score_error(const Problem& problem) {
  const int64_t head_dim = problem.head_dim;
  double worst = 0;
  struct Block {
    double sum = 0, scale = 0;
  };
  const auto block = [&](const TestTensor& x, int64_t row, int64_t from, double unit) {
    Block b;
    double largest = 0;
    for (int64_t i = from; i < std::min(from + 32, head_dim); ++i) {
      const double magnitude = unit * std::fabs(x.at(row * head_dim + i));
      b.sum += magnitude;
      largest = std::max(largest, magnitude);
    }
    b.scale = largest / 127 * (1 + 0x1p-10) + 0x1p-24;
    return b;
  };
  for (int64_t t = 0; t < problem.q.shape[0]; ++t) {
    for (int64_t h = 0; h < problem.heads; ++h) {
      for (int64_t j = 0; j < problem.positions; ++j) {
        double error = 0;
        for (int64_t from = 0; from < head_dim; from += 32) {
          const int64_t g = h / (problem.heads / problem.kv_heads);
          const Block q = block(problem.q, t * problem.heads + h, from, static_cast<double>(problem.scale()));
          const Block k = block(problem.k, j * problem.kv_heads + g, from, 1);
          error += (0.5 + 0x1p-15) * (q.scale * k.sum + k.scale * q.sum) + 8.01 * q.scale * k.scale;
        }
        worst = std::max(worst, error);
      }
    }
  }
  return worst;
}

TEST_P(AttentionOnIsa, KeepsAQ8CacheWithinWhatItsRoundingCosts) {
  for (const int64_t head_dim : {32, 64, 72}) {
    const Problem exact(DType::kF32, 3, 4, 2, head_dim, 150, 64), rounded(DType::kQ8_0, 3, 4, 2, head_dim, 150, 64);
    exact.store(*reference);
    rounded.store(*backend);
    double value = 0;
    for (const float x : exact.v.f32()) value = std::max(value, static_cast<double>(std::fabs(x)));
    const double bound =
        test::q8_cache_rounding(q8_score_error(exact), value, value / 127 * (1 + 0x1p-10)) + rounded.tolerance();
    ASSERT_LT(bound, 0.5 * value);  // or it would say nothing
    const std::vector<float> expected = exact.attend(*reference);
    ASSERT_TRUE(test::all_close(rounded.attend(*backend), expected, bound)) << head_dim;
    ASSERT_FALSE(test::all_close(rounded.attend(*backend), expected, exact.tolerance())) << "nothing was rounded";
  }
}

// A block of 32 shares a scale: what is no number there spoils all of it, and nothing else.
TEST_P(AttentionOnIsa, ShowsWhatIsNoNumberInAQ8CacheToTheQueriesThatSeeIt) {
  for (const float special :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -3e38F}) {
    for (const bool in_v : {false, true}) {
      const Problem problem(DType::kQ8_0, 6, 2, 1, 64, 70, 64);  // queries see up to positions 64 .. 69
      (in_v ? problem.v : problem.k).set(67 * 64 + 3, special);
      problem.store(*backend);
      const std::vector<float> out = problem.attend(*backend);
      for (int64_t t = 0; t < 6; ++t) {
        for (int64_t i = 0; i < 2 * 64; ++i) {
          const bool expected = problem.kv_end[static_cast<size_t>(t)] > 67 && (!in_v || i % 64 < 32);
          ASSERT_EQ(std::isnan(out[static_cast<size_t>(t * 128 + i)]), expected)
              << special << " token " << t << " element " << i;
        }
      }
    }
  }
}

TEST_P(AttentionOnIsa, ShowsNanToTheQueriesThatSeeItAndToNoOther) {
  for (const bool in_v : {false, true}) {
    const Problem problem(DType::kF32, 6, 2, 1, 16, 70, 64);  // queries see up to positions 64 .. 69
    (in_v ? problem.v : problem.k).set(67 * 16 + 3, std::numeric_limits<float>::quiet_NaN());
    problem.store(*backend);
    const std::vector<float> out = problem.attend(*backend);
    for (int64_t t = 0; t < 6; ++t) {
      for (int64_t i = 0; i < 2 * 16; ++i) {
        const bool expected = problem.kv_end[static_cast<size_t>(t)] > 67 && (!in_v || i % 16 == 3);
        EXPECT_EQ(std::isnan(out[static_cast<size_t>(t * 32 + i)]), expected) << "token " << t << " element " << i;
      }
    }
  }
}

TEST_P(AttentionOnIsa, HoldsLargeScores) {
  Problem problem(DType::kF32, 3, 1, 1, 16, 100, 64);
  for (float& x : problem.q.f32()) x *= 1000;  // weights are all but one-hot; exp would overflow without the maximum
  problem.store(*backend);
  ASSERT_TRUE(test::all_close(problem.attend(*backend), problem.attend(*reference), problem.tolerance()));
}

TEST_P(AttentionOnIsa, StoresTheSameBitsAsTheReference) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0}) {
    for (const int64_t head_dim : {8, 24, 64, 100}) {
      const Problem mine(dtype, 1, 3, 3, head_dim, 90, 64), theirs(dtype, 1, 3, 3, head_dim, 90, 64);
      // Everything that rounding meets: ties, denormals of F16, BF16 and F32, overflow, infinity, both zeros.
      const float special[] = {0.0F,
                               -0.0F,
                               1 + 0x1.0p-8F,
                               1 + 0x1.8p-7F,
                               1 + 0x1.0p-11F,
                               0x1.8p-25F,
                               0x1.4p-16F,
                               1e-40F,
                               -1e-45F,
                               65519.0F,
                               65520.0F,
                               3.4e38F,
                               std::numeric_limits<float>::infinity()};
      for (const Problem* problem : {&mine, &theirs}) {
        for (size_t i = 0; i < std::size(special); ++i) problem->k.f32()[i * 7] = special[i];
      }
      mine.store(*backend);
      theirs.store(*reference);
      const std::span<const std::byte> a(mine.memory.buffer.data(), mine.memory.buffer.size());
      const std::span<const std::byte> b(theirs.memory.buffer.data(), theirs.memory.buffer.size());
      EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin())) << name_of(dtype) << " " << head_dim;
    }
  }
}

TEST_P(AttentionOnIsa, StoresNanAsNan) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const Problem problem(dtype, 1, 1, 1, 8, 1, 64);
    problem.k.set(3, std::numeric_limits<float>::quiet_NaN());
    problem.v.set(4, -std::numeric_limits<float>::quiet_NaN());
    problem.store(*backend);
    for (int64_t i = 0; i < 8; ++i) {
      EXPECT_EQ(std::isnan(problem.memory.at(i * ops::kAttentionTile)), i == 3) << name_of(dtype);
      EXPECT_EQ(std::isnan(problem.memory.at(64 * 8 + i)), i == 4) << name_of(dtype);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, AttentionOnIsa, testing::ValuesIn(runnable_cpu_isas()),
                         [](const auto& param) { return std::string(to_string(param.param)); });

}  // namespace
}  // namespace hermes::kernels
