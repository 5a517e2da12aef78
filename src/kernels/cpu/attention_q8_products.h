// The products of attention where the cache is Q8_0 (ops/attention.h), both of them dots of int8. `Q` names the
// Lanes, Bytes and Ints of an instruction set, and how many queries and vectors its registers hold.
//
// Scores: a tile of K is to them what weights of Q8_0 are to linear, four panels of sixteen rows.
// Values: weights times V's scales become whole numbers of 14 bits, in two digits of 7, which every set's dots of bytes take,
// or in pairs for those of 16 bits (even places, odd ones). Their products with V's int8 are exact, so no order of them is laid
// down; positions that a query does not see have weight 0.
#pragma once

#include "kernels/cpu/attention_weights.h"
#include "kernels/cpu/quant_kernels.h"

namespace hermes::kernels {

// Of a tile of K or V: [width / 32][kTile].
HERMES_INLINE const F16* q8_scales(const std::byte* tile, int64_t width) {
  return reinterpret_cast<const F16*>(tile + kTile * width);
}

// A sum goes through this after each dot; see where a set has its own.
template <class Ints>
HERMES_INLINE void keep_order(Ints&) {}

template <class Q>
class Q8Scores {
 public:
  using Lanes = typename Q::Lanes;
  using Bytes = typename Q::Bytes;
  using Ints = typename Q::Ints;
  static constexpr int kQueries = Q::kScoreQueries;  // at a time
  static constexpr int kPanels = Q::kGroups;         // likewise

  // Floats that hold a group of `rows` queries; width is a multiple of 32.
  static constexpr int64_t query_floats(int64_t rows, int64_t width) {
    return rows * width / 4 + rows * (width / kQuantBlock) * 3;
  }

  explicit Q8Scores(int64_t width) : width_(width), n_blocks_(width / kQuantBlock) {}

  // Rows of `width` floats, already scaled, to `group`.
  void pack(const float* queries, int64_t rows, float* group) const {
    for (int64_t t = 0; t < rows; t += kQueries) {
      const int n = queries_from(rows, t);
      const QuantTile tile = tile_of(group, rows, t);
      pack_quant_tile<Q>(queries + t * width_, width_, n, width_, tile);
      // Only what dots begin with is read again: in place of the sums.
      for (int64_t i = 0; i < n_blocks_ * n; ++i) {
        tile.sums[i] = -Ints::kSignedZero * (tile.sums[2 * i] + tile.sums[2 * i + 1]);
      }
    }
  }

  // scores [rows][kTile] of the tile of K; asks for as many int8 at `ahead`, where it is not nullptr.
  void score(float* group, int64_t rows, const std::byte* tile, const char* ahead, float* scores) const {
    for (int64_t t = 0; t < rows; t += kQueries) {
      run<kQueries>(tile_of(group, rows, t), queries_from(rows, t), tile, ahead, scores + t * kTile);
      ahead = nullptr;
    }
  }

 private:
  static HERMES_INLINE int queries_from(int64_t rows, int64_t t) {
    return static_cast<int>(rows - t < kQueries ? rows - t : kQueries);
  }
  // Queries from t on of a group: all int8, then the scales, then the sums, for which others leave room.
  HERMES_INLINE QuantTile tile_of(float* group, int64_t rows, int64_t t) const {
    float* const scale = group + rows * width_ / 4;
    auto* const sums = reinterpret_cast<int32_t*>(scale + rows * n_blocks_);
    return {reinterpret_cast<int8_t*>(group) + t * width_, scale + t * n_blocks_, sums + 2 * t * n_blocks_};
  }

  template <int N>
  HERMES_INLINE void run(const QuantTile& queries, int n, const std::byte* tile, const char* ahead,
                         float* scores) const {
    if (n == N) return run_panels<N>(queries, tile, ahead, scores);
    if constexpr (N > 1) run<N - 1>(queries, n, tile, ahead, scores);
  }

  template <int N>
  __attribute__((noinline)) void run_panels(const QuantTile& queries, const std::byte* tile, const char* ahead,
                                            float* scores) const {
    const int64_t panel_bytes = kQuantRows * width_;
    const std::byte* k = tile;
    const F16* scale = q8_scales(tile, width_);
    for (int64_t at = 0; at < kTile; at += kPanels * kQuantRows, k += (kPanels - 1) * panel_bytes) {
      Lanes y[kPanels][N];
      for_each<N>([&](auto p, auto n) HERMES_LAMBDA_INLINE { y[p.value][n.value] = Lanes::zero(); });
      const int8_t* q = queries.q;
      for (int64_t b = 0; b < n_blocks_; ++b, k += kQuantBlock * kQuantRows, q += N * kQuantBlock) {
        if (ahead != nullptr) {
          for (int64_t i = 0; i < kPanels * kQuantBlock * kQuantRows; i += 64) __builtin_prefetch(ahead + i, 0, 2);
          ahead += kPanels * kQuantBlock * kQuantRows;
        }
        Ints dots[kPanels][N];
        for_each<N>([&](auto p, auto n) HERMES_LAMBDA_INLINE {
          dots[p.value][n.value] =
              Ints::kSignedZero == 0 ? Ints::zero() : Ints::broadcast(queries.sums[b * N + n.value]);
        });
        unrolled<kQuantBlock / 4>([&](auto k4) HERMES_LAMBDA_INLINE {
          Bytes w[kPanels];
          unrolled<kPanels>([&](auto p) HERMES_LAMBDA_INLINE {
            w[p.value] = stored_signed(Bytes::load(k + p.value * panel_bytes + k4.value * 64));
          });
          for_each<N>([&](auto p, auto n) HERMES_LAMBDA_INLINE {
            Ints& sum = dots[p.value][n.value];
            sum = dot_signed(sum, w[p.value], q + n.value * kQuantBlock + k4.value * 4);
            keep_order(sum);
          });
        });
        for_each<N>([&](auto p, auto n) HERMES_LAMBDA_INLINE {
          const Lanes w = Lanes::load(scale + b * kTile + at + p.value * kQuantRows);
          Lanes& sum = y[p.value][n.value];
          sum = fma(to_float(dots[p.value][n.value]) * w, Lanes::broadcast(queries.scale[b * N + n.value]), sum);
        });
      }
      for_each<N>([&](auto p, auto n) HERMES_LAMBDA_INLINE {
        y[p.value][n.value].store(scores + n.value * kTile + at + p.value * kQuantRows);
      });
    }
  }
  // body(panel, query): constants.
  template <int N, class Body>
  static HERMES_INLINE void for_each(const Body& body) {
    unrolled<kPanels * N>(
        [&](auto i) HERMES_LAMBDA_INLINE { body(Index<decltype(i)::value / N>(), Index<decltype(i)::value % N>()); });
  }

  int64_t width_, n_blocks_;
};

// For a block b of 32 columns and a query, over the positions of the tile that it sees, with p[j] the weights:
//   unit = the highest v_scale[j];  w[j] = round(p[j] * (v_scale[j] * (16383 / unit))), to nearest, ties to even;
//   sum  = float(dot of v with w), a whole number below 2^27, rounded once: from the dots with both digits by one fma.
template <class Q>
class Q8Values {
 public:
  using Lanes = typename Q::Lanes;
  using Bytes = typename Q::Bytes;
  using Ints = typename Q::Ints;
  static constexpr int64_t kWords =
      kTile / 4;  // of four digits; word i: of positions i, i + 16, i + 32, i + 48, as in V
  static constexpr int kVectors = kTile / Lanes::kCount;
  static constexpr int kQueries = Q::kValueQueries, kColumns = Q::kValueColumns;  // at a time; in vectors

  // Floats that hold the scales of a tile and the digits of `rows` queries.
  static constexpr int64_t floats(int64_t rows, int64_t width) {
    const int64_t n_blocks = width / kQuantBlock;
    return n_blocks * (kTile + 1 + rows * (2 * kWords + 1));
  }

  Q8Values(int64_t max_rows, int64_t width, float* memory)
      : width_(width),
        n_blocks_(width / kQuantBlock),
        max_rows_(max_rows),
        shares_(memory),
        words_(shares_ + n_blocks_ * kTile),
        units_(words_ + n_blocks_ * max_rows * 2 * kWords),
        factors_(units_ + n_blocks_) {}

  // Of the positions in `seen`.
  template <bool kWhole>
  void load_scales(const std::byte* tile, SeenRange seen) {
    using Weights = TileWeights<Lanes, kWhole>;
    const F16* from = q8_scales(tile, width_);
    for (int64_t b = 0; b < n_blocks_; ++b, from += kTile) {
      Lanes x[kVectors];
      unrolled<kVectors>([&](auto i) HERMES_LAMBDA_INLINE {
        x[i.value] = Weights::only(seen, i.value, Lanes::load(from + i.value * Lanes::kCount), Lanes::zero());
      });
      // Scales are at least 0; what is no number has higher bits than all.
      const float unit = highest_of(highest_magnitude(x[0], x[1]), highest_magnitude(x[2], x[3]));
      const bool number = unit < __builtin_inff();
      units_[b] = number ? unit * (1.0F / 16383.0F) : __builtin_nanf("");
      const Lanes inverse = Lanes::broadcast(number && unit > 0 ? 16383.0F / unit : 0.0F);
      unrolled<kVectors>([&](auto i) HERMES_LAMBDA_INLINE {
        (x[i.value] * inverse).store(shares_ + b * kTile + i.value * Lanes::kCount);
      });
    }
  }

  // Takes weights [kTile] of query `row`, at most 1, whose sums are to be multiplied with `add`, by the scales loaded last.
  void take(int64_t row, const float* weights, float add) {
    const Lanes to_bits = Lanes::broadcast(12582912.0F);  // 1.5 * 2^23: whole numbers show in the low bits
    Lanes p[kVectors];
    unrolled<kVectors>([&](auto i)
                           HERMES_LAMBDA_INLINE { p[i.value] = Lanes::load(weights + i.value * Lanes::kCount); });
    for (int64_t b = 0; b < n_blocks_; ++b) {
      Bytes w[kVectors];
      unrolled<kVectors>([&](auto i) HERMES_LAMBDA_INLINE {
        w[i.value] = bits_of(fma(p[i.value], Lanes::load(shares_ + b * kTile + i.value * Lanes::kCount), to_bits));
      });
      const Bytes low_half = Bytes::broadcast(0xFFFF), digit = Bytes::broadcast(0x007F007F);
      const Bytes even = (w[0] & low_half) | shift_left<16>(w[2]), odd = (w[1] & low_half) | shift_left<16>(w[3]);
      float* const to = words_of(b, row);
      if constexpr (Q::kValuePairs) {
        even.store(to);
        odd.store(to + kWords);
      } else {
        ((shift_right<7>(even) & digit) | shift_left<8>(shift_right<7>(odd) & digit)).store(to);
        ((even & digit) | shift_left<8>(odd & digit)).store(to + kWords);
      }
      factors_[b * max_rows_ + row] = units_[b] * add;
    }
  }

  // Query `row` sees nothing of the tile: with a `keep` of 1 its sums stay what they are, in every bit.
  void skip(int64_t row) {
    for (int64_t b = 0; b < n_blocks_; ++b) {
      for (int64_t i = 0; i < 2 * kWords; ++i) words_of(b, row)[i] = 0;
      factors_[b * max_rows_ + row] = -0.0F;  // -0 is what changes no number when added
    }
  }

  // out[r] = out[r] * keep[r] + sums * the query's factor, r < rows. Asks for as many int8 at `ahead`, where it is not nullptr.
  void sum(const std::byte* tile, int64_t rows, const float* keep, const char* ahead, float* out) const {
    // What is there already costs less to ask for again than to leave out.
    const char* const ask = ahead != nullptr ? ahead : reinterpret_cast<const char*>(tile);
    for (int64_t b = 0; b < n_blocks_; ++b) {
      for (int64_t c = 0; c < kQuantBlock; c += kColumns * Lanes::kCount) {
        const int64_t column = b * kQuantBlock + c;
        for (int64_t r = 0; r < rows; r += kQueries) {
          const int64_t left = rows - r;
          run<kQueries>(left < kQueries ? left : kQueries,
                        {tile + column * 4, words_of(b, r), factors_ + b * max_rows_ + r, keep + r,
                         ask + column * kTile, out + r * width_ + column});
        }
      }
    }
  }

 private:
  static_assert(kVectors == 4 && Lanes::kCount == kWords);
  struct Run {
    const std::byte* v;  // of the first column
    const float *words, *factors, *keep;
    const char* ahead;
    float* out;
  };

  HERMES_INLINE float* words_of(int64_t block, int64_t row) const {
    return words_ + (block * max_rows_ + row) * 2 * kWords;
  }
  static HERMES_INLINE float highest_of(float a, float b) {  // by bits
    return __builtin_bit_cast(uint32_t, a) > __builtin_bit_cast(uint32_t, b) ? a : b;
  }

  template <int R>
  HERMES_INLINE void run(int64_t rows, const Run& part) const {
    if (rows == R) return run_rows<R>(part);
    if constexpr (R > 1) run<R - 1>(rows, part);
  }
  template <int R>
  __attribute__((noinline)) void run_rows(const Run& part) const {
    Ints high[R * kColumns], low[R * kColumns];
    unrolled<R * kColumns>([&](auto i) HERMES_LAMBDA_INLINE { high[i.value] = low[i.value] = Ints::zero(); });
    // Without a loop: compilers copy sums that go around one.
    unrolled<kWords>([&](auto word) HERMES_LAMBDA_INLINE {
      const std::byte* const v = part.v + word.value * 4 * width_;
      Bytes column[kColumns];
      unrolled<kColumns>([&](auto c) HERMES_LAMBDA_INLINE {
        column[c.value] = Bytes::load(v + 64 * c.value);
        __builtin_prefetch(part.ahead + 64 * (word.value * kColumns + c.value), 0, 2);
      });
      unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
        unrolled<kColumns>([&](auto c) HERMES_LAMBDA_INLINE {
          constexpr int i = decltype(r)::value * kColumns + decltype(c)::value;
          const float *first = part.words + 2 * r.value * kWords + word.value, *second = first + kWords;
          if constexpr (Q::kValuePairs) {
            low[i] = dot_pairs(low[i], first, second, column[c.value]);
            keep_order(low[i]);
          } else {
            high[i] = dot_digits(high[i], first, column[c.value]);
            low[i] = dot_digits(low[i], second, column[c.value]);
          }
        });
      });
    });
    unrolled<R>([&](auto r) HERMES_LAMBDA_INLINE {
      const Lanes keep = Lanes::broadcast(part.keep[r.value]), factor = Lanes::broadcast(part.factors[r.value]);
      unrolled<kColumns>([&](auto c) HERMES_LAMBDA_INLINE {
        constexpr int i = decltype(r)::value * kColumns + decltype(c)::value;
        float* const to = part.out + r.value * width_ + c.value * Lanes::kCount;
        Lanes sum = to_float(low[i]);
        if constexpr (!Q::kValuePairs) sum = fma(to_float(high[i]), Lanes::broadcast(128.0F), sum);
        fma(sum, factor, Lanes::load(to) * keep).store(to);
      });
    });
  }

  int64_t width_, n_blocks_, max_rows_;
  float* shares_;            // [n_blocks][kTile]: v_scale * (16383 / unit)
  float* words_;             // [n_blocks][max_rows][2][kWords]: high digits, low ones; or pairs
  float *units_, *factors_;  // [n_blocks]: unit / 16383; [n_blocks][max_rows]
};

}  // namespace hermes::kernels
