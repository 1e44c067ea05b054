// How the bands of a rig lie on each other: its lenses stand beside each other, so that each band
// is shifted, turned and a little larger or smaller. Found by image registration on gradients, and
// measured again once corrected, so that an index over bands that do not fit says so. Inside
// src/imagery; blocks for a second; any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace vedette::imagery {

/// Rows of a 3 x 3 matrix: where a pixel of the reference lies in the band, in stored pixels.
using Homography = std::array<double, 9>;

std::array<double, 2> mapped(const Homography& homography, double x, double y);

/// One band, reduced to some 1,000 pixels a side.
struct ReducedBand {
  int width = 0;
  int height = 0;
  int factor = 1;  // pixels of the band along one of these
  std::vector<float> values;
};

struct Fit {
  Homography homography{1, 0, 0, 0, 1, 0, 0, 0, 1};
  std::array<double, 2> shift{};  // at the centre, pixels of the band
  double correlation = 0;         // of the gradients, once corrected
  /// Largest shift that remains in five windows, pixels of the band; absent: not to be measured.
  std::optional<double> residual;
  bool is_good = false;
};

/// Fits `band` to `reference`. Both have the same factor.
Fit fit_band(const ReducedBand& reference, const ReducedBand& band);

}  // namespace vedette::imagery
