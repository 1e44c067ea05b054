#include "api/traffic/event_relay.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "api/handlers.hpp"
#include "api/query.hpp"
#include "api/response_cache.hpp"
#include "api/traffic/camera_json.hpp"
#include "base/process.hpp"
#include "traffic/crossings.hpp"
#include "traffic/current.hpp"
#include "traffic/recorder.hpp"
#include "traffic/rollup.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;

// Changes closer together than this go out together.
constexpr Micros kGather = 100ms;
constexpr int kMostCrossings = 200;
constexpr std::array<std::string_view, 6> kTopics{"camera",  "current", "crossing",
                                                  "cameras", "history", "loops"};

void publish(http::SseHub& hub, std::string_view topic, const json::value& data) {
  hub.publish(topic, to_text(data));
}

// Changes when cameras or lines do.
Result<std::string> list_mark(db::Session& session) {
  VEDETTE_TRY(
      rows,
      session.query(
          "SELECT (SELECT count(*) FROM camera), (SELECT coalesce(sum(revision), 0) FROM "
          "camera), (SELECT count(*) FROM camera_line), (SELECT count(*) FROM camera_line WHERE "
          "removed_at IS NOT NULL), (SELECT coalesce(sum(x1 + 3 * y1 + 7 * x2 + 13 * y2 + "
          "length(name)), 0) FROM camera_line)"));
  const db::Row row = rows.front();
  return fmt::format("{} {} {} {} {}", row.get<std::int64_t>(0), row.get<double>(1),
                     row.get<std::int64_t>(2), row.get<std::int64_t>(3), row.get<double>(4));
}

Result<std::string> history_mark(db::Session& session) {
  VEDETTE_TRY(rows, session.query("SELECT position FROM rollup_state ORDER BY name"));
  std::string mark;
  for (const db::Row& row : rows) mark += fmt::format("{} ", row.get<std::int64_t>(0));
  return mark;
}

}  // namespace

EventRelay::EventRelay(std::shared_ptr<const TrafficServices> services)
    : services_(std::move(services)) {
  db::Database& database = services_->core->database;
  subscriptions_.push_back(
      database.subscribe(std::string(traffic::kTrafficChannel), [this](std::string_view camera) {
        note([&](Changes& changes) {
          if (camera.empty()) {
            changes.is_all_cameras = true;
          } else {
            changes.cameras.emplace(camera);
          }
        });
      }));
  subscriptions_.push_back(
      database.subscribe(std::string(traffic::kCamerasChannel), [this](std::string_view camera) {
        note([&](Changes& changes) {
          (camera.empty() ? changes.is_list_doubtful : changes.is_list) = true;
        });
      }));
  // The roll-up's own notice has no payload either: both are looked at.
  subscriptions_.push_back(
      database.subscribe(std::string(traffic::kHistoryChannel), [this](std::string_view) {
        note([](Changes& changes) { changes.is_history_doubtful = true; });
      }));
  thread_ = std::jthread([this](const std::stop_token& stop) { relay_until(stop); });
}

EventRelay::~EventRelay() {
  subscriptions_.clear();
  thread_.request_stop();
}

void EventRelay::loops_changed() {
  note([](Changes& changes) { changes.is_loops = true; });
}

void EventRelay::note(const std::function<void(Changes&)>& change) {
  {
    const std::lock_guard lock(changes_mutex_);
    change(changes_);
  }
  changed_.notify_one();
}

void EventRelay::relay_until(const std::stop_token& stop) {
  set_thread_name("events");
  while (!stop.stop_requested()) {
    Changes changes;
    {
      std::unique_lock lock(changes_mutex_);
      if (!changed_.wait(lock, stop, [this] { return changes_.any(); })) return;
      changes = std::exchange(changes_, {});
    }
    relay(changes);
    sleep_for(stop, kGather);
  }
}

void EventRelay::relay(const Changes& changes) {
  // The database may be away: then there is nothing to tell but the loops, who know it themselves.
  relay_list(changes);
  relay_history(changes);
  if (services_->core->events.clients() == 0) {
    last_crossing_.clear();
    return;
  }
  if (changes.is_loops) publish(services_->core->events, "loops", json::object{});
  if (changes.is_loops || changes.is_all_cameras || !changes.cameras.empty()) {
    relay_cameras(changes);
  }
}

void EventRelay::relay_list(const Changes& changes) {
  if (!changes.is_list && !changes.is_list_doubtful) return;
  auto mark =
      services_->core->database.read([](db::Session& session) { return list_mark(session); });
  if (!mark) return;
  const bool has_changed = std::exchange(list_mark_, *mark) != *mark;
  if (changes.is_list || has_changed) publish(services_->core->events, "cameras", json::object{});
}

void EventRelay::relay_history(const Changes& changes) {
  if (!changes.is_history && !changes.is_history_doubtful) return;
  auto mark =
      services_->core->database.read([](db::Session& session) { return history_mark(session); });
  if (!mark || std::exchange(history_mark_, *mark) == *mark) return;
  services_->history_cache.clear();
  publish(services_->core->events, "history", json::object{});
}

void EventRelay::relay_cameras(const Changes& changes) {
  struct News {
    std::vector<traffic::Camera> cameras;
    std::vector<traffic::CurrentCamera> current;
    std::vector<traffic::CrossingRecord> crossings;
    std::map<std::string, std::int64_t> last_crossing;
  };
  auto news = services_->core->database.read([&](db::Session& session) -> Result<News> {
    News read;
    if (changes.is_loops || changes.is_all_cameras) {
      VEDETTE_TRY(cameras, traffic::all_cameras(session));
      read.cameras = std::move(cameras);
    } else {
      for (const std::string& id : changes.cameras) {
        VEDETTE_TRY(camera, traffic::find_camera(session, id));
        if (camera) read.cameras.push_back(std::move(*camera));
      }
    }
    if (read.cameras.empty()) return read;
    traffic::Filter filter;
    for (const traffic::Camera& camera : read.cameras) {
      filter.cameras.push_back(camera.id);
      const auto last = last_crossing_.find(camera.id);
      if (last == last_crossing_.end()) {
        VEDETTE_TRY(newest, traffic::newest_crossing_id(session, camera.id));
        read.last_crossing[camera.id] = newest;
        continue;
      }
      VEDETTE_TRY(crossings,
                  traffic::crossings_after(session, camera.id, last->second, kMostCrossings));
      if (!crossings.empty()) read.last_crossing[camera.id] = crossings.back().id;
      std::ranges::move(crossings, std::back_inserter(read.crossings));
    }
    VEDETTE_TRY(current, traffic::current(session, filter));
    read.current = std::move(current);
    return read;
  });
  if (!news) return;
  auto states = read_states(*services_, news->cameras);
  if (!states) return;

  http::SseHub& hub = services_->core->events;
  for (const auto& [camera, id] : news->last_crossing) last_crossing_[camera] = id;
  for (const traffic::CrossingRecord& crossing : news->crossings) {
    publish(hub, "crossing/" + crossing.camera_id, crossing_json(crossing));
  }
  for (const traffic::CurrentCamera& current : news->current) {
    if (!current.as_of || last_sample_[current.camera_id] == *current.as_of) continue;
    last_sample_[current.camera_id] = *current.as_of;
    publish(hub, "current/" + current.camera_id, current_json(current));
  }
  for (const traffic::Camera& camera : news->cameras) {
    std::string status = to_text(status_json(camera, *states, *services_));
    std::string& last = last_status_[camera.id];
    if (status == last) continue;
    hub.publish("camera/" + camera.id, status);
    last = std::move(status);
  }
}

void mount_events(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  const auto subscribe = [](const TrafficServices& s,
                            const http::Request& request) -> Result<http::Response> {
    VEDETTE_TRY(wanted, list_of(request, "topics"));
    for (const std::string& topic : wanted) {
      if (std::ranges::find(kTopics, topic) == kTopics.end()) {
        return bad_parameter("topics", fmt::format("'{}' is no topic; those there are: {}.", topic,
                                                   fmt::join(kTopics, ", ")));
      }
    }
    const auto camera = request.query("camera");
    if (!camera) return s.core->events.subscribe(request);
    if (camera->empty() || camera->size() > 64) {
      return bad_parameter("camera", "'camera' must be the id of one camera.");
    }
    if (wanted.empty()) wanted.assign(kTopics.begin(), kTopics.end());
    http::Request narrowed = request;
    std::erase_if(narrowed.queries, [](const auto& pair) { return pair.first == "topics"; });
    for (const std::string& topic : wanted) {
      const bool is_of_camera = topic == "current" || topic == "crossing";
      narrowed.queries.emplace_back("topics",
                                    topic + (is_of_camera ? "/" + std::string(*camera) : ""));
    }
    return s.core->events.subscribe(narrowed);
  };
  router.get("/api/events", handler(services, subscribe), {.inline_ok = true});
}

}  // namespace vedette::api
