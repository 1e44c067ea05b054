// Retention beside footage of another time: a file's run may be interrupted, pruned below and read
// again, and counts once all the same.
#include "traffic/retention.hpp"

#include <gtest/gtest.h>

#include "traffic/recorder.hpp"
#include "traffic/rollup.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

class RecordedFootage : public TrafficStore {
 protected:
  Recorder begin(Instant starts_at) {
    return must(Recorder::begin(database(), work::Fence::none(), "a", 1, "yolox", starts_at, true));
  }

  // Reads the file's first `seconds` as a camera's loop does after an interruption: from its
  // beginning, without what is stored. Each second one vehicle crosses that is seen for 3 s.
  void read(Recorder& recorder, Instant starts_at, int seconds, bool is_finished = false) {
    const Micros stored = recorder.run().media_time;
    Batch batch;
    for (int i = 1; i <= seconds; ++i) {
      const Instant at = starts_at + 1s * i;
      batch.crossings.push_back({i, "gate", "a_to_b", "car", at, 1, 2, i * 25});
      if (Micros{1s * i} <= stored) continue;
      for (int track = std::max(1, i - 2); track <= i; ++track) {
        batch.samples.push_back({track, "car", 10, 20, at, at, true});
      }
      batch.watched.emplace_back(at - 1s, at);
    }
    batch.frames = seconds * 25;
    batch.media_time = 1s * seconds;
    batch.is_finished = is_finished;
    must(recorder.write(batch));
  }

  void roll() { must(roll_up(database(), work::Fence::none(), 1'000'000)); }
  PruneReport prune_now() {
    return must(prune(database(), work::Fence::none(), Retention{}, SystemClock{}.now()));
  }
  std::int64_t sum(const std::string& column) {
    return one<std::int64_t>("SELECT CAST(coalesce(sum(" + column +
                             "), 0) AS bigint) FROM traffic_history");
  }
};

TEST_P(RecordedFootage, CountsOnceWhateverItsAgeThoughItIsReadAgainAndAgain) {
  run("INSERT INTO camera_line (id, camera_id, place, name, x1, y1, x2, y2, a_to_b, b_to_a, "
      "created_at) VALUES ('gate', 'a', 0, 'Gate', 0, 0, 9, 9, '', '', $1)",
      {at("2024-01-01T00:00:00Z")});
  for (const Instant starts_at :
       {at("2019-06-01T10:07:00Z"), floor_to(SystemClock{}.now() - 7 * 24h, 1h) + 5min,
        floor_to(SystemClock{}.now() - 24h, 1h) + 5min}) {
    SCOPED_TRACE(to_rfc3339(starts_at));
    for (const char* table :
         {"crossings", "current_traffic", "watch_span", "traffic_history", "traffic_5min",
          "track_seen", "coverage_hour", "coverage_5min", "camera_run"}) {
      run(std::string("DELETE FROM ") + table);
    }
    for (const int seconds : {20, 40, 60}) {
      Recorder recorder = begin(starts_at);  // its process was killed
      read(recorder, starts_at, seconds, seconds == 60);
      roll();
      prune_now();
    }
    EXPECT_EQ(sum("crossings"), 60);
    EXPECT_EQ(sum("vehicles"), 60);
    EXPECT_EQ(sum("tracks"), 60);
    EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM crossings"), 60);
    EXPECT_NEAR(one<double>("SELECT CAST(coverage_s AS double precision) FROM traffic_history"), 60,
                0.001);
  }
}

TEST_P(RecordedFootage, AFileReadForLongerThanTracksAreRememberedCountsThemOnce) {
  const Instant starts_at = at("2024-01-01T10:07:00Z");
  Recorder recorder = begin(starts_at);
  read(recorder, starts_at, 20);
  roll();
  run("UPDATE camera_run SET started_at = $1", {SystemClock{}.now() - 30 * 24h});
  prune_now();
  Recorder again = begin(starts_at);
  read(again, starts_at, 40);
  roll();
  EXPECT_EQ(sum("tracks"), 40);
}

TEST_P(RecordedFootage, IsPrunedWhenItsRunIsOld) {
  const Instant starts_at = at("2019-06-01T10:07:00Z");
  Recorder recorder = begin(starts_at);
  read(recorder, starts_at, 20, true);
  roll();
  EXPECT_EQ(prune_now().crossings, 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM current_traffic"), 57);
  run("UPDATE camera_run SET started_at = $1", {SystemClock{}.now() - 401 * 24h});
  const PruneReport pruned = prune_now();
  EXPECT_EQ(pruned.crossings, 20);
  EXPECT_EQ(pruned.live, 57);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM track_seen"), 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM watch_span"), 0);
  EXPECT_EQ(sum("crossings"), 20);
}

INSTANTIATE_TEST_SUITE_P(Stores, RecordedFootage,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
