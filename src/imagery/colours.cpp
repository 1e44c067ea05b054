#include "imagery/colours.hpp"

#include <algorithm>
#include <cmath>

namespace vedette::imagery {

std::span<const Colour> colour_ramp() {
  static constexpr std::array<Colour, 11> kRamp{{{165, 0, 38},
                                                 {215, 48, 39},
                                                 {244, 109, 67},
                                                 {253, 174, 97},
                                                 {254, 224, 139},
                                                 {255, 255, 191},
                                                 {217, 239, 139},
                                                 {166, 217, 106},
                                                 {102, 189, 99},
                                                 {26, 152, 80},
                                                 {0, 104, 55}}};
  return kRamp;
}

std::array<Colour, 256> palette() {
  const auto ramp = colour_ramp();
  std::array<Colour, 256> colours{};
  for (std::size_t i = 1; i < colours.size(); ++i) {
    const double place = static_cast<double>(i - 1) / 254 * static_cast<double>(ramp.size() - 1);
    const std::size_t first = std::min(static_cast<std::size_t>(place), ramp.size() - 2);
    const double part = place - static_cast<double>(first);
    for (std::size_t c = 0; c < 3; ++c) {
      colours[i][c] = static_cast<std::uint8_t>(
          std::lround(ramp[first][c] * (1 - part) + ramp[first + 1][c] * part));
    }
  }
  return colours;
}

std::uint8_t colour_of(float value, double low, double high) {
  if (value != value) return 0;
  const double part = (static_cast<double>(value) - low) / (high - low);
  return static_cast<std::uint8_t>(1 + std::lround(std::clamp(part, 0.0, 1.0) * 254));
}

}  // namespace vedette::imagery
