// Several at the same time, on both databases: unique keys, periodic kinds, claims, endings.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "db/testing/ear.hpp"
#include "work/testing/job_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using testing::eventually;
using ::testing::IsEmpty;
using Kind = Ending::Kind;

struct JobRaceTest : testing::JobFixture {
  static std::vector<NewJob> keyed(int from, int to) {
    std::vector<NewJob> many;
    for (int i = from; i < to; ++i) {
      many.push_back({.kind = kKind, .key = fmt::format("key-{:03}", i)});
    }
    return many;
  }
  /// Waits, inside a transaction, until somebody waits for one of its locks. On SQLite the other
  /// one waits to begin, which nobody sees.
  static bool is_waited_for(db::Session& session) {
    if (session.dialect() == db::Dialect::kSqlite) return true;
    return eventually([&] {
      const auto rows = session.query("select count(*) from pg_locks where not granted");
      return rows && rows->scalar<std::int64_t>() > 0;
    });
  }
  /// Two writers with overlapping keys, the first held until the second is stuck; how many rows.
  std::int64_t race(bool first_commits) {
    std::promise<void> second_may_begin;
    auto second = std::async(std::launch::async, [&] {
      second_may_begin.get_future().wait();
      return other_database->write([&](db::Session& s) { return enqueue_all(s, keyed(100, 300)); });
    });
    bool has_begun = false;
    const auto first = database->write([&](db::Session& s) -> Result<std::int64_t> {
      VEDETTE_TRY(added, enqueue_all(s, keyed(0, 200)));
      if (!std::exchange(has_begun, true)) second_may_begin.set_value();
      EXPECT_TRUE(is_waited_for(s));
      if (!first_commits) return fail(ErrorCode::kConflict, "Changed my mind.");
      return added;
    });
    EXPECT_EQ(first.has_value(), first_commits);
    const auto added = second.get();
    EXPECT_TRUE(added) << added.error().message << added.error().detail;
    EXPECT_EQ(added.value_or(-1), first_commits ? 100 : 200);
    return number("select count(*) from job");
  }
};

TEST_P(JobRaceTest, UniqueJobRaces) {
  EXPECT_EQ(race(true), 300);
}

TEST_P(JobRaceTest, UniqueJobRacesWithOneThatRollsBack) {
  EXPECT_EQ(race(false), 200);
}

TEST_P(JobRaceTest, UniqueJobRacesOneByOne) {
  std::atomic<int> added = 0;
  std::set<std::int64_t> ids;
  std::mutex ids_mutex;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&, writer] {
        db::Database& through = writer % 2 == 0 ? *database : *other_database;
        for (int i = 0; i < 30; ++i) {
          const int key = writer < 2 ? i : 29 - i;
          const auto put = through.write([&](db::Session& s) {
            return enqueue(s, {.kind = kKind, .key = fmt::format("key-{}", key)});
          });
          ASSERT_TRUE(put) << put.error().message << put.error().detail;
          added += put->is_new ? 1 : 0;
          const std::lock_guard lock(ids_mutex);
          ids.insert(put->id);
        }
      });
    }
  }
  EXPECT_EQ(added, 30);
  EXPECT_EQ(ids.size(), 30u);
  EXPECT_EQ(number("select count(*) from job"), 30);
}

TEST_P(JobRaceTest, PeriodicRunsDoubled) {
  const auto ask = [&](db::Database& through) {
    return through.write([&](db::Session& s) { return enqueue_periodic(s, kKind, hours(1)); })
        .value();
  };
  const auto ask_all = [&] {
    std::vector<std::jthread> processes;
    for (int i = 0; i < 6; ++i) {
      processes.emplace_back([&, i] {
        const Micros left = ask(i % 2 == 0 ? *database : *other_database);
        EXPECT_GT(left, Micros(0));
        EXPECT_LE(left, hours(1));
      });
    }
  };
  ask_all();
  EXPECT_EQ(number("select count(*) from job"), 1);
  auto taken = claim(north, 9);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_TRUE(end(north, taken[0], Kind::kCompleted));
  ask_all();
  EXPECT_EQ(number("select count(*) from job"), 1);  // it is not time yet
  change(fmt::format("update job_kind set next_due = {}", now("-7200000000")));
  ask_all();
  EXPECT_EQ(number("select count(*) from job"), 2);  // once for two periods missed
  // While one is alive no second one comes.
  change(fmt::format("update job_kind set next_due = {}", now("-1")));
  ask_all();
  EXPECT_EQ(number("select count(*) from job"), 2);
  // A clock that was set back does not silence it.
  taken = claim(north, 9);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_TRUE(end(north, taken[0], Kind::kCompleted));
  change(fmt::format("update job_kind set next_due = {}", now("86400000000")));
  ask_all();
  EXPECT_EQ(number("select count(*) from job"), 3);
}

TEST_P(JobRaceTest, EveryJobIsTakenByOneOnly) {
  constexpr int kJobs = 400;
  write([&](db::Session& s) {
    return enqueue_all(s, std::vector<NewJob>(kJobs, NewJob{.kind = kKind}));
  });
  std::mutex taken_mutex;
  std::vector<std::int64_t> taken;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&, i] {
        db::Database& through = i % 2 == 0 ? *database : *other_database;
        const Fence& fence = i < 2 ? north.fence : south.fence;
        for (;;) {
          const auto claimed = through.write(
              [&](db::Session& s) { return claim_jobs(s, fence, {.kind = kKind, .limit = 7}); });
          ASSERT_TRUE(claimed) << claimed.error().message << claimed.error().detail;
          if (claimed->jobs.empty()) return;
          std::vector<Ending> endings;
          for (const ClaimedJob& job : claimed->jobs) {
            EXPECT_EQ(job.attempt, 1);
            endings.push_back({.id = job.id, .attempt = 1, .is_kept = job.id % 2 == 0});
          }
          const auto refused =
              through.write([&](db::Session& s) { return end_jobs(s, kKind, fence, endings); });
          ASSERT_TRUE(refused) << refused.error().message << refused.error().detail;
          EXPECT_THAT(*refused, IsEmpty());
          const std::lock_guard lock(taken_mutex);
          for (const ClaimedJob& job : claimed->jobs) taken.push_back(job.id);
        }
      });
    }
  }
  EXPECT_EQ(taken.size(), std::size_t{kJobs});
  EXPECT_EQ(std::set<std::int64_t>(taken.begin(), taken.end()).size(), std::size_t{kJobs});
  EXPECT_EQ(kind().completed_day, kJobs);
}

TEST_P(JobRaceTest, TheLimitOfTheDeploymentHoldsWhenAllAskAtOnce) {
  write([&](db::Session& s) {
    return enqueue_all(s, std::vector<NewJob>(40, NewJob{.kind = kKind}));
  });
  std::atomic<std::size_t> running = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&, i] {
        db::Database& through = i % 2 == 0 ? *database : *other_database;
        for (int times = 0; times < 5; ++times) {
          const auto claimed = through.write([&](db::Session& s) {
            return claim_jobs(s, i < 2 ? north.fence : south.fence,
                              {.kind = kKind, .limit = 2, .at_once_everywhere = 5});
          });
          ASSERT_TRUE(claimed) << claimed.error().message << claimed.error().detail;
          running += claimed->jobs.size();
        }
      });
    }
  }
  EXPECT_EQ(running, 5u);
}

TEST_P(JobRaceTest, ChildrenThatEndTogetherWakeTheirParentOnce) {
  const auto parent = add();
  const auto own = claim(north)[0];
  write([&](db::Session& s) {
    return enqueue_all(s, std::vector<NewJob>(40, NewJob{.kind = "child", .parent = parent}));
  });
  EXPECT_TRUE(end(north, own, Kind::kWaiting));
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&, i] {
        db::Database& through = i % 2 == 0 ? *database : *other_database;
        const Fence& fence = i < 2 ? north.fence : south.fence;
        for (;;) {
          const auto claimed = through.write(
              [&](db::Session& s) { return claim_jobs(s, fence, {.kind = "child", .limit = 3}); });
          ASSERT_TRUE(claimed) << claimed.error().message;
          if (claimed->jobs.empty()) return;
          std::vector<Ending> endings;
          for (const ClaimedJob& job : claimed->jobs) endings.push_back({job.id, job.attempt});
          ASSERT_TRUE(
              through.write([&](db::Session& s) { return end_jobs(s, "child", fence, endings); }));
        }
      });
    }
  }
  const auto again = claim(north, 9);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].children.completed, 40);
  EXPECT_EQ(status(parent).open_children, 0);
}

// While a body writes in its own transaction, nobody waits for it who looks after all jobs.
TEST_P(JobRaceTest, ProgressDoesNotWaitForABodyThatWrites) {
  if (is_sqlite()) GTEST_SKIP() << "SQLite has one writer at a time.";
  const auto id = add();
  const auto other = add();
  const auto taken = claim(north, 2);
  write([&](db::Session& s) -> Result<void> {
    VEDETTE_CHECK(s.query("select id from job where id = $1 for no key update", {id}));
    const std::vector<ProgressNote> notes{{.id = id, .attempt = 1, .done = 5},
                                          {.id = other, .attempt = 1, .done = 6}};
    EXPECT_THAT(db::testing::must(other_database->write([&](db::Session& beside) {
                  return note_progress(beside, north.fence, notes);
                })),
                IsEmpty());
    return {};
  });
  EXPECT_EQ(status(id).done, 0);
  EXPECT_EQ(status(other).done, 6);
}

TEST_P(JobRaceTest, NotifyAtScale) {
  db::testing::Ear ready(*other_database, std::string(kJobReadyChannel));
  ASSERT_TRUE(ready.begins_to_hear(*database));
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              VEDETTE_CHECK(enqueue(s, {.kind = "rolled-back"}));
              return fail(ErrorCode::kConflict, "Changed my mind.");
            }),
            ErrorCode::kConflict);
  write([&](db::Session& s) -> Result<void> {
    for (int i = 0; i < 500; ++i) VEDETTE_CHECK(enqueue(s, {.kind = kKind}));
    return {};
  });
  if (is_sqlite()) {
    EXPECT_TRUE(ready.hears("", 2));
  } else {
    EXPECT_TRUE(ready.hears(kKind));
    add({.kind = "last"});
    EXPECT_TRUE(ready.hears("last"));
    EXPECT_LE(std::ranges::count(ready.heard(), kKind), 2);
  }
  EXPECT_EQ(std::ranges::count(ready.heard(), "rolled-back"), 0);
}

INSTANTIATE_TEST_SUITE_P(EveryStore, JobRaceTest, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
