// Where tiles lie: on both hemispheres, at the edges of the map, and which reduction serves them.
#include "imagery/tile_grid.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/testing/temp_folder.hpp"
#include "imagery/tiff_head.hpp"

namespace vedette::imagery {
namespace {

std::string head_of(int width, int height, const std::string& system,
                    std::array<double, 6> transform) {
  Georeference place;
  place.transform = transform;
  place.wkt = system;
  const std::vector<RawTag> tags = must(geo_tags(place));
  TiffDescription description;
  description.place = &tags;
  TiffLevel level;
  level.width = width;
  level.height = height;
  level.bytes.assign(static_cast<std::size_t>((width + 511) / 512 * ((height + 511) / 512)), 0);
  return tiff_head(description, std::span(&level, 1));
}

std::shared_ptr<const Projection> projection(int width, int height, const std::string& system,
                                             std::array<double, 6> transform) {
  const std::string head = head_of(width, height, system, transform);
  return must(Projection::of_tiff_head(
      {reinterpret_cast<const std::uint8_t*>(head.data()), head.size()}, width, height));
}

TEST(TileGrid, KnowsThePlacesOfTheEarth) {
  struct Place {
    double longitude;
    double latitude;
    int x;
    int y;
  };
  // As OpenStreetMap numbers them at zoom 12: San Francisco, Sydney, London, Quito.
  for (const Place& place :
       {Place{-122.4194, 37.7749, 655, 1583}, Place{151.2093, -33.8688, 3768, 2457},
        Place{-0.1276, 51.5072, 2046, 1362}, Place{-78.4678, -0.1807, 1155, 2050}}) {
    const auto at = mercator_pixels(place.longitude, place.latitude, 12);
    EXPECT_EQ(std::floor(at[0] / kTileSide), place.x) << place.longitude;
    EXPECT_EQ(std::floor(at[1] / kTileSide), place.y) << place.latitude;
    const auto back = mercator_degrees(at[0], at[1], 12);
    EXPECT_NEAR(back[0], place.longitude, 1e-9);
    EXPECT_NEAR(back[1], place.latitude, 1e-9);
    EXPECT_TRUE(mercator_bounds({12, place.x, place.y})
                    .overlaps({place.longitude, place.latitude, place.longitude + 1e-6,
                               place.latitude + 1e-6}));
  }
  const EarthBounds whole = mercator_bounds({0, 0, 0});
  EXPECT_DOUBLE_EQ(whole.west, -180);
  EXPECT_DOUBLE_EQ(whole.east, 180);
  EXPECT_NEAR(whole.north, kMostLatitude, 1e-9);
  EXPECT_NEAR(whole.south, -kMostLatitude, 1e-9);
  EXPECT_NEAR(mercator_pixels(0, 90, 0)[1], 0, 1e-6) << "the pole is the edge, and no infinity";
}

TEST(TileGrid, FindsPixelsOfBothHemispheres) {
  for (const char* system : {"EPSG:32617", "EPSG:32756"}) {
    const auto at = projection(2000, 1000, system, {500'000, 0.05, 0, 4'840'000, 0, -0.05});
    ASSERT_TRUE(at) << system;
    ASSERT_TRUE(at->bounds());
    std::array<double, 2> x{0.5, 1999.5};
    std::array<double, 2> y{0.5, 999.5};
    at->to_degrees(x, y);
    EXPECT_NEAR(x[0], system == std::string("EPSG:32617") ? -81 : 153, 1e-5)
        << "500 km is the middle of its zone";
    EXPECT_LT(y[1], y[0]) << "north is up";
    at->to_pixels(x, y);
    EXPECT_NEAR(x[1], 1999.5, 1e-3);
    EXPECT_NEAR(y[1], 999.5, 1e-3);
    EXPECT_EQ(deepest_zoom_on_earth(*at, 2000, 1000),
              system == std::string("EPSG:32617") ? 22 : 22);
  }
}

TEST(TileGrid, BetweenItsPointsATileIsEvenEnough) {
  // A Landsat scene, and ten centimetres far in the south.
  struct Case {
    const char* system;
    std::array<double, 6> transform;
    int width;
    int height;
  };
  for (const Case& one :
       {Case{"EPSG:32633", {200'000, 30, 0, 7'200'000, 0, -30}, 7'000, 8'000},
        Case{"EPSG:32756", {334'000, 0.1, 0.02, 6'250'000, 0.02, -0.1}, 9'000, 9'000},
        Case{"EPSG:4326", {10, 0.0001, 0, 60, 0, -0.0001}, 5'000, 5'000}}) {
    const auto at = projection(one.width, one.height, one.system, one.transform);
    ASSERT_TRUE(at && at->bounds());
    const double middle_x = (at->bounds()->west + at->bounds()->east) / 2;
    const double middle_y = (at->bounds()->south + at->bounds()->north) / 2;
    for (int z = 2; z <= deepest_zoom_on_earth(*at, one.width, one.height); ++z) {
      const auto middle = mercator_pixels(middle_x, middle_y, z);
      const TileAddress tile{z, static_cast<std::int64_t>(middle[0]) / kTileSide,
                             static_cast<std::int64_t>(middle[1]) / kTileSide};
      const TileMap map = map_on_earth(tile, *at);
      const double scale = map.scale(one.width, one.height);
      ASSERT_GT(scale, 0);
      // The worst place: the middle between points.
      const auto points = static_cast<std::size_t>(map.points);
      for (std::size_t cell = 0; cell + points + 1 < map.x.size(); ++cell) {
        if (cell % points + 1 == points) continue;
        const double x =
            (map.x[cell] + map.x[cell + 1] + map.x[cell + points] + map.x[cell + points + 1]) / 4;
        const double y =
            (map.y[cell] + map.y[cell + 1] + map.y[cell + points] + map.y[cell + points + 1]) / 4;
        if (!(x >= 0 && y >= 0 && x < one.width && y < one.height)) continue;
        const auto row = static_cast<double>(cell / points);
        const auto column = static_cast<double>(cell % points);
        auto exact =
            mercator_degrees(static_cast<double>(tile.x) * kTileSide + (column + 0.5) * map.step,
                             static_cast<double>(tile.y) * kTileSide + (row + 0.5) * map.step, z);
        at->to_pixels(std::span(exact).first(1), std::span(exact).last(1));
        EXPECT_NEAR(x / scale, exact[0] / scale, 0.35) << one.system << ' ' << z;
        EXPECT_NEAR(y / scale, exact[1] / scale, 0.35) << one.system << ' ' << z;
      }
    }
  }
}

TEST(TileGrid, RefusesWhatNoMapCanShow) {
  // Across the antimeridian: UTM 60 beyond its eastern edge.
  const auto across = projection(2000, 2000, "EPSG:32660", {830'000, 10, 0, 100'000, 0, -10});
  ASSERT_TRUE(across);
  EXPECT_FALSE(across->bounds());
  // Over the pole.
  const auto pole = projection(2000, 2000, "EPSG:3413", {-10'000, 10, 0, 10'000, 0, -10});
  ASSERT_TRUE(pole);
  EXPECT_FALSE(pole->bounds());
  // The whole Earth is no such case.
  const auto whole = projection(3600, 1600, "EPSG:4326", {-180, 0.1, 0, 80, 0, -0.1});
  ASSERT_TRUE(whole && whole->bounds());
  EXPECT_NEAR(whole->bounds()->east, 180, 1e-9);
  EXPECT_EQ(projection(10, 10, "LOCAL_CS[\"garden\",UNIT[\"metre\",1]]", {0, 1, 0, 0, 0, -1}),
            nullptr);
}

TEST(TileGrid, APyramidOfPixelsHasEveryPixelOnce) {
  EXPECT_EQ(deepest_zoom_of_pixels(200, 256), 0);
  EXPECT_EQ(deepest_zoom_of_pixels(257, 1), 1);
  EXPECT_EQ(deepest_zoom_of_pixels(4000, 3000), 4);
  EXPECT_EQ(deepest_zoom_of_pixels(100'000, 90'000), 9);
  const TileMap deepest = map_of_pixels({4, 3, 2}, 4);
  EXPECT_EQ(deepest.x, (std::vector<double>{768, 1024, 768, 1024}));
  EXPECT_EQ(deepest.y, (std::vector<double>{512, 512, 768, 768}));
  EXPECT_EQ(deepest.scale(4000, 3000), 1);
  EXPECT_EQ(map_of_pixels({0, 0, 0}, 4).scale(4000, 3000), 16);
  EXPECT_EQ(map_of_pixels({4, 15, 15}, 4).scale(3000, 3000), 0) << "beyond the edge";
}

TEST(TileGrid, ChoosesTheReductionNearestToTheTile) {
  EXPECT_EQ(level_for(0.1, 6), 0) << "deeper than the pixels";
  EXPECT_EQ(level_for(1, 6), 0);
  EXPECT_EQ(level_for(1.3, 6), 0);
  EXPECT_EQ(level_for(1.5, 6), 1);
  EXPECT_EQ(level_for(4, 6), 2);
  EXPECT_EQ(level_for(1e9, 6), 5) << "the smallest there is";
  EXPECT_EQ(level_for(std::nan(""), 6), 0);
}

}  // namespace
}  // namespace vedette::imagery
