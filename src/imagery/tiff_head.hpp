// The head of a cloud-optimized GeoTIFF: the directories of a tiled raster and its overviews, whose
// tiles follow it from the smallest overview to the raster itself, each row by row, then those of
// its mask. Inside src/imagery; pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "imagery/raster.hpp"

namespace vedette::imagery {

struct TiffLevel {
  int width = 0;
  int height = 0;
  std::vector<std::uint32_t> bytes;       // of each tile
  std::vector<std::uint32_t> mask_bytes;  // of each tile of the mask; empty: there is none
};

struct TiffDescription {
  int side = 512;
  /// Three bytes a pixel, each tile a JPEG; else numbers, deflated.
  bool is_picture = false;
  bool is_float32 = false;
  bool is_big = false;
  double scale = 1;  // of int16
  std::string band;  // its name
  const std::vector<RawTag>* place = nullptr;
};

/// Levels from the raster to the smallest overview.
std::string tiff_head(const TiffDescription& description, std::span<const TiffLevel> levels);

}  // namespace vedette::imagery
