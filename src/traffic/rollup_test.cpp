#include "traffic/rollup.hpp"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "traffic/keepers.hpp"
#include "traffic/retention.hpp"
#include "traffic/traffic_store_test.hpp"
#include "work/supervisor.hpp"
#include "work/testing/eventually.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

const Instant kHour = at("2026-11-20T10:00:00Z");

class Rollup : public TrafficStore {
 protected:
  RollupReport pass() {
    RollupReport total;
    for (bool has_more = true; has_more;) {
      const RollupReport report = must(roll_up(database(), work::Fence::none()));
      total.samples += report.samples;
      total.crossings += report.crossings;
      total.coverage += report.coverage;
      has_more = report.has_more;
    }
    return total;
  }

  std::int64_t hour_column(std::string_view column, Instant hour = kHour,
                           std::string_view type = "car") {
    return one<std::int64_t>(
        "SELECT coalesce(max(" + std::string(column) +
            "), -1) FROM traffic_history WHERE report_hour = $1 AND vehicle_type = $2",
        {hour, type});
  }
  double hour_figure(std::string_view column, Instant hour = kHour, std::string_view type = "car") {
    return one<double>(
        "SELECT coalesce(max(" + std::string(column) +
            "), -1) FROM traffic_history WHERE report_hour = $1 AND vehicle_type = $2",
        {hour, type});
  }
};

TEST_P(Rollup, CountsVehiclesAndNotDetections) {
  for (int second = 0; second < 100; ++second) see("a", "car", 1, kHour + 1s * second);
  see("a", "car", 2, kHour + 50s);
  see("a", "bus", 3, kHour + 50s);
  const RollupReport report = pass();
  EXPECT_EQ(report.samples, 102);
  EXPECT_EQ(hour_column("tracks"), 2);
  EXPECT_EQ(hour_column("vehicles"), 2);
  EXPECT_EQ(hour_column("samples"), 101);
  EXPECT_EQ(hour_column("vehicles", kHour, "bus"), 1);
}

// Whoever reads the figures after a stop finds all that was stored before it.
TEST_P(Rollup, AStopCountsWhatCameLast) {
  work::Supervisor supervisor(database(), {});
  must(supervisor.add(rollup_loop(database(), 1h)));
  supervisor.start();
  ASSERT_TRUE(work::testing::eventually(
      [&] { return supervisor.status("roll-up")->state == work::LoopState::kWaiting; }));
  see("a", "car", 1, kHour);
  EXPECT_EQ(hour_column("tracks"), -1);
  EXPECT_TRUE(supervisor.stop(20s).empty());
  EXPECT_EQ(hour_column("tracks"), 1);
}

TEST_P(Rollup, ASecondPassChangesNothing) {
  see("a", "car", 1, kHour);
  cross("a", "l", "car", 1, kHour);
  watched("a", kHour, kHour + 10min);
  pass();
  const std::int64_t before = hour_column("samples");
  EXPECT_TRUE(pass().is_empty());
  EXPECT_EQ(hour_column("samples"), before);
  EXPECT_EQ(one<std::int64_t>("SELECT coverage_us FROM coverage_hour"), 600'000'000);
}

TEST_P(Rollup, OneTrackInTwoPassesIsOneVehicle) {
  see("a", "car", 1, kHour + 1s);
  pass();
  see("a", "car", 1, kHour + 2s);
  see("a", "car", 2, kHour + 2s);
  pass();
  EXPECT_EQ(hour_column("tracks"), 2);
  EXPECT_EQ(hour_column("samples"), 3);
}

TEST_P(Rollup, CamerasWithLinesCountThoseWhoCrossedEachOnce) {
  run("INSERT INTO camera_line (id, camera_id, place, name, x1, y1, x2, y2, a_to_b, b_to_a, "
      "created_at) VALUES "
      "('l', 'a', 0, 'l', 0, 0, 1, 1, '', '', $1)",
      {kHour});
  for (int track = 1; track <= 5; ++track) see("a", "car", track, kHour + 1s);
  cross("a", "l", "car", 1, kHour + 2s);
  cross("a", "l2", "car", 1, kHour + 9s);  // the same car over a second line
  cross("a", "l", "car", 2, kHour + 3s);
  pass();
  EXPECT_EQ(hour_column("vehicles"), 2);
  EXPECT_EQ(hour_column("crossings"), 3);
  EXPECT_EQ(hour_column("tracks"), 5);
}

TEST_P(Rollup, ALateRowCorrectsItsHourOnce) {
  see("a", "car", 1, kHour + 1s);
  see("a", "car", 2, kHour + 1h + 1s);
  pass();
  see("a", "car", 3, kHour + 59min);  // arrives when the next hour is under way
  pass();
  pass();
  EXPECT_EQ(hour_column("vehicles"), 2);
  EXPECT_EQ(hour_column("vehicles", kHour + 1h), 1);
}

TEST_P(Rollup, PruningNeverChangesAClosedHour) {
  for (int track = 1; track <= 10; ++track) see("a", "car", track, kHour + 1s * track);
  cross("a", "l", "car", 1, kHour + 1s);
  watched("a", kHour, kHour + 1h);
  pass();
  const double intensity = hour_figure("intensity");
  Retention retention;
  retention.live = 1h;
  retention.crossings = 1h;
  const PruneReport pruned = must(prune(database(), work::Fence::none(), retention, kHour + 24h));
  EXPECT_EQ(pruned.live, 10);
  EXPECT_EQ(pruned.crossings, 1);
  see("a", "car", 11, kHour + 30min);  // a late one, after everything else is gone
  pass();
  EXPECT_EQ(hour_column("tracks"), 11);
  EXPECT_GE(hour_figure("intensity"), intensity);
}

TEST_P(Rollup, PruningSparesWhatWasNotCountedYet) {
  see("a", "car", 1, kHour);
  Retention retention;
  retention.live = 1h;
  EXPECT_EQ(must(prune(database(), work::Fence::none(), retention, kHour + 48h)).live, 0);
  pass();
  EXPECT_EQ(must(prune(database(), work::Fence::none(), retention, kHour + 48h)).live, 1);
  EXPECT_EQ(hour_column("vehicles"), 1);
}

TEST_P(Rollup, IntensityAndDensityAreScaledByTheTimeWatched) {
  for (int track = 1; track <= 6; ++track) {
    for (int second = 0; second < 10; ++second) see("a", "car", track, kHour + 1s * second);
  }
  watched("a", kHour, kHour + 15min);
  pass();
  EXPECT_DOUBLE_EQ(hour_figure("coverage_s"), 900);
  EXPECT_NEAR(hour_figure("intensity"), 24, 1e-6);
  EXPECT_NEAR(hour_figure("density"), 60.0 / 900, 1e-9);
}

TEST_P(Rollup, TooLittleWatchedIsNotScaled) {
  see("a", "car", 1, kHour);
  watched("a", kHour, kHour + 5s);
  pass();
  EXPECT_EQ(
      one<std::int64_t>(
          "SELECT count(*) FROM traffic_history WHERE intensity IS NULL AND density IS NULL AND "
          "vehicles = 1"),
      1);
}

TEST_P(Rollup, CoverageThatGrowsIsAddedOverHourEdges) {
  watched("a", kHour + 55min, kHour + 59min);
  pass();
  run("UPDATE watch_span SET to_t = $1", {kHour + 65min});
  pass();
  EXPECT_EQ(one<std::int64_t>("SELECT coverage_us FROM coverage_hour WHERE bucket = $1", {kHour}),
            300'000'000);
  EXPECT_EQ(
      one<std::int64_t>("SELECT coverage_us FROM coverage_hour WHERE bucket = $1", {kHour + 1h}),
      300'000'000);
  EXPECT_EQ(one<std::int64_t>("SELECT sum(coverage_us) FROM coverage_5min"), 600'000'000);
}

TEST_P(Rollup, TwoKeepersAtOnceCountEachRowOnce) {
  constexpr int kTracks = 400;
  std::jthread writer([&] {
    for (int track = 1; track <= kTracks; ++track) see("a", "car", track, kHour + 1s * track);
  });
  std::vector<std::jthread> keepers;
  std::atomic<bool> is_over = false;
  for (int i = 0; i < 2; ++i) {
    keepers.emplace_back([&] {
      while (!is_over) must(roll_up(database(), work::Fence::none(), 37));
    });
  }
  writer.join();
  is_over = true;
  keepers.clear();
  pass();
  EXPECT_EQ(hour_column("samples"), kTracks);
  EXPECT_EQ(hour_column("vehicles"), kTracks);
}

TEST_P(Rollup, ATransactionThatCommitsLateIsNotMissed) {
  if (is_sqlite()) GTEST_SKIP() << "SQLite's writers take turns";
  std::promise<void> written;
  std::promise<void> may_commit;
  std::jthread slow([&] {
    must(database().write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(session.execute(
          "INSERT INTO current_traffic (camera_id, vehicle_type, track_id, last_update) "
          "VALUES ('a', 'car', 1, $1)",
          {kHour}));
      written.set_value();
      may_commit.get_future().wait();
      return {};
    }));
  });
  written.get_future().wait();
  see("a", "car", 2, kHour);  // a later number, committed first
  EXPECT_EQ(pass().samples, 0);
  may_commit.set_value();
  slow.join();
  EXPECT_EQ(pass().samples, 2);
  EXPECT_EQ(hour_column("vehicles"), 2);
}

TEST_P(Rollup, ADatabaseRestoredIntoAnotherServerIsCountedOn) {
  if (is_sqlite()) GTEST_SKIP() << "SQLite's positions are its own";
  see("a", "car", 1, kHour);
  cross("a", "l", "car", 1, kHour);
  pass();
  see("a", "car", 2, kHour);  // not counted yet when the dump was made
  // As the dump of a server that had seen a billion more transactions.
  run("UPDATE current_traffic SET position = position + 1000000000");
  run("UPDATE crossings SET position = position + 1000000000");
  run("UPDATE rollup_state SET position = position + 1000000000");
  see("a", "car", 3, kHour);
  pass();
  EXPECT_EQ(hour_column("tracks"), 3);
  EXPECT_EQ(hour_column("samples"), 3);
  EXPECT_EQ(hour_column("crossings"), 1);
}

TEST_P(Rollup, WorksInSmallBitesToo) {
  for (int track = 1; track <= 25; ++track) see("a", "car", track, kHour + 1s * track);
  int passes = 0;
  while (must(roll_up(database(), work::Fence::none(), 4)).has_more) ++passes;
  EXPECT_GE(passes, 5);
  EXPECT_EQ(hour_column("vehicles"), 25);
}

INSTANTIATE_TEST_SUITE_P(Stores, Rollup,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

class Adoption : public db::testing::EveryStore {};

TEST_P(Adoption, TablesOfTheOriginalProgramAreTakenOver) {
  if (is_sqlite()) GTEST_SKIP() << "the original program knows PostgreSQL only";
  const auto database = open();
  must(database->write([](db::Session& session) {
    return session.script(
        "CREATE SCHEMA mart;"
        "CREATE TABLE mart.current_traffic (camera_id varchar(50), vehicle_type varchar(50), "
        "track_id int, x_coord int,"
        " y_coord int, avg_speed numeric(5,1), count int, last_update timestamp default now());"
        "CREATE TABLE mart.traffic_history (report_hour timestamp, camera_id varchar(50), "
        "vehicle_type varchar(50),"
        " avg_speed numeric, intensity int, density numeric, UNIQUE (report_hour, camera_id, "
        "vehicle_type));"
        "CREATE TABLE mart.quality_log (id serial primary key, issue int, ts timestamp default "
        "now());"
        "INSERT INTO mart.current_traffic VALUES ('Cam_01', 'CAR', 1, 5, 6, 12.5, 1, '2026-11-20 "
        "10:00:00');"
        "INSERT INTO mart.traffic_history VALUES ('2026-11-20 10:00:00', 'Cam_01', 'CAR', 12.5, "
        "100, 1);");
  }));
  std::vector<db::Migration> all = work::migrations();
  for (db::Migration& migration : migrations()) all.push_back(std::move(migration));
  must(db::migrate(*database, all));
  EXPECT_TRUE(must(roll_up(*database, work::Fence::none())).is_empty());
  const auto history = must(database->read([](db::Session& session) {
    return session.query("SELECT * FROM mart.traffic_history ORDER BY report_hour DESC LIMIT 1000");
  }));
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history.front().get<double>("intensity"), 100);
  // A client that still writes as it did is counted as one vehicle from now on.
  must(database->write([](db::Session& session) -> Result<void> {
    for (int i = 0; i < 3; ++i) {
      VEDETTE_CHECK(session.execute(
          "INSERT INTO mart.current_traffic (camera_id, vehicle_type, track_id, x_coord, "
          "y_coord, avg_speed, count, last_update) VALUES ('Cam_01', 'CAR', 9, 5, 6, 12.5, "
          "1, '2026-11-21 10:00:00Z')"));
    }
    return {};
  }));
  EXPECT_EQ(must(roll_up(*database, work::Fence::none())).samples, 3);
  const auto counted = must(database->read([](db::Session& session) {
    return session.query(
        "SELECT vehicles FROM mart.traffic_history ORDER BY report_hour DESC LIMIT 1");
  }));
  EXPECT_EQ(counted.scalar<std::int64_t>(), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, Adoption,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
