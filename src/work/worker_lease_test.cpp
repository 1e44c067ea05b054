// The worker's lease comes and goes under running jobs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "work/testing/worker_fixture.hpp"

namespace vedette::work {
namespace {

using db::testing::must;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::Gate;
using testing::quick;
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

}  // namespace
}  // namespace vedette::work
