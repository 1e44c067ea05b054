// Forward-only schema changes, each in its own transaction, recorded in schema_migrations. Every
// module (work, traffic, ...) counts its own steps. Called at start-up by whoever opens the
// database; safe when several processes start at once.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "db/database.hpp"

namespace vedette::db {

/// One step of one module. A module's versions rise from 1 by any amount; the text of an applied
/// step never changes again. Several statements per text are fine; an empty text does nothing in
/// that dialect.
struct Migration {
  std::string module = {};
  int version = 0;
  std::string name = {};
  std::string sqlite = {};
  std::string postgres = {};
};

/// "traffic 1 (cameras, counts and history)"
std::string describe(const Migration& step);

/// The newest step of each module in `migrations`: what a database is brought to.
std::map<std::string, int> newest_versions(std::span<const Migration> migrations);

struct MigrationReport {
  std::vector<Migration> applied;  // by this call, in order
};

/// Applies what of `migrations` the database lacks: module after module in the order in which they
/// first stand in the list, each by version. On PostgreSQL the schemas `vedette` and `mart` are
/// made first; the search path is vedette, mart, public, so unqualified tables land in `vedette`. A
/// database of Vedette 0.1, where all modules shared one sequence, is carried over first; its steps
/// are known by their text.
/// kConflict: the database holds a step, of whatever module, that is not in the list or differs, or
/// belongs to another program; nothing was changed. A failing step rolls back alone; the steps
/// before it stay.
Result<MigrationReport> migrate(Database& database, std::span<const Migration> migrations);

struct Missing {
  std::vector<Migration> steps;  // not applied yet, in the order in which migrate() would
  /// Tables and indexes that the applied steps made and that are gone: "table lease".
  std::vector<std::string> things;

  bool is_none() const { return steps.empty() && things.empty(); }
};

/// What of `migrations` the database lacks; changes nothing. kConflict as for migrate().
Result<Missing> missing(Database& database, std::span<const Migration> migrations);

}  // namespace vedette::db
