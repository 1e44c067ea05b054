// What other queues have broken on, one test for each class, on both databases: what a process
// leaves behind that dies, stalls or comes back.
#include <gmock/gmock.h>

#include "work/testing/job_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Ending::Kind;

struct JobIncidentTest : testing::JobFixture {
  bool completes_itself(const Process& process, const ClaimedJob& job) {
    return database
        ->write([&](db::Session& s) {
          return complete_job(s, {.job = job.id, .attempt = job.attempt, .worker = process.fence},
                              "", true);
        })
        .has_value();
  }
};

TEST_P(JobIncidentTest, StuckRunningForever) {
  const auto id = add();
  const auto kept = add();
  ASSERT_EQ(claim(north, 1).size(), 1u);
  EXPECT_FALSE(rescue(south, north));  // it lives
  EXPECT_EQ(state(id), JobState::kRunning);
  kill(north);
  const auto rescued = rescue(south, north);
  ASSERT_TRUE(rescued);
  EXPECT_EQ(rescued->given_back, 1);
  EXPECT_EQ(state(id), JobState::kAvailable);
  EXPECT_EQ(status(id).crashes, 1);
  EXPECT_EQ(status(id).failures, 0);
  EXPECT_THAT(status(id).error, HasSubstr("north:1"));
  // In its old place: before what came after it.
  const auto again = claim(south, 2);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].id, id);
  EXPECT_EQ(again[0].attempt, 2);
  EXPECT_EQ(again[0].crashes, 1);
  EXPECT_EQ(again[1].id, kept);
  EXPECT_EQ(kind().crashes_day, 1);
  // Nothing is left of the dead one.
  EXPECT_EQ(number("select count(*) from lease where name = 'worker:north'"), 0);
  EXPECT_EQ(number("select count(*) from lease_history where name = 'worker:north'"), 0);
}

TEST_P(JobIncidentTest, TheRescuerStalls) {
  const auto id = add();
  claim(north);
  kill(north);
  // One that dies in the middle of it leaves everything as it was.
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              VEDETTE_TRY(claimed, south.leases.claim(s, north.fence.name, nullptr));
              EXPECT_TRUE(claimed);
              VEDETTE_CHECK(rescue_jobs(s, north.fence.name, "north:1", {}, 3));
              return fail(ErrorCode::kConflict, "Killed.");
            }),
            ErrorCode::kConflict);
  EXPECT_EQ(state(id), JobState::kRunning);
  auto third = start("third");
  EXPECT_EQ(rescue(third, north)->given_back, 1);
  EXPECT_FALSE(rescue(south, north));
  EXPECT_EQ(status(id).crashes, 1);
}

TEST_P(JobIncidentTest, TheRescuerStallsAtOneBadRow) {
  const auto parent = add({.kind = "parent"});
  const auto poison = add();
  const auto stopped = add();
  const auto orphan = add({.kind = kKind, .parent = parent});
  const auto plain = add();
  ASSERT_EQ(claim(north, 9).size(), 4u);
  change(fmt::format("update job set crashes = 7 where id = {}", poison));
  change(fmt::format("delete from job where id = {}", parent));
  cancel(stopped);
  kill(north);
  const auto rescued = rescue(south, north);
  EXPECT_EQ(rescued->given_back, 2);
  EXPECT_EQ(rescued->discarded, 1);
  EXPECT_EQ(rescued->cancelled, 1);
  EXPECT_EQ(state(poison), JobState::kDiscarded);
  EXPECT_EQ(state(stopped), JobState::kCancelled);
  EXPECT_EQ(state(orphan), JobState::kAvailable);
  EXPECT_EQ(state(plain), JobState::kAvailable);
}

TEST_P(JobIncidentTest, TimeOnlyRescueDoubleRunsLiveJobs) {
  const auto id = add();
  claim(north);
  change(fmt::format("update job set started_at = {}, created_at = {}", now("-36000000000"),
                     now("-36000000000")));
  EXPECT_FALSE(rescue(south, north));
  EXPECT_EQ(state(id), JobState::kRunning);
  EXPECT_THAT(claim(south), IsEmpty());
}

TEST_P(JobIncidentTest, ZombieWrites) {
  const auto id = add();
  const auto zombie = claim(north)[0];
  kill(north);
  ASSERT_TRUE(rescue(south, north));
  const auto refuses_all = [&] {
    for (const Kind kind : {Kind::kCompleted, Kind::kFailed, Kind::kDiscarded, Kind::kCancelled,
                            Kind::kGivenBack, Kind::kLater, Kind::kWaiting}) {
      EXPECT_THAT(end(north, {ending(zombie, kind, "zombie")}), ElementsAre(id));
    }
    auto gone = ending(zombie, Kind::kCompleted);
    gone.is_kept = false;
    EXPECT_THAT(end(north, {gone}), ElementsAre(id));
    EXPECT_FALSE(completes_itself(north, zombie));
    const auto told = write([&](db::Session& s) {
      const ProgressNote note{.id = id, .attempt = zombie.attempt, .done = 99};
      return note_progress(s, north.fence, {&note, 1});
    });
    ASSERT_EQ(told.size(), 1u);
    EXPECT_TRUE(told[0].is_lost);
    EXPECT_EQ(status(id).done, 0);
  };
  refuses_all();
  EXPECT_EQ(state(id), JobState::kAvailable);
  const auto taken = claim(south)[0];
  refuses_all();
  EXPECT_EQ(state(id), JobState::kRunning);
  // Not even when the same process has it again.
  EXPECT_TRUE(end(south, taken, Kind::kGivenBack));
  hold(north);
  const auto own = claim(north)[0];
  EXPECT_EQ(own.attempt, 3);
  refuses_all();
  EXPECT_TRUE(completes_itself(north, own));
  EXPECT_EQ(state(id), JobState::kCompleted);
  EXPECT_EQ(kind().failures_day, 0);
}

TEST_P(JobIncidentTest, AResultInTimeIsTakenEvenWhenTheLeaseHasJustRunOut) {
  const auto id = add();
  const auto taken = claim(north)[0];
  kill(north);
  EXPECT_TRUE(end(north, taken, Kind::kCompleted));
  EXPECT_EQ(state(id), JobState::kCompleted);
  EXPECT_EQ(rescue(south, north)->given_back, 0);
}

TEST_P(JobIncidentTest, WorkerIdentityReused) {
  const auto id = add();
  claim(north);
  // Another start of the program under the same host name and process number.
  Process again{.id = "fresh", .options = {.ttl = hours(1)}, .fence = {}};
  again.leases = LeaseStore("fresh", "north:1", again.options);
  again.fence.name = std::string(kWorkerLease) + again.id;
  hold(again);
  EXPECT_THAT(read([&](db::Session& s) { return held_jobs(s, again.fence); }), IsEmpty());
  EXPECT_THAT(end(again, {{.id = id, .attempt = 1}}), ElementsAre(id));
  EXPECT_FALSE(rescue(again, north));
  EXPECT_EQ(state(id), JobState::kRunning);
}

TEST_P(JobIncidentTest, AProcessThatLostItsLeaseGivesItsOwnJobsBack) {
  const auto id = add();
  const auto before = claim(north)[0];
  kill(north);
  const auto old = north.fence.token;
  hold(north);
  EXPECT_GT(north.fence.token, old);
  EXPECT_EQ(write([&](db::Session& s) {
              return rescue_jobs(s, north.fence.name, "north:1", {}, 3);
            }).given_back,
            1);
  EXPECT_FALSE(end(north, before, Kind::kCompleted));
  EXPECT_EQ(claim(north)[0].id, id);
}

TEST_P(JobIncidentTest, WorkLostOnCrash) {
  const auto id = add();
  // Killed before the claim's commit: nothing happened.
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              VEDETTE_TRY(claimed, claim_jobs(s, north.fence, {.kind = kKind}));
              EXPECT_EQ(claimed.jobs.size(), 1u);
              return fail(ErrorCode::kConflict, "Killed.");
            }),
            ErrorCode::kConflict);
  EXPECT_EQ(status(id).attempt, 0);
  // Killed after it, or before the ending's commit: it comes back.
  const auto taken = claim(north)[0];
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              const Ending done = ending(taken, Kind::kCompleted);
              VEDETTE_CHECK(end_jobs(s, kKind, north.fence, {&done, 1}));
              return fail(ErrorCode::kConflict, "Killed.");
            }),
            ErrorCode::kConflict);
  EXPECT_EQ(state(id), JobState::kRunning);
  kill(north);
  ASSERT_TRUE(rescue(south, north));
  EXPECT_EQ(claim(south)[0].id, id);
}

TEST_P(JobIncidentTest, PoisonJobLoops) {
  const auto poison = add();
  const auto baggage = add();
  for (int death = 1; death <= 3; ++death) {
    auto victim = start(fmt::format("victim-{}", death));
    // Suspects are taken one by one, the others ahead.
    ASSERT_EQ(claim(victim, death == 1 ? 2 : 1).size(), death == 1 ? 2u : 1u);
    if (death > 1) {
      EXPECT_EQ(status(poison).state, JobState::kRunning);
      EXPECT_THAT(claim(victim, 9, {.only_unsuspected = true}), IsEmpty());
    }
    kill(victim);
    const auto rescued = rescue(south, victim, 3);
    EXPECT_EQ(rescued->discarded, death == 3 ? 1 : 0);
  }
  const JobStatus end = status(poison);
  EXPECT_EQ(end.state, JobState::kDiscarded);
  EXPECT_EQ(end.crashes, 3);
  EXPECT_EQ(end.failures, 0);
  EXPECT_THAT(end.error, HasSubstr("3 processes died"));
  EXPECT_THAT(end.error, HasSubstr("victim-3:1"));
  EXPECT_EQ(state(baggage), JobState::kAvailable);
  EXPECT_EQ(status(baggage).crashes, 1);
  EXPECT_EQ(kind().crashes_day, 4);
  EXPECT_EQ(kind().discarded_day, 1);
  // Set aside and seen; it begins anew when somebody says so.
  retry(poison);
  EXPECT_EQ(status(poison).crashes, 0);
  EXPECT_EQ(claim(south, 9, {.only_unsuspected = true})[0].id, poison);
}

TEST_P(JobIncidentTest, TheLimitOfCrashesIsTheKinds) {
  const auto id = add();
  const auto other = add({.kind = "thumbnails"});
  claim(north);
  claim(north, 1, {.kind = "thumbnails"});
  kill(north);
  const std::vector<std::pair<std::string, int>> most{{kKind, 1}};
  write([&](db::Session& s) -> Result<void> {
    VEDETTE_CHECK(south.leases.claim(s, north.fence.name, nullptr));
    VEDETTE_CHECK(rescue_jobs(s, north.fence.name, "north:1", most, 3));
    return {};
  });
  EXPECT_EQ(state(id), JobState::kDiscarded);
  EXPECT_EQ(state(other), JobState::kAvailable);
}

TEST_P(JobIncidentTest, AttemptAccounting) {
  const auto id = add();
  for (int i = 1; i <= 10; ++i) {
    const auto taken = claim(i % 2 == 0 ? north : south)[0];
    EXPECT_EQ(taken.attempt, i);
    EXPECT_EQ(taken.failures, 0);
    EXPECT_EQ(taken.crashes, 0);
    EXPECT_TRUE(end(i % 2 == 0 ? north : south, taken, Kind::kGivenBack));
  }
  EXPECT_EQ(state(id), JobState::kAvailable);
  EXPECT_EQ(kind().failures_day, 0);
  EXPECT_EQ(kind().crashes_day, 0);
}

TEST_P(JobIncidentTest, OneBadFileBlocksAll) {
  const auto bad = add({.kind = kKind, .priority = 100});
  const auto good = add();
  for (int i = 1; i <= 3; ++i) {
    auto taken = claim(north)[0];
    EXPECT_EQ(taken.id, bad);
    auto failed = ending(taken, i < 3 ? Kind::kFailed : Kind::kDiscarded, "It is no recording.");
    failed.wait = hours(1);
    EXPECT_THAT(end(north, {failed}), IsEmpty());
    EXPECT_EQ(claim(north)[0].id, good);
    EXPECT_TRUE(end(north, {.id = good, .attempt = i}, Kind::kGivenBack));
    change(fmt::format("update job set run_at = {} where state = 'failed'", now("-1")));
    promote();
  }
  EXPECT_EQ(status(bad).failures, 3);
  EXPECT_EQ(claim(north)[0].id, good);
}

TEST_P(JobIncidentTest, ClockSkew) {
  // Set back by an hour: what was renewed and enqueued then lies in the future.
  const auto id = add();
  claim(north);
  const auto waiting = add();
  const std::string ahead = now("3600000000");
  change(
      fmt::format("update lease set renewed_at = {0}, expires_at = {0} "
                  "where name = 'worker:north'",
                  ahead));
  change(
      fmt::format("update job set rank = {0}, run_at = {0}, created_at = {0}, "
                  "started_at = {0}",
                  ahead));
  EXPECT_FALSE(rescue(south, north));
  const auto view =
      read([&](db::Session& s) { return LeaseStore::look(s, {&north.fence.name, 1}); }).at(0);
  // Nobody has renewed it for a whole lease by the other's own clock.
  EXPECT_EQ(write([&](db::Session& s) -> Result<std::int64_t> {
              VEDETTE_TRY(claimed, south.leases.claim(s, north.fence.name, &view));
              EXPECT_TRUE(claimed);
              VEDETTE_TRY(rescued, rescue_jobs(s, north.fence.name, "north:1", {}, 3));
              return rescued.given_back;
            }),
            1);
  // Work does not wait for the clock to come round again.
  EXPECT_EQ(claim(south, 9).size(), 2u);
  EXPECT_EQ(status(id).attempt, 2);
  EXPECT_EQ(status(waiting).attempt, 1);
}

INSTANTIATE_TEST_SUITE_P(EveryStore, JobIncidentTest, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
