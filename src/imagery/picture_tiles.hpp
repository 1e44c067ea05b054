// The tiles of a picture in colours and of its reductions as they are made: each becomes a JPEG at
// once and is appended to a spool file, each fills a quarter of the tile above it, and the finished
// raster is a cloud-optimized GeoTIFF with a mask where parts of it are no picture. Memory: one row
// of tiles a level. Inside src/imagery; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "imagery/raster.hpp"
#include "imagery/spool.hpp"
#include "media/image.hpp"

namespace vedette::imagery {

/// Of PictureTiles::kSide pixels a side.
struct PictureTile {
  media::Image image;
  std::vector<std::uint8_t> mask;  // 1: there, 0: no picture

  /// White, and nowhere a picture.
  void clear();
};

class PictureTiles {
 public:
  static constexpr int kSide = 512;

  static Result<std::unique_ptr<PictureTiles>> make(int width, int height,
                                                    std::vector<RawTag> place,
                                                    const std::filesystem::path& spool);

  /// The tile in this column and row; each once.
  Result<> add(int column, int row, PictureTile tile);

  /// Writes the raster when all tiles are there. kDiskFull.
  Result<> write(const std::filesystem::path& path);

 private:
  struct Level {
    struct Pending {
      PictureTile tile;
      int missing = 0;
    };
    int width = 0;
    int height = 0;
    int columns = 0;
    int rows = 0;
    std::vector<Spool::Place> tiles;
    std::vector<Spool::Place> masks;
    std::map<std::pair<int, int>, Pending> pending;
  };

  PictureTiles(int width, int height, std::vector<RawTag> place);
  Result<> store(std::size_t level, int column, int row, const PictureTile& tile);

  std::vector<RawTag> place_;
  std::vector<Level> levels_;
  std::unique_ptr<Spool> spool_;
  std::mutex tiles_mutex_;  // guards pending tiles and is_masked_
  bool is_masked_ = false;
};

}  // namespace vedette::imagery
