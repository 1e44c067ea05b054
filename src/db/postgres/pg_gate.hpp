// Makes connections to one PostgreSQL server and keeps calls from hammering or hanging while it is
// away: after a failure, connecting waits out a growing pause, in which others fail at once with
// the last error. Internal to db/postgres; any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "db/health.hpp"
#include "db/postgres/pg_link.hpp"

namespace vedette::db {

class PgGate {
 public:
  PgGate(PgAddress address, DatabaseOptions options)
      : address_(std::move(address)), options_(std::move(options)) {}

  /// Connects, or fails at once while the server is known to be away. `is_patient` (the notice
  /// thread, which paces itself) tries in any case.
  Result<std::unique_ptr<PgLink>> connect(const std::stop_token& stop, bool is_patient = false);

  /// A connection of this gate was lost: says so in the state.
  void report_lost(const std::string& message) { health_.down(message); }

  const PgAddress& address() const { return address_; }
  const DatabaseOptions& options() const { return options_; }
  Health& health() { return health_; }
  const Health& health() const { return health_; }

 private:
  const PgAddress address_;
  const DatabaseOptions options_;
  Health health_;
  std::mutex pause_mutex_;
  int failures_ = 0;
  bool is_trying_ = false;
  SteadyTime next_try_;
  std::optional<Error> last_error_;
};

}  // namespace vedette::db
