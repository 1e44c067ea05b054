// The few SQL expressions whose text differs between SQLite and PostgreSQL. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace vedette::db {

enum class Dialect { kSqlite, kPostgres };

/// The database's own clock as an Instant, read when the statement runs (not when its transaction
/// began): clock_timestamp() on PostgreSQL; on SQLite integer microseconds, in whole milliseconds.
std::string now_sql(Dialect dialect);

/// `instant` moved by `micros`, both SQL expressions (columns, placeholders, now_sql()):
/// plus_sql(d, now_sql(d), "$2") is a lease's end.
std::string plus_sql(Dialect dialect, std::string_view instant, std::string_view micros);

/// Microseconds from one Instant expression to another, as an integer.
std::string elapsed_sql(Dialect dialect, std::string_view from, std::string_view to);

/// The start of the bucket of width `step` (counted from 1970) that an Instant column lies in.
std::string bucket_sql(Dialect dialect, std::string_view column, Micros step);

}  // namespace vedette::db
