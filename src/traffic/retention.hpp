// Deletes what is older than the owner wants to keep. History that was counted stays as it is,
// whatever is pruned below it. Called by the keeper's loop; blocks on the database; works in small
// transactions.
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/lease.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::traffic {

/// How long what is kept; zero: for ever. What belongs to a run is kept at least this long from the
/// run's beginning on, whatever time its footage is of. What a detector said of a recording's
/// frames is kept as long as live rows, from when it was used last.
struct Retention {
  Micros live = std::chrono::hours(48);
  Micros crossings = std::chrono::days(400);
  Micros five_minute = std::chrono::days(90);
  Micros hourly{0};
};

struct PruneReport {
  std::int64_t live = 0;
  std::int64_t crossings = 0;
  std::int64_t five_minute = 0;
  std::int64_t hourly = 0;
  std::int64_t other = 0;  // finished spans, runs, quality entries, who was seen when, detections
};

/// Rows that the roll-up has not counted yet are never deleted. Stops between transactions when
/// asked to; what was deleted until then stays deleted.
Result<PruneReport> prune(db::Database& database, const work::Fence& fence,
                          const Retention& retention, Instant now,
                          const std::stop_token& stop = {});

}  // namespace vedette::traffic
