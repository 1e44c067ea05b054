#include "traffic/tracker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>

#include "traffic/tracker_drawn_road.hpp"

namespace vedette::traffic {
namespace {

using testing::box_at;
using testing::kCar;
using testing::kTruck;
using testing::road_types;

Micros at(double seconds) {
  return Micros{static_cast<std::int64_t>(seconds * 1e6)};
}

RC_GTEST_PROP(Tracker, KeepsOneTrackAndItsSpeedAtAnyFrameRate, ()) {
  const double fps = *rc::gen::inRange(5, 61);
  const float vx = static_cast<float>(*rc::gen::inRange(-200, 201));
  const float vy = static_cast<float>(*rc::gen::inRange(-200, 201));
  Tracker tracker({}, road_types());
  const int frames = static_cast<int>(2 * fps);
  for (int i = 0; i < frames; ++i) {
    // Uneven frame times, as real cameras have them.
    const double t = (i + 0.3 * (i % 3)) / fps;
    const Point foot{500 + vx * static_cast<float>(t), 500 + vy * static_cast<float>(t)};
    tracker.update(at(t), std::vector{box_at(foot, 80, 60)});
  }
  RC_ASSERT(tracker.tracks().size() == 1U);
  const Track& track = tracker.tracks().front();
  RC_ASSERT(track.id == 1);
  RC_ASSERT(track.is_confirmed);
  RC_ASSERT(track.observations == frames);
  RC_ASSERT(std::abs(track.velocity.x - vx) < 6.0F);
  RC_ASSERT(std::abs(track.velocity.y - vy) < 6.0F);
}

RC_GTEST_PROP(Tracker, BridgesAGapShorterThanItsMemory, ()) {
  const double fps = *rc::gen::inRange(10, 61);
  const double gap_s = *rc::gen::inRange(5, 85) / 100.0;
  const float speed = static_cast<float>(*rc::gen::inRange(-150, 151));
  Tracker tracker({}, road_types());
  for (int i = 0; i < static_cast<int>(3 * fps); ++i) {
    const double t = i / fps;
    const bool is_missed = t > 1 && t < 1 + gap_s;
    const Point foot{500 + speed * static_cast<float>(t), 300};
    tracker.update(at(t),
                   is_missed ? std::vector<media::Detection>{} : std::vector{box_at(foot, 80, 60)});
  }
  RC_ASSERT(tracker.tracks().size() == 1U);
  RC_ASSERT(tracker.tracks().front().id == 1);
}

TEST(Tracker, ForgetsAfterItsMemoryAndNeverUsesAnIdAgain) {
  Tracker tracker({}, road_types());
  std::set<std::int64_t> ended;
  double t = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 12; ++i, t += 0.04) {
      tracker.update(at(t), std::vector{box_at({300, 300}, 80, 60)});
      for (const Track& track : tracker.ended()) EXPECT_TRUE(ended.insert(track.id).second);
    }
    ASSERT_EQ(tracker.tracks().size(), 1U);
    EXPECT_EQ(tracker.tracks().front().id, round + 1);
    t += 1.5;
  }
  tracker.reset();
  EXPECT_EQ(tracker.tracks().size(), 0U);
  ASSERT_EQ(tracker.ended().size(), 1U);
  tracker.update(at(0), std::vector{box_at({300, 300}, 80, 60)});
  EXPECT_EQ(tracker.tracks().front().id, 301);
}

TEST(Tracker, ConfirmsByTimeNotByFrames) {
  for (const double fps : {10.0, 25.0, 60.0}) {
    Tracker tracker({}, road_types());
    double confirmed_at = -1;
    for (int i = 0; i < 60; ++i) {
      tracker.update(at(i / fps), std::vector{box_at({300, 300}, 80, 60)});
      if (confirmed_at < 0 && tracker.tracks().front().is_confirmed) confirmed_at = i / fps;
    }
    EXPECT_GE(confirmed_at, 0.2 - 1e-6) << fps;
    EXPECT_LE(confirmed_at, 0.2 + 1 / fps) << fps;
  }
}

TEST(Tracker, AFlickerIsNeverConfirmed) {
  for (const double fps : {4.0, 10.0, 25.0, 60.0}) {
    Tracker tracker({}, road_types());
    for (int i = 0; i < 200; ++i) {
      std::vector<media::Detection> boxes;
      if (i % 15 < 2) boxes.push_back(box_at({300, 300}, 80, 60, 0.5F));
      tracker.update(at(i / fps), boxes);
      for (const Track& track : tracker.tracks()) EXPECT_FALSE(track.is_confirmed) << fps;
    }
  }
}

TEST(Tracker, AGapBetweenFramesIsNoAbsence) {
  Tracker tracker({}, road_types());
  // One picture a second of what hardly moves.
  for (int i = 0; i < 10; ++i) {
    tracker.update(at(i), std::vector{box_at({300 + 4 * static_cast<float>(i), 300}, 80, 60)});
  }
  ASSERT_EQ(tracker.tracks().size(), 1U);
  EXPECT_EQ(tracker.tracks().front().id, 1);
  EXPECT_TRUE(tracker.tracks().front().is_confirmed);
  // And it ends once it was looked for in vain.
  for (int i = 10; i < 13; ++i) tracker.update(at(i), {});
  EXPECT_TRUE(tracker.tracks().empty());
}

TEST(Tracker, KeepsAVehicleThatComesNearerWhileItIsHidden) {
  // Straight on at one speed, from 60 m to 10 m from the camera: place and size go with 1 over the
  // distance. Hidden for 0.8 s, in which it grows to twice its size and more.
  for (const double fps : {8.0, 25.0}) {
    Tracker tracker({}, road_types());
    std::int64_t before = 0;
    for (int i = 0; i / fps < 4; ++i) {
      const double t = i / fps;
      const auto near = static_cast<float>(1 / (60 - 12.5 * t));
      const bool is_hidden = t > 2.6 && t < 3.4;
      if (is_hidden) {
        tracker.update(at(t), {});
        continue;
      }
      tracker.update(at(t), std::vector{box_at({320 + 3000 * near, 100 + 2500 * near}, 1800 * near,
                                               1500 * near)});
      if (t <= 2.6) before = tracker.tracks().front().id;
    }
    ASSERT_EQ(tracker.tracks().size(), 1U) << fps;
    EXPECT_EQ(tracker.tracks().front().id, before) << fps;
  }
}

TEST(Tracker, AVehicleThatFollowsIsNotTakenForTheHiddenOne) {
  Tracker tracker({}, road_types());
  for (int i = 0; i < 50; ++i) {
    const float way = 6 * static_cast<float>(i);
    std::vector<media::Detection> boxes;
    if (i < 25) boxes.push_back(box_at({200 + way, 300}, 80, 60));
    // Begins to be seen behind where the first one was last seen.
    if (i >= 30) boxes.push_back(box_at({100 + way - 60, 300}, 80, 60));
    tracker.update(at(i / 25.0), boxes);
  }
  ASSERT_GE(tracker.tracks().size(), 1U);
  EXPECT_EQ(tracker.tracks().back().observations, 20);
}

TEST(Tracker, UnsureBoxesKeepATrackAndNeverBeginOne) {
  Tracker tracker({}, road_types());
  for (int i = 0; i < 50; ++i) {
    const float x = 100 + 4 * static_cast<float>(i);
    tracker.update(at(i / 25.0), std::vector{box_at({x, 300}, 80, 60, i < 10 ? 0.6F : 0.15F),
                                             box_at({x, 100}, 80, 60, 0.2F)});
  }
  ASSERT_EQ(tracker.tracks().size(), 1U);
  EXPECT_EQ(tracker.tracks().front().observations, 50);
}

TEST(Tracker, VehiclesThatPassEachOtherKeepTheirTracks) {
  Tracker tracker({}, road_types());
  for (int i = 0; i <= 60; ++i) {
    const float way = 5 * static_cast<float>(i);
    tracker.update(at(i / 25.0),
                   std::vector{box_at({100 + way, 200}, 80, 60), box_at({400 - way, 215}, 80, 60)});
  }
  ASSERT_EQ(tracker.tracks().size(), 2U);
  EXPECT_GT(tracker.tracks()[0].velocity.x, 100);
  EXPECT_LT(tracker.tracks()[1].velocity.x, -100);
  EXPECT_EQ(tracker.tracks()[0].id, 1);
  EXPECT_EQ(tracker.tracks()[1].id, 2);
  EXPECT_NEAR(tracker.tracks()[0].foot.x, 400, 5);
}

TEST(Tracker, FollowsAFastVehicleAtFewFramesASecond) {
  Tracker tracker({}, road_types());
  // Half its size from frame to frame: two boxes that follow each other hardly overlap.
  for (int i = 0; i < 12; ++i) {
    const float way = 42 * static_cast<float>(i);
    tracker.update(at(i / 8.0), std::vector{box_at({100 + way, 100 + way}, 80, 60)});
  }
  ASSERT_EQ(tracker.tracks().size(), 1U);
  EXPECT_EQ(tracker.tracks().front().observations, 12);
}

TEST(Tracker, OfTwoBoxesAsNearTheOneOfItsTypeIsTaken) {
  Tracker tracker({}, road_types());
  for (int i = 0; i < 10; ++i) {
    tracker.update(at(i / 25.0), std::vector{box_at({300, 300}, 80, 60)});
  }
  tracker.update(at(10 / 25.0), std::vector{box_at({309, 300}, 80, 60, 0.8F, 0),
                                            box_at({290, 300}, 80, 60, 0.8F, kCar)});
  EXPECT_LT(tracker.tracks()[0].foot.x, 300);
}

TEST(Tracker, VotesTheTypeByScore) {
  Tracker tracker({}, road_types());
  for (int i = 0; i < 20; ++i) {
    const bool is_truck = i % 4 == 0;
    tracker.update(at(i / 25.0), std::vector{box_at({300, 300}, 80, 60, is_truck ? 0.9F : 0.5F,
                                                    is_truck ? kTruck : kCar)});
  }
  ASSERT_EQ(tracker.tracks().size(), 1U);
  EXPECT_EQ(tracker.tracks().front().type, kCar);
}

TEST(Tracker, APartIsNotConfirmedWhileItIsOnItsVehicle) {
  Tracker tracker({}, road_types());
  for (int i = 0; i < 50; ++i) {
    const float x = 100 + 5 * static_cast<float>(i);
    std::vector boxes{box_at({x, 300}, 160, 100, 0.9F)};
    if (i >= 10) boxes.push_back(box_at({x - 40, 270}, 60, 50, 0.6F));
    tracker.update(at(i / 25.0), boxes);
  }
  ASSERT_EQ(tracker.tracks().size(), 2U);
  EXPECT_TRUE(tracker.tracks()[0].is_confirmed);
  EXPECT_FALSE(tracker.tracks()[1].is_confirmed);
  EXPECT_EQ(tracker.tracks()[1].elder, 1);
}

TEST(Tracker, AVehicleThatComesOutFromBehindAnotherIsToldApart) {
  Tracker tracker({}, road_types());
  for (int i = 0; i < 75; ++i) {
    const float way = 4 * static_cast<float>(i);
    std::vector boxes{box_at({200, 300}, 160, 160, 0.9F)};
    if (i >= 10) boxes.push_back(box_at({200 + way, 290}, 60, 50, 0.6F));
    tracker.update(at(i / 25.0), boxes);
  }
  ASSERT_EQ(tracker.tracks().size(), 2U);
  EXPECT_TRUE(tracker.tracks()[1].is_confirmed);
  EXPECT_EQ(tracker.tracks()[1].elder, 0);
}

TEST(Tracker, KnowsWhoIsParked) {
  Tracker tracker({}, road_types());
  for (int i = 0; i < 100; ++i) {
    const float jitter = i % 2 == 0 ? 2.0F : -2.0F;
    const float way = 6 * static_cast<float>(i);
    tracker.update(at(i / 25.0), std::vector{box_at({100 + jitter, 300}, 80, 60),
                                             box_at({100 + way, 150}, 80, 60)});
  }
  ASSERT_EQ(tracker.tracks().size(), 2U);
  EXPECT_TRUE(tracker.tracks()[0].is_parked);
  EXPECT_FALSE(tracker.tracks()[1].is_parked);
}

TEST(Tracker, IsBoundedWhateverTheDetectorSays) {
  TrackerOptions options;
  options.max_detections = 20;
  options.max_tracks = 10;
  Tracker tracker(options, road_types());
  for (int i = 0; i < 10; ++i) {
    std::vector<media::Detection> boxes;
    for (int k = 0; k < 100; ++k) {
      boxes.push_back(box_at({20.0F * static_cast<float>(k), 300}, 18, 18,
                             0.3F + 0.005F * static_cast<float>(k)));
    }
    boxes.push_back({10, 10, 10, 10, 0.9F, kCar});  // empty
    boxes.push_back({10, 10, 40, 40, 0.9F, 99});    // of a class that is not known
    boxes.push_back({10, 10, 40, 40, 0.9F, -1});
    tracker.update(at(i / 25.0), boxes);
    EXPECT_LE(tracker.tracks().size(), 10U);
  }
  // The same instant twice does no harm.
  tracker.update(at(9 / 25.0), std::vector{box_at({300, 300}, 80, 60)});
  EXPECT_LE(tracker.tracks().size(), 10U);
}

TEST(TypeTable, NamesEachTypeOnceAndLeavesOutWhatIsNotOfInterest) {
  const std::vector<media::Label> labels{
      {"person", "person"}, {"aeroplane", ""}, {"car", "car"}, {"van", "car"}, {"bus", "bus"}};
  const TypeTable types(labels);
  EXPECT_EQ(types.size(), 3);
  EXPECT_EQ(types.of_class(1), -1);
  EXPECT_EQ(types.of_class(2), types.of_class(3));
  EXPECT_EQ(types.name(types.of_class(4)), "bus");
  EXPECT_EQ(types.of_class(5), -1);
  EXPECT_EQ(types.find("bus"), 2);
  EXPECT_FALSE(types.find("tram"));
}

}  // namespace
}  // namespace vedette::traffic
