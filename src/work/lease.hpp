// Leases: at most one holder of a name in the whole deployment, on the database's clock, each
// holding with a fresh token. The supervisor takes and renews them; whoever writes on behalf of a
// loop checks its Fence inside the same transaction. All functions block on the database; a Fence
// and the options are plain values, any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"

namespace vedette::work {

/// The promise `ttl` and the shorter times it is kept with. Every process of a deployment uses the
/// same one.
struct LeaseOptions {
  /// A holder that dies, freezes or loses the database is replaced within this time.
  Micros ttl = std::chrono::seconds(10);
  /// Past holdings remembered for each name; older ones are deleted.
  int history = 1000;

  /// How long a lease's row stays valid after a renewal, on the database's clock.
  Micros row_life() const { return ttl * 7 / 10; }
  /// How long a holder trusts its lease, on its own monotonic clock, counted from before the last
  /// renewal that succeeded was sent. Shorter than row_life(), so that its loops have the
  /// difference to wind down before anybody else can start.
  Micros own_life() const { return ttl * 13 / 20; }
  Micros heartbeat() const { return ttl / 5; }
};

/// Proof of one holding of one lease, checked where it matters: inside the writing transaction.
struct Fence {
  std::string name;
  std::int64_t token = 0;

  /// A fence for work that no lease guards (`vedette watch`, tests): check() always succeeds.
  static Fence none() { return {}; }

  /// Call first in every write transaction of a loop that holds a lease. kFenced when another
  /// holding has begun or this one has run out by the database's clock: write nothing then, and
  /// return the error.
  ///
  /// On PostgreSQL it locks the lease's row FOR KEY SHARE until the transaction ends: renewals pass
  /// by, but nobody can take the lease over before the commit. A process frozen in the middle of
  /// such a transaction is cut off by idle_in_transaction_session_timeout, which db sets. On SQLite
  /// BEGIN IMMEDIATE already keeps everybody else from writing.
  Result<void> check(db::Session& session) const;
};

/// One holding, as remembered.
struct Holding {
  std::string name;
  std::int64_t token = 0;
  std::string holder;   // id of the process start
  std::string process;  // host:pid
  Instant acquired_at{};
  /// Absent while it lasts; then `expires_at` says until when it is good without a renewal.
  std::optional<Instant> ended_at;
  std::optional<Instant> expires_at;
  /// released: given back at a stop. expired: ran out, and somebody took it later. reclaimed: the
  /// same process took it again after it had given it up on its own clock.
  std::string ended_by;
};

/// Holdings of one lease, newest first. Their intervals [acquired_at, ended_at) never overlap.
Result<std::vector<Holding>> lease_history(db::Database& database, std::string_view name,
                                           int limit);

}  // namespace vedette::work
