// Retention beside footage of another time, and of what belongs to recorded files alone.
#include "traffic/retention.hpp"

#include <gtest/gtest.h>

#include "traffic/count_result.hpp"
#include "traffic/rollup.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

class RecordedFootage : public TrafficStore {
 protected:
  // Twenty seconds of the past, counted now. Each second one vehicle crosses that is seen for 3 s.
  void count(Instant starts_at) {
    run("INSERT INTO camera (id, name, source, is_loop, types, is_enabled, revision, created_at, "
        "updated_at) VALUES ('a', 'a', 'a.mp4', $1, 'car', $2, 1, $3, $3)",
        {false, true, starts_at});
    CountResult result("a");
    Batch batch;
    for (int i = 1; i <= 20; ++i) {
      const Instant at = starts_at + 1s * i;
      batch.crossings.push_back({i, "gate", "a_to_b", "car", at, 1, 2, i * 25});
      for (int track = std::max(1, i - 2); track <= i; ++track) {
        batch.samples.push_back({track, "car", 10, 20, at, at, true});
      }
      batch.watched.emplace_back(at - 1s, at);
      batch.media_time = 1s * i;
      result.take(batch, at);
    }
    ResultFacts facts;
    facts.started_at = SystemClock{}.now();
    facts.base_time = starts_at;
    must(database().write(
        [&](db::Session& session) { return result.put(session, facts, "a.mp4"); }));
  }

  PruneReport prune_now() {
    return must(prune(database(), work::Fence::none(), Retention{}, SystemClock{}.now()));
  }
};

TEST_P(RecordedFootage, IsPrunedWhenItsRunIsOld) {
  // The roll-up has gone beyond rows that it does not read.
  count(at("2019-06-01T10:07:00Z"));
  EXPECT_EQ(prune_now().crossings, 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM current_traffic"), 57);
  run("UPDATE camera_run SET started_at = $1", {SystemClock{}.now() - 401 * 24h});
  const PruneReport pruned = prune_now();
  EXPECT_EQ(pruned.crossings, 20);
  EXPECT_EQ(pruned.live, 57);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM watch_span"), 0);
  EXPECT_EQ(one<std::int64_t>("SELECT CAST(sum(crossings) AS bigint) FROM traffic_history"), 20);
}

TEST_P(RecordedFootage, WhatTheDetectorSaidIsKeptWhileItIsUsed) {
  run("INSERT INTO detection_log (camera_id, mark, used_at) VALUES ('a', 'm', $1), ('b', 'm', $2)",
      {SystemClock{}.now(), SystemClock{}.now() - 3 * 24h});
  run("INSERT INTO detection_chunk (log_id, number, bytes) SELECT id, 0, $1 FROM detection_log",
      {db::Blob(3)});
  run("INSERT INTO detection_chunk (log_id, number, bytes) VALUES (77, 0, $1)", {db::Blob(3)});
  prune_now();
  EXPECT_EQ(one<std::string>("SELECT camera_id FROM detection_log"), "a");
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM detection_chunk"), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, RecordedFootage,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
