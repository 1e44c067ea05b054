// A camera's loop as the supervisor runs it: a drawn clip, the motion detector, a real database.
#include "traffic/camera_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "media/jpeg.hpp"
#include "traffic/counting.hpp"
#include "traffic/detectors.hpp"
#include "traffic/live_view.hpp"
#include "traffic/traffic_store_test.hpp"
#include "work/cpu_pool.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// The machine's clock, set by this much.
class SetClock final : public Clock {
 public:
  Instant now() const override { return SystemClock{}.now() + Micros{set_by_.load()}; }
  void set(Micros by) { set_by_ = by.count(); }

 private:
  std::atomic<std::int64_t> set_by_{0};
};

// Two seconds of a square that moves: pictures one after the other, read as 25 a second.
std::string drawn_clip(int width, int height) {
  std::string clip;
  media::JpegEncoder encoder;
  for (int i = 0; i < 50; ++i) {
    media::Image image(width, height);
    image.fill(90, 90, 90);
    for (int y = height / 3; y < height / 2; ++y) {
      for (int x = 2 * i; x < 2 * i + 40 && x < width; ++x) image.row(y)[3 * x] = 250;
    }
    const auto jpeg = *encoder.encode(image, 80);
    clip.append(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  }
  return clip;
}

class CameraLoop : public TrafficStore {
 protected:
  void SetUp() override {
    TrafficStore::SetUp();
    if (IsSkipped()) return;
    file_ = std::filesystem::temp_directory_path() /
            ("vedette-loop-" + std::to_string(getpid()) + ".mjpeg");
    write(320, 240);
  }
  void TearDown() override {
    stop();
    std::filesystem::remove(file_);
    TrafficStore::TearDown();
  }

  void write(int width, int height) const {
    std::ofstream(file_, std::ios::binary) << drawn_clip(width, height);
  }

  void start(bool is_loop) {
    Camera camera;
    camera.id = "mill";
    camera.name = "Mill";
    camera.source = file_.string();
    camera.is_loop = is_loop;
    camera.model = "motion";
    camera.waits_for_start = true;  // else a file would be on the queue by now
    if (!must(find_camera(database(), "mill"))) must(add_camera(database(), camera));
    run("UPDATE camera SET waits_for_start = $1", {waits_for_start_});
    camera = *must(find_camera(database(), "mill"));
    const work::LoopSpec spec =
        camera_loop(camera, std::make_shared<LineBoard>(camera.lines),
                    {&database(), &detectors_, &live_, &clock_, nullptr, options_});
    worker_ = std::jthread([this, spec](const std::stop_token& stop) {
      work::LoopContext context(stop);
      result_ = spec.body(context);
    });
  }
  void watch_until(std::string_view sql) {
    start(true);
    await(sql);
    stop();
  }
  void stop() {
    if (!worker_.joinable()) return;
    worker_.request_stop();
    worker_.join();
  }

  // Waits for what the loop is to store.
  void await(std::string_view sql) {
    for (int i = 0; i < 6000 && one<std::int64_t>(sql) == 0; ++i) {
      std::this_thread::sleep_for(10ms);  // between two looks
    }
    ASSERT_GT(one<std::int64_t>(sql), 0) << sql;
  }

  std::filesystem::path file_;
  CameraLoopOptions options_;
  Detectors detectors_{DetectorSettings{}};
  work::CpuPool cpu_{{.threads = 1}};
  LiveViews live_{{}, cpu_, [](std::string_view) {
                    return PictureSink{[](Variant) { return 0; }, [](Variant, const auto&) {},
                                       [] {}};
                  }};
  SetClock clock_;
  Result<void> result_;
  bool waits_for_start_ = false;
  std::jthread worker_;
};

TEST_P(CameraLoop, AClockThatIsSetBeginsANewRunByTheNewTime) {
  for (const Micros by : {Micros{-1h}, Micros{+1h}}) {
    SCOPED_TRACE(by.count());
    run("DELETE FROM camera_run");
    run("DELETE FROM watch_span");
    run("DELETE FROM quality_log");
    clock_.set(Micros{0});
    start(true);
    await("SELECT count(*) FROM watch_span WHERE to_t > from_t");
    clock_.set(by);
    await(
        "SELECT count(*) FROM watch_span WHERE to_t > from_t AND run_id = (SELECT max(id) FROM "
        "camera_run) AND run_id > (SELECT min(id) FROM camera_run)");
    stop();
    EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_run"), 2);
    const db::Rows spans = rows("SELECT from_t, to_t FROM watch_span ORDER BY run_id, from_t");
    ASSERT_GE(spans.size(), 2U);
    const auto first = spans.front().get<Instant>(0);
    const auto last = spans[spans.size() - 1];
    EXPECT_NEAR(to_seconds(last.get<Instant>(0) - first), to_seconds(by), 120);
    EXPECT_GT(last.get<Instant>(1), last.get<Instant>(0));
    EXPECT_LE(last.get<Instant>(1), clock_.now());
    const db::Rows notes = rows("SELECT issue, cause FROM quality_log");
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes.front().get<std::string>(0), "clock changed");
    EXPECT_NE(
        notes.front().get<std::string>(1).find(by < Micros{0} ? "back by 3600" : "forward by 3600"),
        std::string::npos);
  }
}

TEST_P(CameraLoop, ARunWhoseNumbersForTracksComeToAnEndIsFollowedByAnother) {
  options_.last_track_number = 0;
  start(true);
  await("SELECT count(*) FROM camera_run WHERE id > (SELECT min(id) FROM camera_run) + 1");
  stop();
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM quality_log"), 0) << "nothing was missed";
}

TEST_P(CameraLoop, LinesOfPicturesOfAnotherSizeKeepTheirPlaceAndItIsNoted) {
  watch_until("SELECT count(*) FROM camera_status WHERE status LIKE '%\"width\":320%'");
  must(set_lines(database(), "mill", {{.name = "gate", .x1 = 100, .y1 = 0, .x2 = 100, .y2 = 239}}));
  EXPECT_EQ(must(find_camera(database(), "mill"))->lines[0].width, 320);
  // The camera is set to smaller pictures.
  write(160, 120);
  run("UPDATE camera SET revision = 2");
  watch_until("SELECT count(*) FROM camera_status WHERE status LIKE '%\"width\":160%'");
  EXPECT_EQ(one<std::string>("SELECT issue FROM quality_log"), "picture size changed");
  EXPECT_EQ(must(find_camera(database(), "mill"))->lines[0].width, 320);
  EXPECT_EQ(must(database().read([](db::Session& s) { return picture_size(s, "mill"); })),
            (PictureSize{160, 120}));
}

TEST_P(CameraLoop, LinesOfAnOlderVersionAreOfTheFirstPicturesSeen) {
  watch_until("SELECT count(*) FROM camera_status WHERE status LIKE '%\"width\":320%'");
  must(set_lines(database(), "mill", {{.name = "gate", .x1 = 100, .y1 = 0, .x2 = 100, .y2 = 239}}));
  run("UPDATE camera_line SET width = NULL, height = NULL");
  run("UPDATE camera SET revision = 2");
  watch_until("SELECT count(*) FROM camera_line WHERE width IS NOT NULL");
  const Line line = must(find_camera(database(), "mill"))->lines[0];
  EXPECT_EQ(line.width, 320);
  EXPECT_EQ(line.height, 240);
}

TEST_P(CameraLoop, SaysWhatFailed) {
  watch_until("SELECT count(*) FROM camera_status WHERE status LIKE '%\"width\":320%'");
  run("UPDATE camera SET revision = 2, model = 'no-such-model'");
  start(true);
  worker_.join();
  EXPECT_FALSE(result_);
  EXPECT_EQ(one<std::string>("SELECT issue FROM quality_log WHERE ended_at IS NULL"),
            "no detector");
  run("UPDATE camera SET revision = 3, source = '/no/such/file.mp4'");
  start(true);
  worker_.join();
  EXPECT_FALSE(result_);
  EXPECT_EQ(one<std::string>("SELECT issue FROM quality_log WHERE ended_at IS NULL"),
            "source unreachable");
}

TEST_P(CameraLoop, ASourceThatHasAnEndIsGivenToTheQueue) {
  start(false);
  worker_.join();
  EXPECT_TRUE(result_);
  const Camera camera = *must(find_camera(database(), "mill"));
  EXPECT_TRUE(camera.has_end);
  const auto job =
      must(database().read([&](db::Session& s) { return count_status(s, camera); })).job;
  ASSERT_TRUE(job);
  EXPECT_EQ(job->key, "mill");
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM camera_run"), 0);
}

TEST_P(CameraLoop, ASourceThatHasAnEndWaitsWhereNobodyHasStartedItsCount) {
  waits_for_start_ = true;
  start(false);
  worker_.join();
  EXPECT_TRUE(result_);
  const Camera camera = *must(find_camera(database(), "mill"));
  EXPECT_TRUE(camera.has_end);
  EXPECT_TRUE(camera.waits_for_start);
  EXPECT_FALSE(must(database().read([&](db::Session& s) { return count_status(s, camera); })).job);
}

INSTANTIATE_TEST_SUITE_P(Stores, CameraLoop,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
