#include "app/open_database.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "app/options.hpp"
#include "app/pipeline.hpp"
#include "db/migration.hpp"

namespace vedette::app {

Result<std::unique_ptr<db::Database>> open_prepared_database(const config::Settings& settings) {
  const auto file = sqlite_file(settings.database.url);
  if (std::error_code failed; file && !std::filesystem::exists(*file, failed)) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("there is no database {} yet; `vedette serve` makes it. Of another one: "
                    "--data DIR or --database URL",
                    file->string()));
  }
  auto options = database_options(settings);
  options.must_be_reachable = true;
  VEDETTE_TRY(database, db::Database::open(options));
  VEDETTE_TRY(lacking, db::missing(*database, all_migrations()));
  if (!lacking.is_none()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} has not the tables of this version; start `vedette serve`, or run "
                            "`vedette db migrate`",
                            database->state().address));
  }
  return std::move(database);
}

}  // namespace vedette::app
