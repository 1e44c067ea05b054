// SQLite's result codes as errors with cause and remedy. Internal to db/sqlite.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

struct sqlite3;

namespace vedette::db {

/// The error behind `code` (an extended result code) on `handle`, which may be null. `doing` is
/// what was tried, for the log: an SQL text, or "open".
Error sqlite_error(sqlite3* handle, int code, const std::string& path, std::string_view doing);

/// Whether the whole transaction may be tried again.
bool is_contention(int code);

}  // namespace vedette::db
