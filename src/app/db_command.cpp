#include "app/db_command.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/options.hpp"
#include "app/schema.hpp"
#include "db/database.hpp"

namespace vedette::app {
namespace {

Result<std::unique_ptr<db::Database>> open(const config::Settings& settings) {
  auto options = database_options(settings);
  options.must_be_reachable = true;
  return db::Database::open(options);
}

Result<int> migrate(const Invocation& invocation) {
  VEDETTE_CHECK(make_data_folder(invocation.settings()));
  VEDETTE_TRY(database, open(invocation.settings()));
  VEDETTE_TRY(report, db::migrate(*database, all_migrations()));
  const auto address = database->state().address;
  if (invocation.json) {
    boost::json::array applied;
    for (const auto& name : report.applied) applied.emplace_back(name);
    fmt::print("{}\n",
               boost::json::serialize(boost::json::object{{"database", address},
                                                          {"from_version", report.from_version},
                                                          {"to_version", report.to_version},
                                                          {"applied", std::move(applied)}}));
    return kDone;
  }
  if (report.applied.empty()) {
    fmt::print("{} is up to date (version {}).\n", address, report.to_version);
    return kDone;
  }
  fmt::print("{}: version {} to {}\n", address, report.from_version, report.to_version);
  for (const auto& name : report.applied) fmt::print("  applied {}\n", name);
  return kDone;
}

Result<int> check(const Invocation& invocation) {
  const auto file = sqlite_file(invocation.settings().database.url);
  if (std::error_code failed; file && !std::filesystem::exists(*file, failed)) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("there is no database {} yet; `vedette db migrate` makes it", file->string()));
  }
  VEDETTE_TRY(database, open(invocation.settings()));
  VEDETTE_CHECK(database->check());
  VEDETTE_TRY(version, applied_version(*database));
  const auto newest = all_migrations().back().version;
  const auto state = database->state();
  const bool is_current = version == newest;
  if (invocation.json) {
    boost::json::object all{{"database", state.address},
                            {"server_version", state.server_version},
                            {"sound", true},
                            {"schema_version", version},
                            {"newest_version", newest},
                            {"size_bytes", nullptr}};
    if (state.size_bytes) all["size_bytes"] = *state.size_bytes;
    fmt::print("{}\n", boost::json::serialize(all));
    return is_current ? kDone : kFailed;
  }
  fmt::print("{} ({} {}) is sound.\n", state.address,
             state.dialect == db::Dialect::kSqlite ? "SQLite" : "PostgreSQL", state.server_version);
  if (is_current) {
    fmt::print("Its tables are those of this program (version {}).\n", version);
  } else if (version < newest) {
    fmt::print(
        "Its tables are at version {}, this program's at {}: run `vedette db migrate`, or "
        "start `vedette serve`, which does it.\n",
        version, newest);
  } else {
    fmt::print("Its tables are at version {}, newer than this program ({}): use a newer Vedette.\n",
               version, newest);
  }
  return is_current ? kDone : kFailed;
}

}  // namespace

void add_db_command(CommandLine& line) {
  auto* command = line.add("db", "Prepare or examine the database", nullptr);
  line.add("migrate", "Bring the database's tables to this version of Vedette", migrate, command);
  line.add("check", "Examine the database: sound, reachable, tables up to date", check, command);
}

}  // namespace vedette::app
