#include "imagery/picture_tiles.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <optional>

#include "imagery/tiff_head.hpp"
#include "media/jpeg.hpp"

namespace vedette::imagery {
namespace {

constexpr int kSide = PictureTiles::kSide;
constexpr int kHalf = kSide / 2;
constexpr std::size_t kTilePixels = static_cast<std::size_t>(kSide) * kSide;
// As cameras keep their own pictures: a mosaic is not to lose what can be seen.
constexpr int kQuality = 88;
constexpr int kLevel = 3;
constexpr std::uint64_t kMostOfSmallTiff = 3'900'000'000ULL;

struct Compressor {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(kLevel);
  Compressor() = default;
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor() { libdeflate_free_compressor(compressor); }
};

std::vector<std::uint8_t> bits_of(const std::vector<std::uint8_t>& mask) {
  std::vector<std::uint8_t> bits(mask.size() / 8);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | mask[i] << (7 - i % 8));
  }
  return bits;
}

// The mean of four pixels, of those that are there, into a quarter of the tile above.
void halve(const PictureTile& tile, int x0, int y0, PictureTile& above) {
  for (int y = 0; y < kHalf; ++y) {
    const std::uint8_t* first = tile.image.row(2 * y);
    const std::uint8_t* second = tile.image.row(2 * y + 1);
    const std::uint8_t* there = &tile.mask[static_cast<std::size_t>(2 * y) * kSide];
    std::uint8_t* into = above.image.row(y0 + y) + 3 * static_cast<std::ptrdiff_t>(x0);
    std::uint8_t* into_mask =
        &above.mask[static_cast<std::size_t>(y0 + y) * kSide + static_cast<std::size_t>(x0)];
    for (int x = 0; x < kHalf; ++x) {
      const std::array<int, 4> weights{there[2 * x], there[2 * x + 1], there[kSide + 2 * x],
                                       there[kSide + 2 * x + 1]};
      const int count = weights[0] + weights[1] + weights[2] + weights[3];
      into_mask[x] = static_cast<std::uint8_t>(count > 0 ? 1 : 0);
      for (int c = 0; c < 3; ++c) {
        const int sum = weights[0] * first[6 * x + c] + weights[1] * first[6 * x + 3 + c] +
                        weights[2] * second[6 * x + c] + weights[3] * second[6 * x + 3 + c];
        into[3 * x + c] = static_cast<std::uint8_t>(count > 0 ? (sum + count / 2) / count : 255);
      }
    }
  }
}

}  // namespace

void PictureTile::clear() {
  image.reset(kSide, kSide);
  image.fill(255, 255, 255);
  mask.assign(kTilePixels, 0);
}

PictureTiles::PictureTiles(int width, int height, std::vector<RawTag> place)
    : place_(std::move(place)) {
  while (true) {
    Level level;
    level.width = width;
    level.height = height;
    level.columns = (width + kSide - 1) / kSide;
    level.rows = (height + kSide - 1) / kSide;
    const auto tiles =
        static_cast<std::size_t>(level.columns) * static_cast<std::size_t>(level.rows);
    level.tiles.resize(tiles);
    level.masks.resize(tiles);
    levels_.push_back(std::move(level));
    if (width <= kSide && height <= kSide) break;
    width = (width + 1) / 2;
    height = (height + 1) / 2;
  }
}

Result<std::unique_ptr<PictureTiles>> PictureTiles::make(int width, int height,
                                                         std::vector<RawTag> place,
                                                         const std::filesystem::path& spool) {
  std::unique_ptr<PictureTiles> tiles(new PictureTiles(width, height, std::move(place)));
  VEDETTE_TRY(made, Spool::make(spool));
  tiles->spool_ = std::move(made);
  return tiles;
}

Result<> PictureTiles::add(int column, int row, PictureTile tile) {
  for (std::size_t level = 0;; ++level) {
    VEDETTE_CHECK(store(level, column, row, tile));
    if (level + 1 == levels_.size()) return {};
    const Level& here = levels_[level];
    Level& above = levels_[level + 1];
    const std::pair<int, int> place{row / 2, column / 2};
    const std::lock_guard lock(tiles_mutex_);
    auto found = above.pending.find(place);
    if (found == above.pending.end()) {
      found = above.pending.emplace(place, Level::Pending{}).first;
      found->second.tile.clear();
      found->second.missing =
          std::min(2, here.columns - place.second * 2) * std::min(2, here.rows - place.first * 2);
    }
    halve(tile, column % 2 * kHalf, row % 2 * kHalf, found->second.tile);
    if (--found->second.missing > 0) return {};
    tile = std::move(found->second.tile);
    above.pending.erase(found);
    column = place.second;
    row = place.first;
  }
}

Result<> PictureTiles::store(std::size_t level, int column, int row, const PictureTile& tile) {
  thread_local media::JpegEncoder encoder;
  thread_local const Compressor compressor;
  if (compressor.compressor == nullptr) {
    return fail(ErrorCode::kInternal, "there is not enough memory for a map");
  }
  Level& of = levels_[level];
  const auto number = static_cast<std::size_t>(row) * static_cast<std::size_t>(of.columns) +
                      static_cast<std::size_t>(column);
  VEDETTE_TRY(jpeg, encoder.encode(tile.image, kQuality));
  VEDETTE_TRY(place, spool_->append(jpeg));
  of.tiles[number] = place;
  const std::vector<std::uint8_t> bits = bits_of(tile.mask);
  std::vector<std::uint8_t> packed(
      libdeflate_zlib_compress_bound(compressor.compressor, bits.size()));
  packed.resize(libdeflate_zlib_compress(compressor.compressor, bits.data(), bits.size(),
                                         packed.data(), packed.size()));
  VEDETTE_TRY(mask_place, spool_->append(packed));
  of.masks[number] = mask_place;
  if (level > 0) return {};
  // What lies beyond the picture's edge needs no mask.
  const int width = std::min(kSide, of.width - column * kSide);
  const int height = std::min(kSide, of.height - row * kSide);
  bool is_whole = true;
  for (int y = 0; y < height && is_whole; ++y) {
    const std::uint8_t* line = &tile.mask[static_cast<std::size_t>(y) * kSide];
    is_whole = std::all_of(line, line + width, [](std::uint8_t there) { return there != 0; });
  }
  if (is_whole) return {};
  const std::lock_guard lock(tiles_mutex_);
  is_masked_ = true;
  return {};
}

Result<> PictureTiles::write(const std::filesystem::path& path) {
  TiffDescription description;
  description.side = kSide;
  description.is_picture = true;
  description.is_big = spool_->bytes() > kMostOfSmallTiff;
  description.place = &place_;
  std::vector<TiffLevel> described;
  for (const Level& level : levels_) {
    TiffLevel each;
    each.width = level.width;
    each.height = level.height;
    for (const auto& place : level.tiles) each.bytes.push_back(place.bytes);
    if (is_masked_) {
      for (const auto& place : level.masks) each.mask_bytes.push_back(place.bytes);
    }
    described.push_back(std::move(each));
  }
  std::vector<Spool::Place> order;
  for (std::size_t level = levels_.size(); level-- > 0;) {
    order.insert(order.end(), levels_[level].tiles.begin(), levels_[level].tiles.end());
    if (!is_masked_) continue;
    order.insert(order.end(), levels_[level].masks.begin(), levels_[level].masks.end());
  }
  VEDETTE_CHECK(spool_->write(path, tiff_head(description, described), order));
  spool_.reset();
  return {};
}

}  // namespace vedette::imagery
