// Files that are not what they say, cut off, damaged or made to hurt: each is refused or fails with
// a sentence that a farmer understands, and nothing else happens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>

#include "imagery/analysis.hpp"
#include "imagery/test_raster.hpp"
#include "media/test_samples.hpp"

namespace vedette::imagery {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

void expect_refused(const std::string& bytes, ErrorCode code, const std::string& says) {
  const media::TestFolder folder;
  const auto analysis = analyze(folder.write("IMG_0001.JPG", bytes), {});
  ASSERT_FALSE(analysis);
  EXPECT_EQ(analysis.error().code, code) << analysis.error().message;
  EXPECT_THAT(analysis.error().message, HasSubstr(says));
  EXPECT_EQ(analysis.error().message.find(folder.path().string()), std::string::npos);
}

std::string sample_bytes(std::string_view name) {
  const auto path = media::sample(name);
  return path.empty() ? std::string() : media::read_file(path);
}

TEST(AFile, OfZeroBytesIsRefused) {
  expect_refused("", ErrorCode::kCorrupt, "empty (0 bytes)");
}

TEST(AFile, OfZerosIsRefused) {
  expect_refused(std::string(100'000, '\0'), ErrorCode::kCorrupt, "only zeros");
}

TEST(AFile, ThatIsNoPictureIsToldWhatItIs) {
  expect_refused("%PDF-1.7\n...", ErrorCode::kUnsupported, "a PDF document");
  expect_refused("PK\x03\x04.....", ErrorCode::kUnsupported, "ZIP archive");
  expect_refused(std::string("\0\0\0\x18", 4) + "ftypheic....", ErrorCode::kUnsupported, "HEIC");
  expect_refused("hello, field", ErrorCode::kUnsupported, "no picture");
}

TEST(AFile, ThatIsNotThereIsNotFound) {
  const auto analysis = analyze("/nowhere/at/all.tif", {});
  ASSERT_FALSE(analysis);
  EXPECT_EQ(analysis.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(analyze("/vsizip//tmp/x.zip/a.tif", {}).error().code, ErrorCode::kNotFound);
}

TEST(ARenamedFile, IsReadByItsContent) {
  const std::string bytes = sample_bytes("imagery/landsat7_6band.tif");
  if (bytes.empty()) GTEST_SKIP() << "landsat7_6band.tif is not here";
  const media::TestFolder folder;
  const auto info = inspect(folder.write("holiday.jpg", bytes));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->kind, FileKind::kTiff);
}

TEST(ATruncatedJpeg, FailsWithItsReason) {
  std::string bytes = sample_bytes("imagery/seneca_IMG_0550.jpg");
  if (bytes.empty()) GTEST_SKIP() << "seneca_IMG_0550.jpg is not here";
  bytes.resize(bytes.size() / 2);
  expect_refused(bytes, ErrorCode::kCorrupt, "not copied to its end");
  expect_refused(bytes.substr(0, 300), ErrorCode::kCorrupt, "not copied");
}

TEST(ATruncatedTiff, FailsWithItsReason) {
  const std::string bytes = sample_bytes("imagery/landsat7_6band.tif");
  if (bytes.empty()) GTEST_SKIP() << "landsat7_6band.tif is not here";
  const media::TestFolder folder;
  AnalyzeOptions options;
  options.bands = *parse_band_choice("landsat7");
  for (const std::size_t size :
       {bytes.size() / 2, bytes.size() / 10, std::size_t{100}, std::size_t{9}}) {
    const auto analysis = analyze(folder.write("cut", bytes.substr(0, size)), options);
    ASSERT_FALSE(analysis) << size;
    EXPECT_EQ(analysis.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(analysis.error().message, AnyOf(HasSubstr("copied"), HasSubstr("damaged")));
  }
}

TEST(ABomb, IsRefusedBeforeAnyMemoryIsTaken) {
  // 30,000 x 30,000 with almost no bytes.
  TestTiff tiff(30'000, 30'000, 1, 8, 1, "x");
  expect_refused(tiff.bytes(), ErrorCode::kTooLarge, "30000 x 30000");
  TestTiff larger(2'000'000, 2'000'000, 1, 8, 1, "x");
  expect_refused(larger.bytes(), ErrorCode::kTooLarge, "2000000 x 2000000");
  // A JPEG whose head claims 65,535 x 65,535 pixels: 4 GB and more.
  std::string jpeg("\xFF\xD8\xFF\xC0\x00\x11\x08\xFF\xFF\xFF\xFF\x03", 12);
  jpeg += std::string("\x01\x22\x00\x02\x11\x01\x03\x11\x01\xFF\xDA\x00\x0C", 13) +
          std::string(500, 'x');
  expect_refused(jpeg, ErrorCode::kTooLarge, "65535 x 65535");
  std::string png("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\x75\x30\0\0\x75\x30\x08\x02\0\0\0", 29);
  expect_refused(png + std::string(500, 'x'), ErrorCode::kTooLarge, "30000 x 30000");
}

TEST(ATiff, WhoseDirectoriesRunInACircleIsRefused) {
  TestTiff tiff = TestTiff::of<std::uint16_t>(4, 4, 1, std::vector<std::uint16_t>(16, 1));
  const std::string once = tiff.bytes();
  const auto start = static_cast<unsigned char>(once[4]) | static_cast<unsigned char>(once[5]) << 8;
  tiff.next(static_cast<std::uint32_t>(start));
  expect_refused(tiff.bytes(), ErrorCode::kCorrupt, "circle");
}

TEST(ATiff, WithTagsThatLieIsRefusedOrRead) {
  const auto made = [] {
    return TestTiff::of<std::uint16_t>(40, 30, 4, std::vector<std::uint16_t>(4800, 77));
  };
  expect_refused(made().number(256, 4, 0).bytes(), ErrorCode::kCorrupt, "no width");
  const media::TestFolder folder;
  // Strips beyond the end, bits that no format has, more samples than there are bands.
  EXPECT_FALSE(
      analyze(folder.write("a", made().number(278, 4, 0).number(257, 4, 30'000).bytes()), {}));
  EXPECT_FALSE(analyze(folder.write("b", made().number(258, 3, 77).bytes()), {}));
  EXPECT_FALSE(analyze(folder.write("c", made().number(277, 3, 60'000).bytes()), {}));
  EXPECT_FALSE(analyze(folder.write("d", made().number(259, 3, 31'000).bytes()), {}));
}

TEST(FourBandsOf16Bits, AreNeverReadAsOneChannel) {
  std::vector<std::uint16_t> samples;
  for (int i = 0; i < 50 * 40; ++i) {
    for (const int value : {1000, 2000, 3000, 9000})
      samples.push_back(static_cast<std::uint16_t>(value));
  }
  const media::TestFolder folder;
  const auto path = folder.write("rgbn", TestTiff::of(50, 40, 4, samples).bytes());
  AnalyzeOptions options;
  options.bands = *parse_band_choice("red,green,blue,nir");
  const auto analysis = analyze(path, options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  ASSERT_EQ(analysis->bands.size(), 4U);
  EXPECT_NEAR(analysis->find("ndvi")->statistics.mean, 0.8, 1e-6);
  EXPECT_NEAR(analysis->find("gndvi")->statistics.mean, 7.0 / 11, 1e-6);
  EXPECT_EQ(analysis->find("ndvi")->statistics.std, 0);
}

TEST(NoLightAtAll, IsNoDataAndNeverZero) {
  const media::TestFolder folder;
  const auto path =
      folder.write("dark", TestTiff::of(30, 20, 2, std::vector<std::uint8_t>(1200, 0)).bytes());
  AnalyzeOptions options;
  options.bands = *parse_band_choice("red,nir");
  const auto analysis = analyze(path, options);
  ASSERT_TRUE(analysis) << analysis.error().message;
  const Statistics& s = analysis->find("ndvi")->statistics;
  EXPECT_EQ(s.valid_px, 0);
  EXPECT_EQ(s.undefined_px, 600);
  EXPECT_TRUE(std::isnan(s.mean));
  EXPECT_FALSE(analysis->health);
  EXPECT_THAT(to_json(*analysis, "dark"), HasSubstr("\"mean\": null"));
}

TEST(DamagedBytes, NeverDoMoreThanFail) {
  const std::string whole =
      TestTiff::of<std::uint16_t>(64, 48, 4, std::vector<std::uint16_t>(12'288, 500)).bytes();
  std::mt19937 random(7);
  const media::TestFolder folder;
  AnalyzeOptions options;
  options.bands = *parse_band_choice("red,green,blue,nir");
  int failed = 0;
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole;
    // In the head, where the structure is.
    for (int i = 0; i < 3; ++i) {
      const auto place = bytes.size() - 1 - random() % 300;
      bytes[place] = static_cast<char>(random());
    }
    const auto analysis = analyze(folder.write("damaged", bytes), options);
    if (analysis) continue;
    ++failed;
    EXPECT_FALSE(analysis.error().message.empty());
  }
  EXPECT_GT(failed, 0);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  EXPECT_LT(used.ru_maxrss, 1'500'000);  // KiB: nobody made room for what a file claims
}

}  // namespace
}  // namespace vedette::imagery
