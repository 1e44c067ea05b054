// Recorded cameras and the queue: what a job that counts one is told, who starts and cancels it,
// and what became of it. Called by the API, by what changes cameras, and by camera loops; the body
// of the job is traffic/count_job.hpp. Blocks on the database; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "traffic/camera.hpp"
#include "work/job_queue.hpp"
#include "work/lease.hpp"

namespace vedette::traffic {

/// The kind of these jobs. Their key is the camera's id: one at a time for each camera.
inline constexpr std::string_view kCountFile = "count-file";

/// What a job is told: the camera as it was when the count was started, so that its result says
/// what it was counted with, whatever changes meanwhile. Holds no secret.
struct CountFile {
  std::string camera;  // its id
  std::string name;
  std::string file;  // the source without secrets, for people
  std::optional<std::string> model;
  std::vector<std::string> types;
  std::optional<Instant> starts_at;
  std::vector<Line> lines;

  static Result<CountFile> decode(std::string_view json);
  std::string encode() const;
  /// "Mill Street: /srv/clips/mill.mp4"
  std::string describe() const;
};

/// What the times of a result are by: the camera's starts_at, or, where nobody says when it was
/// recorded, the instant at which it was first counted.
inline constexpr std::string_view kTimesFromStart = "starts_at";
inline constexpr std::string_view kTimesFromFirstCount = "first_count";

/// Of all that a result depends on: two counts of one digest give the same.
std::string settings_digest(const Camera& camera);

/// Puts the camera as it is now on the queue; one that is there already stays what it is
/// (Enqueued::is_new says so). From then on it does not wait to be started, and the time of its
/// first count is fixed. kConflict for a camera that is switched off or not recorded.
Result<work::Enqueued> start_count(db::Session& session, const Camera& camera);

/// Nothing when there is none that has not ended.
Result<void> cancel_count(db::Session& session, std::string_view camera_id);

/// The camera's last count and its result.
struct CountStatus {
  std::optional<work::JobStatus> job;  // absent: never counted, or long ago
  std::optional<Instant> counted_at;   // when the present result was; absent: there is none
  /// The time that the present result is about, as the recording has it.
  std::optional<Instant> from;
  std::optional<Instant> to;
  /// What that time is by, one of the words below; absent in a result of an earlier version.
  std::optional<std::string> times_from;
  bool has_exports = false;  // the present result can be had as documents
  bool is_outdated = false;  // the camera has changed since in what counts depend on
};
Result<CountStatus> count_status(db::Session& session, const Camera& camera);

/// The job that counts this camera now, in whatever process.
Result<std::optional<work::JobStatus>> running_count(db::Session& session,
                                                     std::string_view camera_id);

/// The key of the last picture of the present result (traffic/objects.hpp).
Result<std::optional<std::string>> result_still(db::Session& session, std::string_view camera_id);

/// The source of this live camera has an end, which its address does not tell: from now on it is a
/// recorded one, and its count is started unless it waits for that. In one transaction. kFenced:
/// somebody else holds it.
Result<void> hand_to_queue(db::Database& database, const work::Fence& fence,
                           std::string_view camera_id);

/// Starts the counts that an earlier version of Vedette had begun or was about to. Once: a second
/// call, in whatever process, finds none.
Result<void> carry_over_counts(db::Database& database);

}  // namespace vedette::traffic
