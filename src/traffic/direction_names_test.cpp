#include "traffic/direction_names.hpp"

#include <gtest/gtest.h>

#include "traffic/camera.hpp"
#include "traffic/tracker_drawn_road.hpp"

namespace vedette::traffic {
namespace {

TEST(DirectionNames, SayWhereTheCounterSeesThemGo) {
  struct Way {
    Point a, b;      // of the line
    Point from, to;  // of the vehicle
    const char* word;
  };
  for (const Way& way : {Way{{100, 300}, {500, 300}, {300, 200}, {300, 400}, "down"},
                         Way{{500, 300}, {100, 300}, {300, 200}, {300, 400}, "down"},
                         Way{{100, 300}, {500, 340}, {300, 420}, {300, 220}, "up"},
                         Way{{300, 100}, {300, 500}, {200, 300}, {400, 300}, "right"},
                         Way{{300, 100}, {310, 500}, {400, 300}, {200, 300}, "left"}}) {
    const CountingLine line{.name = "line", .a = way.a, .b = way.b};
    testing::Watched watched({line});
    for (int i = 0; i < 50; ++i) {
      const float part = static_cast<float>(i) / 49;
      const Point foot{way.from.x + part * (way.to.x - way.from.x),
                       way.from.y + part * (way.to.y - way.from.y)};
      watched.frame(i / 25.0, {testing::box_at(foot, 40, 40)});
    }
    ASSERT_EQ(watched.crossings.size(), 1U) << way.word;
    EXPECT_EQ(direction_name(line, watched.crossings[0].direction), way.word);
  }
}

TEST(DirectionNames, AreTheOwnersWordsWhereThereAreSome) {
  Line line{.name = "Mill Street", .x1 = 0, .y1 = 100, .x2 = 300, .y2 = 100, .a_to_b = "into town"};
  EXPECT_EQ(direction_name(line, Direction::kAToB), "into town");
  EXPECT_EQ(direction_name(line, Direction::kBToA), "up");
  const CountingLine counting = counting_lines({line}).front();
  EXPECT_EQ(direction_name(counting, Direction::kAToB), "into town");
  EXPECT_EQ(direction_arrow(counting, Direction::kAToB), "↓");
  EXPECT_EQ(direction_arrow(counting, Direction::kBToA), "↑");
}

TEST(DirectionNames, ADiagonalGoesDownOrUp) {
  EXPECT_EQ(direction_from_geometry({0, 0}, {100, 100}, Direction::kAToB), "down");
  EXPECT_EQ(direction_from_geometry({0, 0}, {100, -100}, Direction::kAToB), "down");
  EXPECT_EQ(direction_from_geometry({0, 0}, {-100, 100}, Direction::kAToB), "up");
}

}  // namespace
}  // namespace vedette::traffic
