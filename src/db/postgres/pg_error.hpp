// PostgreSQL's SQLSTATE codes as errors with cause and remedy, and what each means for the
// transaction. Internal to db/postgres.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "db/backend.hpp"

namespace vedette::db {

struct PgFailure {
  Error error;
  Fault fault = Fault::kStatement;
  bool is_stale_plan = false;  // prepared statements must be prepared anew
};

template <class T>
using PgOutcome = std::expected<T, PgFailure>;

/// A statement that the server answered with an error.
PgFailure pg_failure(std::string_view sqlstate, std::string_view message, std::string_view sql,
                     const std::string& place);

/// A connection that broke, or did not answer in time. `reason` is libpq's or the system's text.
PgFailure pg_lost(std::string_view reason, const std::string& place);
PgFailure pg_silent(const std::string& place);

/// A connection that could not be made. `message` is libpq's.
Error pg_unreachable(std::string_view message, const std::string& place);

}  // namespace vedette::db
