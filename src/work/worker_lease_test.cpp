// The worker's lease and its database come and go under running jobs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "db/testing/postgres_server.hpp"
#include "work/testing/worker_fixture.hpp"

namespace vedette::work {
namespace {

using db::testing::must;
using db::testing::PostgresServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::Gate;
using testing::quick;
using testing::WorkerProcess;
using testing::WorkerTest;

struct WorkerLease : WorkerTest {
  std::atomic<int> begun = 0;
  std::atomic<int> stopped = 0;
  Gate gate;

  void TearDown() override {
    gate.open();
    WorkerTest::TearDown();
  }
  JobKind polite(std::string name) {
    return quick(std::move(name), [this](std::string_view, JobContext& job) -> Result<JobEnd> {
      ++begun;
      if (gate.pass(job.stop_token())) return JobEnd::completed();
      ++stopped;
      return testing::stopped();
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Every, WorkerLease, testing::every_store(), testing::store_name);

TEST_P(WorkerLease, OneThatIsLostStopsItsJobsWhichRunAgainUncounted) {
  testing::ProcessOptions options;
  options.ttl = seconds(2);
  const auto one = process(polite("job"), options);
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  // As if another process had found it run out.
  must(database->write([&](db::Session& session) {
    return session.execute("update lease set token = token + 1, holder = 'another' where name = $1",
                           {one->lease()});
  }));
  ASSERT_TRUE(eventually([&] { return stopped == 1; }));
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).attempt, 2);
  EXPECT_EQ(status(id).crashes, 0);
  EXPECT_EQ(status(id).failures, 0);
}

TEST_P(WorkerLease, UnderALeaseThatIsNotItsOwnABodyWritesNothing) {
  std::atomic<ErrorCode> refusal = ErrorCode::kInternal;
  const auto one = process(quick("job", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    if (++begun > 1) return JobEnd::completed();
    must(database->write([&](db::Session& session) {
      return session.execute("update lease set token = token + 1 where name = $1",
                             {job.fence().worker.name});
    }));
    const Result<void> checked =
        database->write([&](db::Session& session) { return job.complete(session, "{}"); });
    if (!checked) refusal = checked.error().code;
    return fail(checked.error());
  }));
  const std::int64_t id = put("job");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(refusal, ErrorCode::kFenced);
  EXPECT_EQ(status(id).failures, 0);
}

TEST_P(WorkerLease, AClaimWhoseAnswerWasLostIsFoundAndGivenBack) {
  testing::ProcessOptions options;
  options.ttl = seconds(2);
  const auto one = process(polite("job"), options);
  ASSERT_TRUE(one->works());
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  // Taken in this process's name, and nobody here knows; the next holding looks.
  const std::int64_t orphan = put("job");
  must(database->write([&](db::Session& session) {
    return session.execute(
        "update job set state = 'running', waits_for = null, worker = $1, attempt = 1, "
        "started_at = created_at where id = $2",
        {one->lease(), orphan});
  }));
  must(database->write([&](db::Session& session) {
    return session.execute("update lease set token = token + 1, holder = 'another' where name = $1",
                           {one->lease()});
  }));
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  ASSERT_TRUE(becomes(orphan, JobState::kCompleted));
  EXPECT_EQ(status(orphan).crashes, 0);
}

// A server that was killed may have forgotten a claim, which did not wait for the disk, and gives
// the same attempt out again.
TEST_P(WorkerLease, AnAttemptThatTheServerForgotIsNotBegunTwice) {
  // SQLite has no server that forgets, and tells of every foreign commit: the worker would hear.
  if (GetParam() == db::Dialect::kSqlite) GTEST_SKIP() << "SQLite has no server that forgets.";
  JobKind kind = polite("job");
  kind.at_once = 3;
  testing::ProcessOptions options;
  options.progress_every = std::chrono::hours(1);  // or it hears that the job is not its own
  const auto one = process(std::move(kind), options);
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  must(database->write([&](db::Session& session) {
    return session.execute(
        "update job set state = 'available', waits_for = 'worker', worker = null, attempt = 0 "
        "where id = $1",
        {id});
  }));
  const std::int64_t next = put("job");  // has the worker look
  ASSERT_TRUE(becomes(id, JobState::kRunning));
  ASSERT_TRUE(becomes(next, JobState::kRunning));
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  ASSERT_TRUE(becomes(next, JobState::kCompleted));
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(status(id).attempt, 1);
}

// It hears that the job is not its own, and takes it again before the body has come to its end: the
// body keeps it from being begun, and nobody but this worker can know.
TEST_P(WorkerLease, WhatIsTakenAgainWhileItsOldBodyStopsIsBegunAfterIt) {
  Gate old;
  JobKind kind = quick("job", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    if (++begun > 1) return JobEnd::completed();
    gate.pass(job.stop_token());
    ++stopped;
    old.pass();
    return testing::stopped();
  });
  kind.at_once = 2;
  kind.grace = std::chrono::hours(1);
  const auto one = process(std::move(kind));
  const std::shared_ptr<void> lets_go(nullptr, [&](void*) { old.open(); });
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  const auto change = [&](const char* sql, std::string_view channel, std::string_view payload) {
    must(database->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(session.execute(sql, {id}));
      session.notify(channel, payload);
      return {};
    }));
  };
  change(
      "update job set state = 'available', waits_for = 'children', worker = null, attempt = 0 "
      "where id = $1",
      kJobCancelChannel, "");
  ASSERT_TRUE(eventually([&] { return stopped == 1; }));
  change("update job set waits_for = 'worker' where id = $1", kJobReadyChannel, "job");
  ASSERT_TRUE(becomes(id, JobState::kRunning));
  EXPECT_EQ(begun, 1);
  old.open();
  EXPECT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(status(id).crashes + status(id).failures, 0);
}

// Incident class: stuck running forever; the rescue is the engine's, within one lease.
TEST_P(WorkerLease, JobsOfAProcessThatIsGoneComeBackCounted) {
  const auto id = put("job");
  // A process took it and died: its lease has run out, its row has not.
  must(database->write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute(
        fmt::format("insert into lease (name, holder, process, token, acquired_at, renewed_at, "
                    "expires_at) values ('worker:gone', 'gone', 'host:1', 1, {0}, {0}, {0})",
                    db::now_sql(session.dialect()))));
    VEDETTE_CHECK(session.execute(
        "update job set state = 'running', waits_for = null, worker = 'worker:gone', attempt = 1, "
        "process = 'host:1', started_at = created_at where id = $1",
        {id}));
    return {};
  }));
  gate.open();
  const auto one = process(polite("job"));
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).attempt, 2);
  EXPECT_EQ(status(id).crashes, 1);
  EXPECT_EQ(one->worker().metrics().rescued, 1);
  // Nothing is left of the dead.
  EXPECT_EQ(must(database->read([](db::Session& session) {
              return session.query("select count(*) from lease where name = 'worker:gone'");
            })).scalar<std::int64_t>(),
            0);
}

struct WorkerOutage : ::testing::Test {
  static inline std::unique_ptr<PostgresServer> server;  // of these tests alone
  std::unique_ptr<db::Database> database;
  std::string url;
  std::atomic<int> begun = 0;
  std::atomic<int> stopped = 0;
  Gate gate;

  static void TearDownTestSuite() { server.reset(); }
  void TearDown() override { gate.open(); }
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
    database = open();
    must(db::migrate(*database, migrations()));
  }
  std::unique_ptr<db::Database> open() const {
    db::DatabaseOptions where;
    where.url = url;
    where.busy_timeout = milliseconds(500);
    where.connect_timeout = milliseconds(500);
    return must(db::Database::open(where));
  }
  std::unique_ptr<WorkerProcess> process(JobKind kind) const {
    std::vector<JobKind> kinds;
    kinds.push_back(std::move(kind));
    testing::ProcessOptions options;
    options.ttl = seconds(2);
    return std::make_unique<WorkerProcess>(open(), std::move(kinds), options);
  }
  std::int64_t put(std::string kind) const {
    NewJob job;
    job.kind = std::move(kind);
    return must(database->write([&](db::Session& session) { return enqueue(session, job); })).id;
  }
  bool becomes(std::int64_t id, JobState state) const {
    return eventually([&] {
      const auto found = database->read([&](db::Session& session) { return job(session, id); });
      return found && *found && (*found)->state == state;
    });
  }
  JobStatus status(std::int64_t id) const {
    return *must(database->read([&](db::Session& session) { return job(session, id); }));
  }
  bool is_away(WorkerProcess& one) const {
    return eventually(
        [&] { return one.supervisor().status("jobs")->state == LoopState::kUnreachable; });
  }
};

TEST_F(WorkerOutage, ALongOneStopsTheJobAndItRunsAgainUncounted) {
  const auto one =
      process(quick("job", [this](std::string_view, JobContext& job) -> Result<JobEnd> {
        ++begun;
        if (gate.pass(job.stop_token())) return JobEnd::completed();
        ++stopped;
        return testing::stopped();
      }));
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  server->kill();
  ASSERT_TRUE(eventually([&] { return stopped == 1; }));
  ASSERT_TRUE(is_away(*one));
  server->start();
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).crashes, 0);
  EXPECT_EQ(status(id).failures, 0);
  // The first is forgotten when the server was killed before it had written it down.
  EXPECT_LE(status(id).attempt, 2);
}

TEST_F(WorkerOutage, WhatWasFinishedMeanwhileIsWrittenWhenItIsBack) {
  const auto one = process(quick("job", [this](std::string_view, JobContext& job) {
    ++begun;
    while (!job.stopping()) (void)sleep_for(job.stop_token(), milliseconds(5));
    ++stopped;
    return Result<JobEnd>(JobEnd::completed("{\"kept\":true}"));
  }));
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  server->stop();
  ASSERT_TRUE(eventually([&] { return stopped == 1; }));
  ASSERT_TRUE(is_away(*one));
  server->start();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).attempt, 1);
  EXPECT_EQ(begun, 1);
}

TEST_F(WorkerOutage, EndedSessionsLoseNoJobAndDoubleNone) {
  must(database->write([](db::Session& session) {
    return session.script("create table effect (job bigint not null)");
  }));
  JobKind kind = quick("job", [this](std::string_view, JobContext& job) -> Result<JobEnd> {
    VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(job.fence().check(session));
      VEDETTE_CHECK(session.execute("insert into effect values ($1)", {job.id()}));
      return job.complete(session);
    }));
    return JobEnd::completed();
  });
  kind.at_once = 4;
  kind.ahead = 20;
  kind.most_failures = 1'000;
  const auto one = process(std::move(kind));
  constexpr int kJobs = 400;
  const auto count = [&](const char* sql) -> std::int64_t {
    const auto rows = database->read([&](db::Session& session) { return session.query(sql); });
    return rows ? rows->scalar<std::int64_t>() : -1;
  };
  for (int round = 0; round < 8; ++round) {
    std::vector<NewJob> jobs(kJobs / 8);
    for (NewJob& job : jobs) job.kind = "job";
    while (!database->write([&](db::Session& session) { return enqueue_all(session, jobs); })) {
    }
    server->execute("postgres",
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                    "where backend_type = 'client backend' and pid <> pg_backend_pid()");
  }
  ASSERT_TRUE(
      eventually([&] { return count("select count(*) from job where state <> 'completed'") == 0; },
                 seconds(60)));
  // An enqueue whose answer was lost may have been repeated: what counts is each job's effect.
  EXPECT_EQ(count("select count(*) from effect"), count("select count(*) from job"));
  EXPECT_EQ(count("select count(distinct job) from effect"), count("select count(*) from job"));
}

}  // namespace
}  // namespace vedette::work
