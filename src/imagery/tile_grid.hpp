// The geometry of tiles: which part of a raster a tile shows, at which reduction. Two pyramids: the
// web mercator one of maps (EPSG:3857, XYZ) for rasters that have a place on the Earth, and one of
// the picture's own pixels for those that have none (decision 0034). Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "imagery/projection.hpp"

namespace vedette::imagery {

/// Pixels of a tile's side.
inline constexpr int kTileSide = 256;
/// Beyond it a pixel of a map's tile would be below a centimetre.
inline constexpr int kDeepestZoom = 24;
/// Where the square of web mercator ends.
inline constexpr double kMostLatitude = 85.0511287798066;

struct TileAddress {
  int z = 0;
  std::int64_t x = 0;
  std::int64_t y = 0;
};

/// Pixels of the whole Earth at a zoom, 256 * 2^z a side, to longitude and latitude.
std::array<double, 2> mercator_degrees(double x, double y, int z);
std::array<double, 2> mercator_pixels(double longitude, double latitude, int z);
EarthBounds mercator_bounds(const TileAddress& tile);

/// Where the pixels of a tile lie in the raster, in its pixels: at points that are `step` apart;
/// between them it is even. NaN: nowhere.
struct TileMap {
  int step = kTileSide;
  int points = 2;  // along a side
  std::vector<double> x;
  std::vector<double> y;

  /// Pixels of the raster for one of the tile's, the least over what lies in the raster; 0: nothing
  /// does.
  double scale(int width, int height) const;
};
TileMap map_on_earth(const TileAddress& tile, const Projection& projection);
TileMap map_of_pixels(const TileAddress& tile, int deepest);

/// The zoom at which every pixel is shown.
int deepest_zoom_of_pixels(int width, int height);
int deepest_zoom_on_earth(const Projection& projection, int width, int height);

/// Of the reductions by 1, 2, 4, ...: the one whose pixels are nearest to the tile's.
int level_for(double scale, int levels);

}  // namespace vedette::imagery
