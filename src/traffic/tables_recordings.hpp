// The step of traffic's tables that holds results of recorded files and what a detector said of
// them. Part of traffic/tables.hpp.
#pragma once

#include "db/migration.hpp"

namespace vedette::traffic {

db::Migration recordings_step();

}  // namespace vedette::traffic
