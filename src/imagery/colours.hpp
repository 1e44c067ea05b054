// The colours of index pictures and their legend: from dark soil to light leaf unless somebody
// asks for others, so that two dates of a field can be compared by eye. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace vedette::imagery {

using Colour = std::array<std::uint8_t, 3>;

/// Eleven colours from dark soil to light leaf; between them colours are mixed.
std::span<const Colour> colour_ramp();

/// Colours from the lowest value to the highest, evenly spaced.
struct Ramp {
  std::string_view name;   // "viridis"
  std::string_view title;  // for people
  std::span<const Colour> colours;
};
/// The first one is colour_ramp().
std::span<const Ramp> ramps();
/// nullptr: there is none of that name.
const Ramp* find_ramp(std::string_view name);
/// Of one of ramps(), as palette() is of the first.
std::span<const Colour> palette(const Ramp& ramp);

/// 256 colours: 0 for no data (shown clear), 1 to 255 along the ramp.
std::array<Colour, 256> palette();

/// The place in palette() of a value; NaN is 0.
std::uint8_t colour_of(float value, double low, double high);

}  // namespace vedette::imagery
