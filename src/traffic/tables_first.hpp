// The first step of traffic's tables, whose text no longer changes: cameras, what they count, and
// history. Private to src/traffic.
#pragma once

#include "db/migration.hpp"

namespace vedette::traffic {

db::Migration first_step();

}  // namespace vedette::traffic
