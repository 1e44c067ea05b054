// What became of the jobs of each kind, added up every five minutes by each worker on its own row:
// rates and counts never cost by what has ended, and no two processes wait for each other. Internal
// to src/work; inside the caller's transaction, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "work/job_queue.hpp"

namespace vedette::work {

struct Tally {
  std::int64_t completed = 0;
  std::int64_t discarded = 0;
  std::int64_t failures = 0;
  std::int64_t crashes = 0;
  Micros took{0};          // of those completed
  std::string error = {};  // the last one
};

/// Adds to this worker's row of this moment.
Result<void> add_tally(db::Session& session, std::string_view kind, std::string_view worker,
                       const Tally& tally);

/// Fills what KindStatus says of the last hour, the last day and the last error.
Result<void> read_tally(db::Session& session, KindStatus& kind);

/// Forgets what is older than a week.
Result<void> prune_tally(db::Session& session, std::string_view kind);

}  // namespace vedette::work
