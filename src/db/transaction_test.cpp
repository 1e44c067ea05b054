// Transactions on both databases: all or nothing, one after the other, and tried again when another
// one was in the way.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "db/testing/store.hpp"

namespace vedette::db {
namespace {

using ::testing::HasSubstr;
using testing::must;
using testing::Peer;

class Transactions : public testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    run(*database_, "CREATE TABLE keys (key INTEGER PRIMARY KEY)");
  }
  static void run(Database& database, const std::string& sql) {
    must(database.write([&](Session& session) { return session.script(sql); }));
  }
  static std::int64_t count(Database& database, const std::string& table = "keys") {
    return must(database.read([&](Session& session) -> Result<std::int64_t> {
      VEDETTE_TRY(rows, session.query("SELECT count(*) FROM " + table));
      return rows.scalar<std::int64_t>();
    }));
  }
  static Result<std::int64_t> insert(Session& session, int key) {
    return session.execute("INSERT INTO keys VALUES ($1)", {key});
  }
  std::unique_ptr<Database> database_;
};

TEST_P(Transactions, AnErrorTakesEverythingBack) {
  const auto result = database_->write([](Session& session) -> Result<void> {
    VEDETTE_CHECK(insert(session, 1));
    session.notify("keys");
    return fail(ErrorCode::kNotFound, "changed my mind");
  });
  EXPECT_EQ(result.error().message, "changed my mind");
  EXPECT_EQ(count(*database_), 0);
  // And holds no lock: the next write goes through.
  must(database_->write([](Session& session) { return insert(session, 1); }));
}

TEST_P(Transactions, AnExceptionTakesEverythingBack) {
  const auto result = database_->write([](Session& session) -> Result<void> {
    VEDETTE_CHECK(insert(session, 1));
    throw std::runtime_error("out of luck");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInternal);
  EXPECT_EQ(result.error().detail, "out of luck");
  EXPECT_EQ(count(*database_), 0);
}

TEST_P(Transactions, AFailedStatementEndsTheTransactionEvenWhenItsErrorIsDropped) {
  const auto result = database_->write([](Session& session) -> Result<int> {
    VEDETTE_CHECK(insert(session, 1));
    const auto twice = insert(session, 1);
    EXPECT_EQ(twice.error().code, ErrorCode::kConflict);
    EXPECT_EQ(insert(session, 2).error().code, ErrorCode::kConflict);
    return 7;
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kConflict);
  EXPECT_EQ(count(*database_), 0);
}

TEST_P(Transactions, ConstraintsHaveTheirCodes) {
  run(*database_,
      "CREATE TABLE child (key INTEGER NOT NULL REFERENCES keys (key), n INTEGER CHECK (n > 0))");
  const auto code = [&](const std::string& sql) {
    const auto result = database_->write([&](Session& session) { return session.execute(sql); });
    return result ? ErrorCode::kCancelled : result.error().code;
  };
  EXPECT_EQ(code("INSERT INTO child VALUES (99, 1)"), ErrorCode::kConflict);
  EXPECT_EQ(code("INSERT INTO child VALUES (NULL, 1)"), ErrorCode::kInvalid);
  must(database_->write([](Session& session) { return insert(session, 1); }));
  EXPECT_EQ(code("INSERT INTO child VALUES (1, 0)"), ErrorCode::kInvalid);
  EXPECT_EQ(code("SELECT nonsense FROM nowhere"), ErrorCode::kInternal);
  EXPECT_EQ(code("INSERT INTO child VALUES (1, 1)"), ErrorCode::kCancelled);
}

TEST_P(Transactions, AReadCannotWriteAndSeesOneSnapshot) {
  const auto refused = database_->read([](Session& session) { return insert(session, 1); });
  EXPECT_FALSE(refused);
  must(database_->read([&](Session& session) -> Result<void> {
    VEDETTE_TRY(before, session.query("SELECT count(*) FROM keys"));
    EXPECT_EQ(before.scalar<int>(), 0);
    std::thread([&] {
      must(database_->write([](Session& other) { return insert(other, 1); }));
    }).join();
    VEDETTE_TRY(after, session.query("SELECT count(*) FROM keys"));
    EXPECT_EQ(after.scalar<int>(), 0);
    return {};
  }));
  EXPECT_EQ(count(*database_), 1);
}

TEST_P(Transactions, ExecuteCountsChangedRows) {
  must(database_->write([](Session& session) -> Result<void> {
    for (int key = 0; key < 5; ++key) VEDETTE_CHECK(insert(session, key));
    VEDETTE_TRY(deleted, session.execute("DELETE FROM keys WHERE key >= $1", {3}));
    EXPECT_EQ(deleted, 2);
    VEDETTE_TRY(none, session.execute("DELETE FROM keys WHERE key >= $1", {3}));
    EXPECT_EQ(none, 0);
    VEDETTE_TRY(created, session.execute("CREATE TABLE other (a INTEGER)"));
    EXPECT_EQ(created, 0);
    VEDETTE_TRY(selected, session.execute("SELECT * FROM keys"));
    EXPECT_EQ(selected, 0);
    VEDETTE_TRY(returned, session.query("UPDATE keys SET key = key + 10 RETURNING key"));
    EXPECT_EQ(returned.size(), 3);
    return {};
  }));
}

TEST_P(Transactions, MisuseIsADefectNotACrash) {
  const auto code = [&](auto&& body) { return database_->write(body).error().code; };
  EXPECT_EQ(code([](Session& session) { return session.query("SELECT 1; SELECT 2"); }),
            ErrorCode::kInternal);
  EXPECT_EQ(code([](Session& session) { return session.query("SELECT $1 + $2", {1}); }),
            ErrorCode::kInternal);
  EXPECT_EQ(code([](Session& session) -> Result<int> {
              VEDETTE_TRY(rows, session.query("SELECT key FROM keys"));
              return rows.scalar<int>();
            }),
            ErrorCode::kInternal);
  EXPECT_EQ(code([](Session& session) -> Result<int> {
              VEDETTE_TRY(rows, session.query("SELECT 1 AS one"));
              return rows.front().get<int>("two");
            }),
            ErrorCode::kInternal);
  BulkInsert uneven("keys", {"key"});
  EXPECT_EQ(must(database_->write([&](Session& session) { return session.insert(uneven); })), 0);
  BulkInsert wide("keys", {"key", "other"});
  wide.add(1);
  EXPECT_EQ(code([&](Session& session) { return session.insert(wide); }), ErrorCode::kInternal);
}

TEST_P(Transactions, PlaceholdersRepeatAndCarryCasts) {
  EXPECT_EQ(must(database_->read([](Session& session) -> Result<int> {
              VEDETTE_TRY(rows, session.query("SELECT $2::int * 10 + $1::int + $2::int", {1, 2}));
              return rows.scalar<int>();
            })),
            23);
}

TEST_P(Transactions, AnEndlessStatementIsEnded) {
  auto chosen = options();
  chosen.statement_timeout = std::chrono::milliseconds(200);
  const auto impatient = open(chosen);
  const auto result = impatient->read([](Session& session) {
    return session.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
        " SELECT count(*) FROM n");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(count(*impatient), 0);
}

TEST_P(Transactions, AnAnswerIsBounded) {
  auto chosen = options();
  chosen.max_answer_bytes = 10'000;
  const auto bounded = open(chosen);
  const auto result = bounded->read([](Session& session) {
    return session.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " SELECT i FROM n");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTooLarge);
}

TEST_P(Transactions, TheStatementCacheIsBounded) {
  auto chosen = options();
  chosen.statement_cache = 8;
  chosen.read_connections = 1;
  const auto small = open(chosen);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(must(small->read([&](Session& session) -> Result<int> {
                  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {} + $1::int", i), {1}));
                  return rows.scalar<int>();
                })),
                i + 1);
    }
  }
  if (is_sqlite()) return;
  EXPECT_LE(must(small->read([](Session& session) -> Result<int> {
              VEDETTE_TRY(rows, session.query("SELECT count(*) FROM pg_prepared_statements"));
              return rows.scalar<int>();
            })),
            9);
}

TEST_P(Transactions, ATableChangedUnderAPreparedStatementIsReadAnew) {
  must(database_->write([](Session& session) { return insert(session, 5); }));
  const auto columns = [&] {
    return must(database_->read([](Session& session) -> Result<std::size_t> {
      VEDETTE_TRY(rows, session.query("SELECT * FROM keys"));
      return rows.columns().size();
    }));
  };
  EXPECT_EQ(columns(), 1);
  run(*database_, "ALTER TABLE keys ADD COLUMN more INTEGER");
  EXPECT_EQ(columns(), 2);
}

// durable-queue.md, section 6: the loser's transaction is deliberately held.
TEST_P(Transactions, TwoWritersOfOverlappingKeysStoreEachOnce) {
  const auto other = open();
  std::promise<void> holding;
  std::promise<void> go;
  std::thread first([&] {
    must(database_->write([&, told = false](Session& session) mutable -> Result<void> {
      for (int key = 0; key < 200; ++key) {
        VEDETTE_CHECK(
            session.execute("INSERT INTO keys VALUES ($1) ON CONFLICT DO NOTHING", {key}));
      }
      if (!told) holding.set_value();
      told = true;
      go.get_future().wait();
      return {};
    }));
  });
  holding.get_future().wait();
  std::thread second([&] {
    must(other->write([&](Session& session) -> Result<void> {
      for (int key = 100; key < 300; ++key) {
        VEDETTE_CHECK(
            session.execute("INSERT INTO keys VALUES ($1) ON CONFLICT DO NOTHING", {key}));
      }
      return {};
    }));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the length of the hold
  go.set_value();
  first.join();
  second.join();
  EXPECT_EQ(count(*database_), 300);
}

TEST_P(Transactions, TwoProcessesOfOverlappingKeysStoreEachOnce) {
  Peer low({"keys", url(), "0", "200"});
  Peer high({"keys", url(), "100", "300"});
  EXPECT_EQ(low.line(), "ready");
  EXPECT_EQ(high.line(), "ready");
  low.proceed();
  high.proceed();
  EXPECT_EQ(low.line(), "done");
  EXPECT_EQ(high.line(), "done");
  EXPECT_EQ(low.wait(), 0);
  EXPECT_EQ(high.wait(), 0);
  EXPECT_EQ(count(*database_), 300);
}

TEST_P(Transactions, ManyWritersAllGetThrough) {
  run(*database_, "CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0)");
  const auto second = open();
  std::vector<std::jthread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Database& mine = t % 2 == 0 ? *database_ : *second;
      for (int i = 0; i < 25; ++i) {
        const auto result = mine.write(
            [](Session& session) -> Result<void> {
              VEDETTE_TRY(rows, session.query("SELECT n FROM counter"));
              VEDETTE_CHECK(session.execute("UPDATE counter SET n = $1", {rows.scalar<int>() + 1}));
              return {};
            },
            {.serializable = true});
        if (!result) ++failures;
      }
    });
  }
  threads.clear();
  // Serializable rivals may be told to try again later, but nothing is lost or counted twice.
  const auto total = must(database_->read([](Session& session) -> Result<int> {
    VEDETTE_TRY(rows, session.query("SELECT n FROM counter"));
    return rows.scalar<int>();
  }));
  EXPECT_EQ(total + failures, 200);
  if (is_sqlite()) {
    EXPECT_EQ(failures, 0);
  }
}

TEST_P(Transactions, ADeadlockIsResolvedByTryingAgain) {
  run(*database_,
      "CREATE TABLE pair (id INTEGER PRIMARY KEY, n INTEGER);"
      "INSERT INTO pair VALUES (1, 0), (2, 0)");
  std::atomic<int> arrived{0};
  std::atomic<int> runs{0};
  const auto cross = [&](int first, int second) {
    must(database_->write([&](Session& session) -> Result<void> {
      ++runs;
      VEDETTE_CHECK(session.execute("UPDATE pair SET n = n + 1 WHERE id = $1", {first}));
      ++arrived;
      // SQLite lets nobody else in; elsewhere both have their first row before they ask for the
      // second.
      const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (!is_sqlite() && arrived < 2 && std::chrono::steady_clock::now() < give_up) {
        std::this_thread::yield();
      }
      VEDETTE_CHECK(session.execute("UPDATE pair SET n = n + 1 WHERE id = $1", {second}));
      return {};
    }));
  };
  std::thread one([&] { cross(1, 2); });
  std::thread two([&] { cross(2, 1); });
  one.join();
  two.join();
  EXPECT_EQ(must(database_->read([](Session& session) -> Result<int> {
              VEDETTE_TRY(rows, session.query("SELECT CAST(sum(n) AS INTEGER) FROM pair"));
              return rows.scalar<int>();
            })),
            4);
  if (!is_sqlite()) {
    EXPECT_GT(runs, 2);
  }
}

TEST_P(Transactions, AStopEndsTheWaitForTheWriter) {
  auto chosen = options();
  chosen.write_connections = 1;
  const auto narrow = open(chosen);
  std::promise<void> holding;
  std::promise<void> go;
  std::jthread holder([&] {
    must(narrow->write([&](Session&) -> Result<void> {
      holding.set_value();
      go.get_future().wait();
      return {};
    }));
  });
  holding.get_future().wait();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto result = narrow->write([](Session& session) { return insert(session, 1); },
                                    {.stop = stop.get_token()});
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  go.set_value();
}

TEST_P(Transactions, ABusyWriterIsReportedInTime) {
  auto chosen = options();
  chosen.write_connections = 1;
  chosen.busy_timeout = std::chrono::milliseconds(100);
  const auto narrow = open(chosen);
  must(narrow->write([&](Session&) -> Result<void> {
    const auto nested = narrow->write([](Session& session) { return insert(session, 1); });
    EXPECT_EQ(nested.error().code, ErrorCode::kInternal);
    std::jthread([&] {
      const auto waiting = narrow->write([](Session& session) { return insert(session, 1); });
      EXPECT_EQ(waiting.error().code, ErrorCode::kUnavailable);
      EXPECT_TRUE(waiting.error().retryable);
      EXPECT_THAT(waiting.error().message, HasSubstr("The database is busy"));
    }).join();
    return {};
  }));
}

TEST_P(Transactions, StateTellsWhatHappened) {
  must(database_->write([](Session& session) { return insert(session, 1); }));
  const DatabaseState state = database_->state();
  EXPECT_TRUE(state.reachable);
  EXPECT_EQ(state.message, "");
  EXPECT_EQ(state.writes, 2);
  EXPECT_GT(state.slowest_write.count(), 0);
  EXPECT_EQ(state.dialect, GetParam());
  EXPECT_THAT(state.server_version, HasSubstr(either("3.54.1", "15.")));
  EXPECT_THAT(state.address, HasSubstr(either("sqlite:/", "postgresql://127.0.0.1:")));
  must(database_->check());
}

INSTANTIATE_TEST_SUITE_P(Db, Transactions, ::testing::Values(Dialect::kSqlite, Dialect::kPostgres),
                         testing::store_name);

}  // namespace
}  // namespace vedette::db
