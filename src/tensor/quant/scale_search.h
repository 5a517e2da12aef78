// The encoders of types with a scale alone: x = scale level, a level being one of a codebook's.
//
// For given levels the best scale of a sub-block is a weighted least-squares fit, and its error follows from two sums,
// without a second look at the elements. So a sub-block is rounded at several scales, each of which brings its largest
// element to one of the codebook's kPeaks (of either sign, since codebooks are lopsided), each is fitted, and the best
// is kept and rounded once more. What is common to the sub-blocks of a super-block comes after that: see refine().
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

#include "tensor/float_types.h"
#include "tensor/quant/lanes.h"
#include "tensor/quant/sub_blocks.h"

namespace hermes::quant {

// Shape: kElements and kSubs; kUnitLow and kUnitHigh, the range of a sub-block's scale in units (high 0: each sub-block
// is a block with a scale in F16); kPeaks; kUnitRatios, see first_unit(); nearest(x), the levels nearest to x;
// codes_of(levels, codes).
template <class Shape, bool kWeighted>
class ScaleSearch {
 public:
  static constexpr int kElements = Shape::kElements, kSubs = Shape::kSubs, kChunks = kSubs / Lanes::kWidth;
  static constexpr bool kShared = Shape::kUnitHigh > 0;

  F16 d{};
  std::array<int, kSubs> scales{};     // in units
  std::array<F16, kSubs> own_scale{};  // of blocks of their own
  std::array<uint8_t, kSubs * kElements> codes{};

  void encode(const float* x, const float* importance) {
    load(x, importance);
    for (int c = 0; c < kChunks; ++c) search(c);
    if constexpr (kShared) {
      refine();
      d = to_f16(best_.d);
      store_units();
    } else {
      store_own();
    }
  }

 protected:
  struct Sums {
    Lanes ll, xl;  // weighted squares of the levels, and products with x
    friend Sums where_less(Lanes a, Lanes b, const Sums& then, const Sums& otherwise) {
      return {where_less(a, b, then.ll, otherwise.ll), where_less(a, b, then.xl, otherwise.xl)};
    }
  };
  struct Rounded {
    Sums sums;
    Lanes error;
  };

  void load(const float* x, const float* importance) {
    sub_.load(x, importance);
    sub_.weigh();
    for (int c = 0; c < kChunks; ++c) {
      Lanes peak, magnitude;
      for (int i = 0; i < kElements; ++i) {
        const Lanes v = sub_.counted_x(c, i, Lanes()), a = absolute(v);
        peak = where_less(magnitude, a, v, peak);
        magnitude = max(magnitude, a);
      }
      peak_[c] = peak;
    }
  }

  Sums sums_of(int c, Lanes inverse_scale) const {
    Sums sums;
    for (int i = 0; i < kElements; ++i) {
      const Lanes level = Shape::nearest(sub_.x(c, i) * inverse_scale);
      sums.ll += (kWeighted ? sub_.importance(c, i) * level : level) * level;
      sums.xl += sub_.weighted_x(c, i) * level;
    }
    return sums;
  }
  // Of x = scale level, with the error from the elements themselves.
  Rounded round_at(int c, Lanes scale) const {
    const Lanes inverse_scale = inverse(scale);
    Rounded result;
    for (int i = 0; i < kElements; ++i) {
      const Lanes x = sub_.x(c, i), level = Shape::nearest(x * inverse_scale), rest = x - scale * level;
      const Lanes w = sub_.importance(c, i);
      result.sums.ll += (kWeighted ? w * level : level) * level;
      result.sums.xl += sub_.weighted_x(c, i) * level;
      result.error += kWeighted ? w * rest * rest : rest * rest;
    }
    return result;
  }
  // Less that of all zeros; from sums, whose roundings it has.
  static Lanes error_of(const Sums& sums, Lanes scale) { return scale * (scale * sums.ll - Lanes(2) * sums.xl); }

  void store_codes(int c, Lanes inverse_scale) {
    for (int i = 0; i < kElements; ++i) {
      int found[Lanes::kWidth];
      Shape::codes_of(Shape::nearest(sub_.x(c, i) * inverse_scale), found);
      for (int s = 0; s < Lanes::kWidth; ++s) {
        codes[static_cast<size_t>((c * Lanes::kWidth + s) * kElements + i)] = static_cast<uint8_t>(found[s]);
      }
    }
  }

  std::array<Lanes, kChunks> peak_{};  // the element that is farthest from zero

 private:
  static constexpr size_t kPeaks = std::size(Shape::kPeaks), kTried = kPeaks + std::size(Shape::kNearby);

  struct State {
    float d = 0;
    std::array<Lanes, kChunks> scales{};  // whole numbers
    std::array<Sums, kChunks> sums{};
    std::array<Lanes, kChunks> errors{};
    double error = 1e300;
  };

  void search(int c) {
    const Lanes step = inverse(peak_[c]);
    scale_[c] = Lanes();
    sums_[c] = Sums{};
    Lanes least;
    for (size_t k = 0; k < kTried; ++k) {
      const Lanes inverse_scale =
          k < kPeaks ? step * Lanes(Shape::kPeaks[k]) : inverse(scale_[c]) * Lanes(Shape::kNearby[k - kPeaks]);
      const Sums found = sums_of(c, inverse_scale);
      if constexpr (kShared) tried_[c][k] = found;
      const Lanes scale = found.xl * inverse(found.ll), error = Lanes() - scale * found.xl;
      const Lanes beyond = error * Lanes(kBeyondRoundings);
      scale_[c] = where_less(beyond, least, scale, scale_[c]);
      sums_[c] = where_less(beyond, least, found, sums_[c]);
      least = where_less(beyond, least, error, least);
    }
  }

  // --- a super-block ---

  static Lanes units_of(Lanes scale, Lanes inverse_unit) {
    return round(clamped(scale * inverse_unit, Shape::kUnitLow, Shape::kUnitHigh));
  }
  static void add_up(State& state) {
    Lanes errors = state.errors[0];
    for (int c = 1; c < kChunks; ++c) errors += state.errors[c];
    state.error = sum(errors);
  }
  // The unit for the sub-blocks' best scales: the units that make the largest one kUnitLow or kUnitHigh, and others
  // beside them, are tried on the sums in hand.
  float first_unit() const {
    float largest_scale = 0;
    for (int c = 0; c < kChunks; ++c) {
      float scales_here[Lanes::kWidth];
      scale_[c].store(scales_here);
      for (const float scale : scales_here) {
        if (scale * scale > largest_scale * largest_scale) largest_scale = scale;
      }
    }
    float best = 0;
    double least = 0;
    for (const float ratio : Shape::kUnitRatios) {
      for (const int limit : {Shape::kUnitLow, Shape::kUnitHigh}) {
        const float tried = to_float(to_scale(largest_scale * ratio / static_cast<float>(limit)));
        const Lanes inverse_unit = inverse(Lanes(tried));
        Lanes errors;
        for (int c = 0; c < kChunks; ++c) {
          errors += error_of(sums_[c], Lanes(tried) * units_of(scale_[c], inverse_unit));
        }
        const double error = sum(errors);
        if (error < least) {
          least = error;
          best = tried;
        }
      }
    }
    return best;
  }
  // Of all that search() tried, what is best for each sub-block in whole numbers of the unit.
  void choose_again(State& state) const {
    const Lanes inverse_unit = inverse(Lanes(state.d));
    for (int c = 0; c < kChunks; ++c) {
      Lanes least;
      for (const Sums& sums : tried_[c]) {
        const Lanes units = units_of(sums.xl * inverse(sums.ll), inverse_unit);
        const Lanes error = error_of(sums, Lanes(state.d) * units), beyond = error * Lanes(kBeyondRoundings);
        state.scales[c] = where_less(beyond, least, units, state.scales[c]);
        least = where_less(beyond, least, error, least);
      }
    }
  }
  // Rounds the elements anew for the state's scales, and with that its sums and error.
  void round_elements(State& state) const {
    for (int c = 0; c < kChunks; ++c) {
      const Rounded found = round_at(c, Lanes(state.d) * state.scales[c]);
      state.sums[c] = found.sums;
      state.errors[c] = found.error;
    }
    add_up(state);
  }
  // The unit that is best for the state's levels and scales, rounded to F16.
  static void fit_unit(State& state) {
    Lanes ll, xl;
    for (int c = 0; c < kChunks; ++c) {
      ll += state.scales[c] * state.scales[c] * state.sums[c].ll;
      xl += state.scales[c] * state.sums[c].xl;
    }
    const double square = sum(ll), product = sum(xl);
    if (square > 0 && product != 0) state.d = to_float(to_scale(static_cast<float>(product / square)));
  }
  // Tries both neighbours of every scale, with the elements rounded anew for each.
  void try_neighbours(State& state) const {
    for (int c = 0; c < kChunks; ++c) {
      const Lanes scales_before = state.scales[c];
      for (const float move : {1.0F, -1.0F}) {
        const Lanes u = clamped(scales_before + Lanes(move), Shape::kUnitLow, Shape::kUnitHigh);
        const Rounded found = round_at(c, Lanes(state.d) * u);
        const Lanes least = state.errors[c];
        state.scales[c] = where_less(found.error, least, u, state.scales[c]);
        state.sums[c] = where_less(found.error, least, found.sums, state.sums[c]);
        state.errors[c] = min(found.error, least);
      }
    }
    add_up(state);
  }

  // From the best scale of each sub-block to whole numbers of a common unit; then elements, unit and whole numbers are
  // rounded or fitted in turn, each given the others. The best state that was met is the result.
  void refine() {
    best_ = State{};
    State state;
    state.d = first_unit();
    choose_again(state);
    round_elements(state);
    note(state);
    fit_unit(state);
    for (int c = 0; c < kChunks; ++c) {
      const Lanes scale = state.sums[c].xl * inverse(state.sums[c].ll);
      const Lanes units = units_of(scale, inverse(Lanes(state.d)));
      state.scales[c] = where_less(Lanes(), state.sums[c].ll, units, state.scales[c]);
    }
    round_elements(state);
    note(state);
    try_neighbours(state);
    note(state);
  }
  void note(const State& state) {
    if (state.error < best_.error) best_ = state;
  }

  void store_units() {
    for (int c = 0; c < kChunks; ++c) {
      store_codes(c, inverse(Lanes(best_.d) * best_.scales[c]));
      float units[Lanes::kWidth];
      best_.scales[c].store(units);
      for (int s = 0; s < Lanes::kWidth; ++s)
        scales[static_cast<size_t>(c * Lanes::kWidth + s)] = static_cast<int>(units[s]);
    }
  }

  // --- blocks of their own ---

  void store_own() {
    for (int c = 0; c < kChunks; ++c) {
      float scale[Lanes::kWidth];
      scale_[c].store(scale);
      bool all_normal = true;
      for (float& each : scale) {
        each = to_float(to_scale(each));
        all_normal = all_normal && each * each > kSmallestScale * kSmallestScale;
      }
      if (!all_normal) {  // the smallest scale may be worse than none
        const Lanes found = Lanes::load(scale);
        where_less(round_at(c, found).error, round_at(c, Lanes()).error, found, Lanes()).store(scale);
      }
      for (int s = 0; s < Lanes::kWidth; ++s) own_scale[static_cast<size_t>(c * Lanes::kWidth + s)] = to_f16(scale[s]);
      store_codes(c, inverse(Lanes::load(scale)));
    }
  }

  SubBlocks<kElements, kSubs, kWeighted, kShared> sub_;
  std::array<Lanes, kChunks> scale_{};
  std::array<Sums, kChunks> sums_{};
  std::array<std::array<Sums, kShared ? kTried : 1>, kChunks> tried_{};
  State best_;
};

// Levels low to high, evenly spaced by one; codes from 0.
template <int kLow, int kHigh>
struct EvenLevels {
  static Lanes nearest(Lanes x) { return round(clamped(x, kLow, kHigh)); }
  static void codes_of(Lanes levels, int* codes) { (levels - Lanes(kLow)).store_integers(codes); }
};

}  // namespace hermes::quant
