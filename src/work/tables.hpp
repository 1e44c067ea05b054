// The tables of src/work: who holds which lease and who held it before, the processes, the state of
// their loops, the queue of jobs. Applied by db's migrations at start, with the other folders'
// lists.
#pragma once

#include <vector>

#include "db/migration.hpp"

namespace vedette::work {

/// The steps of module `work`.
std::vector<db::Migration> migrations();

}  // namespace vedette::work
