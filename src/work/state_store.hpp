// The SQL of the process list and of loop states: what each process says of itself, and what all
// of them say together. Blocks on the database; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "work/lease.hpp"
#include "work/loop.hpp"
#include "work/supervisor.hpp"

namespace vedette::work {

/// Says that the process is alive, adding it to the list if it is not there.
Result<void> write_process(db::Session& session, const ProcessInfo& process);

/// Marks the end of a process that stops in order.
Result<void> write_stopped(db::Session& session, std::string_view process_id);

/// Replaces the rows of these loops.
Result<void> write_states(db::Session& session, std::span<const LoopStatus> loops);

/// Deletes the row of a loop that this process no longer has.
Result<void> erase_state(db::Session& session, std::string_view process_id, std::string_view loop);

/// Forgets processes not heard of for a week, and their loops.
Result<void> forget_old_processes(db::Session& session);

/// Every process's rows of the loops with these names (of all, when none is named), as last
/// written; is_stale as the database's clock says.
Result<std::vector<LoopStatus>> read_states(db::Database& database, const LeaseOptions& lease,
                                            std::span<const std::string> names = {});

/// One entry a loop that has a lease, one a process of a loop that has none, by name. See
/// Supervisor::all().
std::vector<LoopStatus> merge(std::vector<LoopStatus> rows);

}  // namespace vedette::work
