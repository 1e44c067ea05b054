// The way from bytes to numbers: real pictures with known figures, and random rasters against
// formulas written out here in double.
#include "imagery/analysis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>

#include "imagery/test_raster.hpp"
#include "media/test_samples.hpp"

namespace vedette::imagery {
namespace {

using ::testing::HasSubstr;

const NotComputed* missing(const Analysis& analysis, std::string_view index) {
  const auto found = std::ranges::find(analysis.not_computed, index, &NotComputed::index);
  return found == analysis.not_computed.end() ? nullptr : &*found;
}

TEST(AnalysisOfLandsat, HasTheNdviOfItsReadme) {
  VEDETTE_NEED_SAMPLE(path, "imagery/landsat7_6band.tif");
  AnalyzeOptions options;
  options.bands = *parse_band_choice("landsat7");
  const auto analysis = analyze(path, options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_EQ(analysis->width, 349);
  EXPECT_EQ(analysis->height, 352);
  const IndexResult* ndvi = analysis->find("ndvi");
  ASSERT_NE(ndvi, nullptr);
  EXPECT_NEAR(ndvi->statistics.mean, -0.0643, 1e-4);
  EXPECT_NEAR(ndvi->statistics.min, -0.7534, 1e-4);
  EXPECT_NEAR(ndvi->statistics.max, 0.5867, 1e-4);
  EXPECT_EQ(ndvi->statistics.valid_px, 349 * 352);
  EXPECT_EQ(analysis->radiometry.unit, Unit::kDigitalNumbers);
  const NotComputed* savi = missing(*analysis, "savi");
  ASSERT_NE(savi, nullptr);
  EXPECT_THAT(savi->why, HasSubstr("digital numbers"));
  ASSERT_TRUE(analysis->scale);
  EXPECT_NEAR(analysis->scale->pixel_m, 28.5, 0.01);
  ASSERT_TRUE(analysis->health);
  EXPECT_FALSE(analysis->health->caveat.empty());
}

TEST(AnalysisOfLandsat, GuessesNoBandsInSilence) {
  VEDETTE_NEED_SAMPLE(path, "imagery/landsat7_6band.tif");
  const auto analysis = analyze(path, {});
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_TRUE(analysis->indices.empty());
  const NotComputed* ndvi = missing(*analysis, "ndvi");
  ASSERT_NE(ndvi, nullptr);
  EXPECT_THAT(ndvi->why, HasSubstr("does not say which of its 6 bands"));
  EXPECT_FALSE(analysis->health);
  EXPECT_EQ(analysis->valid_px, 349 * 352);
}

TEST(AnalysisOfLandsat, ReadsTwoFilesOfOneBandEach) {
  VEDETTE_NEED_SAMPLE(red, "imagery/landsat8_B4.tif");
  VEDETTE_NEED_SAMPLE(nir, "imagery/landsat8_B5.tif");
  AnalyzeOptions options;
  options.bands = *parse_band_choice("red,nir");
  const std::vector<std::filesystem::path> files{red, nir};
  const auto analysis = analyze(files, options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  const IndexResult* ndvi = analysis->find("ndvi");
  ASSERT_NE(ndvi, nullptr);
  EXPECT_NEAR(ndvi->statistics.mean, 0.2938, 1e-4);
  EXPECT_NEAR(ndvi->statistics.min, -0.2746, 1e-4);
  EXPECT_NEAR(ndvi->statistics.max, 0.5567, 1e-4);
}

TEST(AnalysisOfAnOrdinaryPicture, HasTheIndicesOfColoursAndSaysWhyNoNdvi) {
  VEDETTE_NEED_SAMPLE(path, "imagery/seneca_IMG_0470.jpg");
  const auto analysis = analyze(path, {});
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_EQ(analysis->width, 3600);
  EXPECT_EQ(analysis->height, 2700);
  EXPECT_NE(analysis->find("vari"), nullptr);
  EXPECT_NE(analysis->find("gli"), nullptr);
  EXPECT_EQ(analysis->find("ndvi"), nullptr);
  const NotComputed* ndvi = missing(*analysis, "ndvi");
  ASSERT_NE(ndvi, nullptr);
  EXPECT_THAT(ndvi->why, HasSubstr("no near infrared"));
  EXPECT_FALSE(analysis->health);
  EXPECT_THAT(analysis->no_health, HasSubstr("near infrared"));
  ASSERT_TRUE(analysis->metadata.position);
  EXPECT_NEAR(analysis->metadata.position->latitude, 41.0369659, 1e-7);
  EXPECT_NEAR(analysis->metadata.position->longitude, -83.3043454, 1e-7);
  EXPECT_NEAR(analysis->metadata.position->altitude_m.value_or(0), 282.73, 0.01);
}

TEST(AnalysisOfAnOrdinaryPicture, TakesWhatWasSetForAConvertedCamera) {
  VEDETTE_NEED_SAMPLE(path, "imagery/seneca_IMG_0470.jpg");
  AnalyzeOptions options;
  options.camera_bands = *parse_band_choice("nir-in-red");
  const auto analysis = analyze(path, options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  const IndexResult* bndvi = analysis->find("bndvi");
  ASSERT_NE(bndvi, nullptr);
  EXPECT_GT(bndvi->statistics.mean, 0.1);  // much vegetation, which is red in this picture
  EXPECT_EQ(analysis->bands[0].source, RoleSource::kCamera);
}

// Each index once more, by hand.
double by_hand(std::string_view index, double b, double g, double r, double e, double n) {
  if (index == "ndvi") return (n - r) / (n + r);
  if (index == "gndvi") return (n - g) / (n + g);
  if (index == "ndre") return (n - e) / (n + e);
  if (index == "bndvi") return (n - b) / (n + b);
  if (index == "savi") return (n - r) * 1.5 / (n + r + 0.5);
  if (index == "osavi") return (n - r) / (n + r + 0.16);
  if (index == "msavi") {
    const double k = 2 * n + 1;
    return (k - std::sqrt(k * k - 8 * (n - r))) / 2;
  }
  if (index == "evi") return 2.5 * ((n - r) / (n + 6 * r - 7.5 * b + 1));
  if (index == "evi2") return 2.5 * ((n - r) / (n + 2.4 * r + 1));
  if (index == "endvi") return (n + g - 2 * b) / (n + g + 2 * b);
  if (index == "arvi") return (n - (2 * r - b)) / (n + (2 * r - b));
  if (index == "ndwi") return (g - n) / (g + n);
  if (index == "cigreen") return n / g - 1;
  if (index == "cirededge") return n / e - 1;
  if (index == "grvi") return n / g;
  if (index == "sr") return n / r;
  if (index == "msr") return (n / r - 1) / (std::sqrt(n / r) + 1);
  if (index == "wdrvi") return (0.2 * n - r) / (0.2 * n + r);
  if (index == "cvi") return n * r / (g * g);
  if (index == "mnli") return 1.5 * (n * n - r) / (n * n + r + 0.5);
  if (index == "tdvi") return 1.5 * (n - r) / std::sqrt(n * n + r + 0.5);
  if (index == "lai") return 3.618 * by_hand("evi", b, g, r, e, n) - 0.118;
  if (index == "bai") return 1 / (std::pow(0.1 - r, 2) + std::pow(0.06 - n, 2));
  if (index == "dvi") return n - r;
  if (index == "rdvi") return (n - r) / std::sqrt(n + r);
  if (index == "mcari") return (e - r - 0.2 * (e - g)) * e / r;
  if (index == "tcari") return 3 * (e - r - 0.2 * (e - g) * e / r);
  if (index == "vari") return (g - r) / (g + r - b);
  if (index == "exg") return 2 * g / (r + g + b) - r / (r + g + b) - b / (r + g + b);
  if (index == "gli") return (2 * g - r - b) / (2 * g + r + b);
  if (index == "ngrdi") return (g - r) / (g + r);
  if (index == "mgrvi") return (g * g - r * r) / (g * g + r * r);
  if (index == "rgbvi") return (g * g - b * r) / (g * g + b * r);
  if (index == "ndyi") return (g - b) / (g + b);
  if (index == "exg_dn") return 2 * g - r - b;
  if (index == "exr") return 1.3 * r - g;
  if (index == "exgr") return 3 * g - 2.3 * r - b;
  if (index == "tgi") return -(190 * (r - g) - 120 * (r - b)) / 2;
  if (index == "vndvi")
    return 0.5268 * std::pow(r, -0.1294) * std::pow(g, 0.3389) * std::pow(b, -0.3118);
  ADD_FAILURE() << "no formula for " << index;
  return 0;
}

struct Expected {
  double mean, std, min, max, p2, p50, p98;
  std::int64_t count;
};

Expected figures(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  Expected e{};
  e.count = static_cast<std::int64_t>(values.size());
  e.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  for (const double value : values) e.std += (value - e.mean) * (value - e.mean) / count;
  e.std = std::sqrt(e.std);
  e.min = values.front();
  e.max = values.back();
  const auto at = [&](double part) {
    const double place = part * (count - 1);
    const auto below = static_cast<std::size_t>(place);
    const double rest = place - static_cast<double>(below);
    return values[below] +
           (below + 1 < values.size() ? rest * (values[below + 1] - values[below]) : 0);
  };
  e.p2 = at(0.02);
  e.p50 = at(0.5);
  e.p98 = at(0.98);
  return e;
}

class AnalysisOfRandomRasters : public ::testing::TestWithParam<int> {};

TEST_P(AnalysisOfRandomRasters, EqualsEveryFormulaWrittenOut) {
  std::mt19937 random(static_cast<std::mt19937::result_type>(GetParam()));
  const int width = std::uniform_int_distribution(37, 1400)(random);
  const int height = std::uniform_int_distribution(5, 700)(random);
  std::uniform_int_distribution<int> any(1, 65535);
  std::vector<std::uint16_t> samples;
  for (int i = 0; i < width * height * 5; ++i)
    samples.push_back(static_cast<std::uint16_t>(any(random)));
  // Some without data, some without light.
  for (int i = 0; i < 50; ++i) samples[static_cast<std::size_t>(any(random)) % samples.size()] = 7;
  TestTiff tiff = TestTiff::of(width, height, 5, samples);
  tiff.names({"Blue", "Green", "Red", "Red edge", "NIR"}).text(42113, "7");
  const media::TestFolder folder;
  const auto path = folder.write("any.bin", tiff.bytes());
  AnalyzeOptions options;
  options.reflectance_scale = 65535;
  for (const IndexDefinition& each : index_table()) options.indices.push_back(each.name);
  const auto analysis = analyze(path, options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  ASSERT_EQ(analysis->indices.size(), index_table().size());
  for (const IndexResult& result : analysis->indices) {
    const auto formula = Formula::parse(result.definition.formula);
    ASSERT_TRUE(formula);
    std::vector<double> values;
    for (std::size_t i = 0; i < samples.size(); i += 5) {
      std::array<double, 5> v{};
      bool has_data = true;
      for (std::size_t k = 0; k < 5; ++k) {
        v[k] = samples[i + k] / 65535.0;
        const auto bands = formula->bands();
        const bool is_used = std::ranges::find(bands, kBands[k]) != bands.end();
        has_data = has_data && (!is_used || samples[i + k] != 7);
      }
      values.push_back(has_data ? by_hand(result.definition.name, v[0], v[1], v[2], v[3], v[4])
                                : std::numeric_limits<double>::quiet_NaN());
    }
    const Expected e = figures(values);
    const Statistics& s = result.statistics;
    SCOPED_TRACE(result.definition.name);
    EXPECT_EQ(s.valid_px, e.count);
    if (result.definition.low) {
      EXPECT_NEAR(s.mean, e.mean, 1e-6);
      EXPECT_NEAR(s.std, e.std, 1e-6);
      EXPECT_NEAR(s.min, e.min, 1e-6);
      EXPECT_NEAR(s.max, e.max, 1e-6);
      EXPECT_NEAR(s.p2, e.p2, 1e-4);
      EXPECT_NEAR(s.p50, e.p50, 1e-4);
      EXPECT_NEAR(s.p98, e.p98, 1e-4);
    } else {
      EXPECT_NEAR(s.min, e.min, 1e-6 * std::max(1.0, std::abs(e.min)));
      EXPECT_NEAR(s.p50, e.p50, 2e-3 * std::max(1.0, std::abs(e.p50)));
      EXPECT_NEAR(s.p98, e.p98, 5e-3 * std::max(1.0, std::abs(e.p98)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnalysisOfRandomRasters, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace vedette::imagery
