#include "imagery/cog.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "blob/store.hpp"
#include "imagery/exif.hpp"
#include "media/image.hpp"
#include "media/jpeg.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kTilePixels = static_cast<std::size_t>(Cog::kSide) * Cog::kSide;
constexpr std::size_t kMaskBytes = kTilePixels / 8;
// Enough for the head of all but the largest mosaics; then four times as much is asked for.
constexpr std::uint64_t kFirstRead = 64 << 10;
constexpr std::uint64_t kMostHead = 64 << 20;
constexpr std::size_t kMostTiles = 4'000'000;
constexpr std::size_t kMostLevels = 32;
// Of one compressed tile: more than any of ours has, whatever is in it.
constexpr std::uint32_t kMostTileBytes = 4 << 20;

std::unexpected<Error> damaged(std::string what) {
  return fail(ErrorCode::kCorrupt,
              "The map of this image cannot be read: it is damaged. Analyse the image again.",
              std::move(what));
}

std::unexpected<Error> cannot_read(int problem) {
  return fail(problem == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
              problem == ENOENT ? "The map of this image is gone from the store of objects."
                                : "The map of this image cannot be read from the disk now.",
              std::strerror(problem));
}

// Fewer bytes than asked for: there the object ends.
Result<std::vector<std::uint8_t>> read_range(blob::Store& blobs, std::string_view key,
                                             std::uint64_t first, std::uint64_t size) {
  std::vector<std::uint8_t> bytes;
  VEDETTE_TRY(file, blobs.file_of(key));
  if (!file) {
    bytes.reserve(size);
    auto got = blobs.get(key, {.range = blob::ByteRange{first, first + size - 1}},
                         [&](std::string_view piece) -> Result<void> {
                           bytes.insert(bytes.end(), piece.begin(), piece.end());
                           return {};
                         });
    if (!got && got.error().code == ErrorCode::kNotFound) return cannot_read(ENOENT);
    if (!got) return fail(std::move(got.error()));
    return bytes;
  }
  struct Descriptor {
    int number;
    ~Descriptor() {
      if (number >= 0) ::close(number);
    }
  } const opened{::open(file->c_str(), O_RDONLY | O_CLOEXEC)};
  if (opened.number < 0) return cannot_read(errno);
  bytes.resize(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got =
        ::pread(opened.number, &bytes[have], size - have, static_cast<off_t>(first + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

std::optional<std::uint64_t> number_of(const TagFile& file, const TagDirectory& directory,
                                       std::uint16_t id) {
  const TagEntry* entry = directory.find(id);
  if (entry == nullptr) return std::nullopt;
  const auto values = file.numbers(*entry, 1);
  if (values.empty() || !(values[0] >= 0) || values[0] > 9e15) return std::nullopt;
  return static_cast<std::uint64_t>(values[0]);
}

// As tiff_head.cpp writes it.
double scale_of(const TagFile& file, const TagDirectory& directory) {
  const TagEntry* entry = directory.find(42112);
  if (entry == nullptr) return 1;
  const std::string text = file.text(*entry, 1 << 16);
  constexpr std::string_view kMark = "role=\"scale\">";
  const auto at = text.find(kMark);
  if (at == std::string::npos) return 1;
  const double scale = std::strtod(text.c_str() + at + kMark.size(), nullptr);
  return std::isfinite(scale) && scale > 0 ? scale : 1;
}

Result<std::vector<Cog::Place>> places_of(const TagFile& file, const TagDirectory& directory,
                                          std::size_t count) {
  const TagEntry* offsets = directory.find(324);
  const TagEntry* sizes = directory.find(325);
  if (offsets == nullptr || sizes == nullptr || offsets->count != count || sizes->count != count) {
    return damaged("its tiles are not listed");
  }
  const auto at = file.numbers(*offsets, count);
  const auto bytes = file.numbers(*sizes, count);
  if (at.size() != count || bytes.size() != count) return damaged("the list of tiles is cut off");
  std::vector<Cog::Place> places(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!(at[i] >= 0) || at[i] > 9e15 || !(bytes[i] >= 0) || bytes[i] > kMostTileBytes) {
      return damaged("a tile lies nowhere");
    }
    places[i] = {static_cast<std::uint64_t>(at[i]), static_cast<std::uint32_t>(bytes[i])};
  }
  return places;
}

struct Inflater {
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { libdeflate_free_decompressor(decompressor); }
};

Result<> inflate(std::span<const std::uint8_t> packed, void* into, std::size_t bytes) {
  thread_local const Inflater inflater;
  if (inflater.decompressor == nullptr) {
    return fail(ErrorCode::kInternal, "There is not enough memory for a map.");
  }
  if (libdeflate_zlib_decompress(inflater.decompressor, packed.data(), packed.size(), into, bytes,
                                 nullptr) != LIBDEFLATE_SUCCESS) {
    return damaged("a tile does not decompress");
  }
  return {};
}

// TIFF's predictor 2 undone.
void sum_rows(std::vector<std::int16_t>& codes) {
  for (std::size_t row = 0; row < kTilePixels; row += Cog::kSide) {
    std::uint16_t sum = 0;
    for (std::size_t x = row; x < row + Cog::kSide; ++x) {
      sum = static_cast<std::uint16_t>(sum + static_cast<std::uint16_t>(codes[x]));
      codes[x] = static_cast<std::int16_t>(sum);
    }
  }
}

// TIFF's predictor 3 undone: differences of bytes, the bytes of a row by their weight.
void join_bytes(std::vector<std::uint8_t>& bytes, std::vector<float>& values) {
  constexpr std::size_t kSideBytes = Cog::kSide;
  for (std::size_t row = 0; row < kTilePixels; row += kSideBytes) {
    std::uint8_t* from = &bytes[row * 4];
    for (std::size_t i = 1; i < 4 * kSideBytes; ++i) {
      from[i] = static_cast<std::uint8_t>(from[i] + from[i - 1]);
    }
    for (std::size_t x = 0; x < kSideBytes; ++x) {
      const std::uint32_t bits =
          std::uint32_t{from[x]} << 24 | std::uint32_t{from[kSideBytes + x]} << 16 |
          std::uint32_t{from[2 * kSideBytes + x]} << 8 | std::uint32_t{from[3 * kSideBytes + x]};
      values[row + x] = std::bit_cast<float>(bits);
    }
  }
}

}  // namespace

Result<Cog> Cog::of_head(std::span<const std::uint8_t> head) {
  const TagFile file = TagFile::of_memory(head);
  Cog cog;
  std::optional<std::uint64_t> at;
  for (std::size_t i = 0;; ++i) {
    if (i == 2 * kMostLevels) return damaged("it has too many reductions");
    auto found = read_directory(file, at);
    if (!found) return damaged(std::move(found.error().message));
    const TagDirectory& directory = *found;
    const auto number = [&](std::uint16_t id) {
      return number_of(file, directory, id).value_or(0);
    };
    const bool is_mask = (number(254) & 4) != 0;
    const auto width = number(256);
    const auto height = number(257);
    if (width == 0 || height == 0 || width > std::numeric_limits<int>::max() ||
        height > std::numeric_limits<int>::max() || number(322) != kSide || number(323) != kSide) {
      return damaged("its tiles are not of our kind");
    }
    const std::size_t columns = (width + kSide - 1) / kSide;
    const std::size_t rows = (height + kSide - 1) / kSide;
    if (columns * rows > kMostTiles) return damaged("it has too many tiles");
    if (i == 0) {
      const auto bits = number(258);
      if (number(259) == 7 && number(277) == 3 && bits == 8) {
        cog.samples_ = Samples::kPicture;
      } else if (number(259) == 8 && number(277) == 1 && bits == 16 && number(317) == 2) {
        cog.samples_ = Samples::kInt16;
        cog.scale_ = scale_of(file, directory);
      } else if (number(259) == 8 && number(277) == 1 && bits == 32 && number(317) == 3) {
        cog.samples_ = Samples::kFloat32;
      } else {
        return damaged("its numbers are not of our kind");
      }
    }
    VEDETTE_TRY(places, places_of(file, directory, columns * rows));
    if (is_mask) {
      if (cog.levels_.empty() || cog.levels_.back().tiles.size() != places.size()) {
        return damaged("a mask belongs to nothing");
      }
      cog.levels_.back().masks = std::move(places);
    } else {
      if (!cog.levels_.empty() &&
          (static_cast<int>(width) != (cog.levels_.back().width + 1) / 2 ||
           static_cast<int>(height) != (cog.levels_.back().height + 1) / 2)) {
        return damaged("its reductions do not halve");
      }
      cog.levels_.push_back({.width = static_cast<int>(width),
                             .height = static_cast<int>(height),
                             .columns = static_cast<int>(columns),
                             .rows = static_cast<int>(rows),
                             .tiles = std::move(places),
                             .masks = {}});
    }
    if (directory.next == 0) return cog;
    at = directory.next;
  }
}

Result<std::shared_ptr<const Cog>> Cog::open(blob::Store& blobs, std::string_view key) {
  for (std::uint64_t size = kFirstRead;; size *= 4) {
    VEDETTE_TRY(head, read_range(blobs, key, 0, size));
    auto cog = of_head(head);
    if (!cog) {
      if (head.size() < size || size >= kMostHead) return fail(std::move(cog.error()));
      continue;
    }
    cog->key_ = key;
    VEDETTE_TRY(projection, Projection::of_tiff_head(head, cog->width(), cog->height()));
    cog->projection_ = std::move(projection);
    return std::make_shared<const Cog>(std::move(*cog));
  }
}

Result<CogTile> Cog::read(blob::Store& blobs, std::size_t level, int column, int row) const {
  const Level& of = levels_[level];
  const std::size_t number = static_cast<std::size_t>(row) * static_cast<std::size_t>(of.columns) +
                             static_cast<std::size_t>(column);
  const Place& place = of.tiles[number];
  std::vector<std::uint8_t> packed;
  if (place.bytes > 0) {
    VEDETTE_TRY(bytes, read_range(blobs, key_, place.offset, place.bytes));
    packed = std::move(bytes);
  }
  std::vector<std::uint8_t> mask;
  if (!of.masks.empty() && of.masks[number].bytes > 0) {
    VEDETTE_TRY(bytes, read_range(blobs, key_, of.masks[number].offset, of.masks[number].bytes));
    mask = std::move(bytes);
  }
  return decode(packed, mask);
}

Result<CogTile> Cog::decode(std::span<const std::uint8_t> packed,
                            std::span<const std::uint8_t> packed_mask) const {
  CogTile tile;
  if (samples_ == Samples::kInt16) {
    tile.codes.resize(kTilePixels);
    VEDETTE_CHECK(inflate(packed, tile.codes.data(), 2 * kTilePixels));
    sum_rows(tile.codes);
    return tile;
  }
  if (samples_ == Samples::kFloat32) {
    thread_local std::vector<std::uint8_t> bytes(4 * kTilePixels);
    VEDETTE_CHECK(inflate(packed, bytes.data(), bytes.size()));
    tile.values.resize(kTilePixels);
    join_bytes(bytes, tile.values);
    return tile;
  }
  media::Image image;
  if (!media::decode_jpeg(packed, image, kTilePixels) || image.width() != kSide ||
      image.height() != kSide) {
    return damaged("a tile of the picture is no JPEG");
  }
  std::vector<std::uint8_t> mask(kMaskBytes, 0xFF);
  if (!packed_mask.empty()) VEDETTE_CHECK(inflate(packed_mask, mask.data(), mask.size()));
  tile.colours.resize(kTilePixels);
  for (std::size_t y = 0; y < kSide; ++y) {
    const std::uint8_t* from = image.row(static_cast<int>(y));
    std::uint32_t* into = &tile.colours[y * kSide];
    for (std::size_t x = 0; x < kSide; ++x) {
      const bool is_there = (mask[(y * kSide + x) / 8] >> (7 - x % 8) & 1) != 0;
      into[x] = is_there ? std::uint32_t{from[3 * x + 2]} | std::uint32_t{from[3 * x + 1]} << 8 |
                               std::uint32_t{from[3 * x]} << 16 | 0xFF000000U
                         : 0U;
    }
  }
  return tile;
}

std::size_t Cog::bytes() const {
  std::size_t bytes = sizeof *this + key_.size() + (64 << 10);  // and what PROJ keeps of it
  for (const Level& level : levels_) {
    bytes += sizeof(Place) * (level.tiles.size() + level.masks.size());
  }
  return bytes;
}

}  // namespace vedette::imagery
