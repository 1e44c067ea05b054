// Whether this process's tables are those of this program. Set once by whoever prepares the
// database at the start; asked by /readyz and, before every other route, by refuse_until_ready().
// Any thread.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "base/mutex.hpp"
#include "http/router.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::api {

class Readiness {
 public:
  /// All steps are applied; `tables` tells how far each module is.
  void set_ready(std::map<std::string, int> tables);
  /// Not yet, and why: one sentence for a person.
  void set_waiting(std::string why);

  /// Empty once ready.
  std::string why() const;
  /// Empty until ready.
  std::map<std::string, int> tables() const;

  bool is_ready() const { return is_ready_; }

 private:
  std::atomic<bool> is_ready_{false};  // asked before every request
  mutable Mutex state_mutex_;
  std::string why_ VEDETTE_GUARDED_BY(state_mutex_) =
      "The database is being brought up to date; try again in a second.";
  std::map<std::string, int> tables_ VEDETTE_GUARDED_BY(state_mutex_);
};

/// Makes everything below /api/ that is on `router` by now answer 503 with Retry-After and the
/// reason, for as long as the tables are not there. `readiness` outlives the router.
void refuse_until_ready(http::Router& router, const Readiness& readiness);

/// Why the process cannot serve as it should, for /readyz; empty when it can: tables there, the
/// database reachable, and nothing in the way of writing.
std::string why_not_ready(const Readiness& readiness, const db::Database& database);

}  // namespace vedette::api
