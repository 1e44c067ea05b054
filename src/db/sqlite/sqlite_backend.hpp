// Opens SQLite stores. Internal to db/.
#pragma once

#include <memory>

#include "db/backend.hpp"

namespace vedette::db {

/// `options.url` is "sqlite:FILE". Does not touch the file yet; says what about its place makes it
/// impossible to open.
Result<std::unique_ptr<Backend>> open_sqlite(const DatabaseOptions& options);

/// kInternal when the SQLite linked in is one that can corrupt a WAL file (before 3.51.3). `number`
/// is major * 1000000 + minor * 1000 + patch.
Result<void> check_sqlite_version(int number);

}  // namespace vedette::db
