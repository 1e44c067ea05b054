#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "app/doctor_checks.hpp"
#include "app/options.hpp"
#include "app/schema.hpp"
#include "base/address.hpp"
#include "db/database.hpp"

namespace vedette::app {
namespace {

Finding tables(db::Database& database, const std::string& what) {
  const auto version = applied_version(database);
  if (!version) return {Verdict::kBad, "Database", what + "; " + version.error().message, ""};
  const auto newest = all_migrations().back().version;
  if (*version > newest) {
    return {Verdict::kBad, "Database",
            fmt::format("{}; its tables (version {}) are newer than this program ({})", what,
                        *version, newest),
            "use the newer Vedette that made them, or another database"};
  }
  if (*version < newest) {
    return {Verdict::kOk, "Database",
            fmt::format("{}; its tables are at version {}, this program's at {}", what, *version,
                        newest),
            "the next start brings them up to date, or `vedette db migrate` does"};
  }
  return {Verdict::kOk, "Database", fmt::format("{}; tables at version {}", what, newest), ""};
}

}  // namespace

Findings check_database(const config::Settings& settings) {
  const auto file = sqlite_file(settings.database.url);
  if (std::error_code failed; file && !std::filesystem::exists(*file, failed)) {
    return {{Verdict::kOk, "Database",
             fmt::format("{} does not exist yet; the first start makes it", file->string()), ""}};
  }
  auto options = database_options(settings);
  options.must_be_reachable = true;
  const auto database = db::Database::open(options);
  if (!database) {
    const auto remedy = file ? "move the file away to begin anew, or name another with --database"
                             : "check that PostgreSQL runs and that database.url is right";
    return {{Verdict::kBad, "Database",
             fmt::format("{}: {}", mask_address(settings.database.url), database.error().message),
             remedy}};
  }
  const auto state = (*database)->state();
  auto what = fmt::format("{} ({} {})", state.address,
                          state.dialect == db::Dialect::kSqlite ? "SQLite" : "PostgreSQL",
                          state.server_version);
  if (state.size_bytes) {
    what += fmt::format(", {:.1f} MiB", static_cast<double>(*state.size_bytes) / 1048576);
  }
  return {tables(**database, what)};
}

}  // namespace vedette::app
