// The count of a recorded camera as the API shows it, and the route that starts one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/answers.hpp"
#include "api/traffic/traffic_services.hpp"
#include "traffic/camera.hpp"
#include "traffic/counting.hpp"
#include "work/loop.hpp"

namespace vedette::api {

/// How a camera is, whatever keeps it at work.
struct CameraState {
  std::string state;  // as in the API
  std::string word;
  std::string cause;
  std::optional<Instant> since = {};
  std::int64_t attempts = 0;  // that failed
  std::optional<Instant> retry_at = {};
  std::string held_by;  // host:pid, or empty
  /// The loop of the process that has its pictures; nullptr: none has.
  const work::LoopStatus* holder = nullptr;
};

/// Of a recorded one that is switched on. `loops`: those of kJobsLoop of all processes.
CameraState state_of_count(const traffic::CountStatus& count,
                           std::span<const work::LoopStatus> loops);

/// The loop that jobs run in, one in each process.
inline constexpr std::string_view kJobsLoop = "jobs";

/// {"job", "state", "progress", "error", "counted_at", "is_outdated"}, or null: never counted.
json::value count_json(const traffic::CountStatus& count, const TrafficServices& services);

/// Whether this process has the camera's pictures: its loop, or its count.
bool is_watched_here(const work::Supervisor& supervisor, const traffic::LiveViews& live,
                     std::string_view camera_id);

/// The process that counts the camera, as its kJobsLoop; nullopt when none does.
Result<std::optional<work::LoopStatus>> find_count_holder(db::Database& database,
                                                          const work::Supervisor& supervisor,
                                                          std::string_view camera_id);

}  // namespace vedette::api
