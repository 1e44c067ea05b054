// The tiles of a raster and of its overviews as they are made: each is compressed at once and
// appended to a spool file, each fills a quarter of the tile above it, and the finished raster is
// put together in the order that a cloud-optimized GeoTIFF has. Memory: one row of tiles a level.
// Inside src/imagery.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "imagery/raster.hpp"
#include "imagery/spool.hpp"

namespace vedette::imagery {

struct RasterFormat {
  int width = 0;
  int height = 0;
  bool is_float32 = false;
  /// Of int16: value = code * scale; the code -32768 is no data.
  double scale = 0.0001;
  std::string description;  // of the band
  std::vector<RawTag> place;
};

/// Values of a reduced raster, NaN where there is nothing.
struct Reduced {
  int width = 0;
  int height = 0;
  /// Pixels of the raster's side for one of these.
  int factor = 1;
  std::vector<float> values;
};

class RasterTiles {
 public:
  static constexpr int kSide = 512;

  /// With a spool file the raster can be written; without, only its reduction is kept. `reduced`:
  /// the longest side of that, 0 for none.
  static Result<std::unique_ptr<RasterTiles>> make(
      RasterFormat format, const std::optional<std::filesystem::path>& spool, int reduced);
  ~RasterTiles();
  RasterTiles(const RasterTiles&) = delete;
  RasterTiles& operator=(const RasterTiles&) = delete;

  /// The tile in this column and row; `values` begins at its first pixel, rows lie `stride` apart.
  /// Any thread; each tile once.
  Result<> add(int column, int row, const float* values, std::size_t stride);

  /// Writes the raster when all tiles are there, and removes the spool. kDiskFull.
  Result<> write(const std::filesystem::path& path);

  Reduced take_reduced() { return std::move(reduced_); }

 private:
  struct Tile;
  struct Level;
  RasterTiles(RasterFormat format, int reduced);

  Result<> finish_tile(std::size_t level, int column, int row, const Tile& tile);
  Result<> store(std::size_t level, int column, int row, const Tile& tile);
  void halve(const Tile& tile, Tile& quarter) const;
  void reduce(int column, int row, const Tile& tile);
  Result<> add_to_parent(std::size_t level, int column, int row, const Tile& tile);

  RasterFormat format_;
  std::vector<Level> levels_;
  std::size_t reduced_level_;
  Reduced reduced_;
  std::unique_ptr<Spool> spool_;
  std::mutex tiles_mutex_;  // guards the levels' pending tiles
};

}  // namespace vedette::imagery
