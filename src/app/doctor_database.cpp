#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <system_error>

#include "app/doctor_checks.hpp"
#include "app/options.hpp"
#include "app/pipeline.hpp"
#include "base/address.hpp"
#include "db/database.hpp"

namespace vedette::app {
namespace {

Finding tables(db::Database& database, const std::string& what) {
  const auto lacking = db::missing(database, all_migrations());
  if (!lacking) {
    const bool is_refused = lacking.error().code == ErrorCode::kConflict;
    return {Verdict::kBad, "Database", what + ": " + lacking.error().message,
            is_refused ? "or name another database with --database" : ""};
  }
  if (!lacking->things.empty()) {
    return {Verdict::kBad, "Database",
            fmt::format("{}; gone: {}", what, fmt::join(lacking->things, ", ")),
            "restore a backup: what is gone was taken away by hand or by another program"};
  }
  if (!lacking->steps.empty()) {
    const auto count = lacking->steps.size();
    return {Verdict::kOk, "Database",
            fmt::format("{}; {} of this program's steps {} not applied yet", what, count,
                        count == 1 ? "is" : "are"),
            "the next start brings the tables up to date, or `vedette db migrate` does"};
  }
  return {Verdict::kOk, "Database", what + "; tables up to date", ""};
}

// Never to move a file away: it holds the history, and most of what keeps it from opening passes.
std::string remedy(const Error& error, bool is_file) {
  if (error.code == ErrorCode::kDiskFull) {
    return "make room on that disk, or keep less (history.*_retention); leave the file where it "
           "is, "
           "nothing in it is lost";
  }
  return is_file ? "put right what is said there, or name another with --database"
                 : "check that PostgreSQL runs and that database.url is right";
}

bool is_open_to_all(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const auto own = fs::status(file, failed).permissions();
  const auto folder = fs::status(fs::absolute(file, failed).parent_path(), failed).permissions();
  return !failed && (own & fs::perms::others_read) != fs::perms::none &&
         (folder & fs::perms::others_exec) != fs::perms::none;
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
    return {{Verdict::kBad, "Database",
             fmt::format("{}: {}", mask_address(settings.database.url), database.error().message),
             remedy(database.error(), file.has_value())}};
  }
  const auto state = (*database)->state();
  auto what = fmt::format("{} ({} {})", state.address,
                          state.dialect == db::Dialect::kSqlite ? "SQLite" : "PostgreSQL",
                          state.server_version);
  if (state.size_bytes) {
    what += fmt::format(", {:.1f} MiB", static_cast<double>(*state.size_bytes) / 1048576);
  }
  Findings findings{tables(**database, what)};
  if (file && is_open_to_all(*file)) {
    findings.push_back({Verdict::kWarn, "Database",
                        fmt::format("every user of this machine may read {}, which holds the "
                                    "cameras' passwords",
                                    file->string()),
                        fmt::format("chmod o-rwx {}*", file->string())});
  }
  return findings;
}

}  // namespace vedette::app
