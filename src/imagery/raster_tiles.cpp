#include "imagery/raster_tiles.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "imagery/lanes.hpp"
#include "imagery/tiff_head.hpp"

namespace vedette::imagery {
namespace {

constexpr int kSide = RasterTiles::kSide;
constexpr std::size_t kTilePixels = static_cast<std::size_t>(kSide) * kSide;
constexpr std::int16_t kNoCode = std::numeric_limits<std::int16_t>::min();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
// Of libdeflate, 1 to 12: above this the bytes hardly shrink, and the time does not.
constexpr int kLevel = 3;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};
using Compressor = std::unique_ptr<libdeflate_compressor, FreeCompressor>;

VEDETTE_LOOP void encode(std::span<const float> values, float scale, std::int16_t* codes) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float code = values[i] * scale;
    const float low = code > -32767.0F ? code : -32767.0F;
    const float within = low < 32767.0F ? low : 32767.0F;
    const auto rounded = static_cast<std::int32_t>(within + (within < 0 ? -0.5F : 0.5F));
    codes[i] = static_cast<std::int16_t>(values[i] == values[i] ? rounded : std::int32_t{kNoCode});
  }
}

VEDETTE_AVX2 void encode_avx2(std::span<const float> values, float scale, std::int16_t* codes) {
  encode(values, scale, codes);
}

// TIFF's predictor 2 on rows of 16-bit numbers, from the right.
void difference(std::vector<std::int16_t>& codes) {
  for (std::size_t row = 0; row < kTilePixels; row += kSide) {
    for (std::size_t x = kSide - 1; x > 0; --x) {
      codes[row + x] = static_cast<std::int16_t>(static_cast<std::uint16_t>(codes[row + x]) -
                                                 static_cast<std::uint16_t>(codes[row + x - 1]));
    }
  }
}

// TIFF's predictor 3: the bytes of a row by their weight, the highest first, then differences.
void split_bytes(std::span<const float> values, std::span<std::uint8_t> bytes) {
  constexpr std::size_t kSideBytes = kSide;
  for (std::size_t row = 0; row < kTilePixels; row += kSide) {
    std::uint8_t* into = &bytes[row * 4];
    for (std::size_t x = 0; x < kSide; ++x) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &values[row + x], sizeof bits);
      into[x] = static_cast<std::uint8_t>(bits >> 24);
      into[kSideBytes + x] = static_cast<std::uint8_t>(bits >> 16);
      into[2 * kSideBytes + x] = static_cast<std::uint8_t>(bits >> 8);
      into[3 * kSideBytes + x] = static_cast<std::uint8_t>(bits);
    }
    for (std::size_t i = 4 * kSideBytes - 1; i > 0; --i) {
      into[i] = static_cast<std::uint8_t>(into[i] - into[i - 1]);
    }
  }
}

}  // namespace

// Full tiles; what lies beyond the picture is no data.
struct RasterTiles::Tile {
  std::vector<std::int16_t> codes;
  std::vector<float> values;

  Tile(bool is_float32, std::size_t pixels) {
    if (is_float32) {
      values.assign(pixels, kNaN);
    } else {
      codes.assign(pixels, kNoCode);
    }
  }
};

struct RasterTiles::Level {
  struct Pending {
    Tile tile;
    int missing = 0;
  };
  int width = 0;
  int height = 0;
  int columns = 0;
  int rows = 0;
  std::vector<Spool::Place> places;  // in the spool
  std::map<std::pair<int, int>, Pending> pending;
};

RasterTiles::RasterTiles(RasterFormat format, int reduced)
    : format_(std::move(format)), reduced_level_(std::numeric_limits<std::size_t>::max()) {
  int width = format_.width;
  int height = format_.height;
  while (true) {
    Level level;
    level.width = width;
    level.height = height;
    level.columns = (width + kSide - 1) / kSide;
    level.rows = (height + kSide - 1) / kSide;
    level.places.resize(static_cast<std::size_t>(level.columns) *
                        static_cast<std::size_t>(level.rows));
    if (reduced > 0 && reduced_.values.empty() && std::max(width, height) <= reduced) {
      reduced_level_ = levels_.size();
      reduced_.width = width;
      reduced_.height = height;
      reduced_.factor = 1 << levels_.size();
      reduced_.values.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                             kNaN);
    }
    levels_.push_back(std::move(level));
    if (width <= kSide && height <= kSide && (reduced <= 0 || !reduced_.values.empty())) break;
    width = (width + 1) / 2;
    height = (height + 1) / 2;
  }
}

RasterTiles::~RasterTiles() = default;

Result<std::unique_ptr<RasterTiles>> RasterTiles::make(
    RasterFormat format, const std::optional<std::filesystem::path>& spool, int reduced) {
  std::unique_ptr<RasterTiles> tiles(new RasterTiles(std::move(format), reduced));
  if (spool) {
    VEDETTE_TRY(made, Spool::make(*spool));
    tiles->spool_ = std::move(made);
  }
  return tiles;
}

Result<> RasterTiles::add(int column, int row, const float* values, std::size_t stride) {
  const Level& level = levels_.front();
  const auto width = static_cast<std::size_t>(std::min(kSide, level.width - column * kSide));
  const auto height = static_cast<std::size_t>(std::min(kSide, level.height - row * kSide));
  Tile tile(format_.is_float32, kTilePixels);
  if (format_.is_float32) {
    for (std::size_t y = 0; y < height; ++y) {
      std::copy_n(values + y * stride, width, &tile.values[y * kSide]);
    }
  } else {
    const auto scale = static_cast<float>(1 / format_.scale);
    for (std::size_t y = 0; y < height; ++y) {
      const std::span<const float> from(values + y * stride, width);
      if (has_avx2()) {
        encode_avx2(from, scale, &tile.codes[y * kSide]);
      } else {
        encode(from, scale, &tile.codes[y * kSide]);
      }
    }
  }
  return finish_tile(0, column, row, tile);
}

Result<> RasterTiles::finish_tile(std::size_t level, int column, int row, const Tile& tile) {
  if (spool_) VEDETTE_CHECK(store(level, column, row, tile));
  if (level == reduced_level_) reduce(column, row, tile);
  if (level + 1 < levels_.size()) return add_to_parent(level, column, row, tile);
  return {};
}

Result<> RasterTiles::store(std::size_t level, int column, int row, const Tile& tile) {
  thread_local const Compressor compressor(libdeflate_alloc_compressor(kLevel));
  thread_local std::vector<std::uint8_t> plain;
  thread_local std::vector<std::uint8_t> packed;
  if (!compressor) return fail(ErrorCode::kInternal, "there is not enough memory for a map");
  const std::size_t bytes = kTilePixels * (format_.is_float32 ? 4 : 2);
  plain.resize(bytes);
  if (format_.is_float32) {
    split_bytes(tile.values, plain);
  } else {
    std::vector<std::int16_t> codes = tile.codes;
    difference(codes);
    std::memcpy(plain.data(), codes.data(), bytes);
  }
  packed.resize(libdeflate_zlib_compress_bound(compressor.get(), bytes));
  const std::size_t size =
      libdeflate_zlib_compress(compressor.get(), plain.data(), bytes, packed.data(), packed.size());
  VEDETTE_TRY(place, spool_->append(std::span(packed).first(size)));
  Level& of = levels_[level];
  of.places[static_cast<std::size_t>(row) * static_cast<std::size_t>(of.columns) +
            static_cast<std::size_t>(column)] = place;
  return {};
}

void RasterTiles::reduce(int column, int row, const Tile& tile) {
  const auto x0 = static_cast<std::size_t>(column) * kSide;
  const auto y0 = static_cast<std::size_t>(row) * kSide;
  const auto whole = static_cast<std::size_t>(reduced_.width);
  const std::size_t width = std::min<std::size_t>(kSide, whole - x0);
  const std::size_t height =
      std::min<std::size_t>(kSide, static_cast<std::size_t>(reduced_.height) - y0);
  const auto scale = static_cast<float>(format_.scale);
  for (std::size_t y = 0; y < height; ++y) {
    float* into = &reduced_.values[(y0 + y) * whole + x0];
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t at = y * kSide + x;
      if (format_.is_float32) {
        into[x] = tile.values[at];
      } else {
        into[x] = tile.codes[at] == kNoCode ? kNaN : static_cast<float>(tile.codes[at]) * scale;
      }
    }
  }
}

// The mean of four pixels, of those that have data: a quarter of the tile above.
void RasterTiles::halve(const Tile& tile, Tile& quarter) const {
  constexpr std::size_t kHalf = kSide / 2;
  for (std::size_t y = 0; y < kHalf; ++y) {
    for (std::size_t x = 0; x < kHalf; ++x) {
      const std::size_t from = 2 * y * kSide + 2 * x;
      const std::size_t into = y * kHalf + x;
      if (format_.is_float32) {
        float sum = 0;
        float count = 0;
        for (const std::size_t at : {from, from + 1, from + kSide, from + kSide + 1}) {
          const float value = tile.values[at];
          sum += value == value ? value : 0.0F;
          count += value == value ? 1.0F : 0.0F;
        }
        quarter.values[into] = count == 0 ? kNaN : sum / count;
      } else {
        int sum = 0;
        int count = 0;
        for (const std::size_t at : {from, from + 1, from + kSide, from + kSide + 1}) {
          const int code = tile.codes[at];
          sum += code == kNoCode ? 0 : code;
          count += code == kNoCode ? 0 : 1;
        }
        const int half = sum < 0 ? -(count / 2) : count / 2;
        quarter.codes[into] =
            count == 0 ? kNoCode : static_cast<std::int16_t>((sum + half) / count);
      }
    }
  }
}

Result<> RasterTiles::add_to_parent(std::size_t level, int column, int row, const Tile& tile) {
  Level& above = levels_[level + 1];
  const Level& here = levels_[level];
  const std::pair<int, int> place{row / 2, column / 2};
  Tile quarter(format_.is_float32, kTilePixels / 4);
  halve(tile, quarter);
  std::optional<Tile> complete;
  {
    const std::lock_guard lock(tiles_mutex_);
    auto found = above.pending.find(place);
    if (found == above.pending.end()) {
      const int children =
          std::min(2, here.columns - place.second * 2) * std::min(2, here.rows - place.first * 2);
      found = above.pending
                  .emplace(place, Level::Pending{Tile(format_.is_float32, kTilePixels), children})
                  .first;
    }
    Tile& parent = found->second.tile;
    constexpr std::size_t kHalf = kSide / 2;
    const std::size_t x0 = column % 2 == 0 ? 0 : kHalf;
    const std::size_t y0 = row % 2 == 0 ? 0 : kHalf;
    for (std::size_t y = 0; y < kHalf; ++y) {
      const std::size_t into = (y0 + y) * kSide + x0;
      if (format_.is_float32) {
        std::copy_n(&quarter.values[y * kHalf], kHalf, &parent.values[into]);
      } else {
        std::copy_n(&quarter.codes[y * kHalf], kHalf, &parent.codes[into]);
      }
    }
    if (--found->second.missing == 0) {
      complete = std::move(found->second.tile);
      above.pending.erase(found);
    }
  }
  if (!complete) return {};
  return finish_tile(level + 1, place.second, place.first, *complete);
}

Result<> RasterTiles::write(const std::filesystem::path& path) {
  if (!spool_) return fail(ErrorCode::kInternal, "this raster was not kept");
  // Heads first, then the smallest overview, at last the raster itself: a reader that asks for a
  // part of the file over a network needs two requests.
  const bool is_big = spool_->bytes() > 3'900'000'000ULL;
  std::vector<TiffLevel> described;
  for (const Level& level : levels_) {
    TiffLevel each;
    each.width = level.width;
    each.height = level.height;
    for (const auto& place : level.places) each.bytes.push_back(place.bytes);
    described.push_back(std::move(each));
  }
  TiffDescription description;
  description.side = kSide;
  description.is_float32 = format_.is_float32;
  description.is_big = is_big;
  description.scale = format_.scale;
  description.band = format_.description;
  description.place = &format_.place;
  std::vector<Spool::Place> order;
  for (std::size_t level = levels_.size(); level-- > 0;) {
    order.insert(order.end(), levels_[level].places.begin(), levels_[level].places.end());
  }
  VEDETTE_CHECK(spool_->write(path, tiff_head(description, described), order));
  spool_.reset();
  return {};
}

}  // namespace vedette::imagery
