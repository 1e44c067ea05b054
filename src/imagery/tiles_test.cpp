// Tiles against the numbers that the rasters were made of: in a folder and over S3, of both
// pyramids, of codes, floats and pictures; what is kept has a bound, what is damaged is said.
#include "imagery/tiles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "blob/testing/every_store.hpp"
#include "imagery/analysis.hpp"
#include "imagery/raster_tiles.hpp"
#include "imagery/test_raster.hpp"

namespace vedette::imagery {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kWidth = 1300;
constexpr int kHeight = 700;

// Differs from pixel to pixel; none in a corner.
float value_at(int x, int y) {
  if (x < 100 && y < 50) return std::nanf("");
  return static_cast<float>((x * 7 + y * 13) % 2000) / 1000.0F - 1;
}

class TilesTest : public blob::testing::EveryStore {
 protected:
  std::string raster(bool is_float32, std::optional<Georeference> place = {}) {
    RasterFormat format;
    format.width = kWidth;
    format.height = kHeight;
    format.is_float32 = is_float32;
    if (place) format.place = must(geo_tags(*place));
    const auto tiles = must(RasterTiles::make(format, folder_.path() / "spool", 0));
    std::vector<float> values(512 * 512);
    for (int row = 0; row * 512 < kHeight; ++row) {
      for (int column = 0; column * 512 < kWidth; ++column) {
        for (int y = 0; y < 512; ++y) {
          for (int x = 0; x < 512; ++x) {
            values[static_cast<std::size_t>(y * 512 + x)] =
                value_at(column * 512 + x, row * 512 + y);
          }
        }
        must(tiles->add(column, row, values.data(), 512));
      }
    }
    const fs::path file = folder_.path() / "raster.tif";
    must(tiles->write(file));
    const std::string key = "fields/products/" + std::to_string(++made_) + ".tif";
    must(store().put(key, must(blob::from_file(file)), {}));
    return key;
  }

  // What a decoder that is not ours finds in it: band after band.
  std::vector<std::uint8_t> pixels_of(const std::string& png, int bands) {
    const fs::path file = folder_.path() / "tile.png";
    std::ofstream(file, std::ios::binary) << png;
    ImageFile image = must(ImageFile::open(file));
    EXPECT_EQ(image.info().width, kTileSide);
    EXPECT_EQ(image.info().height, kTileSide);
    EXPECT_EQ(static_cast<int>(image.info().bands.size()), bands);
    std::vector<int> all;
    for (int i = 0; i < bands; ++i) all.push_back(i);
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kTileSide * kTileSide * bands));
    must(image.read({0, 0, kTileSide, kTileSide}, all, std::as_writable_bytes(std::span(pixels))));
    return pixels;
  }

  static Shade shade(double low = -1, double high = 1) { return {&ramps()[0], low, high}; }

  TempFolder folder_;
  int made_ = 0;
};

// A code stands for 0.0001: colours may differ by one where a value lies between two.
void expect_colour(std::uint8_t got, float value, const char* what) {
  const int wanted = colour_of(value, -1, 1);
  if (wanted == 0 || got == 0) {
    EXPECT_EQ(got, wanted) << what;
  } else {
    EXPECT_NEAR(got, wanted, 1) << what;
  }
}

TEST_P(TilesTest, ShowEachPixelOfAPictureWithoutAPlace) {
  for (const bool is_float32 : {false, true}) {
    const std::string key = raster(is_float32);
    Tiles tiles(store());
    const Pyramid pyramid = must(tiles.pyramid(key));
    EXPECT_FALSE(pyramid.is_on_earth);
    EXPECT_THAT(pyramid.why_pixels, HasSubstr("georeference"));
    EXPECT_EQ(pyramid.deepest_zoom, 3);
    for (const auto& [x, y] : {std::pair{0, 0}, {1, 1}, {5, 2}}) {
      const auto pixels = pixels_of(must(tiles.index_tile(key, {3, x, y}, shade())), 1);
      for (int j = 0; j < kTileSide; ++j) {
        for (int i = 0; i < kTileSide; ++i) {
          const int px = x * kTileSide + i;
          const int py = y * kTileSide + j;
          const bool is_inside = px < kWidth && py < kHeight;
          expect_colour(pixels[static_cast<std::size_t>(j * kTileSide + i)],
                        is_inside ? value_at(px, py) : std::nanf(""), "deepest");
        }
      }
    }
    // Half the size: the mean of the four that have data.
    const auto half = pixels_of(must(tiles.index_tile(key, {2, 0, 0}, shade())), 1);
    for (int j = 0; j < kTileSide; j += 7) {
      for (int i = 0; i < kTileSide; i += 5) {
        float sum = 0;
        int count = 0;
        for (const auto& [dx, dy] : {std::pair{0, 0}, {1, 0}, {0, 1}, {1, 1}}) {
          const float value = value_at(2 * i + dx, 2 * j + dy);
          if (std::isnan(value)) continue;
          sum += value;
          ++count;
        }
        expect_colour(half[static_cast<std::size_t>(j * kTileSide + i)],
                      count == 0 ? std::nanf("") : sum / static_cast<float>(count), "half");
      }
    }
    EXPECT_EQ(pixels_of(must(tiles.index_tile(key, {0, 0, 0}, shade())),
                        1)[static_cast<std::size_t>(255 * kTileSide)],
              0)
        << "below the picture";
    EXPECT_NEAR(must(tiles.value(key, 700, 300)).value(), value_at(700, 300), 5e-5);
    EXPECT_NEAR(must(tiles.value(key, kWidth - 1, kHeight - 1)).value(),
                value_at(kWidth - 1, kHeight - 1), 5e-5);
    EXPECT_EQ(must(tiles.value(key, 99, 49)), std::nullopt);
    EXPECT_EQ(tiles.value(key, kWidth, 0).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(tiles.index_tile(key, {3, 6, 0}, shade()).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(tiles.index_tile(key, {4, 0, 0}, shade()).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(tiles.picture_tile(key, {0, 0, 0}).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(must(tiles.pixel_at(key, 1, 1)), std::nullopt);
  }
}

TEST_P(TilesTest, LieOnTheMapWhereThePictureLies) {
  struct Case {
    const char* system;
    std::array<double, 6> transform;
  };
  for (const Case& one :
       {Case{"EPSG:32617", {500'000, 0.5, 0, 4'840'000, 0, -0.5}},
        Case{"EPSG:32756", {334'000, 0.5, 0.1, 6'250'000, 0.1, -0.5}},  // turned, in the south
        Case{"EPSG:4326", {-71.5, 0.00001, 0, -33.2, 0, -0.00001}}}) {
    Georeference place;
    place.transform = one.transform;
    place.wkt = one.system;
    const std::string key = raster(false, place);
    Tiles tiles(store());
    const Pyramid pyramid = must(tiles.pyramid(key));
    ASSERT_TRUE(pyramid.is_on_earth) << pyramid.why_pixels;
    const int z = pyramid.deepest_zoom;
    const double longitude = (pyramid.bounds->west + pyramid.bounds->east) / 2;
    const double latitude = (pyramid.bounds->south + pyramid.bounds->north) / 2;
    const auto middle = mercator_pixels(longitude, latitude, z);
    const TileAddress address{z, static_cast<std::int64_t>(middle[0]) / kTileSide,
                              static_cast<std::int64_t>(middle[1]) / kTileSide};
    const auto pixels = pixels_of(must(tiles.index_tile(key, address, shade())), 1);
    int compared = 0;
    for (int j = 0; j < kTileSide; j += 3) {
      for (int i = 0; i < kTileSide; i += 5) {
        const auto at = mercator_degrees(static_cast<double>(address.x) * kTileSide + i + 0.5,
                                         static_cast<double>(address.y) * kTileSide + j + 0.5, z);
        const auto pixel = *must(tiles.pixel_at(key, at[0], at[1]));
        const auto is_between = [](double v) {
          const double part = v - std::floor(v);
          return part > 0.1 && part < 0.9;
        };
        if (!is_between(pixel[0]) || !is_between(pixel[1])) continue;
        const bool is_inside =
            pixel[0] >= 0 && pixel[1] >= 0 && pixel[0] < kWidth && pixel[1] < kHeight;
        expect_colour(pixels[static_cast<std::size_t>(j * kTileSide + i)],
                      is_inside ? value_at(static_cast<int>(pixel[0]), static_cast<int>(pixel[1]))
                                : std::nanf(""),
                      one.system);
        compared += is_inside ? 1 : 0;
      }
    }
    EXPECT_GT(compared, 500) << one.system;
    const auto back = *must(tiles.degrees_of(key, 600, 300));
    const auto pixel = *must(tiles.pixel_at(key, back[0], back[1]));
    EXPECT_NEAR(pixel[0], 600.5, 1e-3);
    EXPECT_NEAR(pixel[1], 300.5, 1e-3);
    EXPECT_EQ(tiles.index_tile(key, {z, 0, 0}, shade()).error().code, ErrorCode::kNotFound);
    EXPECT_THAT(tiles.index_tile(key, {z, 0, 0}, shade()).error().message, HasSubstr("lies from"));
    EXPECT_TRUE(tiles.index_tile(key, {0, 0, 0}, shade())) << "the whole Earth";
    EXPECT_TRUE(tiles.index_tile(
        key, {kDeepestZoom, address.x << (kDeepestZoom - z), address.y << (kDeepestZoom - z)},
        shade()));
  }
}

TEST_P(TilesTest, KeepNoMoreThanTheyMay) {
  const std::string key = raster(false);
  const std::string other = raster(true);
  constexpr std::size_t kMost = 3U << 19;  // three tiles of codes
  Tiles tiles(store(), {.heads = 200'000, .tiles = kMost});
  for (int round = 0; round < 2; ++round) {
    for (int x = 0; x < 6; x += 2) {
      for (int y = 0; y < 3; y += 2) {
        ASSERT_TRUE(tiles.index_tile(key, {3, x, y}, shade()));
        ASSERT_TRUE(tiles.index_tile(other, {3, x, y}, shade()));
        EXPECT_LE(tiles.kept_bytes(), kMost + 200'000);
      }
    }
  }
  EXPECT_GT(tiles.kept_bytes(), kMost / 2) << "and what was read last is kept";
}

TEST_P(TilesTest, SayWhatIsDamagedOrGone) {
  Tiles tiles(store());
  EXPECT_EQ(tiles.pyramid("fields/products/none.tif").error().code, ErrorCode::kNotFound);
  const std::string whole = get(raster(false));
  std::string cut = whole.substr(0, 300);
  put("cut.tif", cut);
  EXPECT_EQ(tiles.pyramid("cut.tif").error().code, ErrorCode::kCorrupt);
  put("empty.tif", " ");
  EXPECT_EQ(tiles.pyramid("empty.tif").error().code, ErrorCode::kCorrupt);
  put("other.tif", TestTiff::of(2, 2, 1, std::vector<std::uint8_t>(4)).bytes());
  EXPECT_EQ(tiles.pyramid("other.tif").error().code, ErrorCode::kCorrupt);
  std::string spoiled = whole;
  std::fill(spoiled.end() - 3000, spoiled.end(), '\x55');
  put("spoiled.tif", spoiled);
  EXPECT_EQ(tiles.index_tile("spoiled.tif", {3, 5, 2}, shade()).error().code, ErrorCode::kCorrupt);
  // Whatever stands in the head, nothing but an error or tiles comes of it.
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(whole.data()),
                                            whole.size());
  for (std::size_t at = 0; at < 700; ++at) {
    for (const std::uint8_t with : {std::uint8_t{0}, std::uint8_t{0xFF}}) {
      std::vector<std::uint8_t> head(bytes.begin(), bytes.begin() + 4000);
      head[at] = with;
      if (const auto cog = Cog::of_head(head)) {
        EXPECT_FALSE(cog->levels().empty());
      }
    }
  }
}

class KeptProduct final : public ProductSink {
 public:
  explicit KeptProduct(fs::path to) : to_(std::move(to)) {}
  Result<> take(const Product& product) override {
    if (product.file_name == "picture.tif") fs::rename(product.path, to_);
    return {};
  }

 private:
  fs::path to_;
};

TEST_P(TilesTest, ShowThePictureItselfAndNothingWhereThereIsNone) {
  // Red to the left, green to the right, alpha 0 in a corner; larger than a tile of the raster.
  constexpr int kPictureWidth = 900;
  constexpr int kPictureHeight = 600;
  for (const bool has_hole : {false, true}) {
    std::vector<std::uint8_t> samples;
    for (int y = 0; y < kPictureHeight; ++y) {
      for (int x = 0; x < kPictureWidth; ++x) {
        const bool is_left = x < 448;
        const bool is_hole = has_hole && x >= 640 && y >= 320;
        for (const int sample : {is_left ? 200 : 40, is_left ? 30 : 180, 60, is_hole ? 0 : 255}) {
          samples.push_back(static_cast<std::uint8_t>(sample));
        }
      }
    }
    auto tiff = TestTiff::of(kPictureWidth, kPictureHeight, 4, samples);
    tiff.number(262, 3, 2).tag(338, 3, 1, little_bytes(2, 2));
    const fs::path file = folder_.path() / "picture-in.tif";
    std::ofstream(file, std::ios::binary) << tiff.bytes();
    AnalyzeOptions options;
    options.scratch = folder_.path();
    options.products.picture = true;
    options.threads = 2;
    const fs::path made = folder_.path() / "picture-out.tif";
    KeptProduct sink(made);
    const Analysis analysis = must(analyze(file, options, &sink));
    EXPECT_TRUE(std::ranges::any_of(analysis.products, [](const Product& product) {
      return name(product.kind) == "picture_cog" && product.width == kPictureWidth;
    }));
    const std::string key = has_hole ? "hole.tif" : "picture.tif";
    must(store().put(key, must(blob::from_file(made)), {}));

    // Another program reads it, too.
    ImageFile read = must(ImageFile::open(made));
    EXPECT_EQ(read.info().width, kPictureWidth);
    EXPECT_EQ(read.info().bands.size(), 3U);
    EXPECT_EQ(read.info().has_mask, has_hole);
    std::vector<std::uint8_t> reds(kPictureWidth * kPictureHeight);
    must(read.read({0, 0, kPictureWidth, kPictureHeight}, std::array{0},
                   std::as_writable_bytes(std::span(reds))));
    EXPECT_NEAR(reds[100 * kPictureWidth + 100], 200, 4);
    EXPECT_NEAR(reds[100 * kPictureWidth + 600], 40, 4);
    if (has_hole) {
      std::vector<std::uint8_t> mask(kPictureWidth * kPictureHeight);
      must(read.read_mask({0, 0, kPictureWidth, kPictureHeight}, mask));
      EXPECT_EQ(mask[500 * kPictureWidth + 800], 0);
      EXPECT_NE(mask[100 * kPictureWidth + 800], 0);
    }

    Tiles tiles(store());
    const auto left = pixels_of(must(tiles.picture_tile(key, {2, 0, 0})), 3);
    constexpr std::size_t kBand = kTileSide * kTileSide;
    EXPECT_NEAR(left[100 * kTileSide + 100], 200, 4);
    EXPECT_NEAR(left[kBand + 100 * kTileSide + 100], 30, 4);
    EXPECT_NEAR(left[2 * kBand + 100 * kTileSide + 100], 60, 4);
    // At the picture's edge the rest is clear; its hole, too.
    const auto corner = pixels_of(must(tiles.picture_tile(key, {2, 3, 2})), 4);
    EXPECT_EQ(corner[3 * kBand + 10 * kTileSide + 10], has_hole ? 0 : 255);
    EXPECT_EQ(corner[3 * kBand + 200 * kTileSide + 10], 0);
    const auto whole = pixels_of(must(tiles.picture_tile(key, {0, 0, 0})), 4);
    EXPECT_NEAR(whole[20 * kTileSide + 20], 200, 6);
    EXPECT_EQ(whole[3 * kBand + 20 * kTileSide + 20], 255);
    EXPECT_EQ(whole[3 * kBand + 120 * kTileSide + 200], has_hole ? 0 : 255);
    EXPECT_EQ(tiles.index_tile(key, {0, 0, 0}, shade()).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(tiles.value(key, 1, 1).error().code, ErrorCode::kInvalid);
  }
}

TEST(Ramps, HaveNamesAndColours) {
  for (const Ramp& ramp : ramps()) {
    EXPECT_EQ(find_ramp(ramp.name), &ramp);
    const auto colours = palette(ramp);
    ASSERT_EQ(colours.size(), 256U);
    EXPECT_EQ(colours[1], ramp.colours.front()) << ramp.name;
    EXPECT_EQ(colours[255], ramp.colours.back()) << ramp.name;
  }
  EXPECT_EQ(find_ramp("rainbow"), nullptr);
  const auto first = palette();
  EXPECT_TRUE(std::ranges::equal(palette(ramps()[0]), first));
}

INSTANTIATE_TEST_SUITE_P(Stores, TilesTest,
                         ::testing::Values(blob::testing::Kind::kFolder, blob::testing::Kind::kS3),
                         blob::testing::kind_name);

}  // namespace
}  // namespace vedette::imagery
