// The database goes away and comes back under a running supervisor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "db/migration.hpp"
#include "db/testing/postgres_server.hpp"
#include "work/supervisor.hpp"
#include "work/tables.hpp"
#include "work/testing/eventually.hpp"
#include "work/testing/store.hpp"

namespace vedette::work {
namespace {

using db::testing::PostgresServer;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using ::testing::HasSubstr;

constexpr milliseconds kTtl(2000);

SupervisorOptions options() {
  SupervisorOptions options;
  options.lease.ttl = kTtl;
  options.write_every = milliseconds(20);
  return options;
}

using Time = std::chrono::steady_clock::time_point;

LoopSpec sleeper(std::string name, std::string lease, std::atomic<int>& running,
                 std::atomic<Time>* ended_at = nullptr) {
  LoopSpec loop;
  loop.name = std::move(name);
  loop.lease = std::move(lease);
  loop.body = [&running, ended_at](LoopContext& context) -> Result<void> {
    ++running;
    while (context.wait(hours(1))) {
    }
    if (ended_at) *ended_at = std::chrono::steady_clock::now();
    --running;
    return {};
  };
  return loop;
}

std::unique_ptr<db::Database> open(const std::string& url) {
  db::DatabaseOptions where;
  where.url = url;
  where.busy_timeout = milliseconds(200);
  where.connect_timeout = milliseconds(500);
  auto database = db::Database::open(where);
  if (!database) throw std::runtime_error(database.error().message);
  return std::move(*database);
}

struct PostgresOutage : ::testing::Test {
  static inline std::unique_ptr<PostgresServer> server;  // of these tests alone
  std::string url;
  std::unique_ptr<db::Database> database;
  std::atomic<int> leased = 0;
  std::atomic<int> unleased = 0;
  std::atomic<Time> given_up_at;

  static void TearDownTestSuite() { server.reset(); }

  void SetUp() override {
    if (!server) {
      auto created = PostgresServer::create();
      if (!created && created.error().code == ErrorCode::kNotFound) {
        GTEST_SKIP() << created.error().message;
      }
      ASSERT_TRUE(created) << created.error().message;
      server = std::move(*created);
    }
    server->start();
    url = server->fresh_database();
    database = open(url);
    ASSERT_TRUE(db::migrate(*database, migrations()));
    // The worst a server may be set to; sessions from now on.
    server->execute("postgres", "alter role vedette set synchronous_commit = off");
    database = open(url);
  }

  void add_loops(Supervisor& supervisor) {
    ASSERT_TRUE(supervisor.add(sleeper("roll-up", "roll-up", leased, &given_up_at)));
    ASSERT_TRUE(supervisor.add(sleeper("sweep", "", unleased)));
  }
};

TEST_F(PostgresOutage, LoopsSaySoGiveUpInTimeAndRecover) {
  Supervisor supervisor(*database, options());
  add_loops(supervisor);
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return leased == 1 && unleased == 1; }));

  for (int round = 0; round < 2; ++round) {
    const auto stopped_at = std::chrono::steady_clock::now();
    round == 0 ? server->stop() : server->kill();
    ASSERT_TRUE(eventually([&] { return leased == 0; }));
    // By the body's own clock: the server takes its time to stop.
    EXPECT_LT(given_up_at.load() - stopped_at, kTtl);
    ASSERT_TRUE(
        eventually([&] { return supervisor.status("roll-up")->state == LoopState::kUnreachable; }));
    const LoopStatus away = *supervisor.status("roll-up");
    EXPECT_EQ(away.word, "database unreachable");
    EXPECT_EQ(away.health, Health::kBad);
    EXPECT_THAT(away.cause, HasSubstr("since 20"));
    EXPECT_EQ(away.token, 0);
    // What needs no lease goes on.
    EXPECT_EQ(unleased, 1);
    EXPECT_EQ(supervisor.snapshot().size(), 2u);
    EXPECT_FALSE(supervisor.all());
    EXPECT_FALSE(supervisor.metrics().is_database_reachable);

    server->start();
    ASSERT_TRUE(eventually([&] { return leased == 1; }));
    EXPECT_EQ(supervisor.status("roll-up")->token, round + 2);
    ASSERT_TRUE(eventually([&] { return supervisor.all().has_value(); }));
    ASSERT_TRUE(eventually([&] { return supervisor.metrics().is_database_reachable; }));
  }
  EXPECT_TRUE(supervisor.stop(seconds(5)).empty());
  const auto past = lease_history(*database, "roll-up", 10).value();
  ASSERT_EQ(past.size(), 3u);
  EXPECT_EQ(past[0].ended_by, "released");
  EXPECT_EQ(past[1].ended_by, "reclaimed");
  EXPECT_LE(*past[1].ended_at, past[0].acquired_at);
  EXPECT_LE(*past[2].ended_at, past[1].acquired_at);
}

// A loop that failed for want of the database does not sit out its back-off when it is back.
TEST_F(PostgresOutage, ABackOffEndsWithTheOutage) {
  std::atomic<int> begun = 0;
  Supervisor supervisor(*database, options());
  LoopSpec loop;
  loop.name = "reader";
  loop.options.backoff_min = hours(1);
  loop.options.backoff_max = hours(2);
  loop.body = [&](LoopContext& context) -> Result<void> {
    ++begun;
    do {
      VEDETTE_CHECK(database->read([](db::Session& s) { return s.query("select 1"); }));
      context.success(milliseconds(1));
    } while (context.wait(milliseconds(10)));
    return {};
  };
  ASSERT_TRUE(supervisor.add(std::move(loop)));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  server->stop();
  ASSERT_TRUE(
      eventually([&] { return supervisor.status("reader")->state == LoopState::kRetrying; }));
  ASSERT_TRUE(eventually([&] { return !supervisor.metrics().is_database_reachable; }));
  server->start();
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  ASSERT_TRUE(eventually([&] { return supervisor.status("reader")->attempts == 0; }));
}

TEST_F(PostgresOutage, AStartWithoutTheDatabaseIsNoFailure) {
  server->stop();
  const auto late = open(url);
  Supervisor supervisor(*late, options());
  add_loops(supervisor);
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return unleased == 1; }));
  ASSERT_TRUE(
      eventually([&] { return supervisor.status("roll-up")->state == LoopState::kUnreachable; }));
  EXPECT_EQ(leased, 0);
  server->start();
  ASSERT_TRUE(eventually([&] { return leased == 1; }));
  ASSERT_TRUE(eventually([&] {
    const auto list = processes(*late);
    return list && list->size() == 1;
  }));
}

TEST_F(PostgresOutage, AStopWithoutTheDatabaseIsNoWait) {
  Supervisor supervisor(*database, options());
  add_loops(supervisor);
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return leased == 1; }));
  server->stop();
  const auto asked_at = std::chrono::steady_clock::now();
  EXPECT_TRUE(supervisor.stop(seconds(10)).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - asked_at, seconds(5));
  EXPECT_EQ(leased, 0);
}

// Sessions that the server ends are replaced; no lease is lost over it.
TEST_F(PostgresOutage, EndedSessionsLoseNothing) {
  Supervisor supervisor(*database, options());
  add_loops(supervisor);
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return leased == 1; }));
  for (int i = 0; i < 5; ++i) {
    const std::int64_t before = supervisor.metrics().renewals;
    server->execute("postgres",
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                    "where backend_type = 'client backend' and pid <> pg_backend_pid()");
    ASSERT_TRUE(eventually([&] { return supervisor.metrics().renewals >= before + 2; }));
  }
  EXPECT_EQ(supervisor.status("roll-up")->token, 1);
  EXPECT_EQ(supervisor.metrics().leases_lost, 0);
}

// SQLite: another process keeps the write lock for longer than the lease.
TEST(SqliteOutage, ALockedFileMeansTheSameAsAServerThatIsAway) {
  const db::testing::TempFolder folder;
  const std::string url = "sqlite:" + (folder.path() / "test.db").string();
  const auto other = open(url);
  ASSERT_TRUE(db::migrate(*other, migrations()));
  const auto database = open(url);
  std::atomic<int> running = 0;
  std::mutex outages_mutex;
  std::vector<std::optional<Outage>> outages;  // as each run was told
  Supervisor supervisor(*database, options());
  LoopSpec loop = sleeper("roll-up", "roll-up", running);
  loop.body = [&, body = loop.body](LoopContext& context) {
    {
      const std::lock_guard lock(outages_mutex);
      outages.push_back(context.outage());
    }
    return body(context);
  };
  ASSERT_TRUE(supervisor.add(std::move(loop)));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  {
    std::atomic<bool> has_lock = false;
    std::atomic<bool> may_end = false;
    std::jthread blocker([&] {
      (void)other->write([&](db::Session&) -> Result<void> {
        has_lock = true;
        may_end.wait(false);
        return {};
      });
    });
    EXPECT_TRUE(eventually([&] { return has_lock.load(); }));
    EXPECT_TRUE(eventually([&] { return running == 0; }));
    EXPECT_TRUE(
        eventually([&] { return supervisor.status("roll-up")->state == LoopState::kUnreachable; }));
    // What can be read all the while ends no trouble: it is one, since its beginning.
    const std::string cause = supervisor.status("roll-up")->cause;
    const std::int64_t failed = supervisor.metrics().renewals_failed;
    EXPECT_TRUE(eventually([&] {
      EXPECT_FALSE(supervisor.metrics().is_database_reachable);
      return supervisor.metrics().renewals_failed >= failed + 3;
    }));
    EXPECT_EQ(supervisor.status("roll-up")->cause, cause);
    may_end = true;
    may_end.notify_all();
  }
  ASSERT_TRUE(eventually([&] { return running == 1; }));
  EXPECT_EQ(supervisor.status("roll-up")->token, 2);
  ASSERT_TRUE(eventually([&] { return supervisor.metrics().is_database_reachable; }));
  const std::lock_guard lock(outages_mutex);
  ASSERT_EQ(outages.size(), 2u);
  EXPECT_FALSE(outages[0]);
  ASSERT_TRUE(outages[1]);
  EXPECT_LT(outages[1]->from, outages[1]->until);
  EXPECT_FALSE(outages[1]->error.message.empty());
}

}  // namespace
}  // namespace vedette::work
