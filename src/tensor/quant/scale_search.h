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

// Shape: kElements and kSubs; kUnitLow and kUnitHigh, the range of a sub-block's scale in units (both 0: each sub-block
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
  // Less that of all zeros.
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
  struct State {
    float d = 0;
    std::array<Lanes, kChunks> scales{};  // whole numbers
    std::array<Sums, kChunks> sums{};
    std::array<Lanes, kChunks> errors{};
    double error = 0;
  };

  void search(int c) {
    const Lanes step = inverse(peak_[c]);
    scale_[c] = Lanes();
    sums_[c] = Sums{};
    Lanes least;
    constexpr size_t kStarts = std::size(Shape::kPeaks);
    for (size_t k = 0; k <= kStarts; ++k) {
      const Sums found = sums_of(c, k < kStarts ? step * Lanes(Shape::kPeaks[k]) : inverse(scale_[c]));
      const Lanes scale = found.xl * inverse(found.ll), error = Lanes() - scale * found.xl;
      scale_[c] = where_less(error, least, scale, scale_[c]);
      sums_[c] = {where_less(error, least, found.ll, sums_[c].ll), where_less(error, least, found.xl, sums_[c].xl)};
      least = min(error, least);
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
  // Rounds the elements anew for the state's scales, and with that its sums and error.
  void round_elements(State& state) const {
    for (int c = 0; c < kChunks; ++c) {
      const Lanes a = Lanes(state.d) * state.scales[c];
      state.sums[c] = sums_of(c, inverse(a));
      state.errors[c] = error_of(state.sums[c], a);
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
        const Lanes u = clamped(scales_before + Lanes(move), Shape::kUnitLow, Shape::kUnitHigh), a = Lanes(state.d) * u;
        const Sums found = sums_of(c, inverse(a));
        const Lanes error = error_of(found, a), least = state.errors[c];
        state.scales[c] = where_less(error, least, u, state.scales[c]);
        Sums& sums = state.sums[c];
        sums = {where_less(error, least, found.ll, sums.ll), where_less(error, least, found.xl, sums.xl)};
        state.errors[c] = min(error, least);
      }
    }
    add_up(state);
  }

  // From the best scale of each sub-block to whole numbers of a common unit; then elements, unit and whole numbers are
  // rounded or fitted in turn, each given the others. The best state that was met is the result.
  void refine() {
    best_ = State{};  // all zeros
    State state;
    state.d = first_unit();
    for (int c = 0; c < kChunks; ++c) state.scales[c] = units_of(scale_[c], inverse(Lanes(state.d)));
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
        const Lanes found = Lanes::load(scale), error = error_of(sums_of(c, inverse(found)), found);
        where_less(error, Lanes(), found, Lanes()).store(scale);
      }
      for (int s = 0; s < Lanes::kWidth; ++s) own_scale[static_cast<size_t>(c * Lanes::kWidth + s)] = to_f16(scale[s]);
      store_codes(c, inverse(Lanes::load(scale)));
    }
  }

  SubBlocks<kElements, kSubs, kWeighted, kShared> sub_;
  std::array<Lanes, kChunks> scale_{};
  std::array<Sums, kChunks> sums_{};
  State best_;
};

// Levels low to high, evenly spaced by one; codes from 0.
template <int kLow, int kHigh>
struct EvenLevels {
  static Lanes nearest(Lanes x) { return round(clamped(x, kLow, kHigh)); }
  static void codes_of(Lanes levels, int* codes) { (levels - Lanes(kLow)).store_integers(codes); }
};

}  // namespace hermes::quant
