// A job: work that ends, done once by whichever process takes it. This header is what its author
// needs: JobKind to declare it, JobContext to live by. How jobs get onto the queue and are looked
// at: work/job_queue.hpp. A body runs on a thread of the worker; several run at the same time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "work/lease.hpp"
#include "work/role.hpp"

namespace vedette::work {

struct NewJob;

/// Proof of one attempt at one job, checked where it matters: inside the writing transaction.
struct JobFence {
  std::int64_t job = 0;
  std::int64_t attempt = 0;
  Fence worker;  // the lease of the process that runs it

  /// Call first in every write transaction of a job. kFenced when the job is no longer this
  /// attempt's: its process lost its lease, it was given up on, or somebody else has it by now.
  /// Write nothing then, and return the error. Keeps the job's row until the transaction ends, so
  /// that nobody takes the job over in the middle of it; a job without a row (tests, commands that
  /// need no queue: `JobFence{}`) always passes.
  Result<void> check(db::Session& session) const;
};

/// What became of a parent's children, once none is left to wait for.
struct ChildCounts {
  std::int64_t completed = 0;
  std::int64_t discarded = 0;
  std::int64_t cancelled = 0;
};

class JobCell;

/// What a body is given. It must return soon after stop_token() fires, and check fence() in every
/// write transaction. All methods from the body's own thread, or one that it waits for.
class JobContext {
 public:
  /// For a body that runs without a worker (a command, a test): progress goes nowhere.
  explicit JobContext(std::stop_token stop);
  /// Used by the worker.
  explicit JobContext(std::shared_ptr<JobCell> cell);

  /// Fires when the job is cancelled, when the process stops or loses its lease, and when the
  /// kind's `stall` has passed without a sign of life. A callback on it must not block: it runs in
  /// the thread that keeps time for all leases.
  const std::stop_token& stop_token() const { return stop_; }
  bool stopping() const { return stop_.stop_requested(); }
  const JobFence& fence() const { return fence_; }
  std::int64_t id() const { return fence_.job; }
  /// Failed and crashed attempts before this one.
  std::int64_t failures() const;
  std::int64_t crashes() const;

  /// How far it is, in the kind's own unit; `total` 0: not known. Cheap: may be called for every
  /// frame; it is written about once a second. A sign of life. Never goes back: a smaller `done`
  /// than was written by an earlier attempt is shown once it is passed.
  void progress(std::int64_t done, std::int64_t total, std::string_view message = {});
  /// A sign of life without progress, for a kind with a `stall`.
  void alive();

  /// Ends the job as completed in the caller's own transaction: result and status commit together.
  /// kFenced as JobFence::check, which it includes. The body then returns success; `result` is JSON
  /// or empty.
  Result<void> complete(db::Session& session, std::string_view result = {});

  /// Enqueues a child in the caller's transaction (after fence().check). When the body then returns
  /// JobEnd::wait_for_children(), the job waits until all have ended and its body is called again.
  Result<void> add_child(db::Session& session, NewJob child);
  /// Of the children that have ended, all attempts together.
  ChildCounts children() const;

 private:
  std::shared_ptr<JobCell> cell_;
  std::stop_token stop_;
  JobFence fence_;
};

/// How a body ended well.
struct JobEnd {
  enum class Kind { kCompleted, kWaitForChildren, kLater };
  Kind kind = Kind::kCompleted;
  std::string result;  // JSON, or empty; of a completed job
  Micros wait{0};      // kLater: until it is called again, with nothing counted against it

  static JobEnd completed(std::string result = {}) {
    return {Kind::kCompleted, std::move(result), Micros{0}};
  }
  static JobEnd wait_for_children() { return {Kind::kWaitForChildren, {}, Micros{0}}; }
  static JobEnd later(Micros wait) { return {Kind::kLater, {}, wait}; }
};

/// An error is a failure: tried again after a backoff, at most JobKind::most_failures times, when
/// Error::retryable; else the job is discarded at once with its sentence, because trying again
/// changes nothing. An exception is kInternal and retryable. After a stop was asked for, an error
/// means that it stopped: a cancelled job is cancelled, any other goes back to the queue with
/// nothing counted against it.
using JobBody = std::function<Result<JobEnd>(std::string_view payload, JobContext& context)>;

/// Work of one kind, as its author declares it.
struct JobKind {
  std::string name;   // "count-file"
  std::string title;  // "Count a recorded file"
  Role role = Role::kWork;
  /// How many run at the same time in this process, each on a thread of its own.
  int at_once = 1;
  /// How many run at the same time in the whole deployment; 0: any number.
  int at_once_everywhere = 0;
  /// How many a process takes beforehand, for jobs so short that fetching them one by one would be
  /// most of the work. What was not begun at a stop goes back to the queue.
  int ahead = 0;
  /// A job is discarded after this many failures.
  int most_failures = 5;
  /// A job that was running when its process died this many times is discarded: it is what kills
  /// them, most likely.
  int most_crashes = 3;
  /// The wait after the n-th failure is drawn from half of to min(backoff_max, backoff_min * 2^n).
  Micros backoff_min = std::chrono::seconds(2);
  Micros backoff_max = std::chrono::minutes(10);
  /// Without a sign of life (progress, alive) for this long it is asked to stop and counts as
  /// failed; 0: it may be silent for ever.
  Micros stall{0};
  /// How long a body has to return after it was asked to stop. Then it is given up on: the job ends
  /// without it (cancelled, failed), and what it still writes is refused by its fence. Its thread
  /// is missing until it returns.
  Micros grace = std::chrono::seconds(10);
  /// Rows of ended jobs are kept this long; 0: a completed one is deleted as it ends. Discarded
  /// ones are kept for four times as long, and a week at least.
  Micros keep = std::chrono::hours(24 * 7);
  /// Enqueued by itself once in so long, in the whole deployment; 0: never.
  Micros every{0};
  /// What a person reads instead of the payload; may be empty: the kind's title.
  std::function<std::string(std::string_view payload)> describe;
  JobBody body;
};

/// A kind from a function over its own type of payload: `Payload` brings
/// `static Result<Payload> decode(std::string_view json)` and `std::string encode() const`. A
/// payload that does not decode is discarded with the sentence of decode().
template <class Payload, class F>
JobKind job_kind(std::string name, std::string title, F body) {
  JobKind kind;
  kind.name = std::move(name);
  kind.title = std::move(title);
  kind.body = [body = std::move(body)](std::string_view json,
                                       JobContext& context) -> Result<JobEnd> {
    auto payload = Payload::decode(json);
    if (!payload) {
      payload.error().retryable = false;
      return fail(std::move(payload.error()));
    }
    return body(*payload, context);
  };
  return kind;
}

}  // namespace vedette::work
