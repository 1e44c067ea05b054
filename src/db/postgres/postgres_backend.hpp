// Opens PostgreSQL stores. Internal to db/.
#pragma once

#include <memory>

#include "db/backend.hpp"

namespace vedette::db {

/// `options.url` is "postgresql://..." or libpq's "key=value ...". Does not connect yet.
Result<std::unique_ptr<Backend>> open_postgres(const DatabaseOptions& options);

}  // namespace vedette::db
