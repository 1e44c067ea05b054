// What an analysis leaves behind, read back: rasters by GDAL and by their bytes, pictures, zones,
// and that nothing stays when it fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "imagery/analysis.hpp"
#include "imagery/test_raster.hpp"
#include "imagery/zones.hpp"
#include "media/image.hpp"
#include "media/jpeg.hpp"
#include "media/test_samples.hpp"

namespace vedette::imagery {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using ::testing::HasSubstr;

class KeptProducts final : public ProductSink {
 public:
  explicit KeptProducts(fs::path folder) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
  }
  Result<> take(const Product& product) override {
    if (fails_at_ == product.file_name) return fail(ErrorCode::kDiskFull, "full");
    fs::rename(product.path, folder_ / product.file_name);
    products_[product.file_name] = product;
    return {};
  }
  fs::path operator[](const std::string& name) const { return folder_ / name; }
  const std::map<std::string, Product>& all() const { return products_; }
  void fail_at(std::string name) { fails_at_ = std::move(name); }

 private:
  fs::path folder_;
  std::string fails_at_;
  std::map<std::string, Product> products_;
};

struct Field {
  int width = 1500;
  int height = 1100;
  std::vector<std::uint16_t> samples;  // red, nir
  double ndvi(int x, int y) const {
    const auto at = 2 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                         static_cast<std::size_t>(x));
    const double red = samples[at];
    const double nir = samples[at + 1];
    return red == 0 && nir == 0 ? std::nan("") : (nir - red) / (nir + red);
  }
};

// Green to the left, bare to the right, no data in a corner.
Field make_field() {
  Field field;
  std::mt19937 random(3);
  std::uniform_int_distribution<int> noise(0, 400);
  for (int y = 0; y < field.height; ++y) {
    for (int x = 0; x < field.width; ++x) {
      const bool is_outside = x < 200 && y < 100;
      const bool is_green = x < 704;  // whole cells of the zones
      const int red = is_outside ? 0 : (is_green ? 1000 : 4000) + noise(random);
      const int nir = is_outside ? 0 : (is_green ? 9000 : 5000) + noise(random);
      field.samples.push_back(static_cast<std::uint16_t>(red));
      field.samples.push_back(static_cast<std::uint16_t>(nir));
    }
  }
  return field;
}

std::string bytes_of_field(const Field& field) {
  TestTiff tiff = TestTiff::of(field.width, field.height, 2, field.samples);
  const auto doubles = [](std::initializer_list<double> values) {
    std::string bytes;
    for (const double value : values) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      bytes += little_bytes(bits, 8);
    }
    return bytes;
  };
  // 5 cm pixels in UTM zone 17N.
  tiff.tag(33550, 12, 3, doubles({0.05, 0.05, 0}));
  tiff.tag(33922, 12, 6, doubles({0, 0, 0, 500'000, 4'840'000, 0}));
  std::string keys;
  for (const int key : {1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32617}) {
    keys += little_bytes(static_cast<std::uint64_t>(key), 2);
  }
  tiff.tag(34735, 3, 16, keys);
  tiff.names({"red", "nir"}).text(42113, "0");
  return tiff.bytes();
}

class Products : public ::testing::Test {
 protected:
  Result<Analysis> run(AnalyzeOptions options) {
    path_ = folder_.write("field.tif", bytes_of_field(field_));
    options.scratch = folder_.path();
    return analyze(path_, options, &sink_);
  }

  media::TestFolder folder_;
  Field field_ = make_field();
  KeptProducts sink_{folder_.path() / "kept"};
  fs::path path_;
};

std::vector<float> read_all(ImageFile& file) {
  const ImageInfo& info = file.info();
  const auto pixels = static_cast<std::size_t>(info.width) * static_cast<std::size_t>(info.height);
  std::vector<std::byte> bytes(pixels * bytes_of(info.type));
  constexpr std::array kFirst{0};
  EXPECT_TRUE(file.read({0, 0, info.width, info.height}, kFirst, bytes));
  std::vector<float> values(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    if (info.type == SampleType::kFloat32) {
      std::memcpy(&values[i], &bytes[4 * i], 4);
    } else {
      std::int16_t code = 0;
      std::memcpy(&code, &bytes[2 * i], 2);
      values[i] = code == -32768 ? std::nanf("")
                                 : static_cast<float>(code * info.bands[0].scale.value_or(0));
    }
  }
  return values;
}

TEST_F(Products, RasterOf16BitsHoldsTheIndexAndItsPlace) {
  const auto analysis = run({});
  ASSERT_TRUE(analysis) << analysis.error().message;
  auto raster = ImageFile::open(sink_["ndvi.tif"]);
  ASSERT_TRUE(raster) << raster.error().message;
  const ImageInfo& info = raster->info();
  EXPECT_EQ(info.width, field_.width);
  EXPECT_EQ(info.height, field_.height);
  EXPECT_EQ(info.type, SampleType::kInt16);
  EXPECT_EQ(info.bands[0].scale, 0.0001);
  EXPECT_EQ(info.bands[0].nodata, -32768);
  EXPECT_EQ(info.bands[0].description, "NDVI");
  ASSERT_TRUE(info.georeference);
  EXPECT_EQ(info.georeference->epsg, 32617);
  EXPECT_THAT(info.georeference->transform,
              ::testing::ElementsAre(500'000, 0.05, 0, 4'840'000, 0, -0.05));
  const auto values = read_all(*raster);
  for (int y = 0; y < field_.height; ++y) {
    for (int x = 0; x < field_.width; ++x) {
      const auto value = static_cast<double>(
          values[static_cast<std::size_t>(y) * static_cast<std::size_t>(field_.width) +
                 static_cast<std::size_t>(x)]);
      const double expected = field_.ndvi(x, y);
      const bool is_right =
          std::isnan(expected) ? std::isnan(value) : std::abs(value - expected) <= 0.000051;
      ASSERT_TRUE(is_right) << x << " " << y << " " << value << " " << expected;
    }
  }
}

TEST_F(Products, RasterOfFloat32IsTheIndexItself) {
  AnalyzeOptions options;
  options.products.is_float32 = true;
  ASSERT_TRUE(run(options));
  auto raster = ImageFile::open(sink_["ndvi.tif"]);
  ASSERT_TRUE(raster) << raster.error().message;
  EXPECT_EQ(raster->info().type, SampleType::kFloat32);
  const auto values = read_all(*raster);
  for (std::size_t i = 0; i < values.size(); i += 97) {
    const int x = static_cast<int>(i) % field_.width;
    const int y = static_cast<int>(i) / field_.width;
    const double expected = field_.ndvi(x, y);
    ASSERT_TRUE(std::isnan(expected) ? std::isnan(values[i])
                                     : std::abs(static_cast<double>(values[i]) - expected) < 1e-7);
  }
}

std::uint64_t little_at(const std::string& bytes, std::size_t at, int width) {
  std::uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  }
  return value;
}

TEST_F(Products, RasterIsCloudOptimized) {
  ASSERT_TRUE(run({}));
  const std::string bytes = media::read_file(sink_["ndvi.tif"]);
  // Directories at the front, from the raster to its smallest overview; tiles behind them, the
  // smallest overview's first.
  std::vector<std::uint64_t> widths;
  std::vector<std::uint64_t> first_tiles;
  std::uint64_t last_directory = 0;
  for (std::uint64_t at = little_at(bytes, 4, 4); at != 0;) {
    EXPECT_GT(at, last_directory);
    last_directory = at;
    const std::uint64_t count = little_at(bytes, at, 2);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t entry = at + 2 + 12 * i;
      const std::uint64_t id = little_at(bytes, entry, 2);
      const std::uint64_t values = little_at(bytes, entry + 4, 4);
      const std::uint64_t value = little_at(bytes, entry + 8, 4);
      if (id == 256) widths.push_back(value);
      if (id == 324) first_tiles.push_back(values > 1 ? little_at(bytes, value, 4) : value);
    }
    at = little_at(bytes, at + 2 + 12 * count, 4);
  }
  EXPECT_THAT(widths, ::testing::ElementsAre(1500, 750, 375));
  EXPECT_GT(first_tiles[0], first_tiles[1]);
  EXPECT_GT(first_tiles[1], first_tiles[2]);
  EXPECT_GT(first_tiles[2], last_directory);
}

TEST_F(Products, PicturesAndNumbersAreThere) {
  const auto analysis = run({});
  ASSERT_TRUE(analysis) << analysis.error().message;
  const auto picture = inspect(sink_["ndvi.png"]);
  ASSERT_TRUE(picture) << picture.error().message;
  EXPECT_EQ(picture->kind, FileKind::kPng);
  EXPECT_EQ(picture->width, 1500);
  media::Image preview;
  const std::string jpeg = media::read_file(sink_["preview.jpg"]);
  ASSERT_TRUE(media::decode_jpeg({reinterpret_cast<const std::uint8_t*>(jpeg.data()), jpeg.size()},
                                 preview));
  EXPECT_EQ(preview.width(), 1500);
  EXPECT_EQ(preview.row(10)[30], 255);  // no data is white
  const std::string csv = media::read_file(sink_["numbers.csv"]);
  EXPECT_THAT(csv, HasSubstr("\nndvi,"));
  const json::value numbers = json::parse(media::read_file(sink_["numbers.json"]));
  EXPECT_EQ(numbers.at("valid_px").to_number<std::int64_t>(), analysis->valid_px);
  const json::value printed = json::parse(to_json(*analysis, "field.tif"));
  EXPECT_EQ(printed.at("products").as_array().size(), sink_.all().size());
  EXPECT_EQ(printed.at("file").as_string(), "field.tif");
  EXPECT_NEAR(printed.at("scale").at("pixel_m").as_double(), 0.05, 1e-9);
}

TEST_F(Products, ZonesHaveTheirClassPlaceAndArea) {
  const auto analysis = run({});
  ASSERT_TRUE(analysis) << analysis.error().message;
  const json::value zones = json::parse(media::read_file(sink_["zones.geojson"]));
  const auto& features = zones.at("features").as_array();
  ASSERT_EQ(features.size(), 2U);
  EXPECT_EQ(analysis->zones, 2);
  std::map<std::string, double> areas;
  for (const auto& feature : features) {
    const auto& properties = feature.at("properties");
    areas[std::string(properties.at("class").as_string())] =
        properties.at("area_ha").to_number<double>();
    const auto& ring = feature.at("geometry").at("coordinates").as_array().at(0).as_array();
    EXPECT_EQ(ring.front(), ring.back());
    EXPECT_NEAR(ring.front().as_array()[0].as_double(), -81, 0.01);
    EXPECT_NEAR(ring.front().as_array()[1].as_double(), 43.71, 0.02);
  }
  // Less the corner; a cell is 8 pixels.
  EXPECT_NEAR(areas["very_poor"], 796 * 1100 * 0.0025 / 10'000, 0.005);
  EXPECT_NEAR(areas["healthy"] + areas["very_healthy"], (704 * 1100 - 200 * 100) * 0.0025 / 10'000,
              0.005);
}

TEST_F(Products, ZonesGoToTractorsAndMapsToo) {
  ASSERT_TRUE(run({}));
  const std::string kml = media::read_file(sink_["zones.kml"]);
  EXPECT_THAT(kml, HasSubstr("<name>very_poor</name>"));
  EXPECT_THAT(kml, HasSubstr("</kml>"));
  const std::string zip = media::read_file(sink_["zones.shp.zip"]);
  ASSERT_THAT(zip, ::testing::StartsWith("PK\x03\x04"));
  const auto shape = zip.find(std::string("\0\0\x27\x0A", 4));
  ASSERT_NE(shape, std::string::npos);
  EXPECT_EQ(little_at(zip, shape + 28, 4), 1000U);
  EXPECT_EQ(little_at(zip, shape + 32, 4), 5U);  // polygons
  EXPECT_EQ(little_at(zip, shape + 108, 4), 5U);
  EXPECT_EQ(little_at(zip, shape + 108 + 36, 4), 1U);  // the first zone has one ring
  // The end of the archive names four files and the place of their list.
  const std::size_t end = zip.size() - 22;
  EXPECT_EQ(little_at(zip, end + 10, 2), 4U);
  EXPECT_EQ(little_at(zip, little_at(zip, end + 16, 4), 4), 0x02014B50U);
}

TEST_F(Products, StressIsAGridOfTenByTen) {
  const auto analysis = run({});
  ASSERT_TRUE(analysis);
  ASSERT_FALSE(analysis->stress.empty());
  for (const StressCell& cell : analysis->stress) {
    EXPECT_GE(cell.x, 5);  // the bare half; the cell on the edge is mostly bare
    EXPECT_NEAR(cell.severity, 1 - (cell.ndvi + 1) / 2, 1e-9);
    EXPECT_EQ(cell.pixels, 150 * 110);
    double sum = 0;
    for (int y = cell.y * 110; y < (cell.y + 1) * 110; ++y) {
      for (int x = cell.x * 150; x < (cell.x + 1) * 150; ++x) sum += field_.ndvi(x, y);
    }
    EXPECT_NEAR(cell.ndvi, sum / (150 * 110), 1e-6);
  }
}

TEST_F(Products, NothingIsLeftBehindWhenTheSinkFails) {
  sink_.fail_at("ndvi.tif");
  const auto analysis = run({});
  ASSERT_FALSE(analysis);
  EXPECT_EQ(analysis.error().code, ErrorCode::kDiskFull);
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_TRUE(entry.path().filename() == "kept" || entry.path().filename() == "field.tif")
        << entry.path();
  }
}

TEST_F(Products, StopsWhenItIsAskedTo) {
  std::stop_source stop;
  path_ = folder_.write("field.tif", bytes_of_field(field_));
  AnalyzeOptions options;
  options.scratch = folder_.path();
  const auto analysis = analyze(
      path_, options, &sink_, [&](double, std::string_view) { stop.request_stop(); },
      stop.get_token());
  ASSERT_FALSE(analysis);
  EXPECT_EQ(analysis.error().code, ErrorCode::kCancelled);
}

TEST(ATurnedPicture, IsAnalysedUpright) {
  // Rows of their own value: turned by 90 degrees they become columns.
  std::vector<std::uint16_t> samples;
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 60; ++x) {
      samples.push_back(1000);
      samples.push_back(static_cast<std::uint16_t>(y < 20 ? 9000 : 1000));
    }
  }
  TestTiff tiff = TestTiff::of(60, 40, 2, samples);
  tiff.names({"red", "nir"}).number(0x0112, 3, 6);  // to be turned to the right
  const media::TestFolder folder;
  KeptProducts sink(folder.path() / "kept");
  AnalyzeOptions options;
  options.scratch = folder.path();
  options.products.is_float32 = true;
  const auto analysis = analyze(folder.write("turned", tiff.bytes()), options, &sink);
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_EQ(analysis->width, 40);
  EXPECT_EQ(analysis->height, 60);
  auto raster = ImageFile::open(sink["ndvi.tif"]);
  ASSERT_TRUE(raster);
  const auto values = read_all(*raster);
  EXPECT_NEAR(static_cast<double>(values[0]), 0, 1e-6);  // what was below is now to the left
  EXPECT_NEAR(static_cast<double>(values[39]), 0.8, 1e-6);
}

TEST(Zones_, HaveTheirHoles) {
  Reduced index;
  index.width = index.height = 30;
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 30; ++x) {
      const bool is_hole = x >= 10 && x < 15 && y >= 10 && y < 15;
      index.values.push_back(is_hole ? 0.1F : 0.9F);
    }
  }
  const Zones zones = find_zones(index, {0.5});
  ASSERT_EQ(zones.zones.size(), 2U);
  EXPECT_EQ(zones.zones[0].cells, 875);
  ASSERT_EQ(zones.zones[0].rings.size(), 2U);
  EXPECT_EQ(zones.zones[0].rings[0].size(), 5U);
  EXPECT_EQ(zones.zones[0].rings[1].size(), 5U);
  EXPECT_EQ(zones.zones[1].cells, 25);
  EXPECT_EQ(zones.zones[1].rings.size(), 1U);
}

}  // namespace
}  // namespace vedette::imagery
