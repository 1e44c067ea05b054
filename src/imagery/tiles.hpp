// Tiles of an image and of its indices for maps and pages, and the value of a pixel: straight from
// the rasters that the analysis made, by their reductions, so that a tile of a mosaic of any size
// costs the same. What was read last is kept, up to a bound. Made once by the API; any thread;
// blocks on the blob store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "imagery/cog.hpp"
#include "imagery/colours.hpp"
#include "imagery/kept.hpp"
#include "imagery/tile_grid.hpp"

namespace vedette::imagery {

/// Bytes that are kept at most.
struct TileMemory {
  std::size_t heads = 16 << 20;
  std::size_t tiles = 64 << 20;
};

/// How the tiles of a raster lie.
struct Pyramid {
  bool is_on_earth = false;
  std::string why_pixels;  // not on the Earth: why
  int width = 0;
  int height = 0;
  int deepest_zoom = 0;
  std::optional<EarthBounds> bounds;  // on the Earth
};

/// Values of the first and the last colour; what lies beyond has their colour.
struct Shade {
  const Ramp* ramp = nullptr;
  double low = 0;
  double high = 1;
};

class Tiles {
 public:
  explicit Tiles(blob::Store& blobs, TileMemory memory = {});

  /// Errors of all: kNotFound (the object is gone), kCorrupt, errors of the store. `key` is of a
  /// raster that the analysis made.
  Result<Pyramid> pyramid(const std::string& key);

  /// PNG of kTileSide pixels. kNotFound: the pyramid has no such tile. kInvalid: the raster is no
  /// index.
  Result<std::string> index_tile(const std::string& key, const TileAddress& tile,
                                 const Shade& shade);
  /// kInvalid: the raster is no picture.
  Result<std::string> picture_tile(const std::string& key, const TileAddress& tile);

  /// Of an index, at a pixel; nullopt: no data there. kInvalid: beyond its edge.
  Result<std::optional<double>> value(const std::string& key, int x, int y);

  /// Column and row, may be beyond the edge; longitude and latitude of a pixel's middle. nullopt:
  /// it has no place on the Earth.
  Result<std::optional<std::array<double, 2>>> pixel_at(const std::string& key, double longitude,
                                                        double latitude);
  Result<std::optional<std::array<double, 2>>> degrees_of(const std::string& key, int x, int y);

  std::size_t kept_bytes() const { return heads_.bytes() + tiles_.bytes(); }

 private:
  Result<std::shared_ptr<const Cog>> raster(const std::string& key);
  Result<std::shared_ptr<const CogTile>> tile(const Cog& cog, std::size_t level, int column,
                                              int row);

  blob::Store& blobs_;
  Kept<Cog> heads_;
  Kept<CogTile> tiles_;
};

}  // namespace vedette::imagery
