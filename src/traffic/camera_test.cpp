#include "traffic/camera.hpp"

#include <gmock/gmock.h>

#include "traffic/counting.hpp"
#include "traffic/quality.hpp"
#include "traffic/recorder.hpp"
#include "traffic/traffic_store_test.hpp"
#include "traffic/types.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Camera camera_named(std::string name) {
  Camera camera;
  camera.name = std::move(name);
  camera.source = "rtsp://user:secret@10.0.0.1/stream";
  return camera;
}

TEST(CameraInput, MakesAnIdFromTheName) {
  EXPECT_EQ(id_from_name("Mill Street"), "mill-street");
  EXPECT_EQ(id_from_name("  A/B  "), "a-b");
  EXPECT_EQ(id_from_name("Straße"), "stra-e");
  EXPECT_EQ(id_from_name("***"), "camera");
}

TEST(CameraInput, NamesTheFieldThatIsWrong) {
  Camera camera = camera_named("");
  EXPECT_EQ(complete(camera).error().detail, "name");
  camera = camera_named("x");
  camera.source.clear();
  EXPECT_EQ(complete(camera).error().detail, "source");
  camera = camera_named("x");
  camera.types = {"car", "dragon"};
  EXPECT_EQ(complete(camera).error().detail, "types");
  camera = camera_named("x");
  camera.id = "../etc";
  EXPECT_EQ(complete(camera).error().detail, "id");
}

TEST(CameraInput, ALineNeedsTwoPoints) {
  EXPECT_FALSE(check_line({"", "l", 5, 5, 5, 5, "", ""}));
  EXPECT_FALSE(check_line({"", "l", -1, 5, 50, 5, "", ""}));
  EXPECT_TRUE(check_line({"", "l", 1, 5, 50, 5, "", ""}));
}

// Each of these would be stored, and count nothing or not tell whose count is whose.
TEST(CameraInput, ALineThatCouldCountNothingIsRefusedInWords) {
  const auto refusal = [](std::vector<Line> lines) {
    const auto checked = check_lines(camera_named("a"), lines);
    return checked ? std::string() : checked.error().message;
  };
  const auto line = [](double x1, double y1, double x2, double y2) {
    Line drawn{.name = "Gate", .x1 = x1, .y1 = y1, .x2 = x2, .y2 = y2};
    drawn.width = 640;
    drawn.height = 352;
    return drawn;
  };
  EXPECT_EQ(refusal({line(0, 200, 640, 200)}), "");
  EXPECT_EQ(refusal({line(600, 300, 900, 500)}), "") << "a part of it lies in the picture";
  for (const Line& outside : {line(0, 400, 640, 400), line(700, 0, 700, 352),
                              line(641, 10, 1200, 300), line(600, 500, 900, 200)}) {
    EXPECT_EQ(refusal({outside}),
              "The line 'Gate' lies outside of the picture, which is 640 x 352 pixels. Draw it "
              "across the road.");
  }
  EXPECT_THAT(refusal({line(0.1, 0.5, 0.9, 0.5)}),
              HasSubstr("Coordinates are pixels of the picture, not shares of it from 0 to 1"));
  Line other = line(0, 100, 640, 100);
  other.name = " gate";
  EXPECT_THAT(refusal({line(0, 200, 640, 200), other}),
              HasSubstr("Two lines are called ' gate'. Give each a name of its own"));
}

class Cameras : public TrafficStore {};

TEST_P(Cameras, AreAddedChangedAndRemoved) {
  const Camera added = must(add_camera(database(), camera_named("Mill Street")));
  EXPECT_EQ(added.id, "mill-street");
  EXPECT_EQ(added.types, usual_types());
  EXPECT_EQ(must(add_camera(database(), camera_named("Mill-Street"))).id, "mill-street-2");
  EXPECT_EQ(add_camera(database(), added).error().code, ErrorCode::kConflict);

  Camera changed = added;
  changed.name = "Mill Street north";
  changed.source = "rtsp://user:***@10.0.0.1/stream";
  changed = must(replace_camera(database(), changed));
  EXPECT_EQ(changed.source, added.source) << "the password that was not typed again is kept";
  EXPECT_GT(changed.revision, added.revision);

  must(remove_camera(database(), added.id));
  EXPECT_EQ(remove_camera(database(), added.id).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(must(find_camera(database(), added.id)));
}

TEST_P(Cameras, KeepTheirLinesByIdAndForgetTheRest) {
  must(add_camera(database(), camera_named("a")));
  must(add_camera(database(), camera_named("b")));
  const auto first = must(set_lines(
      database(), "a", {{"", "one", 0, 0, 9, 9, "in", "out"}, {"", "two", 0, 5, 9, 5, "", ""}}));
  ASSERT_EQ(first.size(), 2U);
  Line moved = first[1];
  moved.y2 = 7;
  const auto second = must(set_lines(database(), "a", {moved}));
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0], moved);
  EXPECT_EQ(set_lines(database(), "b", {moved}).error().code, ErrorCode::kInvalid)
      << "another camera's line";
  EXPECT_EQ(set_lines(database(), "c", {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(must(find_camera(database(), "a"))->lines, second);
}

TEST_P(Cameras, ComeInPages) {
  for (const char* name : {"delta", "alpha", "charlie", "bravo"})
    must(add_camera(database(), camera_named(name)));
  const CameraPage one = must(list_cameras(database(), 3, "", ""));
  ASSERT_EQ(one.cameras.size(), 3U);
  EXPECT_TRUE(one.has_more);
  const CameraPage two = must(list_cameras(database(), 3, one.cameras[2].name, one.cameras[2].id));
  ASSERT_EQ(two.cameras.size(), 1U);
  EXPECT_EQ(two.cameras[0].name, "delta");
  EXPECT_FALSE(two.has_more);
}

std::optional<work::JobStatus> count_of(db::Database& database, const std::string& id) {
  return must(database.read([&](db::Session& session) -> Result<std::optional<work::JobStatus>> {
    VEDETTE_TRY(camera, find_camera(session, id));
    VEDETTE_TRY(status, count_status(session, *camera));
    return status.job;
  }));
}

Camera recorded(const std::string& name) {
  Camera camera = camera_named(name);
  camera.source = "/clips/" + name + ".mp4";
  return camera;
}

TEST_P(Cameras, ARecordedOneIsPutOnTheQueueWhenItIsAskedFor) {
  Camera later = recorded("later");
  later.waits_for_start = true;
  later = must(add_camera(database(), later));
  EXPECT_TRUE(later.waits_for_start);
  EXPECT_FALSE(later.first_count_at);
  later.is_enabled = false;
  must(replace_camera(database(), later));
  later.is_enabled = true;
  later = must(replace_camera(database(), later));
  EXPECT_FALSE(count_of(database(), "later")) << "switched on, it waits all the same";
  must(database().write([&](db::Session& session) { return start_count(session, later); }));
  EXPECT_TRUE(count_of(database(), "later"));
  EXPECT_FALSE(must(find_camera(database(), "later"))->waits_for_start);
  must(add_camera(database(), recorded("now")));
  const auto job = count_of(database(), "now");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->kind, kCountFile);
  EXPECT_EQ(job->state, work::JobState::kAvailable);
  const CountFile told = must(CountFile::decode(job->payload));
  EXPECT_EQ(told.describe(), "now: /clips/now.mp4");
  EXPECT_EQ(told.types, must(find_camera(database(), "now"))->types);
  must(add_camera(database(), camera_named("live")));
  EXPECT_FALSE(count_of(database(), "live"));
}

TEST_P(Cameras, ARecordingKeepsTheTimeOfItsFirstCountUntilItIsAnotherOne) {
  Camera camera = must(add_camera(database(), recorded("mill")));
  camera = *must(find_camera(database(), "mill"));
  ASSERT_TRUE(camera.first_count_at);
  const Instant first = *camera.first_count_at;
  const auto count_again = [&] {
    must(database().write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(cancel_count(session, "mill"));
      VEDETTE_CHECK(start_count(session, camera));
      return {};
    }));
    return must(find_camera(database(), "mill"))->first_count_at;
  };
  EXPECT_EQ(count_again(), first);
  camera.name = "Mill";
  EXPECT_EQ(must(replace_camera(database(), camera)).first_count_at, first);
  camera.source = "/clips/other.mp4";
  EXPECT_FALSE(must(replace_camera(database(), camera)).first_count_at);
  EXPECT_GT(count_again(), first);
}

TEST_P(Cameras, SwitchedOffOrRemovedARecordedOneIsNotCounted) {
  Camera camera = must(add_camera(database(), recorded("mill")));
  camera.is_enabled = false;
  must(replace_camera(database(), camera));
  EXPECT_EQ(count_of(database(), "mill")->state, work::JobState::kCancelled);
  camera.name = "Mill";
  must(replace_camera(database(), camera));
  EXPECT_EQ(count_of(database(), "mill")->state, work::JobState::kCancelled);
  camera.is_enabled = true;
  must(replace_camera(database(), camera));
  EXPECT_EQ(count_of(database(), "mill")->state, work::JobState::kAvailable) << "never counted";
  camera.model = "motion";
  must(replace_camera(database(), camera));
  EXPECT_FALSE(must(CountFile::decode(count_of(database(), "mill")->payload)).model);
  must(remove_camera(database(), "mill"));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM job WHERE state = 'available'"), 0);
}

TEST_P(Cameras, WhatAnEarlierVersionHadBegunIsCountedOnce) {
  for (const char* name : {"begun", "done", "off", "seen"}) {
    Camera camera = recorded(name);
    camera.is_enabled = camera.name != "off";
    camera.waits_for_start = true;
    must(add_camera(database(), camera));
  }
  must(add_camera(database(), camera_named("live")));
  for (const char* wanted : {"begun", "live", "off", "gone"})
    run("INSERT INTO count_wanted (camera_id) VALUES ($1)", {wanted});
  must(carry_over_counts(database()));
  must(carry_over_counts(database()));
  EXPECT_TRUE(count_of(database(), "begun"));
  for (const char* other : {"done", "off", "seen", "live"})
    EXPECT_FALSE(count_of(database(), other)) << other;
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM job"), 1);
}

class Recording : public TrafficStore {
 protected:
  Recorder begin(std::string detector = "yolox") {
    return must(Recorder::begin(database(), work::Fence::none(), "a", 1, std::move(detector)));
  }
};

TEST_P(Recording, TheSameCrossingIsStoredOnceInARun) {
  Recorder recorder = begin();
  Batch batch;
  batch.crossings.push_back({7, "line", "a_to_b", "car", at("2026-11-20T10:00:05Z"), 1, 2, 120});
  must(recorder.write(batch));
  must(recorder.write(batch));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM crossings"), 1);
  EXPECT_EQ(one<std::int64_t>("SELECT track_id FROM crossings"),
            one<std::int64_t>("SELECT id FROM camera_run") * kTracksPerRun + 7);
}

// A stream full of noise draws a number for every box: a million in some days.
TEST_P(Recording, ARunThatDrewMillionsOfNumbersKeepsOutOfTheNextRuns) {
  const auto crossing = [](std::int64_t track) {
    return CrossingRow{track, "line", "a_to_b", "car", at("2026-11-20T10:00:05Z"), 1, 2, 120};
  };
  Batch batch;
  for (const std::int64_t track : {1, 1'000'001, 999'999'999})
    batch.crossings.push_back(crossing(track));
  must(begin().write(batch));
  must(begin().write(batch));
  EXPECT_EQ(one<std::int64_t>("SELECT count(DISTINCT track_id) FROM crossings"), 6);
}

TEST_P(Recording, TimeWatchedIsOneSpanUntilThereIsAGap) {
  Recorder recorder = begin();
  const Instant start = at("2026-11-20T10:00:00Z");
  Batch batch;
  batch.watched = {{start, start + 1s}};
  must(recorder.write(batch));
  batch.watched = {{start + 1s, start + 2s}, {start + 30s, start + 31s}};
  must(recorder.write(batch));
  const auto spans = rows("SELECT from_t, to_t FROM watch_span ORDER BY from_t");
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].get<Instant>(1), start + 2s);
  EXPECT_EQ(spans[1].get<Instant>(0), start + 30s);
}

TEST_P(Recording, ARemovedCameraLeavesNoRowsThoughItsLoopWritesOnceMore) {
  must(add_camera(database(), camera_named("a")));
  Recorder recorder = begin();
  Batch batch;
  batch.sampled_at = at("2026-11-20T10:00:01Z");
  batch.status_json = "{}";
  must(recorder.write(batch));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_status"), 1);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_run"), 1);
  must(remove_camera(database(), "a"));
  must(recorder.write(batch));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_status"), 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_run"), 0);
}

TEST_P(Recording, AnotherDetectorIsNoted) {
  begin("yolox");
  begin("motion");
  EXPECT_EQ(one<std::string>("SELECT issue FROM quality_log WHERE camera_id = 'a'"),
            "detector changed");
}

TEST_P(Recording, AnOutageIsNotedOnceAndEndsWhenSomethingIsWatchedAgain) {
  for (int i = 0; i < 3; ++i) {
    must(note_outage(database(), work::Fence::none(), "a", "source unreachable",
                     "connection refused"));
  }
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM quality_log WHERE ended_at IS NULL"), 1);
  Recorder recorder = begin();
  Batch batch;
  must(recorder.write(batch));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM quality_log WHERE ended_at IS NULL"), 1);
  const Instant start = at("2026-11-20T10:00:00Z");
  batch.watched = {{start, start + 1s}};
  must(recorder.write(batch));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM quality_log WHERE ended_at IS NULL"), 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM quality_log"), 1);
}

TEST_P(Recording, ATimeWithoutTheDatabaseIsNotedAsOne) {
  work::Outage outage{at("2026-11-20T10:00:00Z"),
                      at("2026-11-20T10:00:34Z"),
                      {ErrorCode::kUnavailable, "connection refused", true, ""}};
  must(note_past_outage(database(), work::Fence::none(), "a", outage));
  outage.from += 1h;
  outage.until += 1h;
  outage.error = {ErrorCode::kDiskFull, "no space left", true, ""};
  must(note_past_outage(database(), work::Fence::none(), "a", outage));
  const QualityPage page = must(quality(database(), Filter{}, 10, {}, 0));
  ASSERT_EQ(page.issues.size(), 2U);
  EXPECT_EQ(page.issues[0].issue, "disk full");
  EXPECT_EQ(page.issues[1].issue, "database unreachable");
  EXPECT_EQ(page.issues[1].cause, "connection refused");
  EXPECT_EQ(page.issues[1].from, at("2026-11-20T10:00:00Z"));
  EXPECT_EQ(page.issues[1].to, at("2026-11-20T10:00:34Z"));
}

INSTANTIATE_TEST_SUITE_P(Stores, Cameras,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);
INSTANTIATE_TEST_SUITE_P(Stores, Recording,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
