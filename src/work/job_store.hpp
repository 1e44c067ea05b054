// The SQL of jobs that only the worker uses: take, end, give back, rescue, promote, prune. One
// atomic statement each where the database allows it; every write of an attempt is fenced by its
// number. Inside transactions that the worker opens; blocks on the database. Plain functions, any
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
#include "work/job.hpp"
#include "work/lease.hpp"

namespace vedette::work {

/// A job just taken.
struct ClaimedJob {
  std::int64_t id = 0;
  std::int64_t attempt = 0;
  std::string payload;
  std::int64_t failures = 0;
  std::int64_t crashes = 0;
  std::int64_t done = 0;  // progress of earlier attempts
  std::optional<std::int64_t> parent;
  ChildCounts children;
};

/// Which jobs to take.
struct ClaimRequest {
  std::string_view kind;
  int limit = 1;
  int at_once_everywhere = 0;  // of the kind; 0: any number
  /// Leaves out jobs that a process died with: those are not taken ahead, so that being in the
  /// baggage of a crash does not count as its cause.
  bool only_unsuspected = false;
  /// Where the last claim of this worker ended, so that a claim does not walk over what was taken
  /// before and cannot be vacuumed yet (an open transaction beside). Jobs that came to lie before
  /// it are found by claims without it, which the worker makes in between.
  std::optional<Instant> from_rank;
};

struct Claimed {
  std::vector<ClaimedJob> jobs;  // in order
  std::optional<Instant> last_rank;
};

/// Takes ready jobs for the holder of `worker` (its lease name): running, attempt counted up. Not
/// of a paused kind.
Result<Claimed> claim_jobs(db::Session& session, const Fence& worker, const ClaimRequest& request);

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
  };
  std::int64_t id = 0;
  std::int64_t attempt = 0;
  std::optional<std::int64_t> parent;
  Kind kind = Kind::kCompleted;
  std::string result;
  std::string error;
  Micros wait{0};
  Micros took{0};
  bool is_kept = true;  // false: its row goes at once (completed ones of kinds with keep 0)
};

/// Writes many endings of one kind of job in one go, wakes parents whose last child ended, counts
/// the tally. Returns the ids that were refused: no longer this worker's attempt.
Result<std::vector<std::int64_t>> end_jobs(db::Session& session, std::string_view kind,
                                           const Fence& worker, std::span<const Ending> endings);

struct ProgressNote {
  std::int64_t id = 0;
  std::int64_t attempt = 0;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string message;
};

/// Writes progress; returns those of these attempts that are no longer the worker's or are asked to
/// stop, with which of both.
struct Recalled {
  std::int64_t id = 0;
  bool is_lost = false;  // else: cancelled
};
Result<std::vector<Recalled>> note_progress(db::Session& session, const Fence& worker,
                                            std::span<const ProgressNote> notes);
Result<std::vector<Recalled>> recalled(
    db::Session& session, const Fence& worker,
    std::span<const std::pair<std::int64_t, std::int64_t>> attempts);

/// What there is to do, in one cheap statement.
struct Outlook {
  std::vector<std::string> ready;    // of the kinds asked about
  std::optional<Micros> next_due;    // until the next scheduled or failed one's time
  std::vector<std::string> workers;  // leases of workers that there are, the own not among them
};
Result<Outlook> look_for_jobs(db::Session& session, std::span<const std::string> kinds,
                              const Fence& worker);

/// Makes jobs ready whose time has come, at most `limit`; how many.
Result<std::int64_t> promote_due(db::Session& session, int limit);

/// Gives back the running jobs held by `lease`, whose holder is gone (the caller has claimed that
/// lease, or it is the caller's own from before): crashes counted, those with more than
/// `most_crashes(kind)` of them discarded with a sentence. `process`: of the one that died.
struct Rescued {
  std::int64_t given_back = 0;
  std::int64_t discarded = 0;
};
Result<Rescued> rescue_jobs(db::Session& session, std::string_view lease, std::string_view process,
                            int most_crashes);

/// Enqueues the periodic kinds whose time has come, each once in the deployment.
Result<void> enqueue_periodic(db::Session& session, std::string_view kind, Micros every);

/// Deletes rows of jobs of a kind that ended longer ago than this, at most `limit`; how many.
Result<std::int64_t> prune_jobs(db::Session& session, std::string_view kind, Micros keep,
                                Micros keep_discarded, int limit);

}  // namespace vedette::work
