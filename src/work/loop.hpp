// A loop: named background work that the supervisor starts, restarts and shows. This header is what
// its author needs: LoopSpec to declare it, LoopContext to live by, LoopStatus to be seen by. The
// body runs on one thread of its own; wake() and status may be used from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/lease.hpp"
#include "work/role.hpp"

namespace vedette::work {

enum class LoopState {
  kStarting,     // about to be called, or to get its lease
  kRunning,      // the body works
  kWaiting,      // the body waits for its next turn
  kStandby,      // another process holds the lease
  kRetrying,     // the body failed; next attempt at next_run_at
  kUnreachable,  // the lease cannot be had or kept because the database is away
  kFinished,     // the body returned success: there is nothing left to do
  kStopping,     // asked to stop; the body has not returned yet
  kStopped,
};

/// "starting", "running", ..., "unreachable", as in the API.
std::string_view name(LoopState state);
std::optional<LoopState> loop_state_named(std::string_view text);

/// How a state is to be looked at: fine, on its way, or in need of a person.
enum class Health { kGood, kWait, kBad };
std::string_view name(Health health);
std::optional<Health> health_named(std::string_view text);

/// One loop in one process, for people and for the API.
struct LoopStatus {
  std::string name;   // "camera:mill-street"
  std::string title;  // "Camera: Mill Street"
  Role role = Role::kKeep;
  std::string lease;  // empty: every process with the role runs it
  LoopState state = LoopState::kStarting;
  /// The state in words: the body's own ("source unreachable") or the supervisor's ("running").
  std::string word;
  Health health = Health::kWait;
  std::string cause;       // one sentence, empty when there is nothing to explain
  std::string remedy;      // what a person can do, or empty
  Instant since{};         // of the word; while attempts fail, of the first that did
  std::string process;     // host:pid of the process that says all this
  std::string process_id;  // its id, fresh at each start
  std::string address;     // where it answers (only of other processes); may be empty
  std::string held_by;     // host:pid of the lease's holder as far as known, or empty
  std::int64_t token = 0;  // of the present holding; 0: does not hold
  std::optional<Instant> last_success_at;
  std::optional<Micros> last_took;
  std::optional<Instant> next_run_at;
  std::string last_error;
  std::optional<Instant> last_error_at;
  std::int64_t attempts = 0;        // that failed in a row; 0 when the last one succeeded
  std::int64_t restarts = 0;        // after failures, since the process started
  std::int64_t restarts_today = 0;  // since midnight UTC
  /// The process has not been heard of for longer than the lease: this is its last word.
  bool is_stale = false;
  /// Other processes ready to take the loop over (only in all()).
  std::vector<std::string> standbys;
};

/// A time in which a loop did not run because the database could not be reached or written.
struct Outage {
  Instant from{};
  Instant until{};
  Error error;
};

class LoopCell;

/// What a body is given. It must return soon after stop_token() fires, and check fence() in every
/// write transaction.
class LoopContext {
 public:
  /// For a body that runs without a supervisor (a command, a test).
  explicit LoopContext(std::stop_token stop, Fence fence = Fence::none());
  /// Used by the supervisor.
  LoopContext(std::shared_ptr<LoopCell> cell, std::stop_token stop, Fence fence,
              std::optional<Outage> outage = std::nullopt);

  /// Fires when the loop is stopped, removed or handed over, and when its lease is lost.
  const std::stop_token& stop_token() const { return stop_; }
  bool stopping() const { return stop_.stop_requested(); }
  const Fence& fence() const { return fence_; }
  /// What ended the run before this one, where it was the database.
  const std::optional<Outage>& outage() const { return outage_; }

  /// Says how things are in the body's own words, until the next report() or running(), also across
  /// retries: `since` is when the word was first said. Cheap: may be called for every frame.
  void report(Health health, std::string_view word, std::string_view cause = {},
              std::string_view remedy = {});
  /// Back to plain "running".
  void running();
  /// One turn of work succeeded and took this long. Ends a report of Health::kBad: the trouble is
  /// over.
  void success(Micros took);
  /// A turn failed but the body goes on by itself. Remembered as the last error and logged, once
  /// for each distinct message in a row. The word stays what it is.
  void failure(const Error& error);

  /// Waits, as state "waiting" with the time of the next turn. True: go on (time is up, or wake()
  /// was called); false: stop.
  bool wait(Micros duration);

 private:
  std::shared_ptr<LoopCell> cell_;
  std::stop_token stop_;
  Fence fence_;
  std::optional<Outage> outage_;
};

/// Success: nothing left to do, the loop is finished: for good, see LoopSpec::edition. An error or
/// an exception: logged, and the body is called again after a backoff. After a stop was asked for,
/// the result does not matter.
using LoopBody = std::function<Result<void>(LoopContext&)>;

struct LoopOptions {
  /// The wait after the n-th failure in a row is drawn from backoff_min to
  /// min(backoff_max, backoff_min * 2^n).
  Micros backoff_min = std::chrono::seconds(1);
  Micros backoff_max = std::chrono::seconds(60);
  /// A run that reported success and lasted this long starts the count anew.
  Micros healthy_after = std::chrono::seconds(10);
};

/// Loops of one kind that the processes of a deployment share out among each other: each holds
/// about as many as every other, and none more than it may. Loops move, one at a time, when a
/// process comes or goes.
struct LoopGroup {
  std::string name;   // empty: whoever is first holds the loop
  int most_held = 0;  // by this process, of loops that have not finished; 0: any number
  /// What a person can do when all processes hold as many as they may.
  std::string remedy;
};

struct LoopSpec {
  std::string name;
  std::string title;
  Role role = Role::kKeep;
  /// The lease that keeps it to one process in the deployment, mostly the loop's name. Empty: every
  /// process with the role runs the loop.
  std::string lease;
  /// Only of loops with a lease.
  LoopGroup group;
  /// What the loop works on. Once the body has returned success, a loop with this lease and edition
  /// stays finished: in other processes, and after a restart of this one.
  std::string edition;
  /// At a stop of the supervisor it is asked to end when the others have: it puts their last work
  /// in order.
  bool ends_last = false;
  LoopBody body;
  LoopOptions options;
};

}  // namespace vedette::work
