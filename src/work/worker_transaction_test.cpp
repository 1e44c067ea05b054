// What bodies do to the queue in transactions of their own: complete, enqueue, have children.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "work/testing/worker_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using ::testing::HasSubstr;
using testing::quick;
using testing::WorkerTest;

struct InTransactions : WorkerTest {
  void SetUp() override {
    WorkerTest::SetUp();
    if (IsSkipped()) return;
    db::testing::must(database->write([](db::Session& session) {
      return session.script("create table effect (job bigint not null, what text not null)");
    }));
  }
  Result<void> note(db::Session& session, std::int64_t job, std::string_view what) {
    VEDETTE_CHECK(session.execute("insert into effect (job, what) values ($1, $2)", {job, what}));
    return {};
  }
  std::int64_t effects(std::int64_t job) {
    return db::testing::must(database->read([&](db::Session& session) {
             return session.query("select count(*) from effect where job = $1", {job});
           }))
        .scalar<std::int64_t>();
  }
};
INSTANTIATE_TEST_SUITE_P(Every, InTransactions, testing::every_store(), testing::store_name);

TEST_P(InTransactions, ResultAndStatusCommitTogether) {
  std::atomic<JobState> seen_inside = JobState::kFailed;
  const auto one = process(quick("own", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(job.fence().check(session));
      VEDETTE_CHECK(note(session, job.id(), "result"));
      return job.complete(session, "{\"rows\":1}");
    }));
    seen_inside = status(job.id()).state;
    return JobEnd::completed();
  }));
  const std::int64_t id = put("own");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_THAT(status(id).result, HasSubstr("rows"));
  ASSERT_TRUE(eventually([&] { return one->numbers("own").completed == 1; }));
  EXPECT_EQ(seen_inside, JobState::kCompleted);
  EXPECT_EQ(effects(id), 1);
  EXPECT_EQ(one->numbers("own").fenced, 0);
}

TEST_P(InTransactions, OneThatRollsBackHasCompletedNothing) {
  std::atomic<int> calls = 0;
  const auto one =
      process(quick("undone", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
        const bool is_first = ++calls == 1;
        VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
          VEDETTE_CHECK(note(session, job.id(), "result"));
          VEDETTE_CHECK(job.complete(session, "{}"));
          if (is_first) return fail(ErrorCode::kUnavailable, "The disk went away.");
          return {};
        }));
        return JobEnd::completed();
      }));
  const std::int64_t id = put("undone");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(effects(id), 1);
  EXPECT_EQ(status(id).failures, 1);
  EXPECT_EQ(status(id).error, "The disk went away.");
}

TEST_P(InTransactions, AJobMayEnqueueIntoItsOwnKind) {
  const auto one = process(quick("chain", [&](std::string_view payload, JobContext& job) {
    const int left = payload == "{\"left\":3}" ? 3 : payload == "{\"left\":2}" ? 2 : 1;
    const Result<void> done = database->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(job.fence().check(session));
      if (left > 1) {
        NewJob next;
        next.kind = "chain";
        next.payload = fmt::format("{{\"left\":{}}}", left - 1);
        VEDETTE_CHECK(enqueue(session, next));
      }
      return job.complete(session);
    });
    return done ? Result<JobEnd>(JobEnd::completed()) : Result<JobEnd>(fail(done.error()));
  }));
  put("chain", "{\"left\":3}");
  ASSERT_TRUE(eventually([&] { return count("chain", JobState::kCompleted) == 3; }));
}

TEST_P(InTransactions, WhatIsEnqueuedInOneThatRollsBackWasNeverThere) {
  std::atomic<int> ghosts = 0;
  const auto one =
      process({quick("parent",
                     [&](std::string_view, JobContext& job) -> Result<JobEnd> {
                       const bool is_first = job.failures() == 0;
                       VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
                         NewJob next;
                         next.kind = "ghost";
                         VEDETTE_CHECK(enqueue(session, next));
                         if (is_first) return fail(ErrorCode::kUnavailable, "Changed my mind.");
                         return {};
                       }));
                       return JobEnd::completed();
                     }),
               quick("ghost", [&](std::string_view, JobContext&) {
                 ++ghosts;
                 return Result<JobEnd>(JobEnd::completed());
               })});
  const std::int64_t id = put("parent");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  ASSERT_TRUE(eventually([&] { return count("ghost", JobState::kCompleted) == 1; }));
  EXPECT_EQ(ghosts, 1);
  EXPECT_EQ(all("ghost").size(), 1u);
}

TEST_P(InTransactions, AParentIsCalledAgainWhenItsChildrenHaveEnded) {
  std::atomic<int> calls = 0;
  const auto one =
      process({quick("album",
                     [&](std::string_view, JobContext& job) -> Result<JobEnd> {
                       const ChildCounts so_far = job.children();
                       if (so_far.completed + so_far.discarded == 0) {
                         ++calls;
                         VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
                           for (int i = 0; i < 5; ++i) {
                             NewJob child;
                             child.kind = "picture";
                             child.payload = fmt::format("{{\"n\":{}}}", i);
                             VEDETTE_CHECK(job.add_child(session, child));
                           }
                           return {};
                         }));
                         return JobEnd::wait_for_children();
                       }
                       ++calls;
                       return JobEnd::completed(fmt::format("{{\"good\":{},\"bad\":{}}}",
                                                            so_far.completed, so_far.discarded));
                     }),
               quick("picture", [](std::string_view payload, JobContext&) -> Result<JobEnd> {
                 if (payload == "{\"n\":3}")
                   return fail(ErrorCode::kCorrupt, "That is no picture.");
                 return JobEnd::completed();
               })});
  const std::int64_t id = put("album");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(status(id).result, "{\"good\":4,\"bad\":1}");
  EXPECT_EQ(status(id).failures, 0);
  EXPECT_EQ(status(id).open_children, 0);
}

TEST_P(InTransactions, CancellingAParentCancelsItsChildren) {
  std::atomic<int> begun = 0;
  const auto one =
      process({quick("album",
                     [&](std::string_view, JobContext& job) -> Result<JobEnd> {
                       VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
                         for (int i = 0; i < 3; ++i) {
                           NewJob child;
                           child.kind = "slow";
                           VEDETTE_CHECK(job.add_child(session, child));
                         }
                         return {};
                       }));
                       return JobEnd::wait_for_children();
                     }),
               quick("slow", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
                 ++begun;
                 while (sleep_for(job.stop_token(), milliseconds(5))) {
                 }
                 return testing::stopped();
               })});
  const std::int64_t id = put("album");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  ASSERT_TRUE(cancel(id));
  ASSERT_TRUE(becomes(id, JobState::kCancelled));
  ASSERT_TRUE(eventually([&] { return count("slow", JobState::kCancelled) == 3; }));
}

TEST_P(InTransactions, AJobMayAskToBeCalledLaterWithNothingCounted) {
  std::atomic<int> calls = 0;
  const auto one =
      process(quick("patient", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
        EXPECT_EQ(job.failures(), 0);
        if (++calls < 3) return JobEnd::later(milliseconds(30));
        return JobEnd::completed();
      }));
  const std::int64_t id = put("patient");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(status(id).failures, 0);
}

TEST_P(InTransactions, RowsOfAKindThatKeepsNoneGoAtTheirEnd) {
  JobKind kind = quick("brief", [&](std::string_view payload, JobContext& job) -> Result<JobEnd> {
    if (payload == "{\"n\":1}") {
      VEDETTE_CHECK(database->write([&](db::Session& session) { return job.complete(session); }));
    }
    if (payload == "{\"n\":2}") return fail(ErrorCode::kCorrupt, "kept");
    return JobEnd::completed();
  });
  kind.keep = Micros::zero();
  const auto one = process(std::move(kind));
  put_many("brief", 3);
  ASSERT_TRUE(eventually([&] { return one->numbers("brief").completed == 2; }));
  ASSERT_TRUE(eventually([&] { return count("brief", JobState::kDiscarded) == 1; }));
  EXPECT_EQ(all("brief").size(), 1u);
}

TEST_P(InTransactions, WithoutAWorkerABodyRunsAllTheSame) {
  const JobKind kind = quick("bare", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    job.progress(1, 2, "half");
    job.alive();
    EXPECT_EQ(job.id(), 0);
    VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(job.fence().check(session));
      VEDETTE_CHECK(note(session, 0, "bare"));
      return job.complete(session);
    }));
    return JobEnd::completed();
  });
  std::stop_source stop;
  JobContext context(stop.get_token());
  EXPECT_TRUE(kind.body("{}", context));
  EXPECT_EQ(effects(0), 1);
}

}  // namespace
}  // namespace vedette::work
