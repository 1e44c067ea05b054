// PNG out: pictures of at most 256 colours, as index pictures, legends and their tiles are, and
// tiles of pictures in full colour; through libdeflate. Inside src/imagery; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.hpp"
#include "imagery/colours.hpp"

namespace vedette::imagery {

/// How much time the bytes are worth: of libdeflate, 1 to 12.
inline constexpr int kSmallPng = 6;
inline constexpr int kFastPng = 1;

/// Bytes of a PNG with this palette (1 to 256 colours); colour 0 is transparent where
/// `is_first_clear`. `pixels` are width * height places in the palette.
Result<std::string> encode_png(int width, int height, std::span<const std::uint8_t> pixels,
                               std::span<const Colour> palette, bool is_first_clear,
                               int level = kSmallPng);

/// The same of pixels 0xAABBGGRR; without the alpha where all of them are there. Fast.
Result<std::string> encode_colour_png(int width, int height, std::span<const std::uint32_t> pixels);

}  // namespace vedette::imagery
