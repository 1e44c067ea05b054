// One connection to a SQLite file: the only writer of the process, or one of its readers. Internal
// to db/sqlite; used by one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/backend.hpp"
#include "db/statement_cache.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace vedette::db {

class SqliteConnection final : public Connection {
 public:
  /// Opens `path`; the writer creates it, puts it into WAL mode, and fails on what is no database.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, bool writer,
                                                        const DatabaseOptions& options);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Dialect dialect() const override { return Dialect::kSqlite; }
  Result<void> begin(const Begin& how) override;
  Result<void> commit() override;
  void rollback() override;
  Result<Rows> query(std::string_view sql, std::span<const Param> params) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override;
  Result<std::int64_t> insert(const BulkInsert& rows) override;
  Result<void> script(std::string_view sql) override;
  Fault fault() const override { return fault_; }

  sqlite3* handle() const { return handle_; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Statement {
    std::unique_ptr<sqlite3_stmt, Finalize> prepared;
    std::vector<int> places;  // for SQLite's parameter i + 1, which $n it is, from 0
  };
  class Running;  // resets the statement at the end

  SqliteConnection(std::string path, const DatabaseOptions& options);
  Result<void> set_up(bool writer);
  Result<Rows> switch_to_wal();
  Result<Statement*> prepare(std::string_view sql);
  Result<void> bind(const Statement& statement, std::span<const Param> params,
                    std::string_view sql);
  Result<void> read_rows(sqlite3_stmt* statement, std::string_view sql, Rows& rows);
  std::unexpected<Error> failed(int code, std::string_view doing);
  std::unexpected<Error> wrong_use(std::string message, std::string_view sql);
  void start_clock();
  bool wait_for_lock(int times);

  const std::string path_;
  const SqliteSynchronous synchronous_;
  const Micros default_statement_timeout_;
  const std::size_t max_answer_bytes_;
  const std::int64_t max_bytes_;
  sqlite3* handle_ = nullptr;
  StatementCache<Statement> statements_;
  Fault fault_ = Fault::kNone;
  Micros statement_timeout_;
  SteadyTime statement_end_;
  SteadyTime lock_deadline_;
  std::stop_token stop_;
};

}  // namespace vedette::db
