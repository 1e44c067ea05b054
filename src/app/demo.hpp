// The demonstration that `./run` starts: cameras on the sample clips, made once, through the same
// functions as any camera.
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.hpp"

namespace vedette::db {
class Database;
}

namespace vedette::app {

/// Adds the demonstration's cameras to a database that never had a camera; does nothing to any
/// other. Logs what it added, or that no clip was found.
Result<void> add_demo_cameras(db::Database& database,
                              const std::vector<std::filesystem::path>& folders);

}  // namespace vedette::app
