// Tracking and counting take no memory per frame: counted at the global operator new.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "traffic/tracker_allocations.hpp"
#include "traffic/tracker_drawn_road.hpp"
#include "traffic/zone_counter.hpp"

namespace vedette::traffic {
namespace {

TEST(Tracker, AllocatesNothingPerFrame) {
  Tracker tracker({}, testing::road_types());
  LineCounter lines({{.name = "line", .a = {0, 300}, .b = {2000, 300}}});
  ZoneCounter zones({{.name = "zone", .corners = {{0, 0}, {900, 0}, {900, 900}}}});
  const std::vector<char> wanted(6, 1);
  std::vector<Crossing> crossings;
  crossings.reserve(10'000);
  std::vector<media::Detection> boxes;
  boxes.reserve(64);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(0, 1);

  long before = 0;
  for (int i = 0; i < 2000; ++i) {
    boxes.clear();
    for (int k = 0; k < 40; ++k) {
      // Vehicles come, go, are missed and flicker.
      const float y = std::fmod(static_cast<float>(37 * k + 5 * i), 700.0F);
      if (uniform(random) < 0.9F) {
        boxes.push_back(
            testing::box_at({45.0F * static_cast<float>(k), y}, 60, 50, uniform(random), k % 6));
      }
    }
    if (i == 1) before = testing::allocations();
    const Micros time{i * 40'000};
    tracker.update(time, boxes);
    lines.update(i, time, tracker.tracks(), crossings);
    zones.update(time, tracker.tracks(), wanted);
  }
  EXPECT_EQ(testing::allocations() - before, 0);
  EXPECT_GT(crossings.size(), 100U);
  EXPECT_GT(before, 0);
}

}  // namespace
}  // namespace vedette::traffic
