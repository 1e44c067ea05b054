#include "traffic/scene.hpp"

#include <gtest/gtest.h>

#include "traffic/zone_counter.hpp"

namespace vedette::traffic {
namespace {

TEST(Scene, ReadsALine) {
  const auto line = parse_line("Mill Street: in:200,250.5,639,-3");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->name, "Mill Street: in");
  EXPECT_FLOAT_EQ(line->a.x, 200);
  EXPECT_FLOAT_EQ(line->a.y, 250.5F);
  EXPECT_FLOAT_EQ(line->b.x, 639);
  EXPECT_FLOAT_EQ(line->b.y, -3);
}

TEST(Scene, RefusesWhatIsNoLine) {
  for (const char* text : {"", "a", "a:", ":1,2,3,4", "a:1,2,3", "a:1,2,3,4,5", "a:1,2,3,x",
                           "a:1,2,3,4,", "a:1,2,,4", "a:nan,2,3,4", "a:1e30,2,3,4", "a:5,5,5,5"}) {
    const auto line = parse_line(text);
    ASSERT_FALSE(line) << text;
    EXPECT_EQ(line.error().code, ErrorCode::kUsage);
  }
}

TEST(Scene, ReadsAZoneAndKnowsItsInside) {
  EXPECT_FALSE(parse_zone("z:1,2,3,4"));
  EXPECT_FALSE(parse_zone("z:1,2,3,4,5"));
  // An L: the square without its upper right quarter.
  const auto zone = parse_zone("z:0,0,5,0,5,5,10,5,10,10,0,10");
  ASSERT_TRUE(zone);
  EXPECT_TRUE(contains(*zone, {2, 2}));
  EXPECT_TRUE(contains(*zone, {8, 8}));
  EXPECT_FALSE(contains(*zone, {8, 2}));
  EXPECT_FALSE(contains(*zone, {-1, 5}));
  EXPECT_FALSE(contains(*zone, {11, 7}));
}

TEST(Scene, RightOfALineIsDownWhenItRunsToTheRight) {
  EXPECT_GT(right_of({0, 0}, {10, 0}, {5, 3}), 0);
  EXPECT_LT(right_of({0, 0}, {10, 0}, {5, -3}), 0);
  EXPECT_LT(right_of({0, 0}, {0, 10}, {3, 5}), 0);
}

TEST(ZoneCounter, CountsEachVisitorOnceAndNotThoseWhoOnlyTouchTheEdge) {
  ZoneCounter counter({{.name = "z", .corners = {{0, 0}, {100, 0}, {100, 100}, {0, 100}}}});
  const std::vector<char> wanted{1, 0};
  std::vector<Track> tracks(3);
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    tracks[i].id = static_cast<std::int64_t>(i) + 1;
    tracks[i].slot = static_cast<int>(i);
    tracks[i].is_confirmed = true;
    tracks[i].is_observed = true;
    tracks[i].foot = {150, 50};
  }
  tracks[2].type = 1;  // not wanted
  for (int frame = 0; frame < 100; ++frame) {
    tracks[0].foot.x = frame >= 20 && frame % 50 > 20 ? 50.0F : 150.0F;  // comes in, leaves, comes
    tracks[1].foot.x = frame == 30 ? 50.0F : 150.0F;                     // one frame only
    tracks[2].foot.x = 50;
    counter.update(Micros{frame * 40'000}, tracks, wanted);
  }
  EXPECT_EQ(counter.states()[0].entered, 1);
  EXPECT_EQ(counter.states()[0].most_inside, 2);
  EXPECT_EQ(counter.states()[0].inside, 1);
}

}  // namespace
}  // namespace vedette::traffic
