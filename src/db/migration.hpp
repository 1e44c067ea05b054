// Forward-only schema changes, each in its own transaction, recorded in schema_migrations. Called
// at start-up by whoever opens the database; safe when several processes start at once.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "db/database.hpp"

namespace vedette::db {

/// One step. Versions rise by any amount; the text of an applied step never changes again. Several
/// statements per text are fine; an empty text does nothing in that dialect.
struct Migration {
  int version = 0;
  std::string name = {};
  std::string sqlite = {};
  std::string postgres = {};
};

struct MigrationReport {
  int from_version = 0;
  int to_version = 0;
  std::vector<std::string> applied;  // names, in order
};

/// Brings the database to the newest of `migrations` (any order). On PostgreSQL the schemas
/// `vedette` and `mart` are made first; the search path is vedette, mart, public, so unqualified
/// tables land in `vedette`.
/// kConflict: the database is newer than this program, or a step's text differs from the applied
/// one. A failing step rolls back alone; the steps before it stay.
Result<MigrationReport> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace vedette::db
