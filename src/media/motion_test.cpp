#include "media/motion.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "media/frame_source.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

// A grey road with grain, a light factor, and a white vehicle at x (none when negative).
Result<Frame> scene(int number, double light, int vehicle_x) {
  Image image(320, 240);
  std::uint32_t state = static_cast<std::uint32_t>(number) * 77 + 5;
  for (int y = 0; y < 240; ++y) {
    auto* pixel = image.row(y);
    for (int x = 0; x < 320; ++x, pixel += 3) {
      state = state * 1664525 + 1013904223;
      const bool is_vehicle =
          vehicle_x >= 0 && x >= vehicle_x && x < vehicle_x + 60 && y >= 100 && y < 140;
      const double base =
          (is_vehicle ? 190 : 90 + (x / 40 + y / 40) % 2 * 20) + static_cast<double>(state >> 30);
      pixel[0] = pixel[1] = pixel[2] =
          static_cast<std::uint8_t>(std::clamp(base * light, 0.0, 255.0));
    }
  }
  return make_frame(image, number, Micros{number * 40'000});
}

TEST(Motion, FindsWhatMovesAndNothingElse) {
  const auto session = new_motion_session();
  std::vector<Detection> boxes;
  for (int i = 0; i < 30; ++i) {
    const auto frame = scene(i, 1, -1);
    ASSERT_TRUE(frame && session->detect(*frame, boxes));
    EXPECT_TRUE(boxes.empty()) << "frame " << i;
  }
  for (int i = 30; i < 60; ++i) {
    const int x = (i - 30) * 7;
    const auto frame = scene(i, 1, x);
    ASSERT_TRUE(frame && session->detect(*frame, boxes));
    ASSERT_EQ(boxes.size(), 1) << "frame " << i;
    EXPECT_NEAR(boxes[0].x1, x, 8);
    EXPECT_NEAR(boxes[0].x2, x + 60, 8);
    EXPECT_NEAR(boxes[0].y1, 100, 8);
    EXPECT_NEAR(boxes[0].y2, 140, 8);
  }
  EXPECT_EQ(session->model().labels[0].type, "moving");
  EXPECT_EQ(session->facts().inferences, 60);
}

TEST(Motion, ALightThatChangesIsNoVehicle) {
  const auto session = new_motion_session();
  std::vector<Detection> boxes;
  for (int i = 0; i < 60; ++i) {
    // The iris closes by a third at frame 30, with a vehicle in view from 35 on.
    const int x = i < 35 ? -1 : (i - 35) * 7;
    const auto frame = scene(i, i < 30 ? 1 : 0.66, x);
    ASSERT_TRUE(frame && session->detect(*frame, boxes));
    EXPECT_EQ(boxes.size(), x < 0 ? 0 : 1) << "frame " << i;
  }
}

TEST(Motion, ANewLapStartsAnew) {
  const auto session = new_motion_session();
  std::vector<Detection> boxes;
  for (int i = 0; i < 20; ++i) {
    auto frame = scene(i, 1, -1);
    ASSERT_TRUE(frame && session->detect(*frame, boxes));
  }
  auto frame = scene(20, 1, 100);
  ASSERT_TRUE(frame);
  frame->period = 1;
  ASSERT_TRUE(session->detect(*frame, boxes));
  EXPECT_TRUE(boxes.empty()) << "the first picture of a lap is its background";
}

TEST(Motion, SeesTheCarsOfTheStraightDownClip) {
  VEDETTE_NEED_SAMPLE(clip, "traffic/car-detection.mp4");
  SourceOptions options;
  options.url = clip.string();
  auto source = open_source(options);
  ASSERT_TRUE(source);
  const auto session = new_motion_session();
  std::vector<Detection> boxes;
  std::vector<std::size_t> seen;
  for (;;) {
    const auto frame = (*source)->next({});
    ASSERT_TRUE(frame);
    if (!*frame) break;
    ASSERT_TRUE(session->submit(**frame));
    EXPECT_FALSE(session->submit(**frame));
    ASSERT_TRUE(session->collect(boxes));
    seen.push_back(boxes.size());
  }
  // By eye: nothing until a white car at about frame 56; two cars at frame 210; an empty lane at
  // frame 280; one car at 333. The exposure changes with each.
  ASSERT_EQ(seen.size(), 377);
  EXPECT_EQ(std::ranges::count(seen.begin(), seen.begin() + 50, 0U), 50);
  EXPECT_EQ(seen[76], 1);
  EXPECT_EQ(seen[210], 2);
  EXPECT_EQ(seen[280], 0);
  EXPECT_EQ(seen[333], 1);
  EXPECT_LT(std::ranges::count_if(seen, [](std::size_t n) { return n > 2; }), 8);
}

}  // namespace
}  // namespace vedette::media
