#include "traffic/line_counter.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "traffic/tracker_drawn_road.hpp"

namespace vedette::traffic {
namespace {

using testing::box_at;
using testing::kCar;
using testing::kTruck;
using testing::Watched;

const CountingLine kLine{.name = "line", .a = {100, 300}, .b = {900, 300}};

RC_GTEST_PROP(LineCounter, CountsEveryVehicleOnceInItsDirection, ()) {
  const double fps = *rc::gen::inRange(5, 61);
  const double jitter = *rc::gen::inRange(0, 31) / 100.0;
  const int lanes = *rc::gen::inRange(1, 7);
  struct Vehicle {
    float x, speed, offset;
  };
  std::vector<Vehicle> vehicles;
  int down = 0;
  for (int lane = 0; lane < lanes; ++lane) {
    // From 200 px beyond the line to 200 px beyond it on the other side, within the 4 s drawn.
    const bool is_down = *rc::gen::inRange(0, 2) == 0;
    const auto speed = static_cast<float>(*rc::gen::inRange(110, 400));
    down += is_down ? 1 : 0;
    vehicles.push_back({.x = 160 + 120 * static_cast<float>(lane),
                        .speed = is_down ? speed : -speed,
                        .offset = is_down ? -200.0F : 200.0F});
  }
  const bool is_reversed = *rc::gen::inRange(0, 2) == 0;
  Watched watched({is_reversed ? CountingLine{.name = "line", .a = kLine.b, .b = kLine.a} : kLine});
  for (int i = 0; i < static_cast<int>(4 * fps); ++i) {
    const double t = (i + (i % 2 == 0 ? jitter : 0)) / fps;
    std::vector<media::Detection> boxes;
    for (const Vehicle& v : vehicles) {
      const float y = 300 + v.offset + v.speed * static_cast<float>(t);
      if (std::abs(y - 300) <= 200) boxes.push_back(box_at({v.x, y}, 80, 60));
    }
    watched.frame(t, boxes);
  }
  RC_ASSERT(watched.count(Direction::kAToB) == (is_reversed ? lanes - down : down));
  RC_ASSERT(watched.count(Direction::kBToA) == (is_reversed ? down : lanes - down));
}

RC_GTEST_PROP(LineCounter, AParkedVehiclesJitterIsNoCrossing, ()) {
  std::mt19937 random(static_cast<unsigned>(*rc::gen::inRange(0, 1'000'000)));
  std::normal_distribution<float> jitter(0, 3);
  const auto offset = static_cast<float>(*rc::gen::inRange(-6, 7));
  Watched watched({kLine});
  for (int i = 0; i < 250; ++i) {
    watched.frame(i / 25.0,
                  {box_at({500 + jitter(random), 300 + offset + jitter(random)}, 80, 60)});
  }
  RC_ASSERT(watched.crossings.empty());
}

TEST(LineCounter, AVehicleParkedOnTheLineCountsWhenItDrivesOff) {
  std::mt19937 random(3);
  std::normal_distribution<float> jitter(0, 3);
  Watched watched({kLine});
  for (int i = 0; i < 1050; ++i) {
    const float way = 4 * static_cast<float>(std::max(0, i - 1000));
    watched.frame(i / 25.0, {box_at({500 + jitter(random), 296 + way + jitter(random)}, 80, 60)});
    if (i < 1000) {
      ASSERT_TRUE(watched.crossings.empty()) << i;
    }
  }
  EXPECT_EQ(watched.crossings.size(), 1U);
}

// Drives down over the line; `position` gives y by second.
template <class Position>
Watched drive(Position position, double seconds, double fps = 25) {
  Watched watched({kLine});
  for (int i = 0; i < static_cast<int>(seconds * fps); ++i) {
    watched.frame(i / fps, {box_at({500, position(i / fps)}, 80, 60)});
  }
  return watched;
}

TEST(LineCounter, AVehicleThatStopsOnTheLineAndGoesOnCountsOnce) {
  const Watched watched = drive(
      [](double t) {
        const double wait = std::clamp(t - 2, 0.0, 5.0);
        return static_cast<float>(100 + 100 * (t - wait) + (wait > 0 ? 2 * std::sin(40 * t) : 0));
      },
      11);
  ASSERT_EQ(watched.crossings.size(), 1U);
  EXPECT_EQ(watched.count(Direction::kAToB), 1);
}

TEST(LineCounter, AUTurnIsOneCrossingInItsFirstDirection) {
  const Watched watched =
      drive([](double t) { return static_cast<float>(t < 4 ? 100 + 100 * t : 900 - 100 * t); }, 8);
  ASSERT_EQ(watched.crossings.size(), 1U);
  EXPECT_EQ(watched.crossings[0].direction, Direction::kAToB);
}

TEST(LineCounter, AVehicleThatOnlyNosesOverTheLineDoesNotCount) {
  const Watched watched =
      drive([](double t) { return static_cast<float>(303 - 50 * std::abs(t - 4)); }, 8);
  EXPECT_EQ(watched.crossings.size(), 0U);
}

TEST(LineCounter, SaysWhereAndWhen) {
  const Watched watched = drive([](double t) { return static_cast<float>(100 + 100 * t); }, 4);
  ASSERT_EQ(watched.crossings.size(), 1U);
  const Crossing& crossing = watched.crossings[0];
  EXPECT_NEAR(crossing.at.x, 500, 1);
  EXPECT_NEAR(crossing.at.y, 300, 0.01);
  EXPECT_NEAR(to_seconds(crossing.time), 2.08, 0.05);  // at 2 s, and 7 px further to be clear
  EXPECT_EQ(crossing.frame, std::llround(25 * to_seconds(crossing.time)));
  EXPECT_EQ(crossing.track, 1);
  EXPECT_EQ(crossing.type, kCar);
}

TEST(LineCounter, TestsTheSegmentAndNotItsExtension) {
  for (const float x : {50.0F, 95.0F, 905.0F}) {
    Watched watched({kLine});
    for (int i = 0; i < 100; ++i) {
      watched.frame(i / 25.0, {box_at({x, 100 + 4 * static_cast<float>(i)}, 60, 60)});
    }
    EXPECT_TRUE(watched.crossings.empty()) << x;
  }
}

TEST(LineCounter, GoingRoundTheEndOfALineDoesNotCount) {
  Watched watched({kLine});
  for (int i = 0; i < 200; ++i) {
    // A half circle around the point a, from above the line to below it.
    const double angle = M_PI * (0.1 + 0.9 * i / 200.0);
    const Point foot{100 + 60 * static_cast<float>(-std::sin(angle)),
                     300 - 60 * static_cast<float>(std::cos(angle))};
    watched.frame(i / 25.0, {box_at(foot, 50, 40)});
  }
  EXPECT_TRUE(watched.crossings.empty());
}

TEST(LineCounter, ATrackConfirmedAfterItCrossedCounts) {
  Watched watched({kLine});
  // 12 px a frame: confirmed in its sixth frame, over the line in its third.
  for (int i = 0; i < 20; ++i) {
    watched.frame(i / 25.0, {box_at({500, 272 + 12 * static_cast<float>(i)}, 60, 60)});
    if (i == 4) {
      EXPECT_FALSE(watched.tracker.tracks()[0].is_confirmed);
      EXPECT_TRUE(watched.crossings.empty());
    }
  }
  ASSERT_EQ(watched.crossings.size(), 1U);
  EXPECT_LE(watched.crossings[0].frame, 4);
}

TEST(LineCounter, WithFewFramesAVehicleFirstSeenBeyondTheLineHasCrossedIt) {
  // Comes into view 40 px before the line, moves 50 px from frame to frame, four frames a second.
  Watched watched({kLine});
  for (int i = 0; i < 12; ++i) {
    const float y = 310 + 50 * static_cast<float>(i - 3);
    watched.frame(i / 4.0,
                  i < 3 ? std::vector<media::Detection>{} : std::vector{box_at({400, y}, 80, 60)});
  }
  ASSERT_EQ(watched.crossings.size(), 1U);
  EXPECT_EQ(watched.crossings[0].direction, Direction::kAToB);
  EXPECT_EQ(watched.crossings[0].frame, 3);
  EXPECT_NEAR(watched.crossings[0].at.y, 300, 0.1);
}

// Pictures come in bursts: nobody was looking while it came close, and it is never seen clearly on
// the near side.
TEST(LineCounter, WhoIsFirstSeenRightBeforeTheLineAfterAGapCrossesIt) {
  struct Way {
    float from_y, x_s, y_s;  // pixels a second
  };
  // Straight over the line; and so askew that it is still on the line when it is known.
  for (const Way way : {Way{298, 0, 125}, Way{297, 200, 25}}) {
    SCOPED_TRACE(way.y_s);
    Watched watched({kLine});
    for (int i = 0; i < 3; ++i) watched.frame(i / 25.0, {});
    std::optional<std::int64_t> clear;
    for (int i = 0; i < 40; ++i) {
      const float s = static_cast<float>(i) / 25;
      const Point foot{300 + way.x_s * s, way.from_y + way.y_s * s};
      if (!clear && foot.y > 308) clear = watched.frames;
      watched.frame(0.44 + i / 25.0, {box_at(foot, 80, 60)});
    }
    ASSERT_EQ(watched.crossings.size(), 1U);
    EXPECT_EQ(watched.crossings[0].direction, Direction::kAToB);
    EXPECT_NEAR(watched.crossings[0].frame, *clear, 2);
    EXPECT_NEAR(watched.crossings[0].at.y, 300, 0.1);
  }
}

TEST(LineCounter, WhatBeganFurtherBeyondTheLineDidNotCrossIt) {
  Watched watched({kLine});
  for (int i = 0; i < 12; ++i) {
    const float y = 390 + 50 * static_cast<float>(i - 3);
    watched.frame(i / 4.0,
                  i < 3 ? std::vector<media::Detection>{} : std::vector{box_at({400, y}, 80, 60)});
  }
  EXPECT_TRUE(watched.crossings.empty());
}

TEST(LineCounter, AtAFullRateNobodyIsLedBack) {
  Watched watched({kLine});
  for (int i = 0; i < 40; ++i) {
    const float y = 310 + 20 * static_cast<float>(i - 3);
    watched.frame(i / 25.0,
                  i < 3 ? std::vector<media::Detection>{} : std::vector{box_at({400, y}, 80, 60)});
  }
  EXPECT_TRUE(watched.crossings.empty());
}

TEST(LineCounter, ANewTrackBehindTheLineDoesNotCountTheVehicleAgain) {
  Watched watched({kLine});
  for (int i = 0; i < 100; ++i) {
    // Lost for 1.4 s after the line: the track is forgotten, and another one begins.
    const float y = 100 + 6 * static_cast<float>(i);
    const bool is_seen = i < 38 || i > 73;
    watched.frame(i / 25.0, is_seen ? std::vector{box_at({500, y}, 60, 60)}
                                    : std::vector<media::Detection>{});
  }
  EXPECT_EQ(watched.tracker.tracks().front().id, 2);
  EXPECT_EQ(watched.crossings.size(), 1U);
}

TEST(LineCounter, ANewNameForTheSameVehicleIsNoSecondCrossing) {
  Watched watched({kLine});
  for (int i = 0; i < 100; ++i) {
    watched.frame(i / 25.0, {box_at({500, 100 + 4 * static_cast<float>(i)}, 80, 60, 0.7F,
                                    i % 2 == 0 ? kCar : kTruck)});
  }
  EXPECT_EQ(watched.crossings.size(), 1U);
}

TEST(LineCounter, TwoBoxesOnOneVehicleAreOneCrossing) {
  for (const bool is_first_lost : {false, true}) {
    Watched watched({kLine});
    for (int i = 0; i < 100; ++i) {
      const float y = 100 + 4 * static_cast<float>(i);
      std::vector<media::Detection> boxes;
      if (!is_first_lost || i < 60) boxes.push_back(box_at({500, y}, 160, 100, 0.9F));
      if (i >= 20) boxes.push_back(box_at({470, y - 20}, 70, 60, 0.6F));
      watched.frame(i / 25.0, boxes);
    }
    EXPECT_EQ(watched.crossings.size(), 1U) << is_first_lost;
  }
}

TEST(LineCounter, AVehicleThatSplitsInTwoAtTheLineIsOneCrossing) {
  Watched watched({kLine});
  for (int i = 0; i < 100; ++i) {
    const float y = 100 + 4 * static_cast<float>(i);
    if (i < 45) {
      watched.frame(i / 25.0, {box_at({500, y}, 160, 120, 0.9F)});
    } else {
      watched.frame(i / 25.0,
                    {box_at({540, y}, 80, 120, 0.8F), box_at({460, y - 20}, 80, 80, 0.7F)});
    }
  }
  EXPECT_EQ(watched.crossings.size(), 1U);
}

TEST(LineCounter, TwoVehiclesCloseToEachOtherAreTwo) {
  Watched watched({kLine});
  for (int i = 0; i < 120; ++i) {
    const float y = 80 + 4 * static_cast<float>(i);
    // 45 px apart, 60 px high: in the picture one covers a quarter of the other.
    watched.frame(i / 25.0, {box_at({500, y}, 80, 60), box_at({505, y - 45}, 80, 60)});
  }
  EXPECT_EQ(watched.crossings.size(), 2U);
}

TEST(LineCounter, EachLineCountsOnItsOwn) {
  Watched watched({kLine,
                   {.name = "later", .a = {100, 400}, .b = {900, 400}},
                   {.name = "upright", .a = {500, 0}, .b = {500, 600}}});
  for (int i = 0; i < 100; ++i) {
    watched.frame(
        i / 25.0,
        {box_at({300 + 4 * static_cast<float>(i), 200 + 4 * static_cast<float>(i)}, 80, 60)});
  }
  ASSERT_EQ(watched.crossings.size(), 3U);
  std::vector<int> lines;
  for (const Crossing& crossing : watched.crossings) lines.push_back(crossing.line);
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (std::vector{0, 1, 2}));
  // The upright line runs down the picture, so its left is where x is larger.
  const auto upright = std::ranges::find(watched.crossings, 2, &Crossing::line);
  EXPECT_EQ(upright->direction, Direction::kBToA);
}

TEST(LineCounter, NothingLeadsFromOnePeriodToTheNext) {
  Watched watched({kLine});
  for (int i = 0; i < 20; ++i) watched.frame(i / 25.0, {box_at({500, 280}, 80, 60)});
  watched.tracker.reset();
  watched.counter.reset();
  for (int i = 20; i < 60; ++i) watched.frame(i / 25.0, {box_at({500, 320}, 80, 60)});
  EXPECT_TRUE(watched.crossings.empty());
}

}  // namespace
}  // namespace vedette::traffic
