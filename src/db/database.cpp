#include "db/database.hpp"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <random>

#include "db/backend.hpp"
#include "db/notices.hpp"
#include "db/pool.hpp"
#include "db/postgres/postgres_backend.hpp"
#include "db/sqlite/sqlite_backend.hpp"

namespace vedette::db {
namespace {

constexpr auto kLongWait = std::chrono::hours(1);
constexpr int kMaxContended = 12;  // attempts of one write against other transactions

// 1 to 2, 2 to 4, 4 to 8 ... up to 250 ms: random, so that two rivals part.
Micros contention_pause(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto top = std::min<std::int64_t>(250'000, 2'000LL << std::min(attempt, 10));
  return Micros(std::uniform_int_distribution<std::int64_t>(top / 2, top)(random));
}

Error defect(const std::exception& error) {
  return {ErrorCode::kInternal,
          "A database transaction failed because of a defect in the program. The log has details.",
          false, error.what()};
}

}  // namespace

struct Database::Impl {
  // How one run of a body ended.
  struct Attempt {
    Result<void> result;
    Fault fault = Fault::kNone;
    bool reached_commit = false;
    bool was_fresh = false;
    bool began = false;
    std::vector<std::pair<std::string, std::string>> notices;
  };

  Impl(const DatabaseOptions& chosen, std::unique_ptr<Backend> made)
      : options(chosen),
        backend(std::move(made)),
        writers("writer", backend->dialect() == Dialect::kSqlite ? 1 : options.write_connections,
                [this](const std::stop_token& stop) { return backend->connect(true, stop); }),
        readers("reader", options.read_connections,
                [this](const std::stop_token& stop) { return backend->connect(false, stop); }),
        notices([this] { return backend->wire(writers); }) {}

  Attempt attempt(Pool& pool, const Body& body, const Begin& begin);
  Result<void> run(Pool& pool, const Body& body, const Begin& begin);
  void count_write(Micros took);

  const DatabaseOptions options;
  const std::unique_ptr<Backend> backend;
  Pool writers;
  Pool readers;
  std::atomic<std::int64_t> writes{0};
  std::atomic<std::int64_t> slowest_write_us{0};
  Notices notices;  // last: its thread uses the rest
};

Database::Impl::Attempt Database::Impl::attempt(Pool& pool, const Body& body, const Begin& begin) {
  Attempt outcome;
  auto lease = pool.acquire(begin.deadline, begin.stop, begin.is_urgent);
  if (!lease) {
    outcome.result = fail(std::move(lease.error()));
    outcome.was_fresh = true;
    return outcome;
  }
  Connection& connection = **lease;
  outcome.was_fresh = lease->is_fresh();
  const auto started = std::chrono::steady_clock::now();
  outcome.result = connection.begin(begin);
  if (!outcome.result) {
    outcome.fault = connection.fault();
    connection.rollback();
    return outcome;
  }
  outcome.began = true;
  Session session(connection);
  try {
    outcome.result = body.run(body.object, session);
  } catch (const std::exception& error) {
    outcome.result = fail(defect(error));
  } catch (...) {
    connection.rollback();
    throw;
  }
  if (session.failure_) {
    // PostgreSQL would turn the commit into a rollback without a word.
    if (outcome.result) outcome.result = fail(*session.failure_);
    outcome.fault = connection.fault();
  }
  if (outcome.result) {
    outcome.reached_commit = true;
    outcome.result = connection.commit();
    outcome.fault = connection.fault();
  }
  if (!outcome.result) {
    connection.rollback();
    return outcome;
  }
  backend->report_success(begin.write);
  outcome.notices = std::move(session.notices_);
  if (begin.write) {
    count_write(std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - started));
  }
  return outcome;
}

void Database::Impl::count_write(Micros took) {
  ++writes;
  std::int64_t slowest = slowest_write_us.load();
  while (took.count() > slowest && !slowest_write_us.compare_exchange_weak(slowest, took.count())) {
  }
}

Result<void> Database::Impl::run(Pool& pool, const Body& body, const Begin& begin) {
  bool reconnected = false;
  for (int contended_times = 0;;) {
    Attempt outcome = attempt(pool, body, begin);
    if (outcome.result) {
      for (const auto& [channel, payload] : outcome.notices) notices.post(channel, payload);
      return {};
    }
    if (outcome.fault == Fault::kLost && !reconnected &&
        outcome.result.error().code == ErrorCode::kUnavailable &&
        (!begin.write || !outcome.reached_commit)) {
      // Nothing was committed. Idle connections are older than the lost one, so they go too.
      reconnected = true;
      if (!outcome.was_fresh || outcome.began) {
        readers.drop_idle();
        writers.drop_idle();
        continue;
      }
    }
    if (outcome.fault != Fault::kContention) {
      // Errors that the body made up itself say nothing about the database.
      if (outcome.fault != Fault::kNone) {
        backend->report_failure(outcome.result.error(), begin.write);
      }
      return outcome.result;
    }
    if (std::chrono::steady_clock::now() >= begin.deadline) {
      // Somebody holds the lock and does not let go: nothing can be written.
      backend->report_failure(outcome.result.error(), begin.write);
      return outcome.result;
    }
    if (++contended_times >= kMaxContended) return outcome.result;
    if (!sleep_for(begin.stop, contention_pause(contended_times))) {
      return fail(ErrorCode::kCancelled, "Stopped while waiting for the database.");
    }
  }
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  auto backend = options.url.starts_with("sqlite:") ? open_sqlite(options) : open_postgres(options);
  if (!backend) return fail(std::move(backend.error()));
  std::unique_ptr<Database> database(
      new Database(std::make_unique<Impl>(options, std::move(*backend))));
  // The first connection proves the store and is kept for the first write.
  const Begin begin{.deadline = std::chrono::steady_clock::now() + options.connect_timeout};
  auto lease = database->impl_->writers.acquire(begin.deadline, {});
  if (!lease && (options.must_be_reachable || database->dialect() == Dialect::kSqlite)) {
    return fail(std::move(lease.error()));
  }
  if (database->dialect() == Dialect::kPostgres) database->impl_->notices.start();
  return database;
}

Dialect Database::dialect() const {
  return impl_->backend->dialect();
}

Result<void> Database::run_read(Body body, const ReadOptions& options) {
  const Begin begin{.deadline = std::chrono::steady_clock::now() + impl_->options.busy_timeout,
                    .stop = options.stop};
  return impl_->run(impl_->readers, body, begin);
}

Result<void> Database::run_write(Body body, const WriteOptions& options) {
  // Without a limit for the statements, locks may be held by others as long.
  const Micros patience =
      options.statement_timeout == Micros(0) ? kLongWait : impl_->options.busy_timeout;
  const Begin begin{.write = true,
                    .serializable = options.serializable,
                    .statement_timeout = options.statement_timeout,
                    .deadline = std::chrono::steady_clock::now() + patience,
                    .stop = options.stop,
                    .is_urgent = options.is_urgent};
  return impl_->run(impl_->writers, body, begin);
}

DatabaseState Database::state() const {
  DatabaseState state;
  state.dialect = dialect();
  impl_->backend->describe(state);
  state.writes = impl_->writes;
  state.slowest_write = Micros(impl_->slowest_write_us);
  return state;
}

Result<void> Database::check() {
  const auto deadline = std::chrono::steady_clock::now() + impl_->options.busy_timeout;
  auto lease = impl_->readers.acquire(deadline, {});
  if (!lease) return fail(std::move(lease.error()));
  auto result = impl_->backend->check(**lease);
  (**lease).rollback();
  return result;
}

Subscription Database::subscribe(std::string channel,
                                 std::move_only_function<void(std::string_view)> callback) {
  return impl_->notices.subscribe(std::move(channel), std::move(callback));
}

void Database::notify(std::string_view channel, std::string_view payload) {
  impl_->notices.post(channel, payload);
}

}  // namespace vedette::db
