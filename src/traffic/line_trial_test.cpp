#include "traffic/line_trial.hpp"

#include <gmock/gmock.h>

#include <set>
#include <tuple>

#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const Instant kNow = at("2026-11-20T12:30:00Z");
const Instant kFrom = kNow - 10min;
// Across the road; from left to right in the picture, so a to b is down.
const Line kAcross{"", "Mill", 100, 300, 500, 300, "in", "out"};
constexpr DirectionCounts kDown{1, 0};
constexpr DirectionCounts kUp{0, 1};

class LineTrials : public TrafficStore {
 protected:
  void SetUp() override {
    TrafficStore::SetUp();
    if (IsSkipped()) return;
    Camera camera;
    camera.name = "a";
    camera.source = "clip.mp4";
    camera_ = must(add_camera(database(), camera));
  }

  void stand(std::int64_t track, Instant at, Point foot, bool is_moving = true,
             std::string_view type = "car", std::string_view camera = "a") {
    run("INSERT INTO current_traffic (camera_id, vehicle_type, track_id, x_coord, y_coord, count, "
        "last_update, is_moving) VALUES ($1, $2, $3, $4, $5, 1, $6, $7)",
        {camera, type, track, static_cast<double>(foot.x), static_cast<double>(foot.y), at,
         is_moving});
  }

  // One position a second.
  void drive(std::int64_t track, Instant start, std::initializer_list<Point> feet,
             std::string_view type = "car") {
    for (const Point foot : feet) {
      stand(track, start, foot, true, type);
      start += 1s;
    }
  }

  LineTrial tried(const std::vector<Line>& lines, const LineTrialOptions& options = {}) {
    return must(try_lines(database(), camera_, lines, kFrom, kNow, options));
  }
  DirectionCounts counted(const Line& line) { return tried({line}).lines.at(0).crossings; }

  Camera camera_;
};

TEST_P(LineTrials, CountsByDirectionAsTheLineIsDrawn) {
  drive(1, kFrom, {{200, 200}, {210, 280}, {220, 360}});
  EXPECT_EQ(counted(kAcross), kDown);
  Line reversed = kAcross;
  std::swap(reversed.x1, reversed.x2);
  EXPECT_EQ(counted(reversed), kUp);
  const TriedCrossing crossing = tried({kAcross}).lines[0].newest.at(0);
  EXPECT_EQ(crossing.at, kFrom + 2s);
  EXPECT_EQ(crossing.track_id, 1);
  EXPECT_NEAR(crossing.point.x, 212.5, 0.01);
  EXPECT_NEAR(crossing.point.y, 300, 0.01);
}

TEST_P(LineTrials, AStoredLineSaysWhatItCounted) {
  camera_.lines = must(set_lines(database(), "a", {kAcross}));
  Line line = camera_.lines[0];
  // Of three that it counted one was in view long enough to be tried on.
  drive(1, kFrom, {{200, 200}, {210, 280}, {220, 360}});
  for (const std::int64_t track : {1, 2, 3}) cross("a", line.id, "car", track, kFrom + 1s * track);
  cross("a", line.id, "truck", 9, kNow + 1s);
  run("UPDATE camera_line SET created_at = $1", {kFrom - 1h});
  camera_ = *must(find_camera(database(), "a"));
  const TriedLine as_stored = tried({line}).lines[0];
  EXPECT_EQ(as_stored.crossings, (DirectionCounts{3, 0}));
  EXPECT_EQ(as_stored.likely, DirectionCounts{});
  EXPECT_EQ(as_stored.counted, (DirectionCounts{3, 0}));
  EXPECT_EQ(as_stored.newest.front().track_id, 3);
  // Moved a little: what it may count, beside what it counted.
  line.y1 = line.y2 = 320;
  const TriedLine moved = tried({line}).lines[0];
  EXPECT_EQ(moved.crossings, kDown);
  EXPECT_EQ(moved.counted, (DirectionCounts{3, 0}));
  EXPECT_FALSE(tried({kAcross}).lines[0].counted) << "a new line has counted nothing";
  run("UPDATE camera_line SET created_at = $1", {kFrom + 1s});
  camera_ = *must(find_camera(database(), "a"));
  EXPECT_FALSE(tried({camera_.lines[0]}).lines[0].counted) << "it was not there from the beginning";
}

TEST_P(LineTrials, AFileIsTriedOnItsOwnTime) {
  const auto end = [&] { return must(trial_end(database(), camera_, kNow, 10min)); };
  EXPECT_EQ(end(), kNow);
  run("INSERT INTO camera_status (camera_id, updated_at, sampled_at, status) VALUES ('a', $1, $2, "
      "'{}')",
      {kNow, kNow - 24h});
  EXPECT_EQ(end(), kNow - 24h + 1s);
  run("UPDATE camera_status SET sampled_at = $1", {kNow - 1min});
  EXPECT_EQ(end(), kNow) << "it is being read";
  camera_.source = "rtsp://10.0.0.1/live";
  run("UPDATE camera_status SET sampled_at = $1", {kNow - 24h});
  EXPECT_EQ(end(), kNow) << "a camera that was not watched lately says so";
}

TEST_P(LineTrials, OnlyTheSegmentCounts) {
  drive(1, kFrom, {{520, 200}, {520, 400}});
  EXPECT_EQ(counted(kAcross), DirectionCounts{});
}

TEST_P(LineTrials, ATrackCountsOnceALine) {
  drive(1, kFrom, {{200, 200}, {200, 400}, {200, 200}, {200, 400}});
  Line lower = kAcross;
  lower.y1 = lower.y2 = 350;
  lower.name = "Lower";
  const auto lines = tried({kAcross, lower}).lines;
  EXPECT_EQ(lines[0].crossings, kDown);
  EXPECT_EQ(lines[1].crossings, kDown);
}

TEST_P(LineTrials, WhoStandsOnTheLineDoesNotCross) {
  for (int i = 0; i < 10; ++i) stand(1, kFrom + 1s * i, {200, i % 2 == 0 ? 297.0F : 303.0F}, false);
  for (int i = 0; i < 10; ++i) stand(2, kFrom + 1s * i, {300, i % 2 == 0 ? 299.0F : 301.0F});
  EXPECT_EQ(counted(kAcross), DirectionCounts{});
}

// Straight through the picture at 25 frames a second, and of that one position a second.
TEST_P(LineTrials, FindsTheCrossingsThatTheLiveCountFinds) {
  const std::vector<Line> lines{kAcross, {"", "Slanted", 480, 120, 140, 420, "", ""}};
  LineCounter live(counting_lines(lines));
  std::vector<Crossing> crossings;
  for (int frame = 0; frame <= 250; ++frame) {
    std::vector<Track> tracks;
    for (int i = 0; i < 8; ++i) {
      Track track;
      track.id = i + 1;
      track.slot = i;
      const auto way = static_cast<float>(frame) * static_cast<float>(2 + i % 4);
      track.foot = {60 + 70 * static_cast<float>(i), i % 2 == 0 ? 40 + way : 600 - way};
      track.is_confirmed = track.is_observed = track.has_travelled = true;
      tracks.push_back(track);
      if (frame % 25 == 0) stand(track.id, kFrom + 1s * (frame / 25), track.foot);
    }
    live.update(frame, 40ms * frame, tracks, crossings);
  }
  using Key = std::tuple<std::size_t, std::int64_t, Direction>;
  std::set<Key> expected;
  for (const Crossing& c : crossings)
    expected.emplace(static_cast<std::size_t>(c.line), c.track, c.direction);
  std::set<Key> found;
  const LineTrial trial = tried(lines);
  for (std::size_t line = 0; line < lines.size(); ++line) {
    for (const TriedCrossing& c : trial.lines[line].newest)
      found.emplace(line, c.track_id, c.direction);
  }
  EXPECT_GE(expected.size(), 10U);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(trial.tracks, 8);
}

TEST_P(LineTrials, SaysTypesAndTheNewestCrossings) {
  drive(1, kFrom, {{200, 200}, {200, 400}}, "bus");
  drive(2, kFrom + 10s, {{200, 400}, {200, 200}});
  drive(3, kFrom + 20s, {{200, 200}, {200, 400}});
  const TriedLine line = tried({kAcross}, {.most_crossings = 2}).lines.at(0);
  EXPECT_THAT(line.crossings, ElementsAre(2, 1));
  EXPECT_THAT(line.by_type, ElementsAre(std::pair("car", DirectionCounts{1, 1}),
                                        std::pair("bus", DirectionCounts{1, 0})));
  ASSERT_EQ(line.newest.size(), 2U);
  EXPECT_EQ(line.newest[0].track_id, 3);
  EXPECT_EQ(line.newest[0].at, kFrom + 21s);
  EXPECT_EQ(line.newest[1].direction, Direction::kBToA);
}

// Comes into view below the line and crosses it before its first position; or goes out of view.
TEST_P(LineTrials, SaysWhoLikelyCrossedBeforeOrAfterItsPath) {
  drive(1, kFrom + 10s, {{200, 280}, {200, 230}});
  run("UPDATE current_traffic SET first_seen = $1", {kFrom + 9s + 400ms});
  drive(2, kFrom + 20s, {{300, 200}, {300, 260}});
  const TriedLine line = tried({kAcross}).lines.at(0);
  EXPECT_EQ(line.crossings, DirectionCounts{});
  EXPECT_THAT(line.likely, ElementsAre(1, 1));
  EXPECT_THAT(line.newest, ElementsAre());
  run("UPDATE current_traffic SET first_seen = $1", {kFrom + 9s + 900ms});
  EXPECT_EQ(tried({kAcross}).lines[0].likely, kDown) << "first seen when it was beyond already";
}

TEST_P(LineTrials, WhoSurelyCrossedIsNotLikelyToo) {
  drive(1, kFrom + 10s, {{200, 250}, {200, 310}});
  const TriedLine line = tried({kAcross}).lines.at(0);
  EXPECT_EQ(line.crossings, kDown);
  EXPECT_EQ(line.likely, DirectionCounts{});
}

TEST_P(LineTrials, LooksAtThisCameraAndThisTimeOnly) {
  drive(1, kFrom - 2s, {{200, 200}, {200, 400}});
  drive(2, kNow, {{200, 200}, {200, 400}});
  stand(3, kFrom, {200, 200}, true, "car", "b");
  stand(3, kFrom + 1s, {200, 400}, true, "car", "b");
  const LineTrial trial = tried({kAcross});
  EXPECT_EQ(trial.lines[0].crossings, DirectionCounts{});
  EXPECT_EQ(trial.tracks, 0);
  EXPECT_EQ(trial.from, kFrom);
  EXPECT_EQ(trial.to, kNow);
}

TEST_P(LineTrials, SaysHowMuchWasWatched) {
  EXPECT_FALSE(tried({kAcross}).has_seen()) << "nothing watched is not zero crossings";
  watched("a", kFrom - 1min, kFrom + 1min);
  watched("a", kFrom + 30s, kFrom + 2min);  // a file watched again: 30 s of it are known already
  watched("a", kNow - 1min, kNow + 1min);
  watched("b", kFrom, kNow);
  const LineTrial trial = tried({kAcross});
  EXPECT_EQ(trial.coverage, 3min);
  EXPECT_TRUE(trial.has_seen());
}

TEST_P(LineTrials, LooksAtTheNewestPositionsWhereThereAreTooMany) {
  watched("a", kFrom, kNow);
  drive(1, kFrom, {{200, 200}, {200, 400}});
  drive(2, kNow - 2s, {{200, 200}, {200, 400}});
  EXPECT_FALSE(tried({kAcross}, {.most_positions = 4}).is_truncated);
  const LineTrial trial = tried({kAcross}, {.most_positions = 2});
  EXPECT_TRUE(trial.is_truncated);
  EXPECT_EQ(trial.lines[0].crossings, kDown);
  EXPECT_EQ(trial.tracks, 1);
  EXPECT_EQ(trial.from, kNow - 2s);
  EXPECT_EQ(trial.coverage, 2s);
}

TEST_P(LineTrials, RefusesWhatCouldNotBeStoredInTheSameWords) {
  const auto change = [](auto edit) {
    Line line = kAcross;
    edit(line);
    return line;
  };
  const std::vector<std::vector<Line>> wrong{
      {change([](Line& line) { line.name = ""; })},
      {change([](Line& line) { line.y2 = -1; })},
      {change([](Line& line) { line.x2 = line.x1; })},
      {change([](Line& line) { line.id = "of-nobody"; })},
  };
  for (const auto& lines : wrong) {
    const auto trial = try_lines(database(), camera_, lines, kFrom, kNow);
    const auto stored = set_lines(database(), "a", lines);
    ASSERT_FALSE(trial);
    ASSERT_FALSE(stored);
    EXPECT_EQ(trial.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(trial.error().message, stored.error().message);
    EXPECT_EQ(trial.error().detail, stored.error().detail);
  }
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_line"), 0) << "nothing is stored";
}

INSTANTIATE_TEST_SUITE_P(Stores, LineTrials,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
