#include "db/migration.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/log.hpp"

namespace vedette::db {
namespace {

constexpr std::int64_t kMigrationLock = 0x76656465747465;  // "vedette"

struct Applied {
  std::string name;
  std::string checksum;
};

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  }
  return hex;
}

const std::string& text_for(const Migration& migration, Dialect dialect) {
  return dialect == Dialect::kPostgres ? migration.postgres : migration.sqlite;
}

// Makes the second of two processes wait; it then finds the work done. On SQLite, BEGIN IMMEDIATE
// has done the same already.
Result<void> wait_for_turn(Session& session) {
  if (session.dialect() == Dialect::kSqlite) return {};
  VEDETTE_CHECK(session.query("SELECT pg_advisory_xact_lock($1)", {kMigrationLock}));
  return {};
}

Result<void> make_table(Session& session) {
  VEDETTE_CHECK(wait_for_turn(session));
  if (session.dialect() == Dialect::kPostgres) {
    return session.script(
        "CREATE SCHEMA IF NOT EXISTS vedette;"
        "CREATE SCHEMA IF NOT EXISTS mart;"
        "CREATE TABLE IF NOT EXISTS vedette.schema_migrations ("
        " version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
        " applied_at timestamptz NOT NULL)");
  }
  return session.script(
      "CREATE TABLE IF NOT EXISTS schema_migrations ("
      " version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,"
      " applied_at INTEGER NOT NULL) STRICT");
}

Result<std::map<int, Applied>> read_applied(Session& session) {
  VEDETTE_TRY(rows, session.query("SELECT version, name, checksum FROM schema_migrations"));
  std::map<int, Applied> applied;
  for (const Row row : rows) {
    applied[row.get<int>(0)] = {row.get<std::string>(1), row.get<std::string>(2)};
  }
  return applied;
}

int newest(const std::map<int, Applied>& applied) {
  return applied.empty() ? 0 : applied.rbegin()->first;
}

Result<void> check_history(const std::map<int, Applied>& applied,
                           const std::vector<const Migration*>& known, Dialect dialect) {
  const int program_version = known.empty() ? 0 : known.back()->version;
  if (newest(applied) > program_version) {
    return fail(ErrorCode::kConflict,
                fmt::format("The database is at version {}, but this program knows only up to {}. "
                            "Start the newer program, or restore a backup from before its upgrade.",
                            newest(applied), program_version));
  }
  for (const auto& [version, entry] : applied) {
    const auto found = std::ranges::find(known, version, &Migration::version);
    if (found == known.end()) {
      return fail(ErrorCode::kConflict,
                  fmt::format("The database holds step {} ({}), which this program does not know. "
                              "Start the program that made it.",
                              version, entry.name));
    }
    if (sha256_hex(text_for(**found, dialect)) != entry.checksum) {
      return fail(ErrorCode::kConflict,
                  fmt::format("Step {} ({}) of the database differs from the one in this program. "
                              "Start the program version that made the database.",
                              version, entry.name));
    }
  }
  return {};
}

// Whether this process, and not another one meanwhile, applied the step.
Result<bool> apply(Session& session, const Migration& migration) {
  VEDETTE_CHECK(wait_for_turn(session));
  VEDETTE_TRY(found, session.query("SELECT 1 FROM schema_migrations WHERE version = $1",
                                   {migration.version}));
  if (!found.empty()) return false;
  const std::string& text = text_for(migration, session.dialect());
  if (!text.empty()) VEDETTE_CHECK(session.script(text));
  VEDETTE_CHECK(session.execute(
      "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, " +
          now_sql(session.dialect()) + ")",
      {migration.version, migration.name, sha256_hex(text)}));
  return true;
}

Error step_error(const Migration& migration, Error cause) {
  if (cause.code != ErrorCode::kInternal && cause.code != ErrorCode::kInvalid &&
      cause.code != ErrorCode::kConflict) {
    return cause;
  }
  cause.message =
      fmt::format("Step {} ({}) of the database failed and was taken back. The log has details.",
                  migration.version, migration.name);
  return cause;
}

std::optional<Error> check_versions(const std::vector<const Migration*>& ordered) {
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    if (ordered[i]->version < 1 || (i > 0 && ordered[i]->version == ordered[i - 1]->version)) {
      return Error{ErrorCode::kInternal, "Two migrations share a version, or one is not positive.",
                   false, ordered[i]->name};
    }
  }
  return std::nullopt;
}

}  // namespace

Result<MigrationReport> migrate(Database& database, std::span<const Migration> migrations) {
  std::vector<const Migration*> ordered;
  for (const Migration& migration : migrations) ordered.push_back(&migration);
  std::ranges::sort(ordered, {}, &Migration::version);
  if (auto error = check_versions(ordered)) return fail(std::move(*error));

  const WriteOptions patient{.statement_timeout = Micros(0)};
  auto applied_result = database.write(
      [](Session& session) -> Result<std::map<int, Applied>> {
        VEDETTE_CHECK(make_table(session));
        return read_applied(session);
      },
      patient);
  if (!applied_result) return fail(std::move(applied_result.error()));
  VEDETTE_CHECK(check_history(*applied_result, ordered, database.dialect()));

  MigrationReport report;
  report.from_version = newest(*applied_result);
  report.to_version = ordered.empty() ? 0 : ordered.back()->version;
  for (const Migration* migration : ordered) {
    if (applied_result->contains(migration->version)) continue;
    auto mine =
        database.write([&](Session& session) { return apply(session, *migration); }, patient);
    if (!mine) return fail(step_error(*migration, std::move(mine.error())));
    if (!*mine) continue;
    log::info("db", "Database step {} applied: {}.", migration->version, migration->name);
    report.applied.push_back(migration->name);
  }
  database.set_schema_version(report.to_version);
  return report;
}

}  // namespace vedette::db
