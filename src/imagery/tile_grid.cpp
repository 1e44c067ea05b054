#include "imagery/tile_grid.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vedette::imagery {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;
// From here on a tile is so small that an even quarter of it is off by less than a tenth of a
// pixel.
constexpr int kEvenZoom = 8;
constexpr int kWideStep = 64;
constexpr int kNarrowStep = 16;

double earth_side(int z) {
  return std::ldexp(kTileSide, z);
}

}  // namespace

std::array<double, 2> mercator_degrees(double x, double y, int z) {
  const double side = earth_side(z);
  return {x / side * 360 - 180,
          std::atan(std::sinh(std::numbers::pi * (1 - 2 * y / side))) * kDegrees};
}

std::array<double, 2> mercator_pixels(double longitude, double latitude, int z) {
  const double side = earth_side(z);
  const double bounded = std::clamp(latitude, -kMostLatitude, kMostLatitude) / kDegrees;
  return {(longitude + 180) / 360 * side,
          (1 - std::asinh(std::tan(bounded)) / std::numbers::pi) / 2 * side};
}

EarthBounds mercator_bounds(const TileAddress& tile) {
  const double x = static_cast<double>(tile.x) * kTileSide;
  const double y = static_cast<double>(tile.y) * kTileSide;
  const auto north_west = mercator_degrees(x, y, tile.z);
  const auto south_east = mercator_degrees(x + kTileSide, y + kTileSide, tile.z);
  return {north_west[0], south_east[1], south_east[0], north_west[1]};
}

double TileMap::scale(int width, int height) const {
  double least = 0;
  const auto side = static_cast<std::size_t>(points);
  for (std::size_t row = 0; row + 1 < side; ++row) {
    for (std::size_t column = 0; column + 1 < side; ++column) {
      const std::size_t a = row * side + column;
      const std::array corners{a, a + 1, a + side, a + side + 1};
      const auto [left, right] = std::minmax({x[a], x[a + 1], x[a + side], x[a + side + 1]});
      const auto [top, bottom] = std::minmax({y[a], y[a + 1], y[a + side], y[a + side + 1]});
      const bool is_there = std::ranges::all_of(
          corners, [&](std::size_t i) { return std::isfinite(x[i]) && std::isfinite(y[i]); });
      if (!is_there || right < 0 || bottom < 0 || left > width || top > height) continue;
      const double area = std::abs((x[a + 1] - x[a]) * (y[a + side] - y[a]) -
                                   (x[a + side] - x[a]) * (y[a + 1] - y[a]));
      const double here = std::sqrt(area) / step;
      if (here > 0 && (least == 0 || here < least)) least = here;
    }
  }
  return least;
}

TileMap map_on_earth(const TileAddress& tile, const Projection& projection) {
  TileMap map;
  map.step = tile.z >= kEvenZoom ? kWideStep : kNarrowStep;
  map.points = kTileSide / map.step + 1;
  for (int row = 0; row < map.points; ++row) {
    for (int column = 0; column < map.points; ++column) {
      const auto at =
          mercator_degrees(static_cast<double>(tile.x) * kTileSide + column * map.step,
                           static_cast<double>(tile.y) * kTileSide + row * map.step, tile.z);
      map.x.push_back(at[0]);
      map.y.push_back(at[1]);
    }
  }
  projection.to_pixels(map.x, map.y);
  return map;
}

TileMap map_of_pixels(const TileAddress& tile, int deepest) {
  const double side = std::ldexp(kTileSide, deepest - tile.z);
  const double left = static_cast<double>(tile.x) * side;
  const double top = static_cast<double>(tile.y) * side;
  return {.step = kTileSide,
          .points = 2,
          .x = {left, left + side, left, left + side},
          .y = {top, top, top + side, top + side}};
}

int deepest_zoom_of_pixels(int width, int height) {
  int zoom = 0;
  while ((static_cast<std::int64_t>(kTileSide) << zoom) < std::max(width, height)) ++zoom;
  return zoom;
}

int deepest_zoom_on_earth(const Projection& projection, int width, int height) {
  // A pixel in the middle, in pixels of the zoom 0.
  std::array<double, 3> x{width / 2.0, width / 2.0 + 1, width / 2.0};
  std::array<double, 3> y{height / 2.0, height / 2.0, height / 2.0 + 1};
  projection.to_degrees(x, y);
  std::array<std::array<double, 2>, 3> at{};
  for (std::size_t i = 0; i < 3; ++i) at[i] = mercator_pixels(x[i], y[i], 0);
  const double area = std::abs((at[1][0] - at[0][0]) * (at[2][1] - at[0][1]) -
                               (at[2][0] - at[0][0]) * (at[1][1] - at[0][1]));
  if (!(area > 0)) return kDeepestZoom;
  // A hair of the zoom's rounding is no reason for four times the tiles.
  return std::clamp(static_cast<int>(std::ceil(-std::log2(std::sqrt(area)) - 0.01)), 0,
                    kDeepestZoom);
}

int level_for(double scale, int levels) {
  if (!(scale > 1)) return 0;
  return std::clamp(static_cast<int>(std::lround(std::log2(scale))), 0, levels - 1);
}

}  // namespace vedette::imagery
