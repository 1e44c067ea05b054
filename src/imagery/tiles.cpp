#include "imagery/tiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "imagery/png.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kTilePixels = static_cast<std::size_t>(kTileSide) * kTileSide;
// Of a raster, for one tile: what a projection does at the edge of its world never costs more.
constexpr int kMostSources = 16;
constexpr int kSourceBits = 9;
static_assert(Cog::kSide == 1 << kSourceBits);

Pyramid pyramid_of(const Cog& cog) {
  Pyramid pyramid;
  pyramid.width = cog.width();
  pyramid.height = cog.height();
  const Projection* place = cog.projection().get();
  if (place == nullptr) {
    pyramid.why_pixels = "The image has no place on the Earth of its own: no georeference.";
  } else if (!place->bounds()) {
    pyramid.why_pixels =
        "The image lies across the antimeridian or over a pole, where maps of this kind are cut.";
  } else if (place->bounds()->north > kMostLatitude || place->bounds()->south < -kMostLatitude) {
    pyramid.why_pixels = fmt::format(
        "The image reaches beyond {:.2f} degrees, where maps of this kind end.", kMostLatitude);
  } else {
    pyramid.is_on_earth = true;
    pyramid.bounds = place->bounds();
    pyramid.deepest_zoom = deepest_zoom_on_earth(*place, cog.width(), cog.height());
    return pyramid;
  }
  pyramid.deepest_zoom = deepest_zoom_of_pixels(cog.width(), cog.height());
  return pyramid;
}

// Where a tile of the pyramid lies in the raster.
Result<TileMap> map_of(const Cog& cog, const TileAddress& tile) {
  const Pyramid pyramid = pyramid_of(cog);
  if (pyramid.is_on_earth) {
    if (!mercator_bounds(tile).overlaps(*pyramid.bounds)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("The image has no part in the tile {}/{}/{}. It lies from {:.5f} to "
                              "{:.5f} east and from {:.5f} to {:.5f} north.",
                              tile.z, tile.x, tile.y, pyramid.bounds->west, pyramid.bounds->east,
                              pyramid.bounds->south, pyramid.bounds->north));
    }
    return map_on_earth(tile, *cog.projection());
  }
  if (tile.z > pyramid.deepest_zoom) {
    return fail(ErrorCode::kNotFound,
                fmt::format("The deepest zoom of this image is {}: there a pixel of a tile is a "
                            "pixel of the image.",
                            pyramid.deepest_zoom));
  }
  TileMap map = map_of_pixels(tile, pyramid.deepest_zoom);
  if (map.x[0] >= cog.width() || map.y[0] >= cog.height()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("The image has no part in the tile {}/{}/{}: it is {} x {} pixels.",
                            tile.z, tile.x, tile.y, cog.width(), cog.height()));
  }
  return map;
}

// Columns and rows of the raster's tiles, ends included; empty when first > last.
struct Sources {
  std::size_t level = 0;
  int first_column = 0;
  int last_column = -1;
  int first_row = 0;
  int last_row = -1;

  int columns() const { return last_column - first_column + 1; }
  int rows() const { return last_row - first_row + 1; }
  bool is_empty() const { return columns() <= 0 || rows() <= 0; }
};

Sources sources_at(const Cog& cog, const TileMap& map, std::size_t level) {
  double left = std::numeric_limits<double>::infinity();
  double top = left;
  double right = -left;
  double bottom = -left;
  for (std::size_t i = 0; i < map.x.size(); ++i) {
    if (!std::isfinite(map.x[i]) || !std::isfinite(map.y[i])) continue;
    left = std::min(left, map.x[i]);
    right = std::max(right, map.x[i]);
    top = std::min(top, map.y[i]);
    bottom = std::max(bottom, map.y[i]);
  }
  Sources sources{.level = level};
  if (!(left < cog.width() && top < cog.height() && right >= 0 && bottom >= 0)) return sources;
  const double side = std::ldexp(Cog::kSide, static_cast<int>(level));
  const Cog::Level& of = cog.levels()[level];
  const auto place = [&](double at, int count) {
    return static_cast<int>(std::clamp(at / side, 0.0, count - 1.0));
  };
  sources.first_column = place(left, of.columns);
  sources.last_column = place(right, of.columns);
  sources.first_row = place(top, of.rows);
  sources.last_row = place(bottom, of.rows);
  return sources;
}

Sources choose_sources(const Cog& cog, const TileMap& map) {
  const double scale = map.scale(cog.width(), cog.height());
  if (scale == 0) return {};
  const int levels = static_cast<int>(cog.levels().size());
  for (int level = level_for(scale, levels);; ++level) {
    const Sources sources = sources_at(cog, map, static_cast<std::size_t>(level));
    if (level + 1 == levels || sources.columns() * sources.rows() <= kMostSources) return sources;
  }
}

/// Takes over, for each pixel of the tile, the nearest one of the raster's; `none` where there is
/// none. `tiles`: row by row, each the first pixel of its raster's tile.
template <class Sample>
void gather(const Cog& cog, const TileMap& map, const Sources& sources,
            const std::vector<const Sample*>& tiles, Sample none, Sample* into) {
  const double shrink = std::ldexp(1.0, -static_cast<int>(sources.level));
  const double step = map.step;
  const auto points = static_cast<std::size_t>(map.points);
  const double width = cog.width();
  const double height = cog.height();
  const int origin_x = sources.first_column << kSourceBits;
  const int origin_y = sources.first_row << kSourceBits;
  const int end_x = (sources.last_column + 1) << kSourceBits;
  const int end_y = (sources.last_row + 1) << kSourceBits;
  const auto columns = static_cast<std::size_t>(sources.columns());
  for (int j = 0; j < kTileSide; ++j) {
    const auto row = static_cast<std::size_t>(j / map.step);
    const double down = (j % map.step + 0.5) / step;
    for (std::size_t cell = 0; cell + 1 < points; ++cell) {
      const std::size_t at = row * points + cell;
      const auto along = [&](const std::vector<double>& of, std::size_t i) {
        return of[i] + (of[i + points] - of[i]) * down;
      };
      const double x0 = along(map.x, at);
      const double y0 = along(map.y, at);
      const double dx = (along(map.x, at + 1) - x0) / step;
      const double dy = (along(map.y, at + 1) - y0) / step;
      for (int i = 0; i < map.step; ++i, ++into) {
        const double x = x0 + dx * (i + 0.5);
        const double y = y0 + dy * (i + 0.5);
        *into = none;
        if (!(x >= 0 && y >= 0 && x < width && y < height)) continue;
        const int column = static_cast<int>(x * shrink);
        const int line = static_cast<int>(y * shrink);
        if (column < origin_x || line < origin_y || column >= end_x || line >= end_y) continue;
        const auto tile = static_cast<std::size_t>((line - origin_y) >> kSourceBits) * columns +
                          static_cast<std::size_t>((column - origin_x) >> kSourceBits);
        const int within = (line & (Cog::kSide - 1)) << kSourceBits | (column & (Cog::kSide - 1));
        *into = tiles[tile][within];
      }
    }
  }
}

// Places in the palette; 0 is clear.
void shade_codes(const std::vector<std::int16_t>& codes, double scale, const Shade& shade,
                 std::uint8_t* into) {
  const double gain = 254 / (shade.high - shade.low);
  const auto factor = static_cast<float>(scale * gain);
  const auto begin = static_cast<float>(1.5 - shade.low * gain);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const float place = static_cast<float>(codes[i]) * factor + begin;
    const float low = place > 1.0F ? place : 1.0F;
    const float within = low < 255.0F ? low : 255.0F;
    into[i] = static_cast<std::uint8_t>(codes[i] == Cog::kNoCode ? 0 : static_cast<int>(within));
  }
}

const std::string& clear_tile() {
  static const std::string png = [] {
    const std::vector<std::uint8_t> pixels(kTilePixels);
    const std::array<Colour, 1> colours{};
    auto made = encode_png(kTileSide, kTileSide, pixels, colours, true);
    return made ? std::move(*made) : std::string();
  }();
  return png;
}

}  // namespace

Tiles::Tiles(blob::Store& blobs, TileMemory memory)
    : blobs_(blobs), heads_(memory.heads), tiles_(memory.tiles) {}

Result<std::shared_ptr<const Cog>> Tiles::raster(const std::string& key) {
  if (auto known = heads_.find(key)) return known;
  VEDETTE_TRY(opened, Cog::open(blobs_, key));
  heads_.put(key, opened, opened->bytes());
  return std::move(opened);
}

Result<std::shared_ptr<const CogTile>> Tiles::tile(const Cog& cog, std::size_t level, int column,
                                                   int row) {
  const std::string name = fmt::format("{}/{}/{}/{}", cog.key(), level, column, row);
  if (auto known = tiles_.find(name)) return known;
  VEDETTE_TRY(read, cog.read(blobs_, level, column, row));
  auto kept = std::make_shared<const CogTile>(std::move(read));
  tiles_.put(name, kept, kept->bytes());
  return kept;
}

Result<Pyramid> Tiles::pyramid(const std::string& key) {
  VEDETTE_TRY(cog, raster(key));
  return pyramid_of(*cog);
}

Result<std::string> Tiles::index_tile(const std::string& key, const TileAddress& address,
                                      const Shade& shade) {
  VEDETTE_TRY(cog, raster(key));
  if (cog->samples() == Cog::Samples::kPicture) {
    return fail(ErrorCode::kInvalid, "This raster is a picture and no index.");
  }
  VEDETTE_TRY(map, map_of(*cog, address));
  const Sources sources = choose_sources(*cog, map);
  if (sources.is_empty()) return clear_tile();
  std::vector<std::shared_ptr<const CogTile>> held;
  for (int row = sources.first_row; row <= sources.last_row; ++row) {
    for (int column = sources.first_column; column <= sources.last_column; ++column) {
      VEDETTE_TRY(one, tile(*cog, sources.level, column, row));
      held.push_back(std::move(one));
    }
  }
  std::vector<std::uint8_t> pixels(kTilePixels);
  if (cog->samples() == Cog::Samples::kInt16) {
    std::vector<const std::int16_t*> tiles;
    for (const auto& one : held) tiles.push_back(one->codes.data());
    std::vector<std::int16_t> codes(kTilePixels);
    gather(*cog, map, sources, tiles, Cog::kNoCode, codes.data());
    shade_codes(codes, cog->scale(), shade, pixels.data());
  } else {
    std::vector<const float*> tiles;
    for (const auto& one : held) tiles.push_back(one->values.data());
    std::vector<float> values(kTilePixels);
    gather(*cog, map, sources, tiles, std::numeric_limits<float>::quiet_NaN(), values.data());
    std::ranges::transform(values, pixels.begin(),
                           [&](float value) { return colour_of(value, shade.low, shade.high); });
  }
  return encode_png(kTileSide, kTileSide, pixels, palette(*shade.ramp), true, kFastPng);
}

Result<std::string> Tiles::picture_tile(const std::string& key, const TileAddress& address) {
  VEDETTE_TRY(cog, raster(key));
  if (cog->samples() != Cog::Samples::kPicture) {
    return fail(ErrorCode::kInvalid, "This raster is an index and no picture.");
  }
  VEDETTE_TRY(map, map_of(*cog, address));
  const Sources sources = choose_sources(*cog, map);
  if (sources.is_empty()) return clear_tile();
  std::vector<std::shared_ptr<const CogTile>> held;
  std::vector<const std::uint32_t*> tiles;
  for (int row = sources.first_row; row <= sources.last_row; ++row) {
    for (int column = sources.first_column; column <= sources.last_column; ++column) {
      VEDETTE_TRY(one, tile(*cog, sources.level, column, row));
      tiles.push_back(one->colours.data());
      held.push_back(std::move(one));
    }
  }
  std::vector<std::uint32_t> pixels(kTilePixels);
  gather(*cog, map, sources, tiles, std::uint32_t{0}, pixels.data());
  return encode_colour_png(kTileSide, kTileSide, pixels);
}

Result<std::optional<double>> Tiles::value(const std::string& key, int x, int y) {
  VEDETTE_TRY(cog, raster(key));
  if (cog->samples() == Cog::Samples::kPicture || x < 0 || y < 0 || x >= cog->width() ||
      y >= cog->height()) {
    return fail(ErrorCode::kInvalid, fmt::format("There is no pixel {}, {}: the image is {} x {}.",
                                                 x, y, cog->width(), cog->height()));
  }
  VEDETTE_TRY(one, tile(*cog, 0, x / Cog::kSide, y / Cog::kSide));
  const auto at = static_cast<std::size_t>(y % Cog::kSide) * Cog::kSide +
                  static_cast<std::size_t>(x % Cog::kSide);
  if (cog->samples() == Cog::Samples::kFloat32) {
    const float value = one->values[at];
    return std::isnan(value) ? std::optional<double>() : std::optional<double>(value);
  }
  const std::int16_t code = one->codes[at];
  return code == Cog::kNoCode ? std::optional<double>() : std::optional(code * cog->scale());
}

Result<std::optional<std::array<double, 2>>> Tiles::pixel_at(const std::string& key,
                                                             double longitude, double latitude) {
  VEDETTE_TRY(cog, raster(key));
  if (!cog->projection()) return std::optional<std::array<double, 2>>();
  std::array<double, 2> at{longitude, latitude};
  cog->projection()->to_pixels(std::span(&at[0], 1), std::span(&at[1], 1));
  return std::optional(at);
}

Result<std::optional<std::array<double, 2>>> Tiles::degrees_of(const std::string& key, int x,
                                                               int y) {
  VEDETTE_TRY(cog, raster(key));
  if (!cog->projection()) return std::optional<std::array<double, 2>>();
  std::array<double, 2> at{x + 0.5, y + 0.5};
  cog->projection()->to_degrees(std::span(&at[0], 1), std::span(&at[1], 1));
  if (!std::isfinite(at[0])) return std::optional<std::array<double, 2>>();
  return std::optional(at);
}

}  // namespace vedette::imagery
