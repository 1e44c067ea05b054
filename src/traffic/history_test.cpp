#include "traffic/history.hpp"

#include <gmock/gmock.h>

#include "traffic/camera.hpp"
#include "traffic/crossings.hpp"
#include "traffic/current.hpp"
#include "traffic/kpi.hpp"
#include "traffic/quality.hpp"
#include "traffic/rollup.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

const Instant kNow = at("2026-11-20T12:30:00Z");
const Instant kHour = at("2026-11-20T12:00:00Z");

class History : public TrafficStore {
 protected:
  void SetUp() override {
    TrafficStore::SetUp();
    if (IsSkipped()) return;
    Camera camera;
    camera.name = "a";
    camera.source = "clip.mp4";
    must(add_camera(database(), camera));
    line_ = must(set_lines(database(), "a", {{"", "Mill", 0, 0, 9, 9, "in", "out"}})).front().id;
    run("UPDATE camera SET created_at = $1", {at("2026-11-01T00:00:00Z")});
    run("UPDATE camera_line SET created_at = $1", {at("2026-11-01T00:00:00Z")});
  }
  void roll() {
    while (must(roll_up(database(), work::Fence::none())).has_more) {
    }
  }
  std::string line_;
};

TEST_P(History, SaysWhatWasCountedAndHowMuchWasWatched) {
  for (int track = 1; track <= 10; ++track) {
    see("a", "car", track, kHour - 1h + 1min * track);
    cross("a", line_, "car", track, kHour - 1h + 1min * track);
  }
  cross("a", line_, "car", 11, kHour + 10min);
  watched("a", kHour - 1h, kHour + 30min);
  roll();
  const HistoryPage page = must(history(database(), {}, {Grain::kHour}, 100, {}, kNow));
  ASSERT_EQ(page.rows.size(), 2U);
  EXPECT_EQ(page.rows[0].report_hour, kHour) << "newest first";
  EXPECT_EQ(page.rows[0].vehicles, 1);
  EXPECT_TRUE(page.rows[0].is_partial);
  EXPECT_NEAR(*page.rows[0].intensity, 2, 1e-9);
  EXPECT_EQ(page.rows[1].vehicles, 10);
  EXPECT_FALSE(page.rows[1].is_partial);
  EXPECT_NEAR(page.rows[1].coverage_s, 3600, 1e-9);
  ASSERT_EQ(page.coverage.size(), 2U);
  EXPECT_NEAR(page.coverage[0].coverage_s, 1800, 1e-9);
}

TEST_P(History, PagesMeetWithoutGapOrRepetition) {
  for (int hour = 0; hour < 5; ++hour) {
    for (const char* type : {"bus", "car", "truck"})
      see("a", type, 100 * hour + type[0], kHour - 1h * hour);
  }
  roll();
  std::vector<std::string> seen;
  std::optional<HistoryCursor> cursor;
  do {
    const HistoryPage page = must(history(database(), {}, {Grain::kHour}, 4, cursor, kNow));
    for (const HistoryRow& row : page.rows)
      seen.push_back(to_rfc3339(row.report_hour) + row.vehicle_type);
    cursor = page.next;
  } while (cursor);
  EXPECT_EQ(seen.size(), 15U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 15U);
}

// Few rows among much coverage: every row says what was watched of its own period, and no coverage
// is left out or told twice but at the turn of a page.
TEST_P(History, RowsFarApartKeepTheirCoverage) {
  for (int hour = 0; hour < 400; ++hour) {
    for (const char* camera : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
      run("INSERT INTO coverage_hour (bucket, camera_id, coverage_us) VALUES ($1, $2, 1800000000)",
          {kHour - 1h * hour, camera});
    }
  }
  for (int bus = 0; bus < 10; ++bus) {
    for (int track = 0; track < 3; ++track)
      see("a", "bus", 10 * bus + track, kHour - 40h * bus + 1min);
  }
  roll();
  std::set<std::pair<Instant, std::string>> covered;
  std::size_t rows = 0;
  std::optional<HistoryCursor> cursor;
  do {
    const HistoryPage page =
        must(history(database(), {{}, {"bus"}, {}, {}}, {Grain::kHour}, 10, cursor, kNow));
    for (const HistoryRow& row : page.rows) {
      ++rows;
      EXPECT_NEAR(row.coverage_s, 1800, 1e-9);
      EXPECT_EQ(row.intensity, 0) << "no line was crossed";
      EXPECT_NEAR(*row.density, 3.0 / 1800, 1e-9);
    }
    for (const Coverage& one : page.coverage) covered.emplace(one.report_hour, one.camera_id);
    EXPECT_LE(page.coverage.size(), 1100U);
    cursor = page.next;
  } while (cursor);
  EXPECT_EQ(rows, 10U);
  EXPECT_EQ(covered.size(), 3200U);
}

TEST_P(History, FiltersByCameraTypeAndTime) {
  see("a", "car", 1, kHour);
  see("b", "car", 1, kHour);
  see("a", "bus", 2, kHour - 2h);
  roll();
  EXPECT_EQ(
      must(history(database(), {{"a"}, {}, {}, {}}, {Grain::kHour}, 100, {}, kNow)).rows.size(),
      2U);
  EXPECT_EQ(must(history(database(), {{"a"}, {"bus"}, {}, {}}, {Grain::kHour}, 100, {}, kNow))
                .rows.size(),
            1U);
  EXPECT_EQ(
      must(history(database(), {{}, {}, kHour, {}}, {Grain::kHour}, 100, {}, kNow)).rows.size(),
      2U);
  EXPECT_EQ(must(history(database(), {{}, {}, {}, kHour}, {Grain::kFiveMinutes}, 100, {}, kNow))
                .rows.size(),
            1U);
  const auto days = must(history(database(), {}, {Grain::kDay}, 100, {}, kNow)).rows;
  EXPECT_EQ(days.size(), 3U);
}

TEST_P(History, KeyFiguresRestOnWhatWasWatched) {
  const Kpi none = must(kpi(database(), "a", {}, at("2026-11-20T00:00:00Z"), kNow, kNow));
  EXPECT_FALSE(none.this_hour.vehicles) << "nothing watched is not zero vehicles";
  EXPECT_FALSE(none.flow_per_h);
  EXPECT_TRUE(none.is_by_lines);

  for (int track = 1; track <= 6; ++track)
    cross("a", line_, track < 5 ? "car" : "bus", track, kNow - 1min * track);
  watched("a", kHour, kNow);
  roll();
  const Kpi some = must(kpi(database(), "a", {}, at("2026-11-20T00:00:00Z"), kNow, kNow));
  EXPECT_EQ(some.this_hour.vehicles, 6);
  EXPECT_NEAR(some.this_hour.coverage_s, 1800, 1e-6);
  EXPECT_NEAR(some.this_hour.period_s, 1800, 1e-6);
  EXPECT_EQ(some.total.vehicles, 6);
  EXPECT_EQ(some.last_15_min.vehicles, 6);
  EXPECT_NEAR(some.last_15_min.coverage_s, 900, 1e-6);
  EXPECT_NEAR(*some.flow_per_h, 24, 1e-9);
  const Kpi later = must(kpi(database(), "a", {"car"}, kHour, kNow, kNow + 12min));
  EXPECT_EQ(later.last_15_min.vehicles, 3) << "of four cars, those of the last 15 minutes";
  EXPECT_NEAR(later.last_15_min.coverage_s, 180, 1e-6) << "watched until 12 minutes ago";
  EXPECT_NEAR(*later.flow_per_h, 60, 1e-9);
  ASSERT_EQ(some.mix.size(), 2U);
  EXPECT_EQ(some.mix[0].vehicle_type, "car");
  EXPECT_NEAR(some.mix[0].share, 4.0 / 6, 1e-9);
  ASSERT_EQ(some.lines.size(), 2U);
  EXPECT_EQ(some.lines[0].vehicles, 6);
  EXPECT_EQ(some.lines[0].by_hour[23], 6);
  EXPECT_EQ(some.lines[1].vehicles, 0);
  EXPECT_EQ(kpi(database(), "nobody", {}, kHour, kNow, kNow).error().code, ErrorCode::kNotFound);
}

TEST_P(History, APeriodThatCutsFiveMinutesIsCountedToItsEnds) {
  // One a minute from 12:00:30 on, of two types.
  for (int n = 0; n < 10; ++n)
    cross("a", line_, n % 2 == 0 ? "car" : "bus", n + 1, kHour + 30s + 1min * n);
  watched("a", kHour, kHour + 10min);
  roll();
  const auto of = [&](Instant from, Instant to) {
    return must(kpi(database(), "a", {}, from, to, kNow));
  };
  const Kpi part = of(kHour + 40s, kHour + 3min);
  EXPECT_EQ(part.total.vehicles, 2) << "12:01:30 and 12:02:30";
  EXPECT_NEAR(part.total.coverage_s, 140, 1e-9);
  EXPECT_NEAR(part.total.period_s, 140, 1e-9);
  ASSERT_EQ(part.mix.size(), 2U);
  EXPECT_EQ(part.mix[0].vehicles, 1);
  EXPECT_EQ(part.lines[0].vehicles, 2);
  EXPECT_NEAR(part.lines[0].coverage_s, 140, 1e-9);
  EXPECT_EQ(part.lines[1].vehicles, 0);
  EXPECT_EQ(of(kHour, kHour + 30s).total.vehicles, 0) << "the end is exclusive";
  EXPECT_EQ(of(kHour, kHour + 30s + 1us).total.vehicles, 1);
  // Parts make the whole.
  std::int64_t sum = 0;
  for (int n = 0; n < 10; ++n) sum += *of(kHour + 1min * n, kHour + 1min * (n + 1)).total.vehicles;
  EXPECT_EQ(sum, 10);
  EXPECT_EQ(of(kHour, kHour + 10min).total.vehicles, 10);
  EXPECT_EQ(must(kpi(database(), "a", {"bus"}, kHour + 1min, kHour + 4min, kNow)).total.vehicles,
            2);
  // From the beginning of an hour into it, too.
  EXPECT_EQ(of(kHour, kHour + 5min).total.vehicles, 5);
  EXPECT_EQ(of(kHour, kHour + 5min).lines[0].vehicles, 5);
  EXPECT_EQ(of(kHour, kHour + 11min).total.vehicles, 10);
  run("DELETE FROM watch_span");
  EXPECT_NEAR(of(kHour + 40s, kHour + 3min).total.coverage_s, 140, 1e-9) << "as the sums say";
  // Once the single crossings are gone, the sums of five minutes are all there is.
  run("DELETE FROM crossings");
  EXPECT_EQ(of(kHour + 40s, kHour + 3min).total.vehicles, 5);
}

TEST_P(History, WhereNothingCameBeforeTheFirstFiveMinutesNeedNotBeCut) {
  run("UPDATE camera SET created_at = $1", {kHour + 2min});
  cross("a", line_, "car", 1, kHour + 3min);
  watched("a", kHour + 2min, kHour + 10min);
  roll();
  run("DELETE FROM crossings");
  const Kpi all = must(kpi(database(), "a", {}, kHour + 2min, kNow + 2min, kNow));
  EXPECT_EQ(all.total.vehicles, 1);
  EXPECT_EQ(all.lines[0].vehicles, 1);
}

TEST_P(History, CurrentIsTheNewestSampleOnly) {
  see("a", "car", 1, kNow - 1s);
  see("a", "car", 2, kNow);
  run("INSERT INTO camera_status (camera_id, updated_at, sampled_at, status) VALUES ('a', $1, $1, "
      "'{}')",
      {kNow});
  const auto cameras =
      must(database().read([](db::Session& session) { return current(session, {}); }));
  ASSERT_EQ(cameras.size(), 1U);
  ASSERT_EQ(cameras[0].rows.size(), 1U);
  EXPECT_EQ(cameras[0].rows[0].track_id, 2);
}

TEST_P(History, CrossingsComeNewestFirstInPages) {
  for (int track = 1; track <= 5; ++track) cross("a", line_, "car", track, kNow - 1s * track);
  const CrossingPage first = must(crossings(database(), {}, 3, {}, 0));
  ASSERT_EQ(first.crossings.size(), 3U);
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ(first.crossings[0].track_id, 1);
  EXPECT_EQ(first.crossings[0].line, "Mill");
  EXPECT_EQ(first.crossings[0].label, "in");
  const CrossingPage second =
      must(crossings(database(), {}, 3, first.crossings[2].at, first.crossings[2].id));
  ASSERT_EQ(second.crossings.size(), 2U);
  EXPECT_EQ(second.crossings[0].track_id, 4);
}

TEST_P(History, GapsAreShownWithTheirCauseWhereItIsKnown) {
  watched("a", kNow - 10min, kNow - 8min);
  watched("a", kNow - 7min, kNow - 5min);
  watched("a", kNow - 5min, kNow - 4min);  // goes on: no gap
  watched("a", kNow - 2min, kNow);
  run("INSERT INTO quality_log (camera_id, issue, cause, ts, ended_at) VALUES ('a', 'source "
      "unreachable', 'refused', "
      "$1, $2)",
      {kNow - 239s, kNow - 2min});
  const auto issues = must(quality(database(), {}, 10, {}, 0)).issues;
  ASSERT_EQ(issues.size(), 2U);
  EXPECT_EQ(issues[0].issue, "source unreachable");
  EXPECT_EQ(issues[1].issue, "not watched");
  EXPECT_EQ(*issues[1].to - issues[1].from, 1min);
  const QualityPage second = must(quality(database(), {}, 1, issues[0].from, issues[0].id));
  ASSERT_EQ(second.issues.size(), 1U);
  EXPECT_FALSE(second.has_more);
}

INSTANTIATE_TEST_SUITE_P(Stores, History,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
