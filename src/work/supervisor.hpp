// Starts each loop once per process and, through its lease, once per deployment; restarts what
// fails, gives up what it lost, shows the state of all. One supervisor per process, made by app/.
// Two threads of its own (one for the database, one for time) and one per running body. All methods
// may be called from any thread; remove() of a loop and stop() not from a body, which they wait
// for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/lease.hpp"
#include "work/loop.hpp"
#include "work/role.hpp"

namespace vedette::work {

struct SupervisorOptions {
  Roles roles = Roles::all();
  std::string version;
  LeaseOptions lease;
  /// Changed states are written to the database at most this often.
  Micros write_every = std::chrono::seconds(1);
  /// Called after states changed, at most every 250 ms, from a thread of the supervisor. Must not
  /// block.
  std::function<void()> on_change;
};

/// Numbers for /metrics.
struct SupervisorMetrics {
  struct Loop {
    std::string name;
    LoopState state = LoopState::kStarting;
    Health health = Health::kWait;
    std::int64_t restarts = 0;
    std::optional<double> seconds_since_success;
  };
  std::vector<Loop> loops;
  std::int64_t leases_held = 0;
  std::int64_t leases_lost = 0;
  std::int64_t renewals = 0;
  std::int64_t renewals_failed = 0;
  std::optional<double> last_renewal_s;  // how long the last renewal took
  double longest_renewal_s = 0;
  bool is_database_reachable = true;
};

/// A process of the deployment.
struct ProcessInfo {
  std::string id;       // fresh at each start
  std::string name;     // host:pid
  std::string address;  // where it answers; empty: nowhere, or not told
  std::string roles;
  std::string version;
  Instant started_at{};
  Instant heartbeat_at{};
  std::int64_t resident_bytes = 0;
  std::optional<Instant> stopped_at;
  bool is_stale = false;  // silent for longer than the lease, and not stopped
};

class Supervisor {
 public:
  /// `database` must outlive the supervisor. Touches nothing yet.
  Supervisor(db::Database& database, SupervisorOptions options);
  /// Stops with a grace of 5 s if stop() was not called; waits for bodies that have not returned.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Takes a loop in, before or after start(). A loop whose role this process lacks is accepted and
  /// ignored. kConflict when the name or the lease is in use here.
  Result<void> add(LoopSpec spec);

  /// Stops the loop, waits for its body to return, releases its lease, forgets it. kNotFound;
  /// kTimeout when the body has not returned within `grace` (it is forgotten when it does).
  Result<void> remove(std::string_view name, Micros grace = std::chrono::seconds(10));

  /// Ends the loop's present wait(), or its backoff. Does nothing otherwise. kNotFound.
  Result<void> wake(std::string_view name);

  /// Where this process answers ("http://host:port"), for the other processes. Before start(), or
  /// nobody is told.
  void set_address(std::string address);

  /// Starts the threads; returns at once, whether the database can be reached or not.
  void start();

  /// Takes no new leases, asks all bodies to stop, waits for them up to `grace`, releases the
  /// leases, writes the final states. Returns the names of the loops whose body has not returned;
  /// their leases are left to run out. A second call returns the same.
  std::vector<std::string> stop(Micros grace);

  /// This process's loops by name, without the database.
  std::vector<LoopStatus> snapshot() const;
  std::optional<LoopStatus> status(std::string_view name) const;
  /// Whether this process holds the loop's lease.
  bool holds(std::string_view name) const;

  /// The loops of the whole deployment (those of these names, where any is given), by name: of a
  /// loop with a lease, one entry, its holder's, with the others as `standbys`; of a loop without,
  /// one entry a process. Own entries are always fresh; those of other processes are as of their
  /// last write.
  Result<std::vector<LoopStatus>> all(std::span<const std::string> names = {}) const;

  SupervisorMetrics metrics() const;

  /// How long ago the threads of the supervisor last came round; zero before start(). Asks both to
  /// come round now, so whoever asks again later learns whether they still do.
  struct Silence {
    Micros time;
    Micros database;
  };
  Silence silence();

  /// "host:pid", and the id of this start.
  const std::string& process_name() const;
  const std::string& process_id() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

/// All processes heard of in the last week, the living first, without those that stopped in order
/// more than an hour ago.
Result<std::vector<ProcessInfo>> processes(db::Database& database, const LeaseOptions& lease = {});

/// Supervisor::all() for a process without a supervisor (`vedette status`).
Result<std::vector<LoopStatus>> all_loops(db::Database& database, const LeaseOptions& lease = {});

}  // namespace vedette::work
