// PNG out: a picture of at most 256 colours, as index pictures and legends are, written row by row
// through libdeflate. Inside src/imagery; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "imagery/colours.hpp"

namespace vedette::imagery {

/// Bytes of a PNG with this palette (1 to 256 colours); colour 0 is transparent where
/// `is_first_clear`. `pixels` are width * height places in the palette.
Result<std::string> encode_png(int width, int height, std::span<const std::uint8_t> pixels,
                               std::span<const Colour> palette, bool is_first_clear);

}  // namespace vedette::imagery
