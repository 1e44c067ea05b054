#include "api/traffic/traffic_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "api/response_cache.hpp"
#include "api/traffic/camera_json.hpp"
#include "db/database.hpp"
#include "traffic/counting.hpp"
#include "traffic/crossings.hpp"
#include "traffic/current.hpp"
#include "traffic/recorder.hpp"
#include "traffic/rollup.hpp"
#include "work/job_queue.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

constexpr int kCrossingsAtOnce = 200;

// What a camera's state is made of that its loop knows.
std::string fingerprint(const work::LoopStatus& loop) {
  return fmt::format(
      "{} {} {} {} {} {} {} {} {}", static_cast<int>(loop.state), static_cast<int>(loop.health),
      loop.word, loop.cause, loop.remedy, loop.since.time_since_epoch().count(), loop.token,
      loop.next_run_at ? loop.next_run_at->time_since_epoch().count() : 0, loop.last_error);
}

// All methods on the relay's thread.
class TrafficEvents {
 public:
  explicit TrafficEvents(std::shared_ptr<const TrafficServices> services)
      : services_(std::move(services)) {}

  Result<void> tell_written(const Heard& heard, EventPublisher& publisher);
  Result<void> tell_loops(EventPublisher& publisher);
  Result<void> tell_counts(EventPublisher& publisher);
  Result<void> tell_list(const Heard& heard, EventPublisher& publisher);
  Result<void> tell_history(EventPublisher& publisher);

 private:
  struct Told {
    std::optional<std::int64_t> crossing = {};  // the last id; absent: crossings_told_
    std::string status = {};
    std::optional<Instant> sample = {};
    std::optional<Instant> written = {};  // of camera_status, when it was looked at last
  };

  db::Database& database() { return services_->core->database; }
  Result<void> drop(const Heard& heard);
  using Written = std::map<std::string, std::optional<Instant>>;
  Result<Written> written_cameras();
  Result<void> tell_crossings(const std::string& camera, EventPublisher& publisher);
  Result<void> tell_states(const std::set<std::string>& ids, bool has_current,
                           EventPublisher& publisher);

  const std::shared_ptr<const TrafficServices> services_;
  std::string list_mark_;
  std::string history_mark_;
  std::map<std::string, std::string> loops_;  // fingerprints, by camera
  std::set<std::string> counted_;             // cameras whose counts had not ended at the last look
  std::map<std::string, Told> told_;          // by camera
  // Crossings up to this id were told or left untold, of cameras without an id of their own; absent
  // before the first look.
  std::optional<std::int64_t> crossings_told_;
};

// Nobody listens: what was heard of is only left behind.
Result<void> TrafficEvents::drop(const Heard& heard) {
  return database().read([&](db::Session& session) -> Result<void> {
    if (heard.is_anything || !crossings_told_) {
      VEDETTE_TRY(newest, traffic::newest_crossing_id(session));
      crossings_told_ = newest;
      for (auto& [id, told] : told_) told.crossing = std::nullopt;
      return {};
    }
    for (const std::string& id : heard.payloads) {
      VEDETTE_TRY(newest, traffic::newest_crossing_id(session, id));
      told_[id].crossing = newest;
    }
    return {};
  });
}

// Some camera wrote, and it is not known which (SQLite, another process): those whose status is
// newer than at the last look, and those of crossings that nobody was told of.
Result<TrafficEvents::Written> TrafficEvents::written_cameras() {
  std::int64_t newest = *crossings_told_;
  for (const auto& [id, told] : told_) newest = std::max(newest, told.crossing.value_or(0));
  return database().read([&](db::Session& session) -> Result<Written> {
    Written written;
    VEDETTE_TRY(rows, session.query("SELECT camera_id, updated_at FROM camera_status"));
    for (const db::Row& row : rows) {
      const auto at = row.get<Instant>(1);
      const auto told = told_.find(row.get<std::string>(0));
      if (told == told_.end() || told->second.written != at)
        written.emplace(row.get<std::string>(0), at);
    }
    VEDETTE_TRY(crossed, traffic::cameras_with_crossings_after(session, newest));
    for (std::string& id : crossed) written.emplace(std::move(id), std::nullopt);
    return written;
  });
}

Result<void> TrafficEvents::tell_crossings(const std::string& camera, EventPublisher& publisher) {
  Told& told = told_[camera];
  while (true) {
    const std::int64_t last = told.crossing.value_or(*crossings_told_);
    VEDETTE_TRY(crossings, database().read([&](db::Session& session) {
      return traffic::crossings_after(session, camera, last, kCrossingsAtOnce);
    }));
    for (const traffic::CrossingRecord& crossing : crossings) {
      publisher.publish("crossing/" + camera, to_text(crossing_json(crossing)));
      told.crossing = crossing.id;
    }
    if (crossings.size() < static_cast<std::size_t>(kCrossingsAtOnce)) return {};
  }
}

Result<void> TrafficEvents::tell_states(const std::set<std::string>& ids, bool has_current,
                                        EventPublisher& publisher) {
  std::vector<traffic::Camera> cameras;
  std::vector<traffic::CurrentCamera> current;
  VEDETTE_CHECK(database().read([&](db::Session& session) -> Result<void> {
    cameras.clear();
    for (const std::string& id : ids) {
      VEDETTE_TRY(camera, traffic::find_camera(session, id));
      if (camera) cameras.push_back(std::move(*camera));
    }
    if (!has_current || cameras.empty()) return {};
    traffic::Filter filter;
    for (const traffic::Camera& camera : cameras) filter.cameras.push_back(camera.id);
    VEDETTE_TRY(read, traffic::current(session, filter));
    current = std::move(read);
    return {};
  }));
  VEDETTE_TRY(states, read_states(*services_, cameras));
  for (const traffic::CurrentCamera& camera : current) {
    Told& told = told_[camera.camera_id];
    if (!camera.as_of || told.sample == camera.as_of) continue;
    told.sample = camera.as_of;
    publisher.publish("current/" + camera.camera_id, to_text(current_json(camera)));
  }
  for (const traffic::Camera& camera : cameras) {
    std::string status = to_text(status_json(camera, states, *services_));
    std::string& last = told_[camera.id].status;
    if (status == last) continue;
    publisher.publish("camera/" + camera.id, status);
    last = std::move(status);
  }
  return {};
}

Result<void> TrafficEvents::tell_written(const Heard& heard, EventPublisher& publisher) {
  if (!crossings_told_ || !publisher.has_listeners()) {
    // Read first: whoever joins in between is told to fetch anew by the skip.
    Result<void> dropped = drop(heard);
    publisher.skip();
    return dropped;
  }
  std::set<std::string> ids = heard.payloads;
  Written written;
  if (heard.is_anything) {
    VEDETTE_TRY(read, written_cameras());
    written = std::move(read);
    for (const auto& [id, at] : written) ids.insert(id);
  }
  for (const std::string& id : ids) VEDETTE_CHECK(tell_crossings(id, publisher));
  VEDETTE_CHECK(tell_states(ids, true, publisher));
  for (const auto& [id, at] : written) {
    if (at) told_[id].written = at;
  }
  return {};
}

Result<void> TrafficEvents::tell_loops(EventPublisher& publisher) {
  std::map<std::string, std::string> now;
  for (const work::LoopStatus& loop : services_->core->supervisor.snapshot()) {
    if (const auto id = camera_of_loop(loop.name)) now.emplace(*id, fingerprint(loop));
  }
  std::set<std::string> ids;
  for (const auto& [id, print] : now) {
    const auto before = loops_.find(id);
    if (before == loops_.end() || before->second != print) ids.insert(id);
  }
  for (const auto& [id, print] : loops_) {
    if (!now.contains(id)) ids.insert(id);
  }
  if (!ids.empty()) {
    if (publisher.has_listeners()) {
      VEDETTE_CHECK(tell_states(ids, false, publisher));
    } else {
      publisher.skip();
    }
  }
  loops_ = std::move(now);
  return {};
}

// Some job changed: those of recorded cameras that were at work, or are by now.
Result<void> TrafficEvents::tell_counts(EventPublisher& publisher) {
  if (!publisher.has_listeners()) {
    publisher.skip();
    return {};
  }
  work::JobFilter filter;
  filter.kinds = {std::string(traffic::kCountFile)};
  filter.states = {work::JobState::kAvailable, work::JobState::kRunning, work::JobState::kFailed};
  VEDETTE_TRY(jobs,
              database().read([&](db::Session& session) { return work::jobs(session, filter); }));
  std::set<std::string> now;
  for (const work::JobStatus& job : jobs) {
    if (job.key) now.insert(*job.key);
  }
  std::set<std::string> ids = std::exchange(counted_, now);
  ids.merge(now);
  return ids.empty() ? Result<void>() : tell_states(ids, false, publisher);
}

Result<void> TrafficEvents::tell_list(const Heard& heard, EventPublisher& publisher) {
  std::set<std::string> known;
  VEDETTE_TRY(mark, database().read([&](db::Session& session) -> Result<std::string> {
    VEDETTE_TRY(rows, session.query("SELECT id FROM camera"));
    known.clear();
    for (const db::Row& row : rows) known.insert(row.get<std::string>(0));
    return traffic::cameras_mark(session);
  }));
  const bool has_changed = std::exchange(list_mark_, mark) != mark;
  if (!has_changed && heard.payloads.empty()) return {};
  for (auto told = told_.begin(); told != told_.end();) {
    if (known.contains(told->first)) {
      ++told;
    } else if (told->second.crossing) {
      // A camera that comes again under this id does not tell its old crossings again.
      told->second = {.crossing = told->second.crossing};
      ++told;
    } else {
      told = told_.erase(told);
    }
  }
  publisher.publish("cameras", "{}");
  return {};
}

Result<void> TrafficEvents::tell_history(EventPublisher& publisher) {
  VEDETTE_TRY(mark,
              database().read([](db::Session& session) { return traffic::history_mark(session); }));
  if (std::exchange(history_mark_, mark) == mark) return {};
  services_->history_cache.clear();
  publisher.publish("history", "{}");
  return {};
}

}  // namespace

std::vector<EventSource> traffic_events(std::shared_ptr<const TrafficServices> services) {
  auto events = std::make_shared<TrafficEvents>(std::move(services));
  return {
      {.topics = {{"camera"}, {"current", "camera"}, {"crossing", "camera"}},
       .channels = {std::string(traffic::kTrafficChannel)},
       .tell = [events](
                   const Heard& heard,
                   EventPublisher& publisher) { return events->tell_written(heard, publisher); }},
      {.topics = {{"camera"}},
       .channels = {std::string(EventRelay::kLoopsChannel)},
       .tell = [events](const Heard&,
                        EventPublisher& publisher) { return events->tell_loops(publisher); }},
      {.topics = {{"camera"}},
       .channels = {std::string(work::kJobChangeChannel)},
       .tell = [events](const Heard&,
                        EventPublisher& publisher) { return events->tell_counts(publisher); }},
      {.topics = {{"cameras"}},
       .channels = {std::string(traffic::kCamerasChannel)},
       .tell = [events](const Heard& heard,
                        EventPublisher& publisher) { return events->tell_list(heard, publisher); }},
      // The roll-up's own notice has no payload either: the mark is looked at.
      {.topics = {{"history"}},
       .channels = {std::string(traffic::kHistoryChannel)},
       .tell = [events](const Heard&, EventPublisher& publisher) {
         return events->tell_history(publisher);
       }}};
}

}  // namespace vedette::api
