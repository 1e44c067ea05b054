// The colours of index pictures and their legend: from bare soil to dense green, one ramp for all,
// so that two dates of a field can be compared by eye. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace vedette::imagery {

using Colour = std::array<std::uint8_t, 3>;

/// ColorBrewer's RdYlGn, eleven colours; between them colours are mixed.
std::span<const Colour> colour_ramp();

/// 256 colours: 0 for no data (shown clear), 1 to 255 along the ramp.
std::array<Colour, 256> palette();

/// The place in palette() of a value; NaN is 0.
std::uint8_t colour_of(float value, double low, double high);

}  // namespace vedette::imagery
