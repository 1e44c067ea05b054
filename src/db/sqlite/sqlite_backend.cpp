#include "db/sqlite/sqlite_backend.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>

#include "db/health.hpp"
#include "db/sqlite/sqlite_connection.hpp"
#include "db/sqlite/sqlite_wire.hpp"

namespace vedette::db {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "sqlite:";
constexpr int kOldestSafe = 3'051'003;

class SqliteBackend final : public Backend {
 public:
  SqliteBackend(std::string path, DatabaseOptions options)
      : path_(std::move(path)), options_(std::move(options)) {}

  Dialect dialect() const override { return Dialect::kSqlite; }

  Result<std::unique_ptr<Connection>> connect(bool writer, const std::stop_token&) override {
    auto connection = SqliteConnection::open(path_, writer, options_);
    if (!connection) {
      // Before the first connection the caller of open() hears of it.
      if (was_open_) health_.down(connection.error().message);
      return fail(std::move(connection.error()));
    }
    was_open_ = true;
    health_.up(sqlite3_libversion());
    return std::move(*connection);
  }

  Result<void> check(Connection& reader) override;

  std::unique_ptr<NoticeWire> wire(Pool& writers) override {
    return std::make_unique<SqliteWire>([this] { return connect(false, {}); }, writers);
  }

  void report_success(bool was_write) override { health_.report_success(was_write); }
  void report_failure(const Error& error, bool was_write) override {
    if (was_write || error.code != ErrorCode::kUnavailable) {
      health_.report_trouble(error);
    } else {
      // The file or its disk went away under an open connection.
      health_.down(error.message);
    }
  }

  void describe(DatabaseState& state) const override {
    health_.describe(state);
    state.address = fmt::format("{}{}", kScheme, path_);
    // Asks the directory, not the file: closing a descriptor of it would drop SQLite's locks.
    std::error_code error;
    const auto main_size = fs::file_size(path_, error);
    if (error) return;
    const auto wal_size = fs::file_size(path_ + "-wal", error);
    state.size_bytes = static_cast<std::int64_t>(main_size + (error ? 0 : wal_size));
  }

 private:
  const std::string path_;
  const DatabaseOptions options_;
  std::atomic<bool> was_open_{false};
  Health health_;
};

Result<void> SqliteBackend::check(Connection& reader) {
  VEDETTE_CHECK(check_sqlite_version(sqlite3_libversion_number()));
  int has_moved = 0;
  auto& connection = static_cast<SqliteConnection&>(reader);
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  if (has_moved != 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} was moved or deleted while in use. Stop the program, put the file "
                            "back, and start again.",
                            path_));
  }
  VEDETTE_CHECK(reader.begin({.statement_timeout = Micros(0),
                              .deadline = std::chrono::steady_clock::now() + options_.busy_timeout,
                              .stop = {}}));
  VEDETTE_TRY(mode, reader.query("PRAGMA journal_mode", {}));
  if (mode.scalar<std::string_view>() != "wal") {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} is no longer in WAL mode: another program changed it. Stop that "
                            "program and start this one again.",
                            path_));
  }
  VEDETTE_TRY(findings, reader.query("PRAGMA integrity_check(5)", {}));
  if (findings.size() == 1 && findings.scalar<std::string_view>() == "ok") return {};
  return fail(ErrorCode::kCorrupt,
              fmt::format("The database file {} is damaged. Stop the program, keep a copy of the "
                          "file, and restore a backup.",
                          path_),
              findings.empty() ? "" : findings.scalar<std::string>());
}

}  // namespace

Result<void> check_sqlite_version(int number) {
  if (number >= kOldestSafe) return {};
  return fail(
      ErrorCode::kInternal,
      fmt::format("This program was built with SQLite {}.{}.{}, which can damage a database "
                  "that several processes write. Build it with 3.51.3 or newer.",
                  number / 1'000'000, number / 1'000 % 1'000, number % 1'000));
}

Result<std::unique_ptr<Backend>> open_sqlite(const DatabaseOptions& options) {
  VEDETTE_CHECK(check_sqlite_version(sqlite3_libversion_number()));
  const std::string path = options.url.substr(kScheme.size());
  if (path.empty() || path == ":memory:") {
    return fail(ErrorCode::kUsage,
                "The database URL names no file. Write sqlite:FILE, for example "
                "sqlite:/var/lib/vedette/vedette.db.");
  }
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return fail(ErrorCode::kUsage,
                fmt::format("{} is a folder. Give the name of a database file in it.", path));
  }
  const fs::path folder = fs::absolute(path, error).parent_path();
  if (!fs::is_directory(folder, error)) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("The database {} cannot be opened: the folder {} does not exist. Create "
                    "it, or give another place.",
                    path, folder.string()));
  }
  return std::make_unique<SqliteBackend>(path, options);
}

}  // namespace vedette::db
