#include "api/traffic/camera_count.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/handlers.hpp"
#include "api/job_json.hpp"
#include "api/traffic/camera_json.hpp"
#include "api/traffic/camera_request.hpp"
#include "api/traffic/routes.hpp"
#include "db/database.hpp"
#include "traffic/live_view.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

const work::LoopStatus* holder_of(const work::JobStatus& job,
                                  std::span<const work::LoopStatus> loops) {
  if (job.state != work::JobState::kRunning) return nullptr;
  const auto found = std::ranges::find_if(loops, [&](const work::LoopStatus& loop) {
    return loop.name == kJobsLoop && loop.process == job.process && !loop.is_stale;
  });
  return found == loops.end() ? nullptr : &*found;
}

// POST /api/cameras/{id}/count
Result<http::Response> start(const TrafficServices& services, const http::Request& request) {
  VEDETTE_TRY(id, camera_id_of(request));
  VEDETTE_TRY(object, object_of(request));
  VEDETTE_CHECK(Fields(std::move(object)).nothing_left());
  VEDETTE_TRY(job,
              services.core->database.write([&](db::Session& session) -> Result<work::JobStatus> {
                VEDETTE_TRY(camera, traffic::find_camera(session, id));
                if (!camera) return traffic::no_camera(id);
                VEDETTE_TRY(enqueued, traffic::start_count(session, *camera));
                if (!enqueued.is_new) {
                  return fail(ErrorCode::kConflict,
                              fmt::format("'{}' is being counted already (job {}). Cancel "
                                          "that, or wait until it is done.",
                                          camera->name, enqueued.id));
                }
                VEDETTE_TRY(made, work::job(session, enqueued.id));
                return std::move(*made);
              }));
  return answer(202,
                json::object{{"job", job_json(job, services.core->jobs, *services.core->pace)}});
}

}  // namespace

CameraState state_of_count(const traffic::CountStatus& count,
                           std::span<const work::LoopStatus> loops) {
  CameraState state;
  if (!count.job) {
    state.state = count.counted_at ? "finished" : "stopped";
    state.word = count.counted_at ? "finished" : "not counted yet";
    state.since = count.counted_at;
    return state;
  }
  const work::JobStatus& job = *count.job;
  switch (job.state) {
    case work::JobState::kAvailable:
      state = {.state = "waiting", .word = "waiting to be counted", .cause = {}, .held_by = {}};
      state.since = job.created_at;
      break;
    case work::JobState::kRunning:
      state = {.state = "running", .word = "counting", .cause = {}, .held_by = job.process};
      state.since = job.started_at;
      break;
    case work::JobState::kFailed:
      state = {
          .state = "retrying", .word = "cannot be counted now", .cause = job.error, .held_by = {}};
      state.since = job.started_at;
      state.retry_at = job.run_at;
      break;
    case work::JobState::kCompleted:
      state = {.state = "finished", .word = "finished", .cause = {}, .held_by = {}};
      state.since = job.finished_at;
      break;
    case work::JobState::kDiscarded:
      state = {.state = "stopped", .word = "cannot be counted", .cause = job.error, .held_by = {}};
      state.since = job.finished_at;
      break;
    case work::JobState::kCancelled:
      state = {.state = count.counted_at ? "finished" : "stopped",
               .word = count.counted_at ? "finished" : "count cancelled",
               .cause = {},
               .held_by = {}};
      state.since = count.counted_at ? count.counted_at : job.finished_at;
      break;
  }
  if (job.state == work::JobState::kFailed || job.state == work::JobState::kDiscarded)
    state.attempts = job.failures;
  state.holder = holder_of(job, loops);
  return state;
}

json::value count_json(const traffic::CountStatus& count, const TrafficServices& services) {
  if (!count.job && !count.counted_at) return nullptr;
  json::object object{{"job", nullptr},
                      {"state", "completed"},
                      {"progress", nullptr},
                      {"error", nullptr},
                      {"counted_at", or_null(count.counted_at)},
                      {"from", or_null(count.from)},
                      {"to", or_null(count.to)},
                      {"times_from", or_null(count.times_from)},
                      {"exports", count.has_exports},
                      {"is_outdated", count.is_outdated}};
  if (count.job) {
    object["job"] = count.job->id;
    object["state"] = work::name(count.job->state);
    object["progress"] = progress_json(*count.job, *services.core->pace);
    object["error"] = text_or_null(count.job->error);
  }
  return object;
}

bool is_watched_here(const work::Supervisor& supervisor, const traffic::LiveViews& live,
                     std::string_view camera_id) {
  const std::string loop = loop_name(camera_id);
  if (supervisor.status(loop)) return supervisor.holds(loop);
  // Without a loop it is a count that has a place among the pictures.
  return live.find(camera_id) != nullptr;
}

Result<std::optional<work::LoopStatus>> find_count_holder(db::Database& database,
                                                          const work::Supervisor& supervisor,
                                                          std::string_view camera_id) {
  VEDETTE_TRY(job, database.read([&](db::Session& session) {
    return traffic::running_count(session, camera_id);
  }));
  if (!job) return std::nullopt;
  const std::string name(kJobsLoop);
  VEDETTE_TRY(loops, supervisor.all({&name, 1}));
  const work::LoopStatus* holder = holder_of(*job, loops);
  if (holder == nullptr) return std::nullopt;
  return *holder;
}

void mount_counts(http::Router& router, const std::shared_ptr<const TrafficServices>& services) {
  router.post("/api/cameras/{id}/count", handler(services, {}, start));
}

}  // namespace vedette::api
