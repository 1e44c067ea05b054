#include "media/yuv_scaler.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <opencv2/imgproc.hpp>

#include "media/frame_source.hpp"
#include "media/letterbox.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

AvFramePtr drawn(AVPixelFormat format, int width, int height) {
  AvFramePtr frame(av_frame_alloc());
  frame->format = format;
  frame->width = width;
  frame->height = height;
  EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  const auto* about = av_pix_fmt_desc_get(format);
  for (int plane = 0; plane < (format == AV_PIX_FMT_NV12 ? 2 : 3); ++plane) {
    const int rows = plane == 0 ? height : -((-height) >> about->log2_chroma_h);
    const int bytes = av_image_get_linesize(format, width, plane);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < bytes; ++x) {
        const double wave = 128 + 90 * std::sin(x / 9.0 + plane) * std::cos(y / 7.0);
        frame->data[plane][y * frame->linesize[plane] + x] = static_cast<std::uint8_t>(wave);
      }
    }
  }
  return frame;
}

struct Difference {
  double mean = 0;
  int largest = 0;
};

Difference difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  Difference found;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int d = std::abs(a[i] - b[i]);
    found.mean += d;
    found.largest = std::max(found.largest, d);
  }
  found.mean /= static_cast<double>(a.size());
  return found;
}

// By way of a full BGR picture, exactly converted, and OpenCV's resize.
std::vector<std::uint8_t> by_the_long_way(const AVFrame& frame, int width, int height) {
  const auto coding = colour_coding(frame);
  Image bgr(frame.width, frame.height);
  const SwsPtr scaler(
      sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format),
                     frame.width, frame.height, AV_PIX_FMT_BGR24,
                     SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(coding.matrix), coding.is_full_range,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  std::uint8_t* planes[4] = {bgr.row(0)};
  const int strides[4] = {static_cast<int>(bgr.stride())};
  sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
  std::vector<std::uint8_t> out(static_cast<std::size_t>(width) * height * 3);
  const cv::Mat from(frame.height, frame.width, CV_8UC3, bgr.row(0),
                     static_cast<std::size_t>(bgr.stride()));
  cv::Mat to(height, width, CV_8UC3, out.data());
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_LINEAR);
  return out;
}

std::vector<std::uint8_t> scaled(const AVFrame& frame, int width, int height, bool is_plain) {
  YuvScaler scaler;
  if (is_plain) scaler.use_plain_code();
  std::vector<std::uint8_t> out(static_cast<std::size_t>(width) * height * 3, 7);
  scaler.scale(frame, width, height, out.data(), static_cast<std::ptrdiff_t>(width) * 3);
  return out;
}

class EveryFormat : public testing::TestWithParam<AVPixelFormat> {};

TEST_P(EveryFormat, IsScaledAsByConversionAndResize) {
  struct Sizes {
    int from_width, from_height, width, height;
  };
  for (const auto& sizes :
       {Sizes{640, 352, 416, 228}, Sizes{320, 240, 416, 312}, Sizes{1920, 1080, 416, 234},
        Sizes{2560, 1440, 416, 234}, Sizes{62, 46, 33, 17}, Sizes{20, 14, 41, 29}}) {
    SCOPED_TRACE(std::to_string(sizes.from_width) + " to " + std::to_string(sizes.width));
    const auto frame = drawn(GetParam(), sizes.from_width, sizes.from_height);
    ASSERT_TRUE(YuvScaler::takes(*frame));
    const auto fast = scaled(*frame, sizes.width, sizes.height, false);
    EXPECT_EQ(fast, scaled(*frame, sizes.width, sizes.height, true))
        << "the vector code and the plain code must agree on every byte";
    const auto found = difference(fast, by_the_long_way(*frame, sizes.width, sizes.height));
    EXPECT_LT(found.mean, 1.5);
    EXPECT_LT(found.largest, 24);  // where a colour is cut off at 0 or 255 before or after blending
  }
}

INSTANTIATE_TEST_SUITE_P(YuvScaler, EveryFormat,
                         testing::Values(AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P,
                                         AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUVJ422P,
                                         AV_PIX_FMT_YUV444P, AV_PIX_FMT_NV12));

TEST(YuvScaler, KnowsBlackWhiteAndTheMatrix) {
  for (const bool is_709 : {false, true}) {
    AvFramePtr frame = drawn(AV_PIX_FMT_YUV420P, 64, 64);
    frame->colorspace = is_709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    const auto fill = [&](int y, int u, int v) {
      std::memset(frame->data[0], y, static_cast<std::size_t>(frame->linesize[0]) * 64);
      std::memset(frame->data[1], u, static_cast<std::size_t>(frame->linesize[1]) * 32);
      std::memset(frame->data[2], v, static_cast<std::size_t>(frame->linesize[2]) * 32);
      return scaled(*frame, 32, 32, false);
    };
    EXPECT_EQ(fill(16, 128, 128)[0], 0);
    EXPECT_EQ(fill(235, 128, 128)[1], 255);
    // Pure red, by the tables of BT.601 and BT.709.
    const auto red = is_709 ? fill(63, 102, 240) : fill(81, 90, 240);
    EXPECT_NEAR(red[0], 0, 2);
    EXPECT_NEAR(red[1], 0, 2);
    EXPECT_NEAR(red[2], 255, 2);
  }
}

TEST(Letterbox, PutsTheSameInputOnTheCanvasAsTheReference) {
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  SourceOptions options;
  options.url = clip.string();
  auto source = open_source(options);
  ASSERT_TRUE(source);
  auto frame = (*source)->next({});
  ASSERT_TRUE(frame && *frame);
  const ModelInput input{.width = 416, .height = 416};
  std::vector<std::uint8_t> canvas(416 * 416 * 3, 1);
  Letterbox letterbox(input);
  const auto placement = letterbox.place(*(*frame)->picture, canvas);
  ASSERT_TRUE(placement);
  EXPECT_FLOAT_EQ(placement->per_input_x, 640.0F / 416);
  EXPECT_FLOAT_EQ(placement->per_input_y, 640.0F / 416);
  const int inner = 228;
  for (std::size_t i = static_cast<std::size_t>(inner) * 416 * 3; i < canvas.size(); ++i) {
    ASSERT_EQ(canvas[i], 114);
  }
  canvas.resize(static_cast<std::size_t>(inner) * 416 * 3);
  const auto wanted = by_the_long_way((*frame)->picture->frame(), 416, inner);
  EXPECT_LT(difference(canvas, wanted).mean, 1.5);
}

TEST(Letterbox, StretchesAndTakesBgrPictures) {
  Image image(100, 50);
  image.fill(10, 20, 30);
  const auto frame = make_frame(image, 0, Micros{0});
  ASSERT_TRUE(frame);
  ModelInput input{.width = 32, .height = 64};
  input.fit = Fit::kStretch;
  std::vector<std::uint8_t> canvas(32 * 64 * 3);
  const auto placement = Letterbox(input).place(*frame->picture, canvas);
  ASSERT_TRUE(placement);
  EXPECT_FLOAT_EQ(placement->per_input_x, 100.0F / 32);
  EXPECT_FLOAT_EQ(placement->per_input_y, 50.0F / 64);
  EXPECT_EQ(canvas[0], 10);
  EXPECT_EQ(canvas[canvas.size() - 1], 30);
}

}  // namespace
}  // namespace vedette::media
