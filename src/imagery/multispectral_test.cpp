// MicaSense RedEdge and Parrot Sequoia against values computed by an independent reader
// (oracle-multispectral.json of the samples, whose text gives the tolerances).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "imagery/align.hpp"
#include "imagery/analysis.hpp"
#include "imagery/capture.hpp"
#include "imagery/samples.hpp"
#include "media/test_samples.hpp"

namespace vedette::imagery {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json::object oracle(const std::filesystem::path& path) {
  return json::parse(media::read_file(path)).as_object();
}

double number(const json::value& value) {
  return value.is_double()  ? value.as_double()
         : value.is_int64() ? static_cast<double>(value.as_int64())
                            : static_cast<double>(value.as_uint64());
}

// All values of a picture of one band, by the calibration in it.
std::vector<float> radiance_of(ImageFile& picture) {
  const ImageInfo& info = picture.info();
  const auto pixels = static_cast<std::size_t>(info.width) * static_cast<std::size_t>(info.height);
  std::vector<std::byte> samples(pixels * bytes_of(info.type));
  constexpr std::array kFirst{0};
  EXPECT_TRUE(picture.read({0, 0, info.width, info.height}, kFirst, samples));
  std::vector<float> values(pixels);
  to_floats(samples, info.type, std::nullopt, values);
  const auto model = RadianceModel::make(*info.metadata.calibration, info.width, info.height);
  EXPECT_TRUE(model);
  for (int y = 0; y < info.height; ++y) {
    model->apply(0, y,
                 std::span(values).subspan(
                     static_cast<std::size_t>(y) * static_cast<std::size_t>(info.width),
                     static_cast<std::size_t>(info.width)));
  }
  return values;
}

void expect_near(double value, double expected, double relative) {
  EXPECT_NEAR(value, expected, relative * std::max(1e-3, std::abs(expected)));
}

void expect_values(const std::vector<float>& values, int width, const json::object& expected,
                   const json::object& pixels) {
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0;
  float low = values[0];
  float high = values[0];
  for (const float value : values) {
    squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  expect_near(mean, number(expected.at("mean")), 1e-5);
  expect_near(std::sqrt(squares / static_cast<double>(values.size())), number(expected.at("std")),
              1e-5);
  expect_near(static_cast<double>(low), number(expected.at("min")), 1e-5);
  expect_near(static_cast<double>(high), number(expected.at("max")), 1e-5);
  for (const auto& [name, value] : expected.at("pixels").as_object()) {
    const auto& at = pixels.at(name).as_array();
    const auto place = static_cast<std::size_t>(at[1].as_int64() * width + at[0].as_int64());
    SCOPED_TRACE(std::string(name));
    expect_near(static_cast<double>(values[place]), number(value), 1e-5);
  }
}

void expect_index(const Analysis& analysis, std::string_view index, const json::object& expected,
                  double tolerance) {
  const IndexResult* result = analysis.find(index);
  ASSERT_NE(result, nullptr) << index;
  const Statistics& s = result->statistics;
  SCOPED_TRACE(std::string(index));
  EXPECT_NEAR(s.mean, number(expected.at("mean")), tolerance);
  EXPECT_NEAR(s.std, number(expected.at("std")), tolerance);
  EXPECT_NEAR(s.min, number(expected.at("min")), tolerance);
  EXPECT_NEAR(s.max, number(expected.at("max")), tolerance);
  // Percentiles are known to a bin of 2 / 65536.
  EXPECT_NEAR(s.p2, number(expected.at("p2")), tolerance + 4e-5);
  EXPECT_NEAR(s.p50, number(expected.at("p50")), tolerance + 4e-5);
  EXPECT_NEAR(s.p98, number(expected.at("p98")), tolerance + 4e-5);
}

std::filesystem::path beside(const std::filesystem::path& oracle_path, const json::value& file) {
  return oracle_path.parent_path() / std::string(file.as_string());
}

#define VEDETTE_NEED_ORACLE(path)                                      \
  VEDETTE_NEED_SAMPLE(path, "imagery/oracle-multispectral.json");      \
  if (media::sample("imagery/rededge-0000SET/IMG_0001_1.tif").empty()) \
  GTEST_SKIP() << "the RedEdge pictures are not here"

TEST(RedEdge, SaysWhatItIs) {
  VEDETTE_NEED_SAMPLE(path, "imagery/rededge-0000SET/IMG_0001_4.tif");
  const auto info = inspect(path);
  ASSERT_TRUE(info) << info.error().message;
  const Metadata& m = info->metadata;
  EXPECT_EQ(m.camera_make, "MicaSense");
  EXPECT_EQ(m.band_name, "NIR");
  EXPECT_EQ(m.wavelength_nm, 840);
  EXPECT_EQ(m.rig_index, 3);
  EXPECT_EQ(m.capture_id, "g2R43Qr5m7EeTFGbkh1W");
  EXPECT_EQ(m.flight_id, "NtLNbVIdowuCaWYbg3ck");
  ASSERT_TRUE(m.position);
  EXPECT_NEAR(m.position->latitude, 36.5760815, 1e-7);
  EXPECT_NEAR(m.position->longitude, -119.4352604, 1e-7);
  EXPECT_NEAR(m.position->altitude_m.value_or(0), 174.527, 1e-3);
  ASSERT_TRUE(m.captured_at);
  EXPECT_EQ(to_rfc3339(*m.captured_at), "2017-10-19T20:42:10.200159Z");
  ASSERT_TRUE(m.calibration);
  EXPECT_EQ(m.calibration->gain, 1);
  EXPECT_NEAR(m.calibration->exposure_s, 0.0018, 1e-12);
  EXPECT_EQ(m.calibration->black_level, 4800);
}

TEST(RedEdge, RadianceEqualsTheOracle) {
  VEDETTE_NEED_ORACLE(path);
  const json::object all = oracle(path);
  for (const json::value& each : all.at("rededge").at("bands").as_array()) {
    const json::object& band = each.as_object();
    SCOPED_TRACE(std::string(band.at("band").as_string()));
    auto picture = ImageFile::open(beside(path, band.at("file")));
    ASSERT_TRUE(picture) << picture.error().message;
    expect_values(radiance_of(*picture), picture->info().width, band.at("radiance").as_object(),
                  all.at("pixels").as_object());
  }
}

TEST(RedEdge, PanelGivesItsFactor) {
  VEDETTE_NEED_ORACLE(path);
  const json::object all = oracle(path);
  for (const json::value& each : all.at("rededge").at("bands").as_array()) {
    const json::object& panel = each.at("panel").as_object();
    const json::array& rect = panel.at("rect_x0y0x1y1").as_array();
    const auto at = [&](std::size_t i) { return static_cast<int>(rect[i].as_int64()); };
    const auto mean = panel_radiance(beside(path, panel.at("file")), {at(0), at(1), at(2), at(3)});
    ASSERT_TRUE(mean) << mean.error().message;
    expect_near(*mean, number(panel.at("radiance_mean")), 1e-5);
    PanelReading reading;
    reading.bands.push_back({Band::kNir, *mean, number(panel.at("albedo"))});
    expect_near(reading.albedo_over_radiance(Band::kNir).value_or(0), number(panel.at("factor")),
                1e-5);
  }
}

std::vector<std::filesystem::path> flight(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i <= 5; ++i) {
    files.push_back(path.parent_path() /
                    ("rededge-0000SET/IMG_0001_" + std::to_string(i) + ".tif"));
  }
  return files;
}

TEST(RedEdge, IndicesByThePanelEqualTheOracle) {
  VEDETTE_NEED_ORACLE(path);
  const json::object all = oracle(path);
  AnalyzeOptions options;
  options.is_aligned = false;
  options.panel.emplace();
  for (const json::value& each : all.at("rededge").at("bands").as_array()) {
    const json::object& panel = each.at("panel").as_object();
    options.panel->bands.push_back({*parse_band(std::string(each.at("band").as_string())),
                                    number(panel.at("radiance_mean")), number(panel.at("albedo"))});
  }
  const auto analysis = analyze(flight(path), options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_EQ(analysis->radiometry.unit, Unit::kReflectance);
  EXPECT_THAT(analysis->radiometry.how, HasSubstr("panel"));
  const json::object& expected =
      all.at("rededge").at("indices_unaligned").at("reflectance_panel").as_object();
  expect_index(*analysis, "ndvi", expected.at("ndvi").as_object(), 2e-6);
  expect_index(*analysis, "ndre", expected.at("ndre").as_object(), 2e-6);
  EXPECT_NE(analysis->find("savi"), nullptr);
  ASSERT_TRUE(analysis->health);
  EXPECT_EQ(analysis->health->caveat, "");
}

TEST(RedEdge, SunlightSensorIsCorrectedForItsTilt) {
  VEDETTE_NEED_ORACLE(path);
  const json::object all = oracle(path);
  for (const json::value& each : all.at("rededge").at("bands").as_array()) {
    const auto info = inspect(beside(path, each.at("file")));
    ASSERT_TRUE(info);
    const auto ground = ground_irradiance(info->metadata);
    ASSERT_TRUE(ground);
    expect_near(*ground, number(each.at("dls").at("ground_irradiance")), 1e-3);
  }
  AnalyzeOptions options;
  options.is_aligned = false;
  const auto analysis = analyze(flight(path), options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_THAT(analysis->radiometry.how, HasSubstr("sunlight sensor"));
  const json::object& expected =
      all.at("rededge").at("indices_unaligned").at("reflectance_dls_tilt").as_object();
  expect_index(*analysis, "ndvi", expected.at("ndvi").as_object(), 1e-3);
  expect_index(*analysis, "ndre", expected.at("ndre").as_object(), 1e-3);
}

TEST(RedEdge, FilesOfOneCaptureAreFoundAndTheMissingNamed) {
  VEDETTE_NEED_ORACLE(path);
  std::vector<std::filesystem::path> files = flight(path);
  const auto folder = path.parent_path() / "rededge-0000SET";
  files.insert(files.begin(), folder / "IMG_0000_2.tif");
  std::vector<ImageInfo> infos;
  for (const auto& file : files) infos.push_back(*inspect(file));
  std::vector<const ImageInfo*> all;
  for (const ImageInfo& info : infos) all.push_back(&info);
  const auto groups = group_captures(all);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0], (std::vector<std::size_t>{0}));
  EXPECT_EQ(groups[1].size(), 5U);
  EXPECT_THAT(missing_bands(std::span(all).subspan(1)), IsEmpty());
  EXPECT_EQ(missing_bands(std::span(all).subspan(1, 3)), "near infrared and red edge are missing");
  // Without red edge and blue the others are worked with.
  AnalyzeOptions options;
  options.is_aligned = false;
  const auto analysis = analyze(std::vector<std::filesystem::path>{files[3], files[4]}, options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_NE(analysis->find("ndvi"), nullptr);
  EXPECT_EQ(analysis->find("ndre"), nullptr);
  ASSERT_FALSE(analysis->notes.empty());
  EXPECT_THAT(analysis->notes.front(), HasSubstr("blue, green and red edge are missing"));
}

// The band's fit to the reference, whole pictures read by the test.
Fit fit_of(const std::filesystem::path& reference, const std::filesystem::path& band) {
  const auto reduced = [](const std::filesystem::path& path) {
    auto picture = ImageFile::open(path);
    ReducedBand result;
    result.width = picture->info().width;
    result.height = picture->info().height;
    std::vector<std::byte> bytes(std::size_t{2} * 1280 * 960);
    constexpr std::array kFirst{0};
    EXPECT_TRUE(picture->read({0, 0, 1280, 960}, kFirst, bytes));
    result.values.resize(std::size_t{1280} * 960);
    to_floats(bytes, SampleType::kUint16, std::nullopt, result.values);
    return result;
  };
  return fit_band(reduced(reference), reduced(band));
}

TEST(RedEdge, BandsAreLaidOnEachOther) {
  VEDETTE_NEED_ORACLE(path);
  const auto files = flight(path);
  struct Known {
    std::size_t file;
    double x, y;
    std::array<std::array<double, 2>, 4> corners;  // tl, tr, bl, br
  };
  // As an independent registration of the whole pictures found them, against red edge.
  const std::vector<Known> known{
      {2, -13.8, 2.6, {{{-12.8, 0.2}, {-10.8, 3.4}, {-16.0, 1.3}, {-13.8, 5.9}}}},
      {3, -0.1, 7.8, {{{0.2, -1.8}, {9.6, 10.7}, {-9.6, 4.8}, {0.4, 18.1}}}}};
  for (const Known& each : known) {
    SCOPED_TRACE(each.file);
    const Fit fit = fit_of(files[4], files[each.file]);
    EXPECT_TRUE(fit.is_good) << fit.correlation << " " << fit.residual.value_or(-1);
    EXPECT_NEAR(fit.shift[0], each.x, 1.5);
    EXPECT_NEAR(fit.shift[1], each.y, 1.5);
    for (std::size_t corner = 0; corner < 4; ++corner) {
      const double x = corner % 2 == 0 ? 0 : 1279;
      const double y = corner < 2 ? 0 : 959;
      const auto at = mapped(fit.homography, x, y);
      EXPECT_NEAR(at[0] - x, each.corners[corner][0], 3) << corner;
      EXPECT_NEAR(at[1] - y, each.corners[corner][1], 3) << corner;
    }
  }
}

TEST(RedEdge, NdviOfAlignedBandsHasNoFalseNegativeEdges) {
  VEDETTE_NEED_ORACLE(path);
  const auto analysis = analyze(flight(path), {});
  ASSERT_TRUE(analysis) << analysis.error().message;
  ASSERT_EQ(analysis->alignment.size(), 4U);
  for (const BandAlignment& fit : analysis->alignment) EXPECT_TRUE(fit.is_good) << name(fit.band);
  // Unaligned: -0.165; there is no water in the scene.
  EXPECT_GT(analysis->find("ndvi")->statistics.p2, 0.05);
  EXPECT_LT(analysis->find("ndvi")->statistics.valid_px, 1280 * 960);
}

TEST(Sequoia, SaysThatItsBandsDoNotFit) {
  VEDETTE_NEED_ORACLE(path);
  std::vector<std::filesystem::path> files;
  for (const char* band : {"GRE", "RED", "REG", "NIR"}) {
    files.push_back(path.parent_path() /
                    ("sequoia-0077/IMG_180413_080658_0000_" + std::string(band) + ".TIF"));
  }
  const auto analysis = analyze(files, {});
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_TRUE(std::ranges::any_of(analysis->alignment,
                                  [](const BandAlignment& fit) { return !fit.is_good; }));
  EXPECT_TRUE(std::ranges::any_of(analysis->notes, [](const std::string& note) {
    return note.find("do not lie on each other") != std::string::npos;
  }));
}

std::vector<std::filesystem::path> sequoia(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  for (const char* band : {"GRE", "RED", "REG", "NIR"}) {
    files.push_back(path.parent_path() /
                    ("sequoia-0077/IMG_180413_080658_0000_" + std::string(band) + ".TIF"));
  }
  return files;
}

TEST(Sequoia, LightEqualsTheOracleInStoredOrder) {
  VEDETTE_NEED_ORACLE(path);
  const json::object all = oracle(path);
  for (const json::value& each : all.at("sequoia").at("bands").as_array()) {
    SCOPED_TRACE(std::string(each.at("band").as_string()));
    auto picture = ImageFile::open(beside(path, each.at("file")));
    ASSERT_TRUE(picture) << picture.error().message;
    EXPECT_EQ(picture->info().metadata.orientation, 3);
    EXPECT_FALSE(picture->info().metadata.position);
    EXPECT_THAT(picture->info().metadata.position_problem, HasSubstr("no position"));
    ASSERT_TRUE(picture->info().metadata.calibration);
    expect_near(picture->info().metadata.calibration->irradiance.value_or(0),
                number(each.at("sun")), 1e-9);
    expect_values(radiance_of(*picture), picture->info().width,
                  each.at("intensity_vignette_then_B").as_object(), all.at("pixels").as_object());
  }
}

TEST(Sequoia, NdviOverTheSunlightSensorEqualsTheOracle) {
  VEDETTE_NEED_ORACLE(path);
  AnalyzeOptions options;
  options.is_aligned = false;
  const auto analysis = analyze(sequoia(path), options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_EQ(analysis->radiometry.unit, Unit::kRelative);
  const json::object all = oracle(path);
  const json::object& expected =
      all.at("sequoia").at("indices_unaligned").at("normalised").as_object();
  expect_index(*analysis, "ndvi", expected.at("ndvi").as_object(), 2e-6);
  expect_index(*analysis, "ndre", expected.at("ndre").as_object(), 2e-6);
  EXPECT_EQ(analysis->find("savi"), nullptr);
}

}  // namespace
}  // namespace vedette::imagery
