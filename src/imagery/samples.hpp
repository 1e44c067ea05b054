// A file's samples as floats with NaN where there is no data, and turned upright. Inside
// src/imagery; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "imagery/image_file.hpp"

namespace vedette::imagery {

/// What is no data becomes NaN; infinities too. `values` has one place a sample.
void to_floats(std::span<const std::byte> samples, SampleType type, std::optional<double> nodata,
               std::span<float> values);

/// What is zero in `mask` becomes NaN.
void apply_mask(std::span<const std::uint8_t> mask, std::span<float> values);

/// The window of the stored picture (width x height) that a window of the upright one shows.
Window stored_window(const Window& upright, int orientation, int stored_width, int stored_height);

/// Turns a stored window's values upright; `width`, `height` of the stored window.
void turn_upright(std::vector<float>& values, int orientation, int width, int height);

}  // namespace vedette::imagery
