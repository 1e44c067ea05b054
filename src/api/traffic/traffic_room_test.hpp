// What the tests of the traffic room's handlers share: the room on a small database, called as the
// server would call it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/answers.hpp"
#include "api/event_relay.hpp"
#include "api/job_pace.hpp"
#include "api/jobs.hpp"
#include "api/readiness.hpp"
#include "api/response_cache.hpp"
#include "api/traffic/pictures.hpp"
#include "api/traffic/remote_pictures.hpp"
#include "api/traffic/traffic_events.hpp"
#include "api/traffic/traffic_services.hpp"
#include "blob/store.hpp"
#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "traffic/camera.hpp"
#include "traffic/live_view.hpp"
#include "traffic/rollup.hpp"
#include "traffic/tables.hpp"
#include "work/cpu_pool.hpp"
#include "work/supervisor.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace vedette::api {

using db::testing::must;

inline Instant instant(const char* text) {
  return *from_rfc3339(text);
}

/// Every route of the API over one database; nothing runs by itself.
class Room {
 public:
  explicit Room(const std::string& url) : database_(must(db::Database::open({.url = url}))) {
    mount_operations(router_, core_);
    mount_health(router_, core_);
    mount_jobs(router_, core_);
    mount_traffic(router_, services_);
    mount_pictures(router_, services_);
    for (EventSource& source : traffic_events(services_)) relay_.add(std::move(source));
    mount_events(router_, relay_, events_);
  }

  db::Database& database() { return *database_; }
  http::SseHub& events() { return events_; }
  EventRelay& relay() { return relay_; }
  ManualClock& clock() { return clock_; }

  http::Response call(http::Method method, std::string_view target, std::string body = {}) {
    return router_.call(http::make_request(method, target, std::move(body)));
  }
  http::Response get(std::string_view target) { return call(http::Method::kGet, target); }

  std::size_t body_limit(http::Method method, std::string_view target) {
    http::Request request = http::make_request(method, target);
    return router_.match(request).route->options.body_limit;
  }

  void run(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    must(database_->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(session.execute(sql, params));
      return {};
    }));
  }

 private:
  std::unique_ptr<db::Database> database_;
  ManualClock clock_{instant("2026-11-20T12:30:00Z")};
  Readiness readiness_;
  http::SseHub events_;
  ResponseCache cache_{16, std::chrono::seconds(0)};
  PictureTopics pictures_;
  work::CpuPool cpu_{{.threads = 1}};
  traffic::LiveViews live_{{}, cpu_, [](std::string_view) { return traffic::PictureSink{}; }};
  work::Supervisor supervisor_{*database_, {}};
  work::Worker jobs_{*database_, {}};
  db::testing::TempFolder blob_folder_;
  std::unique_ptr<blob::Store> blobs_ =
      must(blob::open({.folder = {.folder = blob_folder_.path()}, .s3 = {}}));
  RemotePictures remote_pictures_{*database_, supervisor_, live_, pictures_, ""};
  std::shared_ptr<const CoreServices> core_ = std::make_shared<const CoreServices>(
      CoreServices{.database = *database_,
                   .supervisor = supervisor_,
                   .jobs = jobs_,
                   .events = events_,
                   .clock = clock_,
                   .readiness = readiness_,
                   .pace = std::make_shared<JobPace>(clock_),
                   .process = {"1.2.3", work::Roles::all(), clock_.now(), Micros{0}},
                   .server_stats = [] { return http::ServerStats{}; },
                   .live_streams = [] { return 0; },
                   .measure = [this](Families& all) { measure_cameras(all, *database_); },
                   .notes = [] { return std::vector<Note>{{"A title", "A text."}}; }});
  std::shared_ptr<const TrafficServices> services_ = std::make_shared<const TrafficServices>(
      TrafficServices{.core = core_,
                      .live = live_,
                      .blobs = *blobs_,
                      .pictures = pictures_,
                      .remote_pictures = remote_pictures_,
                      .history_cache = cache_,
                      .detectors = [](std::vector<std::string>& notes) {
                        notes.emplace_back("a note");
                        return std::vector<DetectorChoice>{{"yolo", false, "MIT", {"car"}, ""}};
                      }});
  EventRelay relay_{*database_, events_};
  http::Router router_;
};

class TrafficRoom : public ::testing::Test {
 protected:
  TrafficRoom() {
    std::vector<db::Migration> all = work::migrations();
    for (db::Migration& migration : traffic::migrations()) all.push_back(std::move(migration));
    must(db::migrate(room_.database(), all));
  }

  http::Response get(std::string_view target) { return room_.get(target); }
  /// The body of a 200 as JSON; a failed test otherwise.
  json::value read(std::string_view target) {
    const http::Response response = get(target);
    EXPECT_EQ(response.status, 200) << target << ' ' << response.text();
    return json::parse(body_of(response));
  }
  static std::string body_of(const http::Response& response) {
    if (const auto* cached = std::get_if<std::shared_ptr<const http::CachedBody>>(&response.body))
      return std::string((*cached)->bytes());
    return std::string(response.text());
  }
  /// "camera" of `{"error": {"field": "camera"}}`.
  static std::string field_of(const http::Response& response) {
    const json::value body = json::parse(response.text());
    const json::value* field = body.at("error").as_object().if_contains("field");
    return field == nullptr ? std::string() : std::string(field->as_string());
  }
  /// A camera that was added and drawn a line on at these times.
  std::string add_camera(std::string_view name, Instant added, Instant drawn) {
    traffic::Camera camera;
    camera.name = name;
    camera.source = "clip.mp4";
    camera.is_enabled = false;
    const std::string id = must(traffic::add_camera(room_.database(), camera)).id;
    traffic::Line line;
    line.name = "Mill";
    line.x2 = line.y2 = 100;
    line.a_to_b = "into town";
    line.b_to_a = "out of town";
    must(traffic::set_lines(room_.database(), id, {line}));
    room_.run("UPDATE camera SET created_at = $2 WHERE id = $1", {id, added});
    room_.run("UPDATE camera_line SET created_at = $2 WHERE camera_id = $1", {id, drawn});
    return id;
  }
  std::string line_of(std::string_view camera) {
    return must(traffic::find_camera(room_.database(), camera))->lines.front().id;
  }
  void cross(std::string_view camera, std::int64_t track, Instant at,
             std::string_view direction = "a_to_b", std::string_view type = "car") {
    room_.run(
        "INSERT INTO crossings (camera_id, line_id, track_id, direction, vehicle_type, crossed_at, "
        "x, y, frame) VALUES ($1, $2, $3, $4, $5, $6, 1, 2, 3)",
        {camera, line_of(camera), track, direction, type, at});
  }
  void watched(std::string_view camera, Instant from, Instant to) {
    room_.run(
        "INSERT INTO watch_span (camera_id, run_id, from_t, to_t, rolled_to) VALUES ($1, 1, "
        "$2, $3, $2)",
        {camera, from, to});
  }
  void roll() {
    while (must(traffic::roll_up(room_.database(), work::Fence::none())).has_more) {
    }
  }

  db::testing::TempFolder folder_;
  Room room_{"sqlite:" + (folder_.path() / "test.db").string()};
};

}  // namespace vedette::api
