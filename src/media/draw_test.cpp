#include "media/draw.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "media/frame_source.hpp"
#include "media/jpeg.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

constexpr Colour kOrange{250, 150, 10};
constexpr Colour kBlack{0, 0, 0};

bool is(const Image& image, int x, int y, Colour colour) {
  const auto* pixel = image.row(y) + 3 * x;
  // Edges are smoothed: nearly the colour is the colour.
  return std::abs(pixel[0] - colour.blue) < 70 && std::abs(pixel[1] - colour.green) < 70 &&
         std::abs(pixel[2] - colour.red) < 70;
}

int count(const Image& image, Colour colour) {
  int found = 0;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) found += is(image, x, y, colour) ? 1 : 0;
  }
  return found;
}

Image grey(int width, int height) {
  Image image(width, height);
  image.fill(90, 90, 90);
  return image;
}

TEST(Draw, ABoxIsItsOutline) {
  auto image = grey(320, 240);
  draw_box(image, {50, 60}, {120, 100}, kOrange);
  EXPECT_TRUE(is(image, 50, 80, kOrange));
  EXPECT_TRUE(is(image, 80, 100, kOrange));
  EXPECT_FALSE(is(image, 80, 80, kOrange));
}

TEST(Draw, LinesAreThickerOnLargerPictures) {
  EXPECT_EQ(line_width(grey(320, 240)), 1);
  EXPECT_EQ(line_width(grey(1920, 1080)), 3);
}

TEST(Draw, ALabelStaysInThePictureAndIsLegible) {
  for (const auto& [width, height] : {std::pair{320, 240}, {640, 352}, {1920, 1080}}) {
    for (const auto anchor : {Point{10, 100}, Point{-50, -50}, Point{9'999, 9'999}}) {
      auto image = grey(width, height);
      draw_label(image, anchor, "car 12 \xC3\xA4", kOrange, kBlack);
      EXPECT_GT(count(image, kOrange), 300) << width;
      EXPECT_GT(count(image, kBlack), 20) << width << ": ink that can be read";
    }
  }
}

TEST(Draw, TakesAnyNumbers) {
  auto image = grey(64, 48);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float huge = std::numeric_limits<float>::infinity();
  for (const Point odd : {Point{nan, nan}, Point{huge, -huge}, Point{1e30F, -1e30F}}) {
    draw_box(image, odd, {10, 10}, kOrange);
    const Point points[] = {odd, {5, 5}, odd};
    draw_polyline(image, points, kOrange, true);
    draw_dot(image, odd, kOrange);
    draw_arrow(image, odd, {5, 5}, kOrange);
    draw_arrow(image, {5, 5}, {5, 5}, kOrange);
    draw_label(image, odd, "x", kOrange, kBlack);
  }
  draw_polyline(image, {}, kOrange);
  Image nothing;
  draw_box(nothing, {0, 0}, {1, 1}, kOrange);
  draw_label(nothing, {0, 0}, "x", kOrange, kBlack);
  draw_dot(image, {32, 24}, kBlack);
  EXPECT_GT(count(image, kBlack), 0) << "it draws on";
}

TEST(Draw, ALineMeetsItsPoints) {
  auto image = grey(100, 100);
  const Point points[] = {{10, 10}, {80, 10}, {80, 80}};
  draw_polyline(image, points, kOrange);
  EXPECT_TRUE(is(image, 45, 10, kOrange));
  EXPECT_TRUE(is(image, 80, 45, kOrange));
  EXPECT_FALSE(is(image, 45, 45, kOrange));
}

TEST(Jpeg, ComesBackAsItWas) {
  JpegEncoder encoder;
  for (const auto& [width, height] : {std::pair{64, 48}, {641, 353}, {33, 17}}) {
    Image image(width, height);
    image.fill(200, 120, 40);
    const auto bytes = encoder.encode(image, 90);
    ASSERT_TRUE(bytes);
    Image back;
    ASSERT_TRUE(decode_jpeg(*bytes, back));
    ASSERT_EQ(back.width(), width);
    ASSERT_EQ(back.height(), height);
    EXPECT_NEAR(back.row(5)[9], 200, 4);
    EXPECT_NEAR(back.row(5)[10], 120, 4);
    EXPECT_NEAR(back.row(5)[11], 40, 4);
  }
  EXPECT_FALSE(encoder.encode(Image{}));
}

TEST(Jpeg, OfAFrameHasItsColours) {
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  SourceOptions options;
  options.url = clip.string();
  auto source = open_source(options);
  ASSERT_TRUE(source);
  auto frame = (*source)->next({});
  ASSERT_TRUE(frame && *frame);
  JpegEncoder encoder;
  const auto bytes = encoder.encode(**frame, 85);
  ASSERT_TRUE(bytes);
  Image back;
  Image wanted;
  ASSERT_TRUE(decode_jpeg(*bytes, back));
  ASSERT_TRUE((*frame)->to_bgr(wanted));
  double difference = 0;
  for (int y = 0; y < back.height(); ++y) {
    for (int x = 0; x < 3 * back.width(); ++x) {
      difference += std::abs(back.row(y)[x] - wanted.row(y)[x]);
    }
  }
  EXPECT_LT(difference / (3.0 * back.width() * back.height()), 6);
}

TEST(Jpeg, GarbageAndGiantsAreRefused) {
  Image image;
  const std::vector<std::uint8_t> garbage(1'000, 0x5A);
  EXPECT_EQ(decode_jpeg(garbage, image).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(decode_jpeg({}, image).error().code, ErrorCode::kCorrupt);
  JpegEncoder encoder;
  const auto bytes = encoder.encode(grey(200, 200));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(decode_jpeg(*bytes, image, 1'000).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace vedette::media
