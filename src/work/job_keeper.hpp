// Deletes the rows of jobs that ended long enough ago, as each kind says: a loop of the role keep,
// one in the deployment. Made by app/.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/loop.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::work {

class Worker;

/// Both outlive the loop. Works in small transactions, and goes on until nothing is left to delete.
/// Kinds that this program does not know are kept as long as JobKind::keep says of itself.
LoopSpec job_keeper_loop(db::Database& database, const Worker& worker,
                         Micros every = std::chrono::minutes(10));

/// One pass; how many rows went.
Result<std::int64_t> prune_ended_jobs(db::Database& database, const Worker& worker,
                                      LoopContext& context);

}  // namespace vedette::work
