// The picture of an image as a raster for tiles: its colours as the preview shows them, in full
// size, with its reductions. Inside src/imagery; a second pass over the file, for the range of
// colours is known after the first.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <utility>

#include "base/error.hpp"
#include "imagery/analysis.hpp"
#include "imagery/plan.hpp"

namespace vedette::imagery {

/// What stands for black and for white, of red, green and blue.
using ShownRanges = std::array<std::pair<float, float>, 3>;

/// `value` is a number.
inline std::uint8_t shown_byte(float value, float low, float high) {
  const float shown = (value - low) / (high - low) * 255;
  return static_cast<std::uint8_t>(std::lround(std::clamp(shown, 0.0F, 255.0F)));
}

/// Writes it to `path`; a spool lies beside it meanwhile. `progress` gets the part that is done.
/// kCancelled, kDiskFull, errors of reading.
Result<> write_picture(const Plan& plan, const AnalyzeOptions& options, const ShownRanges& ranges,
                       const std::filesystem::path& path,
                       const std::function<void(double)>& progress, const std::stop_token& stop);

}  // namespace vedette::imagery
