// What goes wrong in metadata in the field (one test a class), on files made for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imagery/analysis.hpp"
#include "imagery/image_file.hpp"
#include "imagery/test_raster.hpp"
#include "imagery/xmp.hpp"
#include "media/test_samples.hpp"

namespace vedette::imagery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Gps = std::map<std::uint16_t, TestTiff::Tag>;

TestTiff plain() {
  return TestTiff::of<std::uint16_t>(4, 3, 1, std::vector<std::uint16_t>(12, 100));
}

Gps gps_of(const std::string& north, const std::string& east) {
  return {{1, TestTiff::letters(north)},
          {2, TestTiff::rationals({{36, 1}, {34, 1}, {338934, 10000}})},
          {3, TestTiff::letters(east)},
          {4, TestTiff::rationals({{119, 1}, {26, 1}, {69374, 10000}})}};
}

ImageInfo inspected(const TestTiff& tiff) {
  const media::TestFolder folder;
  auto info = inspect(folder.write("picture", tiff.bytes()));
  if (!info) {
    ADD_FAILURE() << info.error().message;
    return {};
  }
  return std::move(*info);
}

Metadata with_gps(Gps gps, const std::string& xmp = {}, std::uint16_t pointer_type = 4) {
  TestTiff tiff = plain();
  tiff.directory(0x8825, pointer_type, std::move(gps));
  if (!xmp.empty()) tiff.tag(700, 1, static_cast<std::uint32_t>(xmp.size()), xmp);
  return inspected(tiff).metadata;
}

std::string xmp_of(const std::string& attributes) {
  return "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
         "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description "
         "xmlns:drone-dji=\"http://www.dji.com/drone-dji/1.0/\" " +
         attributes + "/></rdf:RDF></x:xmpmeta>";
}

TEST(APosition, IsReadInEveryQuarterOfTheEarth) {
  for (const auto& [north, east, latitude, longitude] :
       {std::tuple{"N", "E", 36.5760815, 119.4352604},
        std::tuple{"N", "W", 36.5760815, -119.4352604},
        std::tuple{"S", "E", -36.5760815, 119.4352604},
        std::tuple{"S", "W", -36.5760815, -119.4352604}}) {
    const Metadata m = with_gps(gps_of(north, east));
    ASSERT_TRUE(m.position);
    EXPECT_NEAR(m.position->latitude, latitude, 1e-6);
    EXPECT_NEAR(m.position->longitude, longitude, 1e-6);
    EXPECT_THAT(m.position_problem, IsEmpty());
  }
}

TEST(APosition, OnTheEquatorAndTheMeridianIsOne) {
  Gps gps = gps_of("N", "E");
  gps[2] = TestTiff::rationals({{0, 1}, {0, 1}, {0, 1}});
  gps[4] = TestTiff::rationals({{0, 1}, {0, 1}, {0, 1}});
  const Metadata m = with_gps(gps);
  ASSERT_TRUE(m.position);
  EXPECT_EQ(m.position->latitude, 0);
  EXPECT_EQ(m.position->longitude, 0);
}

TEST(APosition, WithDenominatorZeroIsUnknownAndNotZero) {
  Gps gps = gps_of("N", "W");
  gps[2] = TestTiff::rationals({{36, 1}, {34, 0}, {33, 1}});
  const Metadata m = with_gps(gps);
  EXPECT_FALSE(m.position);
  EXPECT_THAT(m.position_problem, HasSubstr("denominator 0"));
}

TEST(APosition, IsFoundBehindAPointerOfTheOtherType) {
  EXPECT_TRUE(with_gps(gps_of("N", "W"), {}, 13).position);
}

TEST(APosition, BehindAPointerIntoNowhereIsAbsent) {
  TestTiff tiff = plain();
  tiff.number(0x8825, 4, 0x7FFFFFFF);
  const Metadata m = inspected(tiff).metadata;
  EXPECT_FALSE(m.position);
  EXPECT_EQ(m.position_problem, "The file holds no position.");
  // As a fraction too large for any offset.
  tiff.tag(0x8825, 12, 1, little_bytes(0x7400000000000000ULL, 8));
  EXPECT_FALSE(inspected(tiff).metadata.position);
}

TEST(APosition, ThatIsNotOnTheEarthIsUnknown) {
  Gps gps = gps_of("N", "W");
  gps[2] = TestTiff::rationals({{136, 1}, {0, 1}, {0, 1}});
  EXPECT_FALSE(with_gps(gps).position);
  gps[2] = {12, 1, little_bytes(0x7FF8000000000000ULL, 8)};  // not a number, as a double
  const Metadata m = with_gps(gps);
  EXPECT_FALSE(m.position);
  EXPECT_FALSE(m.position_problem.empty());
}

TEST(APosition, BelievesTheLetterAndSaysAContradiction) {
  // A signed fraction with the letter of the other side.
  Gps gps = gps_of("N", "E");
  gps[4] = {10, 1, little_bytes(static_cast<std::uint32_t>(-119), 4) + little_bytes(1, 4)};
  const Metadata by_sign = with_gps(gps);
  ASSERT_TRUE(by_sign.position);
  EXPECT_EQ(by_sign.position->longitude, 119);
  EXPECT_THAT(by_sign.position_problem, HasSubstr("contradicts"));
  // Sign and letter agree: not applied twice.
  gps[3] = TestTiff::letters("W");
  EXPECT_EQ(with_gps(gps).position->longitude, -119);
  const Metadata by_xmp =
      with_gps(gps_of("N", "E"), xmp_of("drone-dji:GpsLongitude=\"-119.4352604\""));
  ASSERT_TRUE(by_xmp.position);
  EXPECT_GT(by_xmp.position->longitude, 0);
  EXPECT_THAT(by_xmp.position_problem, HasSubstr("EXIF says east, its XMP west"));
}

TEST(APosition, WithoutItsLetterIsUnknownUnlessXmpKnows) {
  Gps gps = gps_of("N", "W");
  gps.erase(3);
  const Metadata m = with_gps(gps);
  EXPECT_FALSE(m.position);
  EXPECT_THAT(m.position_problem, HasSubstr("east or west"));
  EXPECT_LT(with_gps(gps, xmp_of("drone-dji:GpsLongitude=\"-119.4352604\"")).position->longitude,
            0);
}

TEST(AnAltitude, ThatIsAbsentIsNotZero) {
  EXPECT_FALSE(with_gps(gps_of("N", "W")).position->altitude_m);
  Gps gps = gps_of("N", "W");
  gps[6] = TestTiff::rationals({{0, 1}});
  EXPECT_EQ(with_gps(gps).position->altitude_m, 0);
  gps[6] = TestTiff::rationals({{12, 1}});
  gps[5] = {1, 1, std::string(1, '\1')};
  EXPECT_EQ(with_gps(gps).position->altitude_m, -12);
  gps[6] = TestTiff::rationals({{12, 0}});
  EXPECT_FALSE(with_gps(gps).position->altitude_m);
}

TEST(Xmp_, IsReadAsXmlAndNeverSearchedAsText) {
  const Metadata m = with_gps(
      gps_of("N", "W"), xmp_of("drone-dji:Note=\"drone-dji:RelativeAltitude=&quot;+77&quot;\" "
                               "drone-dji:RelativeAltitude=\"+31.50\""));
  EXPECT_EQ(m.height_above_ground_m, 31.5);
  const Xmp broken = Xmp::parse("<x:xmpmeta><rdf:RDF><rdf:Description a:b=\"c\"");
  EXPECT_TRUE(broken.is_empty());
}

TEST(Xmp_, HasListsInBothForms) {
  const Xmp xmp = Xmp::parse(
      "<r:RDF xmlns:rdf=\"x\"><rdf:Description><Camera:A><rdf:Seq><rdf:li>1</rdf:li><rdf:li>2.5"
      "</rdf:li></rdf:Seq></Camera:A><Camera:B><rdf:Seq><rdf:li>3, "
      "4,5</rdf:li></rdf:Seq></Camera:B>"
      "<Camera:C>\n 6 \n</Camera:C></rdf:Description></r:RDF>      ");
  EXPECT_THAT(xmp.numbers({"Camera:A"}), ElementsAre(1, 2.5));
  EXPECT_THAT(xmp.numbers({"Camera:B"}), ElementsAre(3, 4, 5));
  EXPECT_EQ(xmp.number({"Camera:None", "Camera:C"}), 6);
  EXPECT_THAT(xmp.numbers({"Camera:None"}), IsEmpty());
}

TEST(Xmp_, LargerThanAnyCameraWritesIsLeftOut) {
  TestTiff tiff = plain();
  std::string text = xmp_of("drone-dji:RelativeAltitude=\"+31.50\"");
  text += std::string((1 << 20) + 1 - text.size(), ' ');
  tiff.tag(700, 1, static_cast<std::uint32_t>(text.size()), text);
  const ImageInfo info = inspected(tiff);
  EXPECT_FALSE(info.metadata.height_above_ground_m);
  ASSERT_FALSE(info.notes.empty());
  EXPECT_THAT(info.notes.front(), HasSubstr("larger than any camera writes"));
}

TEST(AnXmpBomb, StaysSmall) {
  std::string text = "<a>";
  for (int i = 0; i < 100'000; ++i) text += "<b>";
  EXPECT_TRUE(Xmp::parse(text + ">").is_empty());
  std::string many = "<r><rdf:Description>";
  for (int i = 0; i < 20'000; ++i)
    many += "<a" + std::to_string(i) + ">1</a" + std::to_string(i) + ">";
  const Xmp xmp = Xmp::parse(many + "</rdf:Description></r>");
  EXPECT_TRUE(xmp.has("a0"));
  EXPECT_FALSE(xmp.has("a19999"));
}

TEST(ATime, KnowsItsZoneOrSaysNone) {
  using Tags = std::map<std::uint16_t, TestTiff::Tag>;
  TestTiff tiff = plain();
  tiff.directory(0x8769, 4, Tags{{0x9003, TestTiff::letters("2026:05:01 14:03:07")}});
  const Metadata local = inspected(tiff).metadata;
  EXPECT_FALSE(local.captured_at);
  EXPECT_EQ(local.captured_local, "2026-05-01T14:03:07");
  tiff.directory(0x8769, 4,
                 Tags{{0x9003, TestTiff::letters("2026:05:01 14:03:07")},
                      {0x9011, TestTiff::letters("+02:00")},
                      {0x9291, TestTiff::letters("25")}});
  EXPECT_EQ(to_rfc3339(*inspected(tiff).metadata.captured_at), "2026-05-01T12:03:07.25Z");
  tiff.directory(0x8769, 4, Tags{{0x9003, TestTiff::letters("0000:00:00 00:00:00")}});
  EXPECT_THAT(inspected(tiff).metadata.captured_local, IsEmpty());
}

TEST(BandNames, InTheFileComeBeforeAnyOrder) {
  // Against the order of a sensor of five bands.
  TestTiff tiff = TestTiff::of<std::uint16_t>(2, 2, 5, std::vector<std::uint16_t>(20, 9));
  tiff.names({"NIR", "Red edge", "Red-650", "560 nm", "blue"}).text(0x0110, "RedEdge-MX");
  const auto roles = assign_bands(inspected(tiff), std::nullopt);
  ASSERT_TRUE(roles);
  EXPECT_EQ(roles->find(Band::kNir), 0);
  EXPECT_EQ(roles->find(Band::kRedEdge), 1);
  EXPECT_EQ(roles->find(Band::kRed), 2);
  EXPECT_EQ(roles->find(Band::kGreen), 3);
  EXPECT_EQ(roles->find(Band::kBlue), 4);
  EXPECT_EQ(roles->roles[0].source, RoleSource::kFile);
  // Without names the camera's own order, said.
  tiff.without(42112);
  const auto by_sensor = assign_bands(inspected(tiff), std::nullopt);
  EXPECT_EQ(by_sensor->find(Band::kNir), 3);
  EXPECT_EQ(by_sensor->roles[3].source, RoleSource::kSensor);
  // Without either nothing is guessed.
  tiff.without(0x0110);
  const auto unknown = assign_bands(inspected(tiff), std::nullopt);
  EXPECT_FALSE(unknown->find(Band::kNir));
  EXPECT_THAT(unknown->roles[0].why, HasSubstr("does not say"));
}

TEST(BandChoices, ThatDoNotFitAreRefused) {
  TestTiff tiff = TestTiff::of<std::uint16_t>(2, 2, 4, std::vector<std::uint16_t>(16, 9));
  const ImageInfo info = inspected(tiff);
  EXPECT_TRUE(assign_bands(info, *parse_band_choice("red,green,blue,nir")));
  EXPECT_TRUE(assign_bands(info, *parse_band_choice("sequoia")));
  EXPECT_FALSE(assign_bands(info, *parse_band_choice("red,nir")));
  EXPECT_FALSE(assign_bands(info, *parse_band_choice("rededge")));
  for (const char* wrong : {"", "red,red", "purple,red", "-,-", "landsat6"}) {
    EXPECT_FALSE(parse_band_choice(wrong)) << wrong;
  }
}

TEST(DuplicateTags, UseTheFirstAndSaySo) {
  TestTiff tiff = plain();
  std::string bytes = tiff.number(0x0112, 3, 6).bytes();
  // The tag behind it (samples a pixel) becomes a second orientation.
  const auto at = bytes.find(little_bytes(277, 2) + little_bytes(3, 2));
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 2, little_bytes(0x0112, 2));
  const media::TestFolder folder;
  const auto info = inspect(folder.write("picture", bytes));
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->metadata.orientation, 6);
  ASSERT_FALSE(info->notes.empty());
  EXPECT_THAT(info->notes.front(), HasSubstr("twice"));
}

}  // namespace
}  // namespace vedette::imagery
