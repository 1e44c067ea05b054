// The database of a deployment for commands that need no server: it must be there and have this
// program's tables. One thread.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "config/settings.hpp"
#include "db/database.hpp"

namespace vedette::app {

/// kNotFound where no database is yet, kUnavailable where it does not answer or was made by another
/// version: with what to do. Makes nothing.
Result<std::unique_ptr<db::Database>> open_prepared_database(const config::Settings& settings);

}  // namespace vedette::app
