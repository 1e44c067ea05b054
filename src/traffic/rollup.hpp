// Turns what cameras recorded into 5-minute and hourly history. Each recorded row is read once, in
// the transaction that counts it, so a pass costs what is new and nothing of the past; a second
// pass changes nothing; rows pruned after they were counted stay counted; a late row is added to
// its hour once. Called by the keeper's loop, by tests and benchmarks; blocks on the database; two
// keepers at once take turns.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/lease.hpp"

namespace vedette::db {
class Database;
class Session;
}  // namespace vedette::db

namespace vedette::traffic {

/// The channel that tells of new history.
inline constexpr std::string_view kHistoryChannel = "history";

struct RollupReport {
  std::int64_t samples = 0;    // rows of current_traffic counted
  std::int64_t crossings = 0;  // rows of crossings counted
  Micros coverage{0};          // watched time added
  /// There is more: call again at once.
  bool has_more = false;

  bool is_empty() const { return samples == 0 && crossings == 0 && coverage == Micros{0}; }
};

/// One pass over at most `most_rows` new rows of each kind (on PostgreSQL a transaction's rows stay
/// together).
///
/// Meanings (contracts.md): tracks = distinct tracks of the period; crossers = distinct tracks that
/// crossed a line; vehicles = crossers where the camera has lines, else tracks; intensity
/// and density as traffic/periods.hpp makes them. What each line counted, by direction, is kept
/// beside.
Result<RollupReport> roll_up(db::Database& database, const work::Fence& fence,
                             std::int64_t most_rows = 50'000);

/// No pass begins or is under way until the caller's transaction ends: for who changes what passes
/// read.
Result<void> hold_back_roll_up(db::Session& session);

/// Changes when a pass or the result of a recorded file has counted something.
Result<std::string> history_mark(db::Session& session);

}  // namespace vedette::traffic
