// Jobs by their SQL alone, on both databases: taken, ended, promoted, in order.
#include "work/job_store.hpp"

#include <gmock/gmock.h>

#include "work/testing/job_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Kind = Ending::Kind;

struct JobStoreTest : testing::JobFixture {
  std::vector<std::int64_t> ids(const std::vector<ClaimedJob>& jobs) {
    std::vector<std::int64_t> found;
    for (const ClaimedJob& job : jobs) found.push_back(job.id);
    return found;
  }
};

TEST_P(JobStoreTest, AJobIsTakenOnceAndEnds) {
  const auto id = add({.kind = kKind, .payload = R"({"file": "a.mp4"})"});
  EXPECT_EQ(state(id), JobState::kAvailable);
  const auto taken = claim(north, 10);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].id, id);
  EXPECT_EQ(taken[0].attempt, 1);
  EXPECT_EQ(taken[0].payload, R"({"file": "a.mp4"})");
  EXPECT_THAT(claim(south, 10), IsEmpty());
  const JobStatus running = status(id);
  EXPECT_EQ(running.state, JobState::kRunning);
  EXPECT_EQ(running.process, "north:1");
  EXPECT_TRUE(running.started_at);
  EXPECT_FALSE(running.finished_at);
  EXPECT_THAT(end(north, {{.id = id, .attempt = 1, .result = R"({"counted": 8})"}}), IsEmpty());
  const JobStatus ended = status(id);
  EXPECT_EQ(ended.state, JobState::kCompleted);
  EXPECT_EQ(ended.result, R"({"counted": 8})");
  EXPECT_TRUE(ended.finished_at);
  EXPECT_THAT(claim(south, 10), IsEmpty());
}

TEST_P(JobStoreTest, OfAKindOnly) {
  add();
  const auto other = add({.kind = "thumbnails"});
  EXPECT_THAT(ids(claim(north, 10, {.kind = "thumbnails"})), ElementsAre(other));
  EXPECT_THAT(claim(north, 10, {.kind = "unknown"}), IsEmpty());
}

TEST_P(JobStoreTest, ARowThatNobodyKeepsGoesWithItsEnd) {
  const auto id = add();
  const auto taken = claim(north);
  EXPECT_THAT(end(north, {{.id = id, .attempt = 1, .is_kept = false}}), IsEmpty());
  EXPECT_FALSE(read([&](db::Session& s) { return job(s, id); }));
  EXPECT_EQ(kind().completed_hour, 1);
}

TEST_P(JobStoreTest, TheFirstComeFirstAndTheUrgentEarlier) {
  const auto first = add();
  const auto second = add();
  const auto urgent = add({.kind = kKind, .priority = 5});
  const auto idle = add({.kind = kKind, .priority = -5});
  EXPECT_THAT(ids(claim(north, 3)), ElementsAre(urgent, first, second));
  EXPECT_THAT(ids(claim(north, 3)), ElementsAre(idle));
}

TEST_P(JobStoreTest, WhoHasWaitedLongComesBeforeTheUrgent) {
  const auto old = add();
  change(fmt::format("update job set rank = {}", now("-600000000")));
  add({.kind = kKind, .priority = 5});
  EXPECT_THAT(ids(claim(north)), ElementsAre(old));
}

TEST_P(JobStoreTest, AClaimGoesOnWhereTheLastEnded) {
  std::vector<NewJob> many(10, NewJob{.kind = kKind});
  write([&](db::Session& s) { return enqueue_all(s, many); });
  const auto first = write(
      [&](db::Session& s) { return claim_jobs(s, north.fence, {.kind = kKind, .limit = 4}); });
  ASSERT_EQ(first.jobs.size(), 4u);
  ASSERT_TRUE(first.last);
  EXPECT_EQ(first.last->id, first.jobs.back().id);
  ASSERT_THAT(end(north, first.jobs[0], Kind::kGivenBack), true);
  const auto next = claim(north, 4, {.from = *first.last});
  ASSERT_EQ(next.size(), 4u);
  EXPECT_EQ(next[0].id, first.last->id + 1);
  // What came to lie before it, a claim from the beginning finds.
  EXPECT_THAT(ids(claim(north)), ElementsAre(first.jobs[0].id));
}

TEST_P(JobStoreTest, OnlyTheHolderOfItsLeaseTakesJobs) {
  add();
  const auto attempt = [&](const Fence& fence) {
    return refused([&](db::Session& s) -> Result<void> {
      VEDETTE_CHECK(claim_jobs(s, fence, {.kind = kKind}));
      return {};
    });
  };
  EXPECT_EQ(attempt({.name = "worker:nobody", .token = 1}), ErrorCode::kFenced);
  EXPECT_EQ(attempt({.name = north.fence.name, .token = 7}), ErrorCode::kFenced);
  kill(north);
  EXPECT_EQ(attempt(north.fence), ErrorCode::kFenced);
  EXPECT_EQ(claim(south).size(), 1u);
}

TEST_P(JobStoreTest, APausedKindIsNotTaken) {
  add();
  write([&](db::Session& s) { return pause_kind(s, kKind, true); });
  EXPECT_TRUE(kind().is_paused);
  EXPECT_THAT(claim(north), IsEmpty());
  EXPECT_THAT(look(north).ready, IsEmpty());
  write([&](db::Session& s) { return pause_kind(s, kKind, false); });
  EXPECT_THAT(look(north).ready, ElementsAre(kKind));
  EXPECT_EQ(claim(north).size(), 1u);
}

TEST_P(JobStoreTest, AFailureIsTriedAgainAtItsTime) {
  const auto id = add({.kind = kKind, .priority = 3});
  auto taken = claim(north);
  EXPECT_THAT(end(north, {{.id = id,
                           .attempt = 1,
                           .kind = Kind::kFailed,
                           .error = "The disk is away.",
                           .wait = hours(1)}}),
              IsEmpty());
  const JobStatus failed = status(id);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_EQ(failed.failures, 1);
  EXPECT_EQ(failed.error, "The disk is away.");
  EXPECT_GT(failed.run_at, failed.created_at + minutes(59));
  EXPECT_THAT(claim(north), IsEmpty());
  EXPECT_EQ(promote(), 0);
  const auto due = look(north).next_due;
  ASSERT_TRUE(due);
  EXPECT_GT(*due, minutes(59));
  change(fmt::format("update job set run_at = {}", now("-1")));
  EXPECT_LE(*look(north).next_due, seconds(0));
  EXPECT_EQ(promote(), 1);
  EXPECT_EQ(state(id), JobState::kAvailable);
  taken = claim(south);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].attempt, 2);
  EXPECT_EQ(taken[0].failures, 1);
  EXPECT_TRUE(end(south, taken[0], Kind::kCompleted));
  EXPECT_EQ(status(id).error, "The disk is away.");  // kept
}

TEST_P(JobStoreTest, ADiscardedOneIsNotTriedAgain) {
  const auto id = add();
  EXPECT_TRUE(end(north, claim(north)[0], Kind::kDiscarded, "It is no recording."));
  EXPECT_EQ(state(id), JobState::kDiscarded);
  EXPECT_EQ(status(id).failures, 1);
  EXPECT_EQ(promote(), 0);
  EXPECT_THAT(claim(north), IsEmpty());
  EXPECT_EQ(kind().discarded_day, 1);
  EXPECT_EQ(kind().last_error, "It is no recording.");
}

TEST_P(JobStoreTest, AJobForLaterWaitsForItsTimeWithNothingCounted) {
  const auto id = add();
  EXPECT_THAT(
      end(north,
          {{.id = id, .attempt = claim(north)[0].attempt, .kind = Kind::kLater, .wait = hours(1)}}),
      IsEmpty());
  EXPECT_EQ(state(id), JobState::kAvailable);
  EXPECT_EQ(status(id).failures, 0);
  EXPECT_THAT(claim(north), IsEmpty());
  EXPECT_EQ(kind().scheduled, 1);
}

TEST_P(JobStoreTest, ManyEndInOneGoEachInItsWay) {
  for (int i = 0; i < 6; ++i) add();
  const auto jobs = claim(north, 6);
  ASSERT_EQ(jobs.size(), 6u);
  auto foreign = ending(jobs[5], Kind::kCompleted);
  foreign.attempt = 9;
  auto gone = ending(jobs[0], Kind::kCompleted);
  gone.is_kept = false;
  EXPECT_THAT(
      end(north, {foreign, ending(jobs[4], Kind::kGivenBack), ending(jobs[3], Kind::kCancelled),
                  ending(jobs[2], Kind::kFailed, "a \"quoted\" \\ error\n"),
                  ending(jobs[1], Kind::kCompleted), gone}),
      ElementsAre(jobs[5].id));
  EXPECT_EQ(state(jobs[5].id), JobState::kRunning);
  EXPECT_EQ(state(jobs[4].id), JobState::kAvailable);
  EXPECT_EQ(state(jobs[3].id), JobState::kCancelled);
  EXPECT_EQ(state(jobs[2].id), JobState::kFailed);
  EXPECT_EQ(status(jobs[2].id).error, "a \"quoted\" \\ error\n");
  EXPECT_EQ(state(jobs[1].id), JobState::kCompleted);
  const KindStatus counts = kind();
  EXPECT_EQ(counts.completed_day, 2);
  EXPECT_EQ(counts.failures_day, 1);
  EXPECT_EQ(counts.running, 1);
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(counts.available, 1);
}

TEST_P(JobStoreTest, AnErrorOfForeignBytesIsWrittenAllTheSame) {
  const auto id = add();
  EXPECT_TRUE(end(north, claim(north)[0], Kind::kDiscarded,
                  std::string("\xff\xfe\0 broken", 10) + std::string(100'000, 'x')));
  EXPECT_THAT(status(id).error, HasSubstr("?? broken"));
  EXPECT_LT(status(id).error.size(), 5'000u);
}

TEST_P(JobStoreTest, ResultsComeBackAsTheyWere) {
  const std::vector<std::string> results{
      "", R"({"text": "a \"quoted\" \\ word, {braces}, NULL, ünïcode"})", "null",
      "{\n\t\"n\": 1\n}"};
  std::vector<Ending> endings;
  for (const std::string& result : results) {
    add();
    const auto taken = claim(north)[0];
    endings.push_back({.id = taken.id, .attempt = 1, .result = result});
  }
  EXPECT_THAT(end(north, endings), IsEmpty());
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(status(endings[i].id).result, results[i]);
  }
}

TEST_P(JobStoreTest, ProgressIsSeenAndNeverGoesBack) {
  const auto id = add();
  const auto first = claim(north)[0];
  const auto note = [&](const Process& who, const ClaimedJob& job, std::int64_t done,
                        const std::string& message) {
    return write([&](db::Session& s) {
      const ProgressNote one{
          .id = id, .attempt = job.attempt, .done = done, .total = 100, .message = message};
      return note_progress(s, who.fence, {&one, 1});
    });
  };
  EXPECT_THAT(note(north, first, 40, "frames"), IsEmpty());
  EXPECT_EQ(status(id).done, 40);
  EXPECT_EQ(status(id).total, 100);
  EXPECT_EQ(status(id).message, "frames");
  EXPECT_TRUE(end(north, first, Kind::kGivenBack));
  const auto second = claim(south)[0];
  EXPECT_EQ(second.done, 40);
  EXPECT_THAT(note(south, second, 10, "again"), IsEmpty());
  EXPECT_EQ(status(id).done, 40);
  EXPECT_EQ(status(id).message, "again");
  // Of the attempt before it is not taken any more.
  const auto back = note(north, first, 90, "late");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_TRUE(back[0].is_lost);
  EXPECT_EQ(status(id).done, 40);
  cancel(id);
  const auto told = note(south, second, 50, "more");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_FALSE(told[0].is_lost);
}

TEST_P(JobStoreTest, WhatIsHeldIsKnown) {
  add();
  add({.kind = "thumbnails"});
  const auto mine = claim(north)[0];
  claim(north, 1, {.kind = "thumbnails"});
  const auto held = read([&](db::Session& s) { return held_jobs(s, north.fence); });
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(held[0].kind, kKind);
  EXPECT_EQ(held[0].id, mine.id);
  EXPECT_EQ(held[0].attempt, 1);
  EXPECT_EQ(held[1].kind, "thumbnails");
}

TEST_P(JobStoreTest, TheOutlookNamesOtherWorkersAndKindsThatAreReady) {
  EXPECT_THAT(look(north).ready, IsEmpty());
  EXPECT_FALSE(look(north).next_due);
  EXPECT_THAT(look(north).workers, ElementsAre("worker:south"));
  add();
  add({.kind = "thumbnails"});
  EXPECT_THAT(look(north).ready, ElementsAre(kKind));
}

TEST_P(JobStoreTest, ALimitOfTheDeploymentHoldsOverProcesses) {
  for (int i = 0; i < 5; ++i) add();
  const ClaimRequest how{.at_once_everywhere = 3};
  const auto first = claim(north, 2, how);
  EXPECT_EQ(first.size(), 2u);
  EXPECT_EQ(claim(south, 5, how).size(), 1u);
  EXPECT_THAT(claim(south, 5, how), IsEmpty());
  EXPECT_TRUE(end(north, first[0], Kind::kCompleted));
  EXPECT_EQ(claim(south, 5, how).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(EveryStore, JobStoreTest, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
