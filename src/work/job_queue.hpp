// The queue of jobs as everybody sees it: put work on it inside one's own transaction, look at it,
// retry, cancel, pause. Needs no worker in this process. All functions block on the database; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "work/lease.hpp"

namespace vedette::work {

/// Notices, with the kind's name: there is something new to do.
inline constexpr std::string_view kJobReadyChannel = "job-ready";
/// Notices, with the kind's name: states, progress or counts have changed, at most some a second.
inline constexpr std::string_view kJobChangeChannel = "job-change";
/// Notices without a payload: a running job is to be cancelled, or a kind was paused.
inline constexpr std::string_view kJobCancelChannel = "job-cancel";

enum class JobState {
  kAvailable,  // waits for a worker, for its time, or for its children
  kRunning,
  kCompleted,
  kFailed,     // will be tried again at run_at
  kDiscarded,  // failed for good: too often, or trying again changes nothing
  kCancelled,
};

/// "available", "running", ..., as in the API and the table.
std::string_view name(JobState state);
std::optional<JobState> job_state_named(std::string_view text);
/// Whether it ended: completed, discarded or cancelled.
bool has_ended(JobState state);

/// Work to be done.
struct NewJob {
  std::string kind = {};
  std::string payload = "{}";  // JSON
  /// A job of the same kind and key that has not ended is this one: it is not enqueued twice. Kept
  /// by a unique index, so that "one backfill at a time in the deployment" is a key that never
  /// varies.
  std::optional<std::string> key = {};
  /// Among the jobs of its kind one of priority p goes before others of priority 0 that came up to
  /// p minutes earlier: high ones are first and low ones are not forgotten. -10'000 to 10'000.
  int priority = 0;
  /// Not before this moment, on the database's clock.
  std::optional<Instant> run_at = {};
  std::optional<std::int64_t> parent = {};
};

struct Enqueued {
  std::int64_t id = 0;
  bool is_new = false;  // false: the one that has this key already
};

/// In the caller's transaction: the job is there when that commits and was never there when it
/// rolls back. Workers hear of it after the commit. kInvalid: a payload or priority that cannot be.
Result<Enqueued> enqueue(db::Session& session, const NewJob& job);
/// Many at once, quicker; how many are new.
Result<std::int64_t> enqueue_all(db::Session& session, std::span<const NewJob> jobs);

/// One job, for people and for the API.
struct JobStatus {
  std::int64_t id = 0;
  std::string kind = {};
  JobState state = JobState::kAvailable;
  std::string payload = {};
  std::optional<std::string> key = {};
  int priority = 0;
  Instant created_at{};
  Instant run_at{};
  std::optional<Instant> started_at = {};   // of the last attempt
  std::optional<Instant> finished_at = {};  // when it ended
  std::int64_t attempt = 0;                 // the fencing number: how often it was taken
  std::int64_t failures = 0;
  std::int64_t crashes = 0;
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0: not known
  std::string message = {};
  std::string error = {};    // of the last attempt that failed, kept when a later one succeeds
  std::string result = {};   // JSON, or empty
  std::string process = {};  // host:pid that runs or ran it last
  std::optional<std::int64_t> parent = {};
  std::int64_t open_children = 0;  // that have not ended
  bool is_cancelling = false;      // running, and asked to stop
};

/// Which jobs, newest first.
struct JobFilter {
  std::vector<std::string> kinds = {};  // empty: all
  std::vector<JobState> states = {};    // empty: all
  std::optional<std::int64_t> parent = {};
  std::optional<std::string> key = {};      // exactly this
  std::optional<std::int64_t> before = {};  // ids smaller than this: the next page
  int limit = 100;                          // 1 to 1000
};

Result<std::vector<JobStatus>> jobs(db::Session& session, const JobFilter& filter);
Result<std::optional<JobStatus>> job(db::Session& session, std::int64_t id);

/// Ended or failed: available again at once, with its failures and crashes counted anew. A running
/// or waiting one is left as it is: kConflict says so. kConflict also when another one has its key
/// by now. kNotFound.
Result<void> retry_job(db::Session& session, std::int64_t id);
/// A waiting one is cancelled at once, a running one asked to stop; children likewise. One that has
/// ended: kConflict. kNotFound.
Result<void> cancel_job(db::Session& session, std::int64_t id);
/// Takes no further jobs of the kind, anywhere in the deployment; those that run go on.
Result<void> pause_kind(db::Session& session, std::string_view kind, bool is_paused);

/// One kind in the deployment, as it is now. Costs by what waits and runs (bounded), never by what
/// has ended.
struct KindStatus {
  std::string kind = {};
  bool is_paused = false;
  std::int64_t available = 0;  // ready now; at most kMostCounted + 1, which means "more"
  std::int64_t scheduled = 0;  // for later, or for their children; likewise
  std::int64_t running = 0;
  std::int64_t failed = 0;                   // will be tried again; likewise
  std::optional<Instant> oldest_ready = {};  // since when the longest waiting one could run
  /// Ended in the last hour and the last day.
  std::int64_t completed_hour = 0;
  std::int64_t completed_day = 0;
  std::int64_t discarded_day = 0;
  std::int64_t failures_day = 0;  // attempts
  std::int64_t crashes_day = 0;
  std::optional<Micros> mean_took = {};  // of those completed in the last hour
  std::string last_error = {};           // of the last one discarded or failed, with when
  std::optional<Instant> last_error_at = {};
};
inline constexpr std::int64_t kMostCounted = 10'000;

/// Every kind that has a job, or had one within a day, or is paused; by name.
Result<std::vector<KindStatus>> kinds(db::Session& session);

}  // namespace vedette::work
