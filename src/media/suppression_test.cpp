#include "media/suppression.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

namespace vedette::media {
namespace {

Detection box(float x1, float y1, float x2, float y2, float score, int class_id = 0) {
  return {.x1 = x1, .y1 = y1, .x2 = x2, .y2 = y2, .score = score, .class_id = class_id};
}

TEST(Suppression, KeepsTheBestOfBoxesOnOneObject) {
  Suppressor suppressor({.iou = 0.45F, .covered = 1, .per_class = false});
  std::vector<Detection> boxes{box(0, 0, 10, 10, 0.5F, 2), box(1, 0, 11, 10, 0.9F, 7),
                               box(50, 50, 60, 60, 0.3F, 2)};
  suppressor.apply(boxes);
  ASSERT_EQ(boxes.size(), 2);
  EXPECT_EQ(boxes[0].class_id, 7);
  EXPECT_FLOAT_EQ(boxes[1].score, 0.3F);
}

TEST(Suppression, PerClassKeepsBothClasses) {
  Suppressor suppressor({.iou = 0.45F, .covered = 1, .per_class = true});
  std::vector<Detection> boxes{box(0, 0, 10, 10, 0.5F, 2), box(1, 0, 11, 10, 0.9F, 7)};
  suppressor.apply(boxes);
  EXPECT_EQ(boxes.size(), 2);
}

TEST(Suppression, ABoxWithinABoxGoesWhenCoveredIsSet) {
  const std::vector<Detection> given{box(0, 0, 100, 100, 0.9F), box(10, 10, 30, 30, 0.5F)};
  auto boxes = given;
  Suppressor({.iou = 0.45F, .covered = 1, .per_class = false}).apply(boxes);
  EXPECT_EQ(boxes.size(), 2);
  boxes = given;
  Suppressor({.iou = 0.45F, .covered = 0.85F, .per_class = false}).apply(boxes);
  EXPECT_EQ(boxes.size(), 1);
}

TEST(Suppression, DoesNotDependOnTheOrderGiven) {
  const bool holds =
      rc::check([](const std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>& seeds) {
        std::vector<Detection> boxes;
        for (const auto& [x, y, score] : seeds) {
          boxes.push_back(box(x, y, static_cast<float>(x) + 20, static_cast<float>(y) + 20,
                              static_cast<float>(score) / 255, score % 3));
        }
        auto reversed = std::vector(boxes.rbegin(), boxes.rend());
        Suppressor suppressor({});
        suppressor.apply(boxes);
        suppressor.apply(reversed);
        RC_ASSERT(boxes.size() == reversed.size());
        for (std::size_t i = 0; i < boxes.size(); ++i) {
          RC_ASSERT(boxes[i].x1 == reversed[i].x1);
          RC_ASSERT(boxes[i].score == reversed[i].score);
          RC_ASSERT(boxes[i].class_id == reversed[i].class_id);
        }
      });
  EXPECT_TRUE(holds);
}

TEST(Suppression, BoundsWhatAHostileModelGives) {
  std::vector<Detection> boxes;
  for (int i = 0; i < 20'000; ++i) {
    const auto at = static_cast<float>(i) * 3;
    boxes.push_back(box(at, 0, at + 2, 2, 0.5F));
  }
  Suppressor({}).apply(boxes);
  EXPECT_EQ(boxes.size(), Suppressor::kMaxKept);
}

TEST(CutToPicture, RefusesWhatIsNoBox) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float huge = std::numeric_limits<float>::infinity();
  for (auto bad : {box(nan, 0, 1, 1, 1), box(0, 0, huge, 1, 1), box(5, 5, 5, 9, 1),
                   box(9, 0, 3, 3, 1), box(-9, -9, -1, -1, 1), box(700, 0, 800, 9, 1)}) {
    EXPECT_FALSE(cut_to_picture(bad, 640, 352));
  }
  auto good = box(-10, 300, 9'000, 9'000, 1);
  ASSERT_TRUE(cut_to_picture(good, 640, 352));
  EXPECT_EQ(good.x1, 0);
  EXPECT_EQ(good.x2, 640);
  EXPECT_EQ(good.y2, 352);
}

}  // namespace
}  // namespace vedette::media
