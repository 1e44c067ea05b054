#include "db/migration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "db/schema_text.hpp"

namespace vedette::db {
namespace {

constexpr std::int64_t kMigrationLock = 0x76656465747465;  // "vedette"

using Steps = std::vector<const Migration*>;
using Key = std::pair<std::string, int>;  // module, version

struct Applied {
  std::string name;
  std::string checksum;
};

/// What schema_migrations holds, and in which form.
struct History {
  bool has_table = false;
  bool is_one_sequence = false;  // the table of 0.1: no modules, one number for all
  std::map<Key, Applied> applied;
};

const std::string& text_for(const Migration& migration, Dialect dialect) {
  return dialect == Dialect::kPostgres ? migration.postgres : migration.sqlite;
}

std::string described(const Key& key, const std::string& name) {
  return fmt::format("{} {} ({})", key.first, key.second, name);
}

Result<Steps> in_order(std::span<const Migration> migrations) {
  std::map<std::string_view, std::size_t> places;
  Steps ordered;
  for (const Migration& migration : migrations) {
    places.try_emplace(migration.module, places.size());
    ordered.push_back(&migration);
  }
  std::ranges::stable_sort(ordered, {}, [&](const Migration* step) {
    return std::pair(places.at(step->module), step->version);
  });
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const Migration& step = *ordered[i];
    const bool is_double =
        i > 0 && ordered[i - 1]->module == step.module && ordered[i - 1]->version == step.version;
    if (step.version < 1 || step.module.empty() || is_double) {
      return fail(ErrorCode::kInternal,
                  "Two migrations of a module share a version, or one has no module, or its "
                  "version is not positive.",
                  describe(step));
    }
  }
  return ordered;
}

// Makes the second of two processes wait; it then finds the work done. On SQLite, BEGIN IMMEDIATE
// has done the same already.
Result<void> wait_for_turn(Session& session) {
  if (session.dialect() == Dialect::kSqlite) return {};
  VEDETTE_CHECK(session.query("SELECT pg_advisory_xact_lock($1)", {kMigrationLock}));
  return {};
}

// The columns of schema_migrations; none when there is no such table.
Result<std::set<std::string, std::less<>>> history_columns(Session& session) {
  VEDETTE_TRY(rows, session.query(session.dialect() == Dialect::kSqlite
                                      ? "SELECT name FROM pragma_table_info('schema_migrations')"
                                      : "SELECT attname::text FROM pg_catalog.pg_attribute WHERE "
                                        "attrelid = to_regclass('vedette.schema_migrations') AND "
                                        "attnum > 0 AND NOT attisdropped"));
  std::set<std::string, std::less<>> columns;
  for (const Row row : rows) columns.insert(row.get<std::string>(0));
  return columns;
}

// Which of `steps` a row of the one sequence was: its text tells, whatever its number here.
const Migration* step_with(const Steps& steps, std::string_view checksum, Dialect dialect) {
  const auto found = std::ranges::find_if(steps, [&](const Migration* step) {
    const std::string& text = text_for(*step, dialect);
    return !text.empty() && sha256_hex(text) == checksum;
  });
  return found == steps.end() ? nullptr : *found;
}

Error unknown_step(const std::string& step) {
  return {ErrorCode::kConflict,
          fmt::format("The database holds step {}, which this program does not know: a newer "
                      "Vedette made it. Start that one, or restore a backup from before its "
                      "upgrade.",
                      step),
          false,
          {}};
}

Result<void> read_one_sequence(Session& session, const Steps& steps, History& history) {
  VEDETTE_TRY(rows, session.query("SELECT version, name, checksum FROM schema_migrations"));
  for (const Row row : rows) {
    auto name = row.get<std::string>(1);
    auto checksum = row.get<std::string>(2);
    const Migration* step = step_with(steps, checksum, session.dialect());
    if (step == nullptr) {
      return fail(unknown_step(fmt::format("{} ({})", row.get<int>(0), name)));
    }
    history.applied[{step->module, step->version}] = {std::move(name), std::move(checksum)};
  }
  return {};
}

// A SQLite file with tables and without our list is somebody else's. (On PostgreSQL ours lie in
// schemas of their own, and the original program's are taken over.)
Result<void> refuse_foreign(Session& session) {
  if (session.dialect() == Dialect::kPostgres) return {};
  VEDETTE_TRY(rows,
              session.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE "
                            "'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT 1"));
  if (rows.empty()) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("This database belongs to another program: it holds the table {} and "
                          "nothing of Vedette's. Give Vedette a database of its own.",
                          rows.scalar<std::string>()));
}

Result<History> read_history(Session& session, const Steps& steps) {
  History history;
  VEDETTE_TRY(columns, history_columns(session));
  if (columns.empty()) {
    VEDETTE_CHECK(refuse_foreign(session));
    return history;
  }
  history.has_table = true;
  if (!columns.contains("version") || !columns.contains("name") || !columns.contains("checksum")) {
    return fail(ErrorCode::kConflict,
                "This database belongs to another program: its table schema_migrations is not "
                "Vedette's. Give Vedette a database of its own.");
  }
  if (!columns.contains("module")) {
    history.is_one_sequence = true;
    VEDETTE_CHECK(read_one_sequence(session, steps, history));
    return history;
  }
  VEDETTE_TRY(rows, session.query("SELECT module, version, name, checksum FROM schema_migrations"));
  for (const Row row : rows) {
    history.applied[{row.get<std::string>(0), row.get<int>(1)}] = {row.get<std::string>(2),
                                                                   row.get<std::string>(3)};
  }
  return history;
}

Result<void> check_history(const History& history, const Steps& known, Dialect dialect) {
  for (const auto& [key, entry] : history.applied) {
    const auto found = std::ranges::find_if(known, [&](const Migration* step) {
      return step->module == key.first && step->version == key.second;
    });
    if (found == known.end()) return fail(unknown_step(described(key, entry.name)));
    if (sha256_hex(text_for(**found, dialect)) != entry.checksum) {
      return fail(ErrorCode::kConflict,
                  fmt::format("Step {} of the database differs from the one in this program. "
                              "Start the Vedette that made the database.",
                              described(key, entry.name)));
    }
  }
  return {};
}

Result<void> make_table(Session& session) {
  if (session.dialect() == Dialect::kPostgres) {
    return session.script(
        "CREATE SCHEMA IF NOT EXISTS vedette;"
        "CREATE SCHEMA IF NOT EXISTS mart;"
        "CREATE TABLE vedette.schema_migrations ("
        " module text NOT NULL, version integer NOT NULL, name text NOT NULL,"
        " checksum text NOT NULL, applied_at timestamptz NOT NULL, PRIMARY KEY (module, version))");
  }
  return session.script(
      "CREATE TABLE schema_migrations ("
      " module TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,"
      " checksum TEXT NOT NULL, applied_at INTEGER NOT NULL, PRIMARY KEY (module, version)) "
      "STRICT");
}

// The table of 0.1 becomes today's; rows keep their name, checksum and time.
Result<void> carry_over(Session& session, const History& history) {
  const std::string schema = session.dialect() == Dialect::kPostgres ? "vedette." : "";
  VEDETTE_CHECK(session.script(
      fmt::format("ALTER TABLE {}schema_migrations RENAME TO schema_migrations_0_1", schema)));
  VEDETTE_CHECK(make_table(session));
  for (const auto& [key, entry] : history.applied) {
    VEDETTE_CHECK(session.execute(
        "INSERT INTO schema_migrations (module, version, name, checksum, applied_at) "
        "SELECT $1, $2, name, checksum, applied_at FROM schema_migrations_0_1 WHERE checksum = $3",
        {key.first, key.second, entry.checksum}));
  }
  VEDETTE_CHECK(session.script(fmt::format("DROP TABLE {}schema_migrations_0_1", schema)));
  log::info("db", "The list of database steps of Vedette 0.1 was carried over.");
  return {};
}

// Whether this process, and not another one meanwhile, applied the step.
Result<bool> apply(Session& session, const Migration& migration) {
  VEDETTE_CHECK(wait_for_turn(session));
  VEDETTE_TRY(found,
              session.query("SELECT 1 FROM schema_migrations WHERE module = $1 AND version = $2",
                            {migration.module, migration.version}));
  if (!found.empty()) return false;
  const std::string& text = text_for(migration, session.dialect());
  if (!text.empty()) VEDETTE_CHECK(session.script(text));
  VEDETTE_CHECK(
      session.execute("INSERT INTO schema_migrations (module, version, name, checksum, applied_at) "
                      "VALUES ($1, $2, $3, $4, " +
                          now_sql(session.dialect()) + ")",
                      {migration.module, migration.version, migration.name, sha256_hex(text)}));
  return true;
}

Error step_error(const Migration& migration, Error cause) {
  if (cause.code != ErrorCode::kInternal && cause.code != ErrorCode::kInvalid &&
      cause.code != ErrorCode::kConflict) {
    return cause;
  }
  log::error("db", "Step {}: {}", describe(migration), cause.detail);
  // PostgreSQL's 0A000 has many meanings; this one a person can mend.
  if (cause.detail.find("used by a view or rule") != std::string::npos) {
    cause.message = fmt::format(
        "Step {} of the database was taken back: a view or rule of another program stands on "
        "tables "
        "whose columns it changes. Drop the view, start again, and make it anew.",
        describe(migration));
    return cause;
  }
  cause.message = fmt::format(
      "Step {} of the database failed and was taken back. The log has "
      "details.",
      describe(migration));
  return cause;
}

Result<std::vector<std::string>> lost_things(Session& session, const SchemaThings& expected) {
  VEDETTE_TRY(rows,
              session.query(session.dialect() == Dialect::kSqlite
                                ? "SELECT type || ' ' || lower(name) FROM sqlite_schema WHERE type "
                                  "IN ('table', 'index')"
                                : "SELECT CASE WHEN c.relkind IN ('i', 'I') THEN 'index ' ELSE "
                                  "'table ' END || c.relname FROM pg_catalog.pg_class c JOIN "
                                  "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
                                  "n.nspname IN ('vedette', 'mart', 'public')"));
  std::set<std::string, std::less<>> present;
  for (const Row row : rows) present.insert(row.get<std::string>(0));
  std::vector<std::string> lost;
  std::ranges::set_difference(expected, present, std::back_inserter(lost));
  return lost;
}

}  // namespace

std::string describe(const Migration& step) {
  return described({step.module, step.version}, step.name);
}

std::map<std::string, int> newest_versions(std::span<const Migration> migrations) {
  std::map<std::string, int> newest;
  for (const Migration& step : migrations) {
    int& version = newest[step.module];
    version = std::max(version, step.version);
  }
  return newest;
}

Result<MigrationReport> migrate(Database& database, std::span<const Migration> migrations) {
  VEDETTE_TRY(steps, in_order(migrations));
  const WriteOptions patient{.statement_timeout = Micros(0)};
  auto history = database.write(
      [&](Session& session) -> Result<History> {
        VEDETTE_CHECK(wait_for_turn(session));
        VEDETTE_TRY(found, read_history(session, steps));
        VEDETTE_CHECK(check_history(found, steps, session.dialect()));
        if (!found.has_table) VEDETTE_CHECK(make_table(session));
        if (found.is_one_sequence) VEDETTE_CHECK(carry_over(session, found));
        return found;
      },
      patient);
  if (!history) return fail(std::move(history.error()));

  MigrationReport report;
  for (const Migration* step : steps) {
    if (history->applied.contains({step->module, step->version})) continue;
    auto mine = database.write([&](Session& session) { return apply(session, *step); }, patient);
    if (!mine) return fail(step_error(*step, std::move(mine.error())));
    if (!*mine) continue;
    log::info("db", "Database step applied: {}.", describe(*step));
    report.applied.push_back(*step);
  }
  return report;
}

Result<Missing> missing(Database& database, std::span<const Migration> migrations) {
  VEDETTE_TRY(steps, in_order(migrations));
  return database.read([&](Session& session) -> Result<Missing> {
    Missing lacking;
    VEDETTE_TRY(history, read_history(session, steps));
    VEDETTE_CHECK(check_history(history, steps, session.dialect()));
    SchemaThings expected;
    for (const Migration* step : steps) {
      if (history.applied.contains({step->module, step->version})) {
        follow(text_for(*step, session.dialect()), expected);
      } else {
        lacking.steps.push_back(*step);
      }
    }
    VEDETTE_TRY(lost, lost_things(session, expected));
    lacking.things = std::move(lost);
    return lacking;
  });
}

}  // namespace vedette::db
