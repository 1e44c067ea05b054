// Where a PostgreSQL server is and how to sign in, read from the database URL. Internal to
// db/postgres. Its text form never holds the password.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "db/database.hpp"

namespace vedette::db {

struct PgAddress {
  std::vector<std::pair<std::string, std::string>> keywords;  // for libpq, the password among them
  std::string place;                                          // "db:5432", for messages
  std::string url;                                            // "postgresql://db:5432/vedette"
};

/// kUsage when the URL cannot be read; the message does not repeat it, as it may hold a password.
Result<PgAddress> read_pg_address(const DatabaseOptions& options);

}  // namespace vedette::db
