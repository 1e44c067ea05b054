#include "db/sqlite/sqlite_connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>
#include <thread>

#include "db/sqlite/sqlite_error.hpp"

namespace vedette::db {
namespace {

constexpr int kClockEvery = 20'000;  // virtual machine steps between looks at the clock

void bind_one(sqlite3_stmt* statement, int index, const Param& param, int& code) {
  const std::string_view bytes = param.bytes();
  switch (param.kind()) {
    case Kind::kNull:
      code = sqlite3_bind_null(statement, index);
      return;
    case Kind::kBool:
    case Kind::kInteger:
    case Kind::kInstant:
      code = sqlite3_bind_int64(statement, index, param.integer());
      return;
    case Kind::kReal:
      code = sqlite3_bind_double(statement, index, param.real());
      return;
    case Kind::kText:
      // A null pointer would bind NULL instead of the empty text.
      code = sqlite3_bind_text64(statement, index, bytes.empty() ? "" : bytes.data(), bytes.size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
      return;
    case Kind::kBlob:
      code = bytes.empty()
                 ? sqlite3_bind_zeroblob(statement, index, 0)
                 : sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
      return;
  }
}

void add_cell(sqlite3_stmt* statement, int column, Rows& rows) {
  const auto bytes = [&](const void* data) {
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
    return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      rows.add_integer(Kind::kInteger, sqlite3_column_int64(statement, column));
      return;
    case SQLITE_FLOAT:
      rows.add_real(sqlite3_column_double(statement, column));
      return;
    case SQLITE_TEXT:
      rows.add_bytes(Kind::kText, bytes(sqlite3_column_text(statement, column)));
      return;
    case SQLITE_BLOB:
      rows.add_bytes(Kind::kBlob, bytes(sqlite3_column_blob(statement, column)));
      return;
    default:
      rows.add_null();
  }
}

std::string insert_sql(const BulkInsert& rows) {
  std::string columns;
  std::string places;
  for (std::size_t i = 0; i < rows.columns().size(); ++i) {
    fmt::format_to(std::back_inserter(columns), "{}{}", i == 0 ? "" : ", ", rows.columns()[i]);
    fmt::format_to(std::back_inserter(places), "{}${}", i == 0 ? "" : ", ", i + 1);
  }
  return fmt::format("INSERT INTO {} ({}) VALUES ({}) {}", rows.table(), columns, places,
                     rows.conflict());
}

bool is_blank(std::string_view sql) {
  return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

}  // namespace

void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

class SqliteConnection::Running {
 public:
  explicit Running(sqlite3_stmt* statement) : statement_(statement) {}
  ~Running() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);  // the bound texts end with the call
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  sqlite3_stmt* statement_;
};

SqliteConnection::SqliteConnection(std::string path, const DatabaseOptions& options)
    : path_(std::move(path)),
      synchronous_(options.synchronous),
      default_statement_timeout_(options.statement_timeout),
      max_answer_bytes_(options.max_answer_bytes),
      max_bytes_(options.max_bytes),
      statements_(static_cast<std::size_t>(std::max(1, options.statement_cache))),
      statement_timeout_(options.statement_timeout),
      lock_deadline_(std::chrono::steady_clock::now() + options.busy_timeout) {}

SqliteConnection::~SqliteConnection() {
  statements_.clear();  // before the handle they belong to
  sqlite3_close_v2(handle_);
}

namespace {

// A new file, and with it the -wal and -shm that SQLite makes like it, is for its owner alone: it
// holds cameras' passwords. What is in the way, SQLite will say.
void make_private(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) ::close(made);
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path,
                                                                 bool writer,
                                                                 const DatabaseOptions& options) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, options));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (writer ? SQLITE_OPEN_CREATE : 0);
  if (writer) make_private(path);
  const int code = sqlite3_open_v2(path.c_str(), &connection->handle_, flags, nullptr);
  if (code != SQLITE_OK) return connection->failed(code, "open");
  VEDETTE_CHECK(connection->set_up(writer));
  return connection;
}

Result<void> SqliteConnection::set_up(bool writer) {
  sqlite3_busy_handler(
      handle_,
      [](void* self, int times) {
        return static_cast<SqliteConnection*>(self)->wait_for_lock(times) ? 1 : 0;
      },
      this);
  sqlite3_progress_handler(
      handle_, kClockEvery,
      [](void* self) {
        return std::chrono::steady_clock::now() >
                       static_cast<SqliteConnection*>(self)->statement_end_
                   ? 1
                   : 0;
      },
      this);
  start_clock();
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (writer) {
    // Only the writer changes the mode, and so meets first what is no database.
    VEDETTE_TRY(mode, switch_to_wal());
    if (sqlite3_db_readonly(handle_, "main") == 1) return failed(SQLITE_READONLY, "open");
    if (mode.empty() || mode.scalar<std::string_view>() != "wal") {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{} cannot be used in WAL mode. Keep it on a local disk, not on a "
                              "network file system.",
                              path_));
    }
    VEDETTE_CHECK(script("PRAGMA journal_size_limit = 67108864"));
  }
  if (max_bytes_ > 0) {
    VEDETTE_TRY(page, query("PRAGMA page_size", {}));
    VEDETTE_CHECK(script(
        fmt::format("PRAGMA max_page_count = {}", max_bytes_ / page.scalar<std::int64_t>())));
  }
  return script(fmt::format(
      "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;"
      "PRAGMA synchronous = {}; PRAGMA query_only = {}",
      synchronous_ == SqliteSynchronous::kFull ? "FULL" : "NORMAL", writer ? "OFF" : "ON"));
}

// Two that switch a new file at once stand in each other's way, and for that SQLite does not ask
// the busy handler.
Result<Rows> SqliteConnection::switch_to_wal() {
  for (int times = 0;; ++times) {
    Result<Rows> mode = query("PRAGMA journal_mode = WAL", {});
    if (mode || fault_ != Fault::kContention || !wait_for_lock(times)) return mode;
  }
}

// SQLite's own wait polls with growing pauses and so starves latecomers; short random pauses are
// fairer between processes.
bool SqliteConnection::wait_for_lock(int times) {
  if (std::chrono::steady_clock::now() >= lock_deadline_ || stop_.stop_requested()) return false;
  thread_local std::minstd_rand random{std::random_device{}()};
  const int top = times < 8 ? 1'000 : 5'000;
  std::this_thread::sleep_for(Micros(std::uniform_int_distribution<int>(200, top)(random)));
  return true;
}

void SqliteConnection::start_clock() {
  statement_end_ = statement_timeout_.count() > 0
                       ? std::chrono::steady_clock::now() + statement_timeout_
                       : SteadyTime::max();
}

std::unexpected<Error> SqliteConnection::failed(int code, std::string_view doing) {
  fault_ = is_contention(code) ? Fault::kContention : Fault::kStatement;
  if (fault_ == Fault::kContention && stop_.stop_requested()) {
    return fail(ErrorCode::kCancelled, "Stopped while waiting for the database.");
  }
  return fail(sqlite_error(handle_, code, path_, doing));
}

std::unexpected<Error> SqliteConnection::wrong_use(std::string message, std::string_view sql) {
  fault_ = Fault::kStatement;
  return fail(ErrorCode::kInternal, std::move(message), std::string(sql));
}

Result<void> SqliteConnection::begin(const Begin& how) {
  fault_ = Fault::kNone;
  lock_deadline_ = how.deadline;
  stop_ = how.stop;
  statement_timeout_ = how.statement_timeout.value_or(default_statement_timeout_);
  VEDETTE_CHECK(execute(how.write ? "BEGIN IMMEDIATE" : "BEGIN", {}));
  return {};
}

Result<void> SqliteConnection::commit() {
  VEDETTE_CHECK(execute("COMMIT", {}));
  return {};
}

void SqliteConnection::rollback() {
  if (sqlite3_get_autocommit(handle_) != 0) return;  // SQLite has rolled back by itself
  const Fault kept = fault_;
  fault_ = execute("ROLLBACK", {}) ? kept : Fault::kLost;
}

Result<SqliteConnection::Statement*> SqliteConnection::prepare(std::string_view sql) {
  if (Statement* known = statements_.find(sql)) return known;
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, &rest);
  Statement statement{std::unique_ptr<sqlite3_stmt, Finalize>(prepared), {}};
  if (code != SQLITE_OK) return failed(code, sql);
  if (prepared == nullptr || !is_blank(sql.substr(static_cast<std::size_t>(rest - sql.data())))) {
    return wrong_use("A query must be exactly one SQL statement.", sql);
  }
  for (int i = 1; i <= sqlite3_bind_parameter_count(prepared); ++i) {
    // "$2", or "$2::int": SQLite reads PostgreSQL's cast as part of the name.
    const char* label = sqlite3_bind_parameter_name(prepared, i);
    const std::string_view name = label != nullptr ? label : "";
    int number = 0;
    if (name.starts_with('$')) {
      std::from_chars(name.data() + 1, name.data() + name.size(), number);
    }
    if (number < 1) return wrong_use("A placeholder must be written $1, $2, ...", sql);
    statement.places.push_back(number - 1);
  }
  return &statements_.keep(sql, std::move(statement));
}

Result<void> SqliteConnection::bind(const Statement& statement, std::span<const Param> params,
                                    std::string_view sql) {
  for (std::size_t i = 0; i < statement.places.size(); ++i) {
    const auto place = static_cast<std::size_t>(statement.places[i]);
    if (place >= params.size()) return wrong_use("A statement was given too few values.", sql);
    int code = SQLITE_OK;
    bind_one(statement.prepared.get(), static_cast<int>(i) + 1, params[place], code);
    if (code != SQLITE_OK) return failed(code, sql);
  }
  return {};
}

Result<void> SqliteConnection::read_rows(sqlite3_stmt* statement, std::string_view sql,
                                         Rows& rows) {
  // The first step comes before the names: it notices when the table was changed meanwhile.
  int code = sqlite3_step(statement);
  const int columns = sqlite3_column_count(statement);
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(columns));
  for (int i = 0; i < columns; ++i) names.emplace_back(sqlite3_column_name(statement, i));
  rows.set_columns(std::move(names));
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    for (int i = 0; i < columns; ++i) add_cell(statement, i, rows);
    if (rows.byte_size() > max_answer_bytes_) {
      fault_ = Fault::kStatement;
      return fail(ErrorCode::kTooLarge, "The answer is too large. Ask for less at a time.",
                  std::string(sql));
    }
  }
  if (code != SQLITE_DONE) return failed(code, sql);
  return {};
}

Result<Rows> SqliteConnection::query(std::string_view sql, std::span<const Param> params) {
  VEDETTE_TRY(statement, prepare(sql));
  const Running running(statement->prepared.get());
  VEDETTE_CHECK(bind(*statement, params, sql));
  start_clock();
  Rows rows;
  VEDETTE_CHECK(read_rows(statement->prepared.get(), sql, rows));
  return rows;
}

Result<std::int64_t> SqliteConnection::execute(std::string_view sql,
                                               std::span<const Param> params) {
  VEDETTE_TRY(statement, prepare(sql));
  const Running running(statement->prepared.get());
  VEDETTE_CHECK(bind(*statement, params, sql));
  start_clock();
  const std::int64_t before = sqlite3_total_changes64(handle_);
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement->prepared.get());
  if (code != SQLITE_DONE) return failed(code, sql);
  // changes64 keeps its old value over statements that change nothing.
  return sqlite3_total_changes64(handle_) == before ? 0 : sqlite3_changes64(handle_);
}

// One prepared single-row statement, stepped for each row: without a round trip to save, longer
// VALUES lists are no faster.
Result<std::int64_t> SqliteConnection::insert(const BulkInsert& rows) {
  const std::string sql = insert_sql(rows);
  VEDETTE_TRY(statement, prepare(sql));
  const Running running(statement->prepared.get());
  std::vector<Param> row(rows.columns().size());
  start_clock();
  std::int64_t inserted = 0;
  std::int64_t before = sqlite3_total_changes64(handle_);
  for (std::size_t i = 0; i < rows.values().size(); i += row.size()) {
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = Param(rows.values()[i + j]);
    VEDETTE_CHECK(bind(*statement, row, sql));
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) code = sqlite3_step(statement->prepared.get());
    if (code != SQLITE_DONE) return failed(code, sql);
    sqlite3_reset(statement->prepared.get());
    const std::int64_t after = sqlite3_total_changes64(handle_);
    if (after != before) inserted += sqlite3_changes64(handle_);
    before = after;
  }
  return inserted;
}

Result<void> SqliteConnection::script(std::string_view sql) {
  start_clock();
  const std::string text(sql);
  const int code = sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failed(code, sql);
  return {};
}

}  // namespace vedette::db
