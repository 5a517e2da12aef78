// The encoders of types with a scale and a minimum: x = scale q - minimum, q = 0 to kTop.
//
// For given q the best scale and minimum of a sub-block are a weighted least-squares fit, and its error follows from
// five sums, without a second look at the elements. So a sub-block is rounded at several ranges (kMargins beyond or
// within its own, at both ends), each is fitted, and the best is kept and rounded once more. What is common to the
// sub-blocks of a super-block, the units of scales and minimums, comes after that: see refine().
//
// Sums are taken of x - lowest, so that they are exact enough however far from zero a sub-block lies.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

#include "tensor/float_types.h"
#include "tensor/quant/lanes.h"
#include "tensor/quant/sub_blocks.h"

namespace hermes::quant {

// How far a range reaches beyond a sub-block's lowest and highest element, in steps of q; negative: within, so that they
// are clipped.
struct Margins {
  float below, above;
};

// Shape: kElements and kSubs; kTop, the largest q; kUnitTop, the largest scale and minimum in units (0: each sub-block
// is a block with a scale and a minimum in F16, which may have any sign); kMargins, the ranges that are
// tried; kUnitRatios, see refine().
template <class Shape, bool kWeighted>
class AffineSearch {
 public:
  static constexpr int kElements = Shape::kElements, kSubs = Shape::kSubs, kChunks = kSubs / Lanes::kWidth;
  static constexpr bool kShared = Shape::kUnitTop > 0;

  F16 d{}, dmin{};
  std::array<uint8_t, kSubs> scales{}, minimums{};   // in units
  std::array<F16, kSubs> own_scale{}, own_offset{};  // of blocks of their own: x = scale q + offset
  std::array<uint8_t, kSubs * kElements> q{};

  void encode(const float* x, const float* importance) {
    // Minimums are never negative, but units may be: where all elements are positive, the mirror image has its full
    // range.
    float sign = 1;
    if (kShared && all_positive(x)) sign = -1;
    load(x, importance, sign);
    for (int c = 0; c < kChunks; ++c) search(c);
    if constexpr (kShared) {
      refine();
      d = to_f16(sign * best_.d);
      dmin = to_f16(sign * best_.dmin);
      store_units();
    } else {
      store_own();
    }
  }

 private:
  static constexpr size_t kTried = std::size(Shape::kMargins) + 1;

  struct Sums {
    Lanes q, qq, xq;  // weighted
    friend Sums where_less(Lanes a, Lanes b, const Sums& then, const Sums& otherwise) {
      return {where_less(a, b, then.q, otherwise.q), where_less(a, b, then.qq, otherwise.qq),
              where_less(a, b, then.xq, otherwise.xq)};
    }
  };
  struct Rounded {
    Sums sums;
    Lanes error;
  };
  struct Fit {
    Lanes scale, offset;  // x - lowest = scale q - offset, so the minimum is offset - lowest
    Lanes error;          // weighted, less that of `lowest` everywhere; from sums, whose roundings it has
  };
  struct State {
    float d = 0, dmin = 0;
    std::array<Lanes, kChunks> scales{}, minimums{};  // whole numbers
    std::array<Sums, kChunks> sums{};
    std::array<Lanes, kChunks> errors{};
    double error = 1e300;
  };

  static bool all_positive(const float* x) {
    bool positive = true;
    for (int i = 0; i < kSubs * kElements; ++i) positive = positive && x[i] > 0;
    return positive;
  }

  void load(const float* x, const float* importance, float sign) {
    sub_.load(x, importance, sign);
    for (int c = 0; c < kChunks; ++c) {
      Lanes lowest(kLargestElement), highest(-kLargestElement);
      for (int i = 0; i < kElements; ++i) {
        lowest = min(lowest, sub_.counted_x(c, i, lowest));
        highest = max(highest, sub_.counted_x(c, i, highest));
      }
      if (kShared) lowest = min(lowest, Lanes());
      lowest_[c] = lowest;
      range_[c] = max(highest - lowest, Lanes());
      sub_.move(c, Lanes() - lowest);
    }
    sub_.weigh();
    for (int c = 0; c < kChunks; ++c) {
      Lanes w, wx;
      for (int i = 0; i < kElements; ++i) {
        w += sub_.importance(c, i);
        wx += sub_.weighted_x(c, i);
      }
      w_[c] = w;
      wx_[c] = wx;
    }
  }

  Lanes rounded(int c, int i, Lanes inverse_scale, Lanes shift) const {
    return round(clamped(sub_.x(c, i) * inverse_scale + shift, 0, Shape::kTop));
  }
  // Of q = round(x inverse_scale + shift).
  Sums sums_of(int c, Lanes inverse_scale, Lanes shift) const {
    Sums sums;
    for (int i = 0; i < kElements; ++i) {
      const Lanes v = rounded(c, i, inverse_scale, shift), wv = kWeighted ? sub_.importance(c, i) * v : v;
      sums.q += wv;
      sums.qq += wv * v;
      sums.xq += sub_.weighted_x(c, i) * v;
    }
    return sums;
  }
  // Of x - lowest = scale q - offset, with the error from the elements themselves.
  Rounded round_at(int c, Lanes scale, Lanes offset) const {
    const Lanes inverse_scale = inverse(scale), shift = offset * inverse_scale;
    Rounded result;
    for (int i = 0; i < kElements; ++i) {
      const Lanes v = rounded(c, i, inverse_scale, shift), w = sub_.importance(c, i), wv = kWeighted ? w * v : v;
      result.sums.q += wv;
      result.sums.qq += wv * v;
      result.sums.xq += sub_.weighted_x(c, i) * v;
      const Lanes rest = (sub_.x(c, i) + offset) - scale * v;
      result.error += kWeighted ? w * rest * rest : rest * rest;
    }
    return result;
  }
  Lanes error_of(int c, const Sums& sums, Lanes scale, Lanes offset) const {
    const Lanes two(2);
    return scale * (scale * sums.qq - two * sums.xq) + offset * (two * (wx_[c] - scale * sums.q) + offset * w_[c]);
  }

  Fit fit(int c, const Sums& sums) const {
    // Where nearly all q are the same, the determinant is noise: the offset stays at the lowest element then.
    const Lanes size = w_[c] * sums.qq, determinant = size - sums.q * sums.q;
    const Lanes limit = size * Lanes(1e-5F), divisor = inverse(max(determinant, limit));
    const Lanes both = (w_[c] * sums.xq - wx_[c] * sums.q) * divisor;
    const Lanes offset = (sums.q * sums.xq - sums.qq * wx_[c]) * divisor;
    Fit result;
    result.offset = where_less(limit, determinant, offset, Lanes());
    Lanes alone = where_less(limit, determinant, Lanes(), Lanes(1));
    if (kShared) {  // a minimum below zero is not to be had
      alone = where_less(result.offset, lowest_[c], Lanes(1), alone);
      result.offset = max(result.offset, lowest_[c]);
    }
    const Lanes scale = (sums.xq + result.offset * sums.q) * inverse(sums.qq);
    result.scale = max(where_less(Lanes(), alone, scale, both), Lanes());
    result.error = error_of(c, sums, result.scale, result.offset);
    return result;
  }

  void search(int c) {
    const Lanes step = inverse(range_[c]);
    scale_[c] = offset_[c] = Lanes();
    sums_[c] = Sums{};
    Lanes least;
    for (size_t k = 0; k < kTried; ++k) {
      Lanes inverse_scale = inverse(scale_[c]), shift = offset_[c] * inverse_scale;
      if (k < std::size(Shape::kMargins)) {
        const Margins margins = Shape::kMargins[k];
        inverse_scale = Lanes(Shape::kTop + margins.below + margins.above) * step;
        shift = Lanes(-margins.below);
      }
      const Sums sums = sums_of(c, inverse_scale, shift);
      const Fit found = fit(c, sums);
      if constexpr (kShared) {
        tried_[c][k] = sums;
        tried_scale_[c][k] = found.scale;
      }
      const Lanes error = found.error * Lanes(kBeyondRoundings);
      scale_[c] = where_less(error, least, found.scale, scale_[c]);
      offset_[c] = where_less(error, least, found.offset, offset_[c]);
      sums_[c] = where_less(error, least, sums, sums_[c]);
      least = where_less(error, least, found.error, least);
    }
  }

  // --- a super-block ---

  Lanes offset_of(int c, float unit, Lanes units) const { return Lanes(unit) * units + lowest_[c]; }

  struct Chosen {
    Lanes scale, minimum;  // whole numbers
    Lanes error;           // from sums
  };
  // The best whole numbers near `scale` for these units and q: for each scale the minimum follows.
  Chosen choose(const State& units, int c, const Sums& sums, Lanes scale, int reach) const {
    const Lanes middle = round(clamped(scale * inverse(Lanes(units.d)), 0, Shape::kUnitTop));
    const Lanes inverse_dmin = inverse(Lanes(units.dmin)), inverse_w = inverse(w_[c]);
    Chosen best{Lanes(), Lanes(), Lanes(3e38F)};
    for (int k = -reach; k <= reach; ++k) {
      const Lanes u = clamped(middle + Lanes(static_cast<float>(k)), 0, Shape::kUnitTop);
      const Lanes a = Lanes(units.d) * u;
      const Lanes wanted = ((a * sums.q - wx_[c]) * inverse_w - lowest_[c]) * inverse_dmin;
      const Lanes m = round(clamped(wanted, 0, Shape::kUnitTop));
      const Lanes error = error_of(c, sums, a, offset_of(c, units.dmin, m));
      best = {where_less(error, best.error, u, best.scale), where_less(error, best.error, m, best.minimum),
              min(error, best.error)};
    }
    return best;
  }
  // Of all that search() tried, what is best for each sub-block in whole numbers of the units.
  void choose_again(State& state) const {
    for (int c = 0; c < kChunks; ++c) {
      Lanes least(3e38F);
      for (size_t k = 0; k < kTried; ++k) {
        const Chosen found = choose(state, c, tried_[c][k], tried_scale_[c][k], 0);
        const Lanes beyond = found.error * Lanes(kBeyondRoundings);
        state.scales[c] = where_less(beyond, least, found.scale, state.scales[c]);
        state.minimums[c] = where_less(beyond, least, found.minimum, state.minimums[c]);
        least = where_less(beyond, least, found.error, least);
      }
    }
  }
  static void add_up(State& state) {
    Lanes errors = state.errors[0];
    for (int c = 1; c < kChunks; ++c) errors += state.errors[c];
    state.error = sum(errors);
  }
  // Rounds the elements anew for the state's scales, and with that its sums and error.
  void round_elements(State& state) const {
    for (int c = 0; c < kChunks; ++c) {
      const Rounded found = round_at(c, Lanes(state.d) * state.scales[c], offset_of(c, state.dmin, state.minimums[c]));
      state.sums[c] = found.sums;
      state.errors[c] = found.error;
    }
    add_up(state);
  }
  // The units that are best for the state's q, scales and minimums: d, rounded to F16, and dmin with that d.
  void fit_units(State& state) const {
    Lanes aa, ab, bb, ax, bx;  // of a = scale q and b = minimum
    for (int c = 0; c < kChunks; ++c) {
      const Lanes u = state.scales[c], m = state.minimums[c];
      aa += u * u * state.sums[c].qq;
      ab += u * m * state.sums[c].q;
      bb += m * m * w_[c];
      ax += u * (state.sums[c].xq + lowest_[c] * state.sums[c].q);
      bx += m * (wx_[c] + lowest_[c] * w_[c]);
    }
    const double paa = sum(aa), pab = sum(ab), pbb = sum(bb), pax = sum(ax), pbx = sum(bx);
    const double determinant = paa * pbb - pab * pab;
    double new_d = 0;
    if (determinant > 1e-6 * paa * pbb) {
      new_d = (pax * pbb - pab * pbx) / determinant;
    } else if (paa > 0) {
      new_d = (pax + pab * static_cast<double>(state.dmin)) / paa;
    }
    if (new_d > 0) state.d = to_float(to_scale(static_cast<float>(new_d)));
    const double new_dmin = pbb > 0 ? (pab * static_cast<double>(state.d) - pbx) / pbb : 0;
    if (new_dmin > 0) state.dmin = to_float(to_scale(static_cast<float>(new_dmin)));
  }
  // Tries the neighbours of every scale and minimum, with the elements rounded anew for each.
  void try_neighbours(State& state) const {
    constexpr float kMoves[6][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}};
    for (int c = 0; c < kChunks; ++c) {
      const Lanes scales_before = state.scales[c], minimums_before = state.minimums[c];
      for (const auto& move : kMoves) {
        const Lanes u = clamped(scales_before + Lanes(move[0]), 0, Shape::kUnitTop);
        const Lanes m = clamped(minimums_before + Lanes(move[1]), 0, Shape::kUnitTop);
        const Rounded found = round_at(c, Lanes(state.d) * u, offset_of(c, state.dmin, m));
        const Lanes error = found.error, least = state.errors[c];
        state.scales[c] = where_less(error, least, u, state.scales[c]);
        state.minimums[c] = where_less(error, least, m, state.minimums[c]);
        state.sums[c] = where_less(error, least, found.sums, state.sums[c]);
        state.errors[c] = min(error, least);
      }
    }
    add_up(state);
  }

  // From the best scale and minimum of each sub-block to whole numbers of common units. The units that make the largest
  // ones kUnitTop, and others beside them (kUnitRatios), are tried on the sums in hand; then elements, units and whole
  // numbers are rounded or fitted in turn, each given the others. The best state that was met is the result.
  void refine() {
    Lanes largest_scale, largest_minimum;
    for (int c = 0; c < kChunks; ++c) {
      largest_scale = max(largest_scale, scale_[c]);
      largest_minimum = max(largest_minimum, offset_[c] - lowest_[c]);
    }
    best_ = State{};
    State state, tried;
    for (const float i : Shape::kUnitRatios) {
      for (const float j : Shape::kUnitRatios) {
        tried.d = to_float(to_scale(i * largest(largest_scale) / Shape::kUnitTop));
        tried.dmin = to_float(to_scale(j * largest(largest_minimum) / Shape::kUnitTop));
        for (int c = 0; c < kChunks; ++c) tried.errors[c] = choose(tried, c, sums_[c], scale_[c], 0).error;
        add_up(tried);
        if (tried.error < state.error) {
          state.d = tried.d;
          state.dmin = tried.dmin;
          state.error = tried.error;
        }
      }
    }
    choose_again(state);
    round_elements(state);
    note(state);
    fit_units(state);
    for (int c = 0; c < kChunks; ++c) {
      const Chosen found = choose(state, c, state.sums[c], Lanes(state.d) * state.scales[c], 1);
      state.scales[c] = found.scale;
      state.minimums[c] = found.minimum;
    }
    round_elements(state);
    note(state);
    try_neighbours(state);
    note(state);
    fit_units(state);
    round_elements(state);
    note(state);
  }
  void note(const State& state) {
    if (state.error < best_.error) best_ = state;
  }

  void store_units() {
    for (int c = 0; c < kChunks; ++c) {
      const Lanes a = Lanes(best_.d) * best_.scales[c], b = offset_of(c, best_.dmin, best_.minimums[c]),
                  ia = inverse(a);
      store_q(c, ia, b * ia);
      int units[Lanes::kWidth], minimum_units[Lanes::kWidth];
      best_.scales[c].store_integers(units);
      best_.minimums[c].store_integers(minimum_units);
      for (int s = 0; s < Lanes::kWidth; ++s) {
        const auto at = static_cast<size_t>(c * Lanes::kWidth + s);
        scales[at] = static_cast<uint8_t>(units[s]);
        minimums[at] = static_cast<uint8_t>(minimum_units[s]);
      }
    }
  }
  void store_q(int c, Lanes inverse_scale, Lanes shift) {
    for (int i = 0; i < kElements; ++i) {
      int values[Lanes::kWidth];
      rounded(c, i, inverse_scale, shift).store_integers(values);
      for (int s = 0; s < Lanes::kWidth; ++s) {
        q[static_cast<size_t>((c * Lanes::kWidth + s) * kElements + i)] = static_cast<uint8_t>(values[s]);
      }
    }
  }

  // --- blocks of their own ---

  // The offset is rounded to F16 first; the scale is the best one for what it has become.
  void store_own() {
    for (int c = 0; c < kChunks; ++c) {
      float offset[Lanes::kWidth], scale[Lanes::kWidth];
      (lowest_[c] - offset_[c]).store(offset);
      for (int s = 0; s < Lanes::kWidth; ++s) {
        F16& own = own_offset[static_cast<size_t>(c * Lanes::kWidth + s)];
        own = to_f16(within(offset[s], kLargestF16));
        offset[s] = to_float(own);
      }
      const Lanes moved = lowest_[c] - Lanes::load(offset);
      max((sums_[c].xq + moved * sums_[c].q) * inverse(sums_[c].qq), Lanes()).store(scale);
      for (int s = 0; s < Lanes::kWidth; ++s) {
        F16& own = own_scale[static_cast<size_t>(c * Lanes::kWidth + s)];
        own = to_scale(scale[s]);
        scale[s] = to_float(own);
      }
      const Lanes inverse_scale = inverse(Lanes::load(scale));
      store_q(c, inverse_scale, moved * inverse_scale);
    }
  }

  SubBlocks<kElements, kSubs, kWeighted, kShared> sub_;
  std::array<Lanes, kChunks> lowest_{}, range_{}, w_{}, wx_{};
  std::array<Lanes, kChunks> scale_{}, offset_{};
  std::array<Sums, kChunks> sums_{};
  std::array<std::array<Sums, kShared ? kTried : 1>, kChunks> tried_{};
  std::array<std::array<Lanes, kShared ? kTried : 1>, kChunks> tried_scale_{};
  State best_;
};

}  // namespace hermes::quant
