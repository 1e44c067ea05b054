// The list of cameras under a real supervisor: what it adds, what it hears, what it cleans up.
#include "traffic/roster.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "traffic/camera.hpp"
#include "traffic/camera_loop.hpp"
#include "traffic/detectors.hpp"
#include "traffic/live_view.hpp"
#include "traffic/traffic_store_test.hpp"
#include "work/cpu_pool.hpp"
#include "work/supervisor.hpp"
#include "work/testing/eventually.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;
using work::testing::eventually;

class Roster : public TrafficStore {
 protected:
  work::LoopSpec roster(work::Supervisor& supervisor, int most = 0) {
    CameraLoopParts parts;
    parts.database = &database();
    parts.detectors = &detectors_;
    parts.live = &live_;
    parts.clock = &clock_;
    return roster_loop(supervisor, parts, most);
  }
  void add(const std::string& name) {
    Camera camera;
    camera.name = name;
    camera.source = "/nowhere/" + name + ".mp4";
    camera.is_loop = true;
    must(add_camera(database(), camera));
  }
  std::int64_t count(const std::string& table) {
    return one<std::int64_t>("SELECT count(*) FROM " + table + " WHERE name LIKE 'camera:%'");
  }

 private:
  Detectors detectors_{DetectorSettings{}};
  work::CpuPool cpu_{{.threads = 1}};
  LiveViews live_{LiveOptions{}, cpu_, [](std::string_view) {
                    return PictureSink{[](Variant) { return 0; }, [](Variant, const auto&) {},
                                       [] {}};
                  }};
  SystemClock clock_;
};

// The bound is on what is held, not on what is known: the rest says why it waits.
TEST_P(Roster, EveryCameraHasItsLoopAndThoseBeyondTheRoomSaySo) {
  for (const char* name : {"a", "b", "c"}) add(name);
  work::Supervisor supervisor(database(), {});
  must(supervisor.add(roster(supervisor, 2)));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return supervisor.snapshot().size() == 4; }));
  ASSERT_TRUE(eventually([&] { return supervisor.metrics().leases_held == 2; }));
  ASSERT_TRUE(eventually([&] { return supervisor.status("camera:c")->word == "no room"; }));
  EXPECT_THAT(supervisor.status("camera:c")->remedy, testing::HasSubstr("watch.max_cameras"));
}

TEST_P(Roster, ARecordedCameraIsTheQueues) {
  add("a");
  Camera camera;
  camera.name = "b";
  camera.source = "/nowhere/b.mp4";
  must(add_camera(database(), camera));
  work::Supervisor supervisor(database(), {});
  must(supervisor.add(roster(supervisor)));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return supervisor.status("camera:a").has_value(); }));
  EXPECT_FALSE(supervisor.status("camera:b"));
}

TEST_P(Roster, AChangeEndsABackOff) {
  work::Supervisor supervisor(database(), {});
  work::LoopSpec loop = roster(supervisor);
  loop.options.backoff_min = 1h;
  loop.options.backoff_max = 2h;
  must(supervisor.add(std::move(loop)));
  run("ALTER TABLE camera RENAME TO camera_away");
  supervisor.start();
  ASSERT_TRUE(eventually(
      [&] { return supervisor.status("cameras")->state == work::LoopState::kRetrying; }));
  run("ALTER TABLE camera_away RENAME TO camera");
  add("a");
  ASSERT_TRUE(eventually([&] { return supervisor.status("camera:a").has_value(); }));
}

TEST_P(Roster, ARemovedCameraLeavesNoLeaseAndNoState) {
  add("a");
  add("b");
  // Left behind by a process that crashed.
  run("INSERT INTO lease (name, acquired_at, renewed_at, expires_at) VALUES ('camera:ghost', $1, "
      "$1, $1)",
      {at("2026-11-20T10:00:00Z")});
  work::SupervisorOptions options;
  options.write_every = 20ms;
  work::Supervisor supervisor(database(), options);
  must(supervisor.add(roster(supervisor)));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return count("lease") == 2 && count("loop_state") == 2; }));
  must(remove_camera(database(), "a"));
  ASSERT_TRUE(eventually([&] { return count("lease") == 1 && count("loop_state") == 1; }));
  EXPECT_EQ(one<std::string>("SELECT name FROM lease WHERE name LIKE 'camera:%'"), "camera:b");
}

INSTANTIATE_TEST_SUITE_P(Stores, Roster,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
