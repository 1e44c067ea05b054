// What a transaction body works with: one transaction, or one read snapshot, on one connection.
// Given to the function passed to Database::read and write; never stored, used by that thread only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "db/rows.hpp"
#include "db/sql.hpp"
#include "db/value.hpp"

namespace vedette::db {

class Connection;

/// Statements use the placeholders $1..$n in both dialects and are prepared once per connection.
/// On PostgreSQL numbers, booleans, instants and blobs are sent with their own type (bigint, double
/// precision, boolean, timestamptz, bytea) and text takes whatever type its place asks for; write
/// `$1::int` where a function wants an int (SQLite ignores such a cast behind a placeholder).
///
/// After a statement failed the transaction is over: later statements repeat that error, and the
/// write fails with it even when its body returns success.
class Session {
 public:
  explicit Session(Connection& connection) : connection_(connection) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Dialect dialect() const;

  /// Runs one statement and returns its rows (also those of RETURNING).
  /// kConflict: a unique or foreign key forbids it. kInvalid: another constraint, or a value its
  /// column cannot hold. kTimeout, kUnavailable, kDiskFull, kCorrupt: the database's troubles.
  Result<Rows> query(std::string_view sql, std::initializer_list<Param> params = {});
  Result<Rows> query(std::string_view sql, std::span<const Value> params);

  /// Runs one statement and returns how many rows it changed.
  Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Param> params = {});
  Result<std::int64_t> execute(std::string_view sql, std::span<const Value> params);

  /// Stores many rows, in chunks, and returns how many the database counted as changed.
  Result<std::int64_t> insert(const BulkInsert& rows);

  /// Runs several statements separated by semicolons, without parameters.
  Result<void> script(std::string_view sql);

  /// Queues a change notice that goes out after this write has committed, and only then. See
  /// Database::notify.
  void notify(std::string_view channel, std::string_view payload = {});

 private:
  friend class Database;
  Result<Rows> run_query(std::string_view sql, std::span<const Param> params);
  Result<std::int64_t> run_execute(std::string_view sql, std::span<const Param> params);

  Connection& connection_;
  std::optional<Error> failure_;
  std::vector<std::pair<std::string, std::string>> notices_;
};

}  // namespace vedette::db
