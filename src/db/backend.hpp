// What SQLite and PostgreSQL each provide to Database. Internal to db/: nothing outside includes
// it. A Connection is used by one thread at a time; a Backend by any.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "db/database.hpp"

namespace vedette::db {

class Pool;

using SteadyTime = std::chrono::steady_clock::time_point;

/// How the last failed call left its connection and transaction.
enum class Fault {
  kNone,
  kStatement,   // the statement itself is at fault: running it again changes nothing
  kContention,  // another transaction was in the way: the whole transaction may run again
  kLost,        // the connection is gone, and with it every uncommitted change
};

struct Begin {
  bool write = false;
  bool serializable = false;
  std::optional<Micros> statement_timeout = std::nullopt;
  SteadyTime deadline = {};  // for the wait for locks of other processes
  std::stop_token stop = {};
  bool is_urgent = false;
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual Dialect dialect() const = 0;
  virtual Result<void> begin(const Begin& how) = 0;
  virtual Result<void> commit() = 0;
  /// Leaves no transaction open; a connection that cannot do so becomes lost.
  virtual void rollback() = 0;
  virtual Result<Rows> query(std::string_view sql, std::span<const Param> params) = 0;
  virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) = 0;
  virtual Result<std::int64_t> insert(const BulkInsert& rows) = 0;
  virtual Result<void> script(std::string_view sql) = 0;
  virtual Fault fault() const = 0;
  bool is_lost() const { return fault() == Fault::kLost; }
};

struct Notice {
  std::string channel;
  std::string payload;
};

/// The way notices of this process reach the others. Used by the notice thread alone.
class NoticeWire {
 public:
  struct Heard {
    std::vector<Notice> notices;
    bool anything = false;  // everything may have changed
  };
  virtual ~NoticeWire() = default;
  /// Waits until `wake_fd` is readable, until `until`, or until others have said something.
  virtual Heard listen(int wake_fd, SteadyTime until, const std::stop_token& stop) = 0;
  /// Does not fail: what cannot be sent now is sent by a later listen().
  virtual void send(std::span<const Notice> notices) = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Dialect dialect() const = 0;
  /// Opens one more connection; waits connect_timeout at most.
  virtual Result<std::unique_ptr<Connection>> connect(bool writer, const std::stop_token& stop) = 0;
  virtual Result<void> check(Connection& reader) = 0;
  /// `writers` is the pool of this process's writing connections, which outlives the wire.
  virtual std::unique_ptr<NoticeWire> wire(Pool& writers) = 0;
  /// A transaction went well, or failed: for the state. Cheap.
  virtual void report_success(bool was_write) = 0;
  virtual void report_failure(const Error& error, bool was_write) = 0;
  /// Fills reachable, is_writable, since, message, address, server_version and size_bytes.
  virtual void describe(DatabaseState& state) const = 0;
};

}  // namespace vedette::db
