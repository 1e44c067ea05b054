// The SQL of jobs that only the worker uses: take, end, give back, rescue, promote, prune. One
// atomic statement each where the database allows it; every write of an attempt is fenced by its
// number. Inside transactions that the worker opens; blocks on the database. Plain functions, any
// thread. claim_jobs, end_jobs, promote_due and prune_jobs want transactions of their own, several
// of a sort in one are fine: on PostgreSQL they tell the planner what to do until it ends. Ending
// and claiming in one transaction can deadlock (measured); do it in two.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "work/job.hpp"
#include "work/lease.hpp"

namespace vedette::work {

/// A job just taken.
struct ClaimedJob {
  std::int64_t id = 0;
  std::int64_t attempt = 0;
  std::string payload = {};
  std::int64_t failures = 0;
  std::int64_t crashes = 0;
  std::int64_t done = 0;  // progress of earlier attempts
  ChildCounts children = {};
};

/// A place in the order in which the jobs of a kind are taken.
struct JobPlace {
  Instant rank{};
  std::int64_t id = 0;
};

/// Which jobs to take.
struct ClaimRequest {
  std::string_view kind = {};
  int limit = 1;
  int at_once_everywhere = 0;  // of the kind; 0: any number
  /// Leaves out jobs that a process died with: those are not taken ahead, so that being in the
  /// baggage of a crash does not count as its cause.
  bool only_unsuspected = false;
  /// From here on; by default from the beginning. While a transaction open somewhere keeps rows
  /// from being vacuumed, a claim from the beginning walks over all that was taken before: one from
  /// where the last ended (Claimed::last) does not. Jobs that came to lie before it (rescued, given
  /// back, of a high priority, woken parents) are found by claims from the beginning in between.
  JobPlace from{};
};

struct Claimed {
  std::vector<ClaimedJob> jobs;  // in order
  std::optional<JobPlace> last;  // of the last of them
};

/// Takes ready jobs for the holder of `worker` (its lease's name): running, attempt counted up. Not
/// of a paused kind. kFenced: the lease is not, or no longer, this holding's.
Result<Claimed> claim_jobs(db::Session& session, const Fence& worker, const ClaimRequest& request);

/// The jobs that run under this lease, by the database: those that the worker does not know of were
/// taken by a claim whose answer was lost.
struct HeldJob {
  std::string kind = {};
  std::int64_t id = 0;
  std::int64_t attempt = 0;
};
Result<std::vector<HeldJob>> held_jobs(db::Session& session, const Fence& worker);

/// How an attempt ended, as it is written.
struct Ending {
  enum class Kind {
    kCompleted,
    kFailed,     // counted; again after `wait`
    kDiscarded,  // counted; never again
    kCancelled,
    kGivenBack,  // a stop: nothing counted, ready at once
    kLater,      // nothing counted, again after `wait`
    kWaiting,    // for its children
    /// By complete_job() before: its row says so already, and it is only counted.
    kCompletedAlready,
  };
  std::int64_t id = 0;
  std::int64_t attempt = 0;
  Kind kind = Kind::kCompleted;
  std::string result = {};
  std::string error = {};
  Micros wait{0};
  Micros took{0};
  bool is_kept = true;  // false: its row goes at once (completed ones of kinds with keep 0)
};

/// Writes many endings of one kind of job in one go, wakes parents whose last child ended, counts
/// the tally. Fenced by the rows alone (id, attempt and lease's name): what was ready when the
/// lease ran out is written as long as nobody has rescued the job. A job that was asked to stop is
/// cancelled instead of going back to the queue. Returns the ids that were refused: no longer this
/// worker's attempt.
Result<std::vector<std::int64_t>> end_jobs(db::Session& session, std::string_view kind,
                                           const Fence& worker, std::span<const Ending> endings);

/// One completed inside its body's own transaction, after its fence was checked there. Counts no
/// tally, because bodies would wait for each other at its row: hand end_jobs kCompletedAlready.
/// kFenced as JobFence::check.
Result<void> complete_job(db::Session& session, const JobFence& fence, std::string_view result,
                          bool is_kept);

struct ProgressNote {
  std::int64_t id = 0;
  std::int64_t attempt = 0;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string message = {};
};

/// Writes progress, which never goes back; returns those of these attempts that are no longer the
/// worker's or are asked to stop, with which of both. A job whose body is just writing is left out
/// this time, so that nobody waits for a body.
struct Recalled {
  std::int64_t id = 0;
  bool is_lost = false;  // else: cancelled
};
Result<std::vector<Recalled>> note_progress(db::Session& session, const Fence& worker,
                                            std::span<const ProgressNote> notes);
/// The same without progress; pairs of id and attempt. Only reads.
Result<std::vector<Recalled>> recalled(
    db::Session& session, const Fence& worker,
    std::span<const std::pair<std::int64_t, std::int64_t>> attempts);

/// A kind to look for, from where on: see ClaimRequest::from.
struct KindLook {
  std::string kind = {};
  JobPlace from{};
};

/// What there is to do, in one cheap statement. Only reads.
struct Outlook {
  std::vector<std::string> ready;    // of the kinds asked about, and not paused
  std::optional<Micros> next_due;    // until the next scheduled or failed one's time; may be past
  std::vector<std::string> workers;  // leases of workers that there are, the own not among them
};
Result<Outlook> look_for_jobs(db::Session& session, std::span<const KindLook> kinds,
                              const Fence& worker);

/// Makes jobs of these kinds ready whose time has come, at most `limit` of each; how many.
Result<std::int64_t> promote_due(db::Session& session, std::span<const std::string> kinds,
                                 int limit);

/// Gives back the running jobs held by `lease`, whose holder is gone (the caller has claimed that
/// lease in this transaction, or it is the caller's own from before): crashes counted, those that
/// have crashed `most` times (by kind, else `default_most`) discarded with a sentence. `process`:
/// of the one that died.
struct Rescued {
  std::int64_t given_back = 0;
  std::int64_t discarded = 0;
  std::int64_t cancelled = 0;  // had been asked to stop
};
Result<Rescued> rescue_jobs(db::Session& session, std::string_view lease, std::string_view process,
                            std::span<const std::pair<std::string, int>> most_crashes,
                            int default_most);

/// Deletes the lease of a worker that is gone, and its history: every process start makes one.
Result<void> forget_worker(db::Session& session, std::string_view lease);

/// Enqueues a job of a periodic kind when its time has come, once in the deployment however many
/// ask, and none while the one before is alive. Returns how long it is until the next time.
Result<Micros> enqueue_periodic(db::Session& session, std::string_view kind, Micros every);

/// Deletes rows of jobs of a kind that ended longer ago than this, at most `limit` of each state,
/// and old tallies; how many jobs.
Result<std::int64_t> prune_jobs(db::Session& session, std::string_view kind, Micros keep,
                                Micros keep_discarded, int limit);

}  // namespace vedette::work
