#include "app/db_command.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "app/pipeline.hpp"
#include "db/database.hpp"

namespace vedette::app {
namespace {

namespace json = boost::json;

Result<std::unique_ptr<db::Database>> open(const config::Settings& settings) {
  auto options = database_options(settings);
  options.must_be_reachable = true;
  return db::Database::open(options);
}

json::object versions_json(std::span<const db::Migration> steps) {
  json::object versions;
  for (const auto& [module, version] : db::newest_versions(steps)) versions[module] = version;
  return versions;
}

// "traffic 1, work 2"
std::string versions_text(std::span<const db::Migration> steps) {
  std::string text;
  for (const auto& [module, version] : db::newest_versions(steps)) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", module, version);
  }
  return text;
}

json::array steps_json(const std::vector<db::Migration>& steps) {
  json::array list;
  for (const db::Migration& step : steps) {
    list.push_back({{"module", step.module}, {"version", step.version}, {"name", step.name}});
  }
  return list;
}

Result<int> migrate(const Invocation& invocation) {
  VEDETTE_CHECK(make_data_folder(invocation.settings()));
  VEDETTE_TRY(database, open(invocation.settings()));
  VEDETTE_TRY(report, db::migrate(*database, all_migrations()));
  const auto address = database->state().address;
  if (invocation.json) {
    fmt::print("{}\n", json::serialize(json::object{{"database", address},
                                                    {"tables", versions_json(all_migrations())},
                                                    {"applied", steps_json(report.applied)}}));
    return kDone;
  }
  if (report.applied.empty()) {
    fmt::print("{} is up to date ({}).\n", address, versions_text(all_migrations()));
    return kDone;
  }
  fmt::print("{} was brought up to date:\n", address);
  for (const db::Migration& step : report.applied) fmt::print("  {}\n", db::describe(step));
  return kDone;
}

void print_lacking(const db::Missing& lacking) {
  if (lacking.is_none()) {
    fmt::print("Its tables are those of this program ({}).\n", versions_text(all_migrations()));
    return;
  }
  for (const db::Migration& step : lacking.steps) {
    fmt::print("Step {} is missing.\n", db::describe(step));
  }
  for (const std::string& thing : lacking.things) fmt::print("The {} is gone.\n", thing);
  if (!lacking.steps.empty()) {
    fmt::print("Run `vedette db migrate`, or start `vedette serve`, which does it.\n");
  }
  if (!lacking.things.empty()) {
    fmt::print("What is gone was taken away by hand or by another program: restore a backup.\n");
  }
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
  VEDETTE_TRY(lacking, db::missing(*database, all_migrations()));
  const auto state = database->state();
  if (invocation.json) {
    json::object all{{"database", state.address},
                     {"server_version", state.server_version},
                     {"sound", lacking.things.empty()},
                     {"tables", versions_json(all_migrations())},
                     {"missing_steps", steps_json(lacking.steps)},
                     {"missing_things", json::array(lacking.things.begin(), lacking.things.end())},
                     {"size_bytes", nullptr}};
    if (state.size_bytes) all["size_bytes"] = *state.size_bytes;
    fmt::print("{}\n", json::serialize(all));
  } else {
    fmt::print("{} ({} {}) {}.\n", state.address,
               state.dialect == db::Dialect::kSqlite ? "SQLite" : "PostgreSQL",
               state.server_version, lacking.things.empty() ? "is sound" : "is not whole");
    print_lacking(lacking);
  }
  return lacking.is_none() ? kDone : kFailed;
}

}  // namespace

void add_db_command(CommandLine& line) {
  const Flags command = line.add("db", "Prepare or examine the database", nullptr);
  line.add("migrate", "Bring the database's tables to this version of Vedette", migrate, command);
  line.add("check", "Examine the database: sound, reachable, tables up to date", check, command);
}

}  // namespace vedette::app
