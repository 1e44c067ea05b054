#include "media/upright.hpp"

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/display.h>
}

#include <array>

namespace vedette::media {
namespace {

// 4x2, each byte of the luma its own number: row 0 is 0 1 2 3, row 1 is 4 5 6 7.
AvFramePtr numbered() {
  AvFramePtr frame(av_frame_alloc());
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = 4;
  frame->height = 2;
  EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  for (int i = 0; i < 8; ++i)
    frame->data[0][i / 4 * frame->linesize[0] + i % 4] = static_cast<std::uint8_t>(i);
  for (int plane = 1; plane < 3; ++plane) {
    frame->data[plane][0] = 100;
    frame->data[plane][1] = 101;
  }
  return frame;
}

std::vector<int> luma(const AVFrame& frame) {
  std::vector<int> values;
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x)
      values.push_back(frame.data[0][y * frame.linesize[0] + x]);
  }
  return values;
}

Orientation turned(double degrees_anticlockwise, bool is_flipped_across = false) {
  std::array<std::int32_t, 9> matrix{};
  av_display_rotation_set(matrix.data(), -degrees_anticlockwise);
  if (is_flipped_across) av_display_matrix_flip(matrix.data(), 1, 0);
  return orientation_of(matrix.data());
}

std::vector<int> shown(const Orientation& orientation) {
  Upright upright;
  auto frame = upright.make(numbered(), {0, 1}, orientation);
  if (!frame) return {};
  EXPECT_EQ((*frame)->width, orientation.is_transposed ? 2 : 4);
  return luma(**frame);
}

TEST(Upright, EachOfTheEightOrientations) {
  EXPECT_EQ(shown(turned(0)), (std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(shown(turned(180)), (std::vector{7, 6, 5, 4, 3, 2, 1, 0}));
  // A quarter anticlockwise: what was the right column is the top row.
  EXPECT_EQ(shown(turned(90)), (std::vector{3, 7, 2, 6, 1, 5, 0, 4}));
  EXPECT_EQ(shown(turned(270)), (std::vector{4, 0, 5, 1, 6, 2, 7, 3}));
  EXPECT_EQ(shown(turned(0, true)), (std::vector{3, 2, 1, 0, 7, 6, 5, 4}));
  EXPECT_EQ(shown(turned(180, true)), (std::vector{4, 5, 6, 7, 0, 1, 2, 3}));
  EXPECT_EQ(shown({.is_transposed = true}), (std::vector{0, 4, 1, 5, 2, 6, 3, 7}));
}

TEST(Upright, AnOrdinaryPicturePassesUntouched) {
  Upright upright;
  auto frame = numbered();
  const auto* pixels = frame->data[0];
  const auto same = upright.make(std::move(frame), {1, 1}, {});
  ASSERT_TRUE(same);
  EXPECT_EQ((*same)->data[0], pixels);
}

TEST(Upright, TheShorterSideOfAPixelIsStretched) {
  const auto size = [](AVRational pixel, Orientation orientation = {}) {
    const auto s = upright_size({320, 352}, pixel, orientation);
    return std::pair(s.width, s.height);
  };
  EXPECT_EQ(size({2, 1}), std::pair(640, 352));
  EXPECT_EQ(size({1, 2}), std::pair(320, 704));
  EXPECT_EQ(size({2, 1}, {.is_transposed = true}), std::pair(352, 640));
  EXPECT_EQ(size({0, 1}), std::pair(320, 352));
  EXPECT_EQ(size({2816, 2817}), std::pair(320, 352));
  EXPECT_EQ(size({1'000, 1}), std::pair(320, 352)) << "nonsense is left alone";
  Upright upright;
  const auto wide = upright.make(numbered(), {2, 1}, {.is_transposed = true});
  ASSERT_TRUE(wide);
  EXPECT_EQ((*wide)->width, 2);
  EXPECT_EQ((*wide)->height, 8);
}

}  // namespace
}  // namespace vedette::media
