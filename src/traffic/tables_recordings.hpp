// The steps of traffic's tables that hold results of recorded files and what a detector said of
// them. Part of traffic/tables.hpp.
#pragma once

#include <vector>

#include "db/migration.hpp"

namespace vedette::traffic {

std::vector<db::Migration> recordings_steps();

}  // namespace vedette::traffic
