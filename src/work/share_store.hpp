// The SQL of sharing loops out: which processes could hold loops of a group, how many, and which
// loops they stand by for. Used by the supervisor's database thread; blocks on the database.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/database.hpp"

namespace vedette::work {

/// A living process that said that it has loops of the group.
struct Member {
  std::string process_id;
  std::string group;
  int most_held = 0;
  Micros silence{0};  // since its last heartbeat, on the database's clock
};

/// Replaces what this process said before, and has the others look: by group, how many loops it may
/// hold.
Result<void> write_shares(db::Session& session, std::string_view process_id,
                          const std::map<std::string, int>& most_held);

/// The members of all groups that were heard of within `life` and have not stopped.
Result<std::vector<Member>> read_members(db::Session& session, Micros life);

/// The names of the loops for which one of these processes stands by.
Result<std::vector<std::string>> read_standbys(db::Session& session,
                                               std::span<const std::string> processes);

}  // namespace vedette::work
