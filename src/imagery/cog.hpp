// A raster that the analysis made (raster_tiles.hpp, picture_tiles.hpp), read back tile by tile out
// of the blob store: its head once, then of the file nothing but the tiles that are asked for. No
// GDAL but for the place on the Earth. Inside src/imagery; immutable, any thread; reading blocks on
// the store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "imagery/projection.hpp"

namespace vedette::blob {
class Store;
}

namespace vedette::imagery {

/// The pixels of one tile, all of them; what lies beyond the picture's edge is no data.
struct CogTile {
  /// Of int16 rasters, kNoCode where there is no data; of float32 ones, NaN; of pictures, red,
  /// green, blue and 255, or 0 where there is none.
  std::vector<std::int16_t> codes;
  std::vector<float> values;
  std::vector<std::uint32_t> colours;

  std::size_t bytes() const { return 2 * codes.size() + 4 * values.size() + 4 * colours.size(); }
};

class Cog {
 public:
  static constexpr int kSide = 512;
  static constexpr std::int16_t kNoCode = -32768;
  enum class Samples { kInt16, kFloat32, kPicture };

  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
  };
  struct Level {
    int width = 0;
    int height = 0;
    int columns = 0;
    int rows = 0;
    std::vector<Place> tiles;
    std::vector<Place> masks;  // of pictures with parts that are none; else empty
  };

  /// Reads the head. kNotFound: the object is gone; kCorrupt: it is no raster that we write, or a
  /// damaged one; errors of the store.
  static Result<std::shared_ptr<const Cog>> open(blob::Store& blobs, std::string_view key);
  /// The same of bytes that are at hand: the file's first ones, at least its directories. Its place
  /// on the Earth is not read.
  static Result<Cog> of_head(std::span<const std::uint8_t> head);

  Result<CogTile> read(blob::Store& blobs, std::size_t level, int column, int row) const;
  /// One tile of its bytes as they stand in the file.
  Result<CogTile> decode(std::span<const std::uint8_t> packed,
                         std::span<const std::uint8_t> packed_mask) const;

  const std::string& key() const { return key_; }
  Samples samples() const { return samples_; }
  /// Of int16: value = code * scale.
  double scale() const { return scale_; }
  /// From the raster itself to its smallest reduction, each half as wide and high.
  const std::vector<Level>& levels() const { return levels_; }
  int width() const { return levels_.front().width; }
  int height() const { return levels_.front().height; }
  /// nullptr: it has no place on the Earth.
  const std::shared_ptr<const Projection>& projection() const { return projection_; }
  std::size_t bytes() const;

 private:
  Cog() = default;

  std::string key_;
  Samples samples_ = Samples::kInt16;
  double scale_ = 1;
  std::vector<Level> levels_;
  std::shared_ptr<const Projection> projection_;
};

}  // namespace vedette::imagery
