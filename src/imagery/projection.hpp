// Between the pixels of a raster and degrees on the Earth, for tiles and for the value under a
// pointer. Made of the head of a TIFF, by GDAL and PROJ. Any thread: one at a time is let through.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/error.hpp"

namespace vedette::imagery {

/// Degrees.
struct EarthBounds {
  double west = 0;
  double south = 0;
  double east = 0;
  double north = 0;

  bool overlaps(const EarthBounds& other) const {
    return west < other.east && other.west < east && south < other.north && other.south < north;
  }
};

class Projection {
 public:
  /// `head`: the directories of a TIFF of so many pixels; its tiles need not be there. nullptr: it
  /// has no place on the Earth, or none that can be turned to degrees. kUnavailable without GDAL.
  static Result<std::shared_ptr<const Projection>> of_tiff_head(std::span<const std::uint8_t> head,
                                                                int width, int height);
  ~Projection();
  Projection(const Projection&) = delete;
  Projection& operator=(const Projection&) = delete;

  /// Longitudes and latitudes become columns and rows, in place; the upper left corner is 0, 0.
  /// NaN: that point of the Earth is nowhere in the raster's system.
  void to_pixels(std::span<double> x, std::span<double> y) const;
  void to_degrees(std::span<double> x, std::span<double> y) const;

  /// Of the raster's whole edge. nullopt: it lies across the antimeridian, over a pole, or beyond
  /// what can be computed.
  std::optional<EarthBounds> bounds() const { return bounds_; }

 private:
  struct Ways;
  Projection(std::unique_ptr<Ways> ways, std::array<double, 6> transform);
  void find_bounds(int width, int height);

  std::unique_ptr<Ways> ways_;
  std::array<double, 6> transform_;
  std::optional<EarthBounds> bounds_;
};

}  // namespace vedette::imagery
