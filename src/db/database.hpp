// The database, SQLite or PostgreSQL, behind one interface: transactions, its state, and change
// notices between processes. One Database per process and store; every method may be called from
// any thread. Open it after any fork; a connection is never carried across one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "base/time.hpp"
#include "db/rows.hpp"
#include "db/session.hpp"
#include "db/sql.hpp"
#include "db/value.hpp"

namespace vedette::db {

enum class SqliteSynchronous {
  kNormal,  // survives a crash of the program; a power cut may lose the last commits
  kFull,    // survives a power cut; each commit waits for the disk
};

struct DatabaseOptions {
  /// `sqlite:FILE`, `postgresql://user@host:port/name`, or libpq's `host=... dbname=...`.
  std::string url = {};
  /// Connections for reads; on PostgreSQL also for writes (SQLite has exactly one writer).
  int read_connections = 4;
  int write_connections = 4;
  /// How long a call waits for a free connection, or for another process's write lock.
  Micros busy_timeout = std::chrono::seconds(10);
  /// How long one statement may run before it ends as kTimeout.
  Micros statement_timeout = std::chrono::seconds(30);
  Micros connect_timeout = std::chrono::seconds(5);
  /// PostgreSQL ends a transaction that does nothing for this long, so that a frozen process cannot
  /// hold row locks.
  Micros idle_transaction_timeout = std::chrono::seconds(5);
  SqliteSynchronous synchronous = SqliteSynchronous::kNormal;
  std::string application_name = "vedette";
  /// One answer holds at most this much; a larger one is kTooLarge.
  std::size_t max_answer_bytes = 256U << 20U;
  /// Prepared statements kept per connection; the least recently used goes first.
  int statement_cache = 128;
  /// With false an unreachable PostgreSQL does not fail open(): state() says so, calls fail fast as
  /// kUnavailable, and later calls reconnect.
  bool must_be_reachable = false;
  /// Bounds the database file, 0 for no bound; used by tests of a full disk (SQLite).
  std::int64_t max_bytes = 0;
};

/// What the Operations page and /readyz show. A copy; costs no round trip.
struct DatabaseState {
  bool reachable = false;
  Instant since;  // when `reachable` last changed
  /// False when unreachable, and from a write that failed for an outside reason (disk full,
  /// read-only, locked, damaged) until one succeeds; reads may well work meanwhile.
  bool is_writable = false;
  /// Cause and remedy, one sentence each, while it is unreachable or cannot be written; else empty.
  std::string message;
  Dialect dialect = Dialect::kSqlite;
  std::string address;  // "sqlite:/srv/vedette.db", "postgresql://db:5432/vedette"; no secrets
  std::string server_version;  // "3.54.1", "15.18"; empty until first reached
  std::optional<std::int64_t> size_bytes;
  std::int64_t writes = 0;
  Micros slowest_write{0};  // begin to commit, since the process started
};

struct ReadOptions {
  std::stop_token stop =
      {};  // ends the wait for a connection (kCancelled), not a running statement
};

struct WriteOptions {
  std::stop_token stop = {};  // ends the wait for a connection or lock, not a running statement
  /// PostgreSQL: SERIALIZABLE instead of READ COMMITTED. SQLite always is.
  bool serializable = false;
  /// Instead of DatabaseOptions::statement_timeout, for this transaction; 0 for no limit.
  std::optional<Micros> statement_timeout = std::nullopt;
  /// Does not queue behind this process's other writes for a connection, which on SQLite is one:
  /// for what must not be late (leases), and short.
  bool is_urgent = false;
};

/// Keeps a subscription alive. Destroying it returns once a running callback has finished (unless
/// it is destroyed by that callback itself); after that the callback is never called again.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::shared_ptr<void> keep) : keep_(std::move(keep)) {}
  void reset() { keep_.reset(); }

 private:
  std::shared_ptr<void> keep_;
};

class Database {
 public:
  /// Opens the store. kUsage: the URL makes no sense. kUnavailable, kCorrupt: the SQLite file
  /// cannot be opened, or is none. An absent PostgreSQL is no error (see must_be_reachable).
  /// Waits connect_timeout at most.
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Dialect dialect() const;

  /// Runs `body(Session&) -> Result<T>` on one snapshot that sees everything committed before it
  /// and cannot write. Blocks for a free connection up to busy_timeout. May run body again after a
  /// lost connection or a serialization failure.
  template <class F>
  auto read(F&& body, const ReadOptions& options = {}) -> std::invoke_result_t<F&, Session&>;

  /// Runs `body(Session&) -> Result<T>` in one transaction, and commits if it returned a value;
  /// an error or an exception rolls back. Body runs again, after a short random wait, when
  /// another transaction was in the way (SQLITE_BUSY, serialization failure, deadlock) or when the
  /// connection was lost before the commit: it must have no effects but those in the session.
  /// kUnavailable with a lost connection at the very commit: the outcome is unknown; repeat it
  /// only if it is idempotent, which every handler is. Writers of one process are served in order.
  /// Do not start a write inside another one.
  template <class F>
  auto write(F&& body, const WriteOptions& options = {}) -> std::invoke_result_t<F&, Session&>;

  DatabaseState state() const;

  /// The slow examination behind `vedette db check`: integrity of the file or settings of the
  /// server. kCorrupt or kUnavailable with what to do about it.
  Result<void> check();

  /// Calls `callback` with the payload of every notice on `channel`, from any process, on the one
  /// notice thread: it must return quickly and not wait for other notices. An empty payload also
  /// means "something may have changed": after a lost connection, and on SQLite whenever another
  /// process has committed. Notices are hints; keep a slow poll below them.
  Subscription subscribe(std::string channel,
                         std::move_only_function<void(std::string_view payload)> callback);

  /// Tells all subscribers of `channel` in every process, soon and without blocking. The same
  /// channel and payload again and again goes out at once, after 4 ms, 8 ms more, ..., and then
  /// every 50 ms at most; the last one always does. Never part of a transaction; use
  /// Session::notify inside one. A payload over 4000 bytes is replaced by an empty one.
  void notify(std::string_view channel, std::string_view payload = {});

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);

  // A borrowed call: `run(body, session)` stores the outcome and says how it went.
  struct Body {
    void* object;
    Result<void> (*run)(void* object, Session& session);
  };
  Result<void> run_read(Body body, const ReadOptions& options);
  Result<void> run_write(Body body, const WriteOptions& options);

  template <class F>
  struct Outcome {
    F* body;
    std::optional<std::invoke_result_t<F&, Session&>> result;
    static Result<void> run(void* object, Session& session) {
      auto* self = static_cast<Outcome*>(object);
      self->result.emplace((*self->body)(session));
      if (!*self->result) return fail(self->result->error());
      return {};
    }
  };

  std::unique_ptr<Impl> impl_;
};

template <class F>
auto Database::read(F&& body, const ReadOptions& options) -> std::invoke_result_t<F&, Session&> {
  using Call = Outcome<std::remove_reference_t<F>>;
  Call call{&body, std::nullopt};
  VEDETTE_CHECK(run_read({&call, &Call::run}, options));
  return std::move(*call.result);
}

template <class F>
auto Database::write(F&& body, const WriteOptions& options) -> std::invoke_result_t<F&, Session&> {
  using Call = Outcome<std::remove_reference_t<F>>;
  Call call{&body, std::nullopt};
  VEDETTE_CHECK(run_write({&call, &Call::run}, options));
  return std::move(*call.result);
}

}  // namespace vedette::db
