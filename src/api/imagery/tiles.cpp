// Tiles of images and of their indices, and what is at one pixel.
#include "imagery/tiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/imagery/routes.hpp"
#include "base/digest.hpp"
#include "blob/store.hpp"
#include "db/database.hpp"
#include "http/field_text.hpp"
#include "imagery/pixel_values.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;
using imagery::StoredProduct;

constexpr std::string_view kPicture = "picture_cog";
constexpr std::string_view kIndex = "index_cog";
// Of an address without the version: asked again each time, mostly a 304.
constexpr std::string_view kAskAgain = "private, no-cache";
constexpr std::string_view kForever = "private, max-age=31536000, immutable";
// Part of every ETag: tiles of another renderer are others.
constexpr int kRenderer = 1;
constexpr double kMostValue = 1e9;
constexpr double kLeastRange = 1e-6;

struct Room {
  explicit Room(const std::shared_ptr<const ImageryServices>& from)
      : services(from),
        tiles(from->blobs),
        pixels(from->core->database, from->blobs, from->scratch) {}

  std::shared_ptr<const ImageryServices> services;
  mutable imagery::Tiles tiles;
  mutable imagery::PixelReader pixels;
};

std::unexpected<Error> not_there(const imagery::Image& image, std::string_view what) {
  using Status = imagery::ImageStatus;
  if (image.capture_of) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is one band of a shot that is analysed as image {}.",
                            image.original_name, *image.capture_of));
  }
  if (image.status == Status::kFailed) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no {} of '{}': {}", what, image.original_name, image.error));
  }
  if (image.status != Status::kCompleted) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no {} of '{}' yet: it has not been analysed.", what,
                            image.original_name));
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no {} of '{}'. GET /api/images/{}/tiles.json lists what there "
                          "is; an image from before there were tiles is to be analysed again.",
                          what, image.original_name, image.id));
}

// The name of a raster's object is never another content's: it stands for the version of the image.
std::string version_of(const StoredProduct& product) {
  return sha256_hex(product.blob_key).substr(0, 12);
}

Result<StoredProduct> raster_of(const Room& room, const http::Request& request,
                                const std::string& index) {
  const std::string name = index.empty() ? "picture.tif" : index + ".tif";
  VEDETTE_TRY(found, room.services->core->database.read([&](db::Session& session) {
    return imagery::find_product(session, request.param("id"), name);
  }));
  if (found && found->kind == (index.empty() ? kPicture : kIndex)) return std::move(*found);
  VEDETTE_TRY(image, stored_image(*room.services, request));
  return not_there(image, index.empty() ? std::string("raster of the picture")
                                        : fmt::format("raster of the index '{}'", index));
}

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 9 || problem != std::errc{} ||
      end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

Result<imagery::TileAddress> address_of(const http::Request& request) {
  const std::string_view row = request.param("y");
  if (!row.ends_with(".png")) {
    return bad_parameter("y", "A tile's address ends with its row and '.png': 17/36123/47911.png.");
  }
  const auto z = digits(request.param("z"));
  const auto x = digits(request.param("x"));
  const auto y = digits(row.substr(0, row.size() - 4));
  if (!z || *z > imagery::kDeepestZoom) {
    return bad_parameter(
        "z", fmt::format("The zoom must be a whole number from 0 to {}.", imagery::kDeepestZoom));
  }
  const std::int64_t side = std::int64_t{1} << *z;
  if (!x || *x >= side) {
    return bad_parameter(
        "x",
        fmt::format("The column must be a whole number from 0 to {} at zoom {}.", side - 1, *z));
  }
  if (!y || *y >= side) {
    return bad_parameter(
        "y", fmt::format("The row must be a whole number from 0 to {} at zoom {}.", side - 1, *z));
  }
  return imagery::TileAddress{static_cast<int>(*z), *x, *y};
}

Result<std::optional<double>> number_of(const http::Request& request, std::string_view name,
                                        double most) {
  const auto text = request.query(name);
  if (!text) return std::optional<double>();
  double value = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem != std::errc{} || end != text->data() + text->size() || !(std::abs(value) <= most)) {
    return bad_parameter(name,
                         fmt::format("'{}' must be a number from {} to {}.", name, -most, most));
  }
  return std::optional(value);
}

struct Shown {
  double low = 0;
  double high = 1;
};

// The range that the index's own picture has.
std::optional<Shown> shown_range(const json::value& analysis, std::string_view index) {
  boost::system::error_code failed;
  const auto* low = analysis.find_pointer(fmt::format("/indices/{}/shown/low", index), failed);
  if (low == nullptr || !low->is_number()) return std::nullopt;
  const auto* high = analysis.find_pointer(fmt::format("/indices/{}/shown/high", index), failed);
  if (high == nullptr || !high->is_number()) return std::nullopt;
  const Shown shown{low->to_number<double>(), high->to_number<double>()};
  return shown.high - shown.low >= kLeastRange ? std::optional(shown) : std::nullopt;
}

Result<json::value> analysis_of(const Room& room, std::string_view id) {
  VEDETTE_TRY(text, room.services->core->database.read(
                        [&](db::Session& session) { return imagery::analysis_json(session, id); }));
  boost::system::error_code failed;
  json::value value = json::parse(text, failed);
  return failed ? json::value(nullptr) : std::move(value);
}

Result<imagery::Shade> shade_of(const Room& room, const http::Request& request,
                                const std::string& index) {
  imagery::Shade shade;
  const std::string_view ramp = request.query("ramp").value_or("vegetation");
  shade.ramp = imagery::find_ramp(ramp);
  if (shade.ramp == nullptr) {
    std::string names;
    for (const imagery::Ramp& one : imagery::ramps()) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", one.name);
    }
    return bad_parameter(
        "ramp", fmt::format("There is no ramp '{}'. There are {}.", ramp.substr(0, 64), names));
  }
  VEDETTE_TRY(low, number_of(request, "low", kMostValue));
  VEDETTE_TRY(high, number_of(request, "high", kMostValue));
  if (low.has_value() != high.has_value()) {
    return bad_parameter(low ? "high" : "low", "'low' and 'high' are given together, or neither.");
  }
  if (low) {
    if (!(*high - *low >= kLeastRange)) {
      return bad_parameter("high", "'high' must be above 'low'.");
    }
    shade.low = *low;
    shade.high = *high;
    return shade;
  }
  VEDETTE_TRY(analysis, analysis_of(room, request.param("id")));
  const Shown shown = shown_range(analysis, index).value_or(Shown{});
  shade.low = shown.low;
  shade.high = shown.high;
  return shade;
}

/// The tile, unless the client has it: then nothing is read for it.
template <class Make>
Answer tile_answer(const http::Request& request, const StoredProduct& raster,
                   const std::string& what, Make make) {
  const std::string etag = fmt::format(
      "\"{}\"",
      sha256_hex(fmt::format("{}|{}|{}", kRenderer, raster.blob_key, what)).substr(0, 32));
  const bool is_of_version = request.query("v") == version_of(raster);
  const auto finish = [&](http::Response response) {
    response.set("etag", etag).set("cache-control", is_of_version ? kForever : kAskAgain);
    return response;
  };
  const auto known = request.header("if-none-match");
  if (known && http::etag_matches(*known, etag)) return finish(http::empty(304));
  Result<std::string> png = make();
  if (!png) return fail(std::move(png.error()));
  return finish(http::text(200, std::move(*png), "image/png"));
}

// GET /api/images/{id}/tiles/{z}/{x}/{y}
Answer picture_tile(const Room& room, const http::Request& request) {
  VEDETTE_TRY(raster, raster_of(room, request, {}));
  VEDETTE_TRY(address, address_of(request));
  return tile_answer(request, raster, fmt::format("{}/{}/{}", address.z, address.x, address.y),
                     [&] { return room.tiles.picture_tile(raster.blob_key, address); });
}

// GET /api/images/{id}/tiles/{index}/{z}/{x}/{y}
Answer index_tile(const Room& room, const http::Request& request) {
  const std::string index(request.param("index").substr(0, 65));
  VEDETTE_TRY(raster, raster_of(room, request, index));
  VEDETTE_TRY(address, address_of(request));
  VEDETTE_TRY(shade, shade_of(room, request, index));
  return tile_answer(request, raster,
                     fmt::format("{}/{}/{}|{}|{}|{}", address.z, address.x, address.y,
                                 shade.ramp->name, shade.low, shade.high),
                     [&] { return room.tiles.index_tile(raster.blob_key, address, shade); });
}

json::array ramps_json() {
  json::array all;
  for (const imagery::Ramp& ramp : imagery::ramps()) {
    json::array colours;
    for (const imagery::Colour& colour : ramp.colours) {
      colours.push_back(
          json::value(fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2])));
    }
    all.push_back(
        json::object{{"name", ramp.name}, {"title", ramp.title}, {"colours", std::move(colours)}});
  }
  return all;
}

std::string tiles_href(std::string_view id, const StoredProduct& raster) {
  const std::string part = raster.index.empty() ? std::string() : raster.index + "/";
  return fmt::format("/api/images/{}/tiles/{}{{z}}/{{x}}/{{y}}.png?v={}", id, part,
                     version_of(raster));
}

struct Rasters {
  std::optional<StoredProduct> picture;
  std::vector<StoredProduct> indices;

  const StoredProduct* first() const {
    if (picture) return &*picture;
    return indices.empty() ? nullptr : indices.data();
  }
};

Result<Rasters> rasters_of(const Room& room, std::string_view id) {
  VEDETTE_TRY(all, room.services->core->database.read(
                       [&](db::Session& session) { return imagery::products(session, id); }));
  Rasters rasters;
  for (StoredProduct& one : all) {
    if (one.kind == kPicture) {
      rasters.picture = std::move(one);
    } else if (one.kind == kIndex) {
      rasters.indices.push_back(std::move(one));
    }
  }
  return rasters;
}

// GET /api/images/{id}/tiles.json
Answer tile_set(const Room& room, const http::Request& request) {
  VEDETTE_TRY(image, stored_image(*room.services, request));
  VEDETTE_TRY(rasters, rasters_of(room, image.id));
  if (rasters.first() == nullptr) return not_there(image, "raster");
  VEDETTE_TRY(pyramid, room.tiles.pyramid(rasters.first()->blob_key));
  VEDETTE_TRY(analysis, analysis_of(room, image.id));
  json::array indices;
  for (const StoredProduct& one : rasters.indices) {
    const Shown shown = shown_range(analysis, one.index).value_or(Shown{});
    boost::system::error_code failed;
    const auto* title = analysis.find_pointer(fmt::format("/indices/{}/title", one.index), failed);
    indices.push_back(json::object{
        {"index", one.index},
        {"title", title != nullptr && title->is_string() ? *title : json::value(one.index)},
        {"low", shown.low},
        {"high", shown.high},
        {"tiles", tiles_href(image.id, one)}});
  }
  json::value picture = nullptr;
  json::array tiles;
  if (rasters.picture) {
    picture = json::value(tiles_href(image.id, *rasters.picture));
    tiles.push_back(picture);
  }
  json::value bounds = nullptr;
  json::value center = nullptr;
  if (pyramid.bounds) {
    const imagery::EarthBounds& b = *pyramid.bounds;
    bounds = json::array{b.west, b.south, b.east, b.north};
    center = json::array{(b.west + b.east) / 2, (b.south + b.north) / 2,
                         std::max(0, pyramid.deepest_zoom - 4)};
  }
  http::Response response = answer(
      200,
      json::object{{"tilejson", "3.0.0"},
                   {"name", image.original_name},
                   {"pyramid", pyramid.is_on_earth ? "web_mercator" : "pixels"},
                   {"why_pixels", text_or_null(pyramid.why_pixels)},
                   {"width", pyramid.width},
                   {"height", pyramid.height},
                   {"tile_size", imagery::kTileSide},
                   {"minzoom", 0},
                   {"maxzoom", pyramid.deepest_zoom},
                   {"bounds", std::move(bounds)},
                   {"center", std::move(center)},
                   {"tiles", std::move(tiles)},
                   {"picture", picture},
                   {"why_no_picture",
                    rasters.picture
                        ? json::value(nullptr)
                        : json::value("The picture has no raster for tiles: it was analysed before "
                                      "there were tiles. Analyse it again.")},
                   {"indices", std::move(indices)},
                   {"ramps", ramps_json()}});
  response.set("etag", fmt::format("\"{}\"", sha256_hex(response.text()).substr(0, 32)));
  response.set("cache-control", kAskAgain);
  return response;
}

struct Pixel {
  int x = 0;
  int y = 0;
};

// The pixel that is asked for, by its place in the picture or on the Earth.
Result<Pixel> pixel_of(const Room& room, const http::Request& request, const std::string& key) {
  VEDETTE_TRY(pyramid, room.tiles.pyramid(key));
  VEDETTE_TRY(x, number_of(request, "x", kMostValue));
  VEDETTE_TRY(y, number_of(request, "y", kMostValue));
  VEDETTE_TRY(longitude, number_of(request, "lon", 180));
  VEDETTE_TRY(latitude, number_of(request, "lat", 90));
  const bool is_pixel = x && y && !longitude && !latitude;
  const bool is_place = longitude && latitude && !x && !y;
  if (!is_pixel && !is_place) {
    return bad_parameter("x", "Either 'x' and 'y' in pixels, or 'lon' and 'lat' in degrees.");
  }
  if (is_place) {
    VEDETTE_TRY(at, room.tiles.pixel_at(key, *longitude, *latitude));
    if (!at) {
      return bad_parameter("lon", "This image has no place on the Earth: ask by 'x' and 'y'.");
    }
    x = (*at)[0];
    y = (*at)[1];
  }
  if (!(*x >= 0 && *y >= 0 && *x < pyramid.width && *y < pyramid.height)) {
    return bad_parameter(is_place ? "lon" : "x",
                         fmt::format("That lies beside the image, which is {} x {} pixels.",
                                     pyramid.width, pyramid.height));
  }
  return Pixel{static_cast<int>(*x), static_cast<int>(*y)};
}

// GET /api/images/{id}/value
Answer value(const Room& room, const http::Request& request) {
  VEDETTE_TRY(image, stored_image(*room.services, request));
  VEDETTE_TRY(rasters, rasters_of(room, image.id));
  if (rasters.first() == nullptr) return not_there(image, "raster");
  const std::string& key = rasters.first()->blob_key;
  VEDETTE_TRY(pixel, pixel_of(room, request, key));
  json::array indices;
  for (const StoredProduct& one : rasters.indices) {
    VEDETTE_TRY(at, room.tiles.value(one.blob_key, pixel.x, pixel.y));
    indices.push_back(json::object{{"index", one.index}, {"value", or_null(at)}});
  }
  VEDETTE_TRY(place, room.tiles.degrees_of(key, pixel.x, pixel.y));
  json::value unit = nullptr;
  json::value why = nullptr;
  json::array bands;
  if (const auto found = room.pixels.values(image, pixel.x, pixel.y)) {
    unit = json::value(found->unit);
    for (const auto& one : found->bands) {
      bands.push_back(json::object{{"band", one.band}, {"value", or_null(one.value)}});
    }
  } else {
    why = json::value(found.error().message);
  }
  return answer(200, json::object{{"x", pixel.x},
                                  {"y", pixel.y},
                                  {"longitude", place ? json::value((*place)[0]) : nullptr},
                                  {"latitude", place ? json::value((*place)[1]) : nullptr},
                                  {"unit", std::move(unit)},
                                  {"bands", std::move(bands)},
                                  {"why_no_bands", std::move(why)},
                                  {"indices", std::move(indices)}});
}

}  // namespace

void mount_tiles(http::Router& router, const std::shared_ptr<const ImageryServices>& services) {
  const std::shared_ptr<const Room> room = std::make_shared<Room>(services);
  const http::RouteOptions slow{.pool = http::PoolKind::kSlow};
  router.get("/api/images/{id}/tiles.json", handler(room, {}, tile_set), slow);
  router.get("/api/images/{id}/tiles/{z}/{x}/{y}", handler(room, {"v"}, picture_tile), slow);
  router.get("/api/images/{id}/tiles/{index}/{z}/{x}/{y}",
             handler(room, {"v", "ramp", "low", "high"}, index_tile), slow);
  router.get("/api/images/{id}/value", handler(room, {"x", "y", "lon", "lat"}, value), slow);
}

}  // namespace vedette::api
