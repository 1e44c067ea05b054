// Runs jobs in this process: takes them from the queue, gives each a thread, writes down how they
// end. One per process, made by app/ when it has a role with kinds of jobs. Its heart is a loop of
// the supervisor, whose lease ("worker:" and the process's id) all jobs of this process are held
// by: the supervisor renews it, and whoever finds it run out gives its jobs back to the queue. Any
// thread may call it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "work/job.hpp"
#include "work/lease.hpp"
#include "work/loop.hpp"

namespace vedette::work {

/// The lease of a process's jobs.
inline constexpr std::string_view kWorkerLease = "worker:";

struct WorkerOptions {
  Roles roles = Roles::all();
  std::string process_id;    // Supervisor::process_id()
  std::string process_name;  // host:pid
  LeaseOptions lease;
  /// The net below the notices: looked for work at least this often. (Rescue looks as often as the
  /// lease asks for.)
  Micros poll = std::chrono::seconds(5);
  Micros progress_every = std::chrono::seconds(1);
  /// At a stop no body gets longer than this to return, whatever its kind's `grace`: its job goes
  /// back to the queue then.
  Micros stop_grace = std::chrono::seconds(5);
};

/// Numbers of this process for /metrics, since its start.
struct WorkerMetrics {
  struct Kind {
    std::string kind;
    std::int64_t running = 0;
    std::int64_t completed = 0;
    std::int64_t failed = 0;
    std::int64_t discarded = 0;
    std::int64_t cancelled = 0;
    std::int64_t fenced = 0;  // results that came too late and were refused
    double seconds = 0;       // spent in bodies
  };
  std::vector<Kind> kinds;
  std::int64_t rescued = 0;   // jobs of dead processes given back by this one
  std::int64_t given_up = 0;  // bodies that did not return when asked
};

class Worker {
 public:
  /// `database` outlives the worker. Touches nothing yet.
  Worker(db::Database& database, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Takes a kind in, before loop() is given to the supervisor. kConflict: the name is known.
  /// Kinds of a role that this process lacks are not run here.
  Result<void> add(JobKind kind);

  /// Of this deployment's program: name, title and description, also of kinds not run here.
  std::string title(std::string_view kind) const;
  std::string describe(std::string_view kind, std::string_view payload) const;
  bool knows(std::string_view kind) const;
  /// All of them by name, and one of them (nullptr: not known); good as long as the worker.
  std::vector<const JobKind*> kinds() const;
  const JobKind* kind(std::string_view name) const;

  /// The loop that does it all; nullopt when no kind is run here.
  std::optional<LoopSpec> loop();

  WorkerMetrics metrics() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace vedette::work
