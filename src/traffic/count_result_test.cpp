// Results of recorded files: that one takes the place of another in every table that shows it.
#include "traffic/count_result.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

#include "traffic/counting.hpp"
#include "traffic/history.hpp"
#include "traffic/kpi.hpp"
#include "traffic/retention.hpp"
#include "traffic/rollup.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

class CountResults : public TrafficStore {
 protected:
  void SetUp() override {
    TrafficStore::SetUp();
    if (IsSkipped()) return;
    Camera camera;
    camera.id = camera.name = "mill";
    camera.source = "/clips/mill.mp4";
    camera.starts_at = from_;
    camera.waits_for_start = true;
    must(add_camera(database(), camera));
    const auto lines = must(set_lines(database(), "mill",
                                      {{.name = "gate", .x1 = 10, .y1 = 0, .x2 = 10, .y2 = 90},
                                       {.name = "far", .x1 = 90, .y1 = 0, .x2 = 90, .y2 = 90}}));
    gate_ = lines[0].id;
    far_ = lines[1].id;
  }

  // Ten seconds in which so many cars cross the line, one a second.
  CountResult counted(const std::string& line, int cars) const {
    CountResult result("mill");
    Batch batch;
    for (int second = 1; second <= 10; ++second) {
      const Instant now = from_ + std::chrono::seconds(second);
      const bool crosses = second <= cars;
      batch.samples.push_back({second, "car", 10.0, 20.0, now, now - 1s, true});
      if (crosses)
        batch.crossings.push_back({second, line, "a_to_b", "car", now, 10, 20, second * 25});
      batch.watched.emplace_back(now - 1s, now);
      batch.frames = second * 25;
      batch.media_time = std::chrono::seconds(second);
      batch.sampled_at = now;
      batch.status_json = R"({"frames": 250})";
      if (second == 3) batch.notes.push_back({QualityNote::Kind::kBegin, "too slow", "A cause."});
      if (second == 5) batch.notes.push_back({QualityNote::Kind::kEnd, "too slow", ""});
      result.take(batch, now);
    }
    return result;
  }

  void put(const CountResult& result, std::string settings = "s") {
    ResultFacts facts;
    facts.revision = 1;
    facts.detector = "yolo";
    facts.started_at = SystemClock{}.now();
    facts.base_time = from_;
    facts.times_from = kTimesFromStart;
    facts.settings = std::move(settings);
    facts.has_lines = true;
    facts.still = "stills/a.jpg";
    must(database().write(
        [&](db::Session& session) { return result.put(session, facts, "/clips/mill.mp4"); }));
  }

  void roll_up_all() { must(roll_up(database(), work::Fence::none())); }

  // Everything that shows a result, as text, without what only names it.
  std::vector<std::string> picture_of_tables() {
    std::vector<std::string> all;
    const auto add = [&](const char* sql) {
      for (const db::Row& row : rows(sql)) {
        std::string text = sql;
        for (int i = 0; i < 6; ++i) text += " " + row.get<std::string>(i);
        all.push_back(text);
      }
    };
    add("SELECT CAST(count(*) AS text), line_id, direction, vehicle_type, '', '' FROM crossings "
        "GROUP BY line_id, direction, vehicle_type ORDER BY line_id");
    add("SELECT CAST(count(*) AS text), CAST(count(DISTINCT track_id) AS text), '', '', '', '' "
        "FROM "
        "current_traffic");
    add("SELECT CAST(count(*) AS text), '', '', '', '', '' FROM watch_span");
    add("SELECT issue, cause, '', '', '', '' FROM quality_log");
    add("SELECT CAST(tracks AS text), CAST(crossers AS text), CAST(crossings AS text), "
        "CAST(samples AS text), CAST(vehicles AS text), vehicle_type FROM traffic_5min");
    add("SELECT CAST(tracks AS text), CAST(crossers AS text), CAST(crossings AS text), "
        "CAST(samples AS text), CAST(vehicles AS text), vehicle_type FROM traffic_history");
    add("SELECT line_id, direction, vehicle_type, CAST(crossings AS text), '', '' FROM "
        "traffic_line_5min ORDER BY line_id");
    add("SELECT line_id, direction, vehicle_type, CAST(crossings AS text), '', '' FROM "
        "traffic_line_hour ORDER BY line_id");
    add("SELECT CAST(coverage_us AS text), '', '', '', '', '' FROM coverage_5min");
    add("SELECT CAST(coverage_us AS text), '', '', '', '', '' FROM coverage_hour");
    return all;
  }

  const Instant from_ = floor_to(SystemClock{}.now(), 1h) - 3h;
  std::string gate_;
  std::string far_;
};

TEST_P(CountResults, AreWholeAtOnceAndTheRollUpAddsNothing) {
  put(counted(gate_, 4));
  const auto before = picture_of_tables();
  EXPECT_EQ(one<std::int64_t>("SELECT crossings FROM traffic_history"), 4);
  EXPECT_EQ(one<std::int64_t>("SELECT vehicles FROM traffic_5min"), 4);
  EXPECT_EQ(one<std::int64_t>("SELECT tracks FROM traffic_5min"), 10);
  EXPECT_EQ(one<std::int64_t>("SELECT coverage_us FROM coverage_hour"), 10'000'000);
  EXPECT_DOUBLE_EQ(one<double>("SELECT coverage_s FROM traffic_history"), 10.0);
  EXPECT_EQ(rows("SELECT 1 FROM watch_span").size(), 1U);
  roll_up_all();
  EXPECT_EQ(picture_of_tables(), before);
  const Kpi kpi =
      must(traffic::kpi(database(), "mill", {}, from_, from_ + 1h, SystemClock{}.now(), Micros{0}));
  EXPECT_EQ(kpi.total.vehicles, 4);
  EXPECT_EQ(kpi.lines[0].vehicles, 4);
  const auto note = rows("SELECT ts, ended_at FROM quality_log");
  ASSERT_EQ(note.size(), 1U);
  EXPECT_EQ(note.front().get<Instant>(0), from_ + 3s) << "in the recording's own time";
  EXPECT_EQ(note.front().get<Instant>(1), from_ + 5s);
}

TEST_P(CountResults, ReplaceTheOneBeforeInEveryTable) {
  put(counted(far_, 7));
  roll_up_all();
  const auto fresh = picture_of_tables();
  put(counted(gate_, 4));
  roll_up_all();
  EXPECT_NE(picture_of_tables(), fresh);
  EXPECT_EQ(rows("SELECT 1 FROM traffic_line_hour").size(), 1U)
      << "no empty rows of the one before";
  put(counted(far_, 7));
  EXPECT_EQ(picture_of_tables(), fresh);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_run"), 1);
}

TEST_P(CountResults, LeaveWhatTheCameraCountedLiveInTheSameHour) {
  cross("mill", gate_, "truck", 5, from_ + 30min);
  see("mill", "truck", 5, from_ + 30min);
  run("INSERT INTO watch_span (camera_id, run_id, from_t, to_t, rolled_to) VALUES ('mill', 999, "
      "$1, "
      "$2, $1)",
      {from_ + 29min, from_ + 31min});
  roll_up_all();
  const auto live = picture_of_tables();
  put(counted(gate_, 4));
  put(counted(far_, 2));
  EXPECT_EQ(
      one<std::int64_t>("SELECT sum(crossings) FROM traffic_line_hour WHERE line_id = $1", {gate_}),
      1);
  put(CountResult("mill"));
  EXPECT_EQ(picture_of_tables(), live);
}

TEST_P(CountResults, TakeTheOneOfAnEarlierVersionAway) {
  run("INSERT INTO camera_run (camera_id, revision, detector, started_at, base_time, frames, "
      "media_us, finished_at, is_recorded) VALUES ('mill', 1, 'yolo', $1, $1, 250, 10000000, "
      "$1, "
      "$2)",
      {from_, true});
  cross("mill", gate_, "car", 1'000'001, from_ + 1s);  // ids as 0.1 made them
  cross("mill", gate_, "car", 1'000'000'002, from_ + 2s);
  see("mill", "car", 1'000'001, from_ + 1s);
  run("INSERT INTO watch_span (camera_id, run_id, from_t, to_t, rolled_to) VALUES ('mill', 1, $1, "
      "$2, $1)",
      {from_, from_ + 10s});
  roll_up_all();
  EXPECT_EQ(one<std::int64_t>("SELECT crossings FROM traffic_history"), 2);
  const Camera camera = *must(find_camera(database(), "mill"));
  EXPECT_TRUE(
      must(database().read([&](db::Session& s) { return count_status(s, camera); })).is_outdated);
  put(counted(far_, 3));
  EXPECT_EQ(one<std::int64_t>("SELECT crossings FROM traffic_history"), 3);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM crossings"), 3);
  EXPECT_EQ(one<std::int64_t>("SELECT coverage_us FROM coverage_hour"), 10'000'000);
  roll_up_all();
  EXPECT_EQ(one<std::int64_t>("SELECT crossings FROM traffic_history"), 3);
}

TEST_P(CountResults, OfACameraThatIsGoneOrAnotherAreRefused) {
  const CountResult result = counted(gate_, 4);
  const auto refused = database().write(
      [&](db::Session& session) { return result.put(session, {}, "/clips/another.mp4"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCancelled);
  must(remove_camera(database(), "mill"));
  EXPECT_FALSE(database().write(
      [&](db::Session& session) { return result.put(session, {}, "/clips/mill.mp4"); }));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM crossings"), 0);
}

TEST_P(CountResults, SayWhetherTheCameraIsStillWhatWasCounted) {
  Camera camera = *must(find_camera(database(), "mill"));
  put(counted(gate_, 4), settings_digest(camera));
  const auto is_outdated = [&] {
    const Camera now = *must(find_camera(database(), "mill"));
    return must(database().read([&](db::Session& s) { return count_status(s, now); })).is_outdated;
  };
  EXPECT_FALSE(is_outdated());
  camera.name = "Mill Street";
  must(replace_camera(database(), camera));
  camera.lines[0].name = "Another name";
  must(set_lines(database(), "mill", camera.lines));
  EXPECT_FALSE(is_outdated()) << "names count nothing";
  camera.lines[0].x1 = 50;
  must(set_lines(database(), "mill", camera.lines));
  EXPECT_TRUE(is_outdated());
  camera.lines[0].x1 = 10;
  must(set_lines(database(), "mill", camera.lines));
  EXPECT_FALSE(is_outdated());
  camera.model = "motion";
  must(replace_camera(database(), camera));
  EXPECT_TRUE(is_outdated());
  EXPECT_EQ(must(database().read([](db::Session& s) { return result_still(s, "mill"); })),
            "stills/a.jpg");
}

TEST_P(CountResults, ArePrunedAsWhatLiveCamerasCounted) {
  put(counted(gate_, 4));
  run("UPDATE camera_run SET started_at = $1", {from_});
  must(prune(database(), work::Fence::none(), {.live = 1h, .crossings = 0h}, SystemClock{}.now()));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM current_traffic"), 0);
  put(counted(far_, 2));
  EXPECT_EQ(one<std::int64_t>("SELECT samples FROM traffic_history"), 10);
}

TEST_P(CountResults, TheObjectsChangeOverWithTheResult) {
  const auto put_with = [&](const std::string& key) {
    ResultFacts facts;
    facts.detector = "yolo";
    facts.started_at = SystemClock{}.now();
    facts.base_time = from_;
    facts.objects = {{ObjectKind::kThumbnail, 1s, key + ".jpg"},
                     {ObjectKind::kCsv, 0s, key + ".csv"},
                     {ObjectKind::kJson, 0s, key + ".json"}};
    const CountResult result = counted(gate_, 1);
    must(database().write(
        [&](db::Session& session) { return result.put(session, facts, "/clips/mill.mp4"); }));
  };
  const auto exported = [&] {
    return must(database().read(
        [&](db::Session& session) { return result_document(session, "mill", ObjectKind::kCsv); }));
  };
  const auto has_exports = [&] {
    return must(database().read([&](db::Session& session) -> Result<bool> {
      VEDETTE_TRY(camera, find_camera(session, "mill"));
      VEDETTE_TRY(status, count_status(session, *camera));
      return status.has_exports;
    }));
  };
  put_with("one");
  EXPECT_EQ(exported(), "one.csv");
  put_with("two");
  EXPECT_EQ(exported(), "two.csv");
  EXPECT_TRUE(has_exports());
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM run_object"), 3) << "none of the one before";
  put(counted(gate_, 1));
  EXPECT_FALSE(has_exports());
  put_with("three");
  must(remove_camera(database(), "mill"));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM run_object"), 0);
}

INSTANTIATE_TEST_SUITE_P(Stores, CountResults,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
