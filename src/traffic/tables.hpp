// The tables of src/traffic: cameras and their lines, what was seen and counted, the history.
// Applied by db's migrations at start, with the other folders' lists. On PostgreSQL everything
// lives in schema `mart`, where the original program's clients look for it; tables it left there
// are taken over as they are.
#pragma once

#include <vector>

namespace vedette::db {
struct Migration;
}

namespace vedette::traffic {

/// The steps of module `traffic`.
std::vector<db::Migration> migrations();

}  // namespace vedette::traffic
