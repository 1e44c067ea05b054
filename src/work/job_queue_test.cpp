// The queue as everybody sees it, on both databases: enqueue, look, retry, cancel, parents.
#include "work/job_queue.hpp"

#include <gmock/gmock.h>

#include "work/testing/job_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Ending::Kind;

struct JobQueueTest : testing::JobFixture {
  std::vector<std::int64_t> list(JobFilter filter) {
    std::vector<std::int64_t> ids;
    for (const JobStatus& one : read([&](db::Session& s) { return jobs(s, filter); })) {
      ids.push_back(one.id);
    }
    return ids;
  }
};

TEST_P(JobQueueTest, AnEnqueueThatRollsBackNeverWas) {
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              VEDETTE_CHECK(enqueue(s, {.kind = kKind, .key = "mill-street"}));
              return fail(ErrorCode::kConflict, "Changed my mind.");
            }),
            ErrorCode::kConflict);
  EXPECT_THAT(list({}), IsEmpty());
  EXPECT_THAT(claim(north), IsEmpty());
  EXPECT_TRUE(write([&](db::Session& s) {
                return enqueue(s, {.kind = kKind, .key = "mill-street"});
              }).is_new);
}

TEST_P(JobQueueTest, AKeyIsThereOnceUntilItsJobEnds) {
  const NewJob keyed{.kind = kKind, .key = "mill-street"};
  const auto put = [&] { return write([&](db::Session& s) { return enqueue(s, keyed); }); };
  const Enqueued first = put();
  EXPECT_TRUE(first.is_new);
  EXPECT_FALSE(put().is_new);
  EXPECT_EQ(put().id, first.id);
  const Enqueued other = write(
      [&](db::Session& s) { return enqueue(s, {.kind = "thumbnails", .key = "mill-street"}); });
  EXPECT_TRUE(other.is_new);
  const auto taken = claim(north)[0];
  EXPECT_FALSE(put().is_new);
  EXPECT_TRUE(end(north, taken, Kind::kFailed, "no"));
  EXPECT_FALSE(put().is_new);
  cancel(first.id);
  const Enqueued second = put();
  EXPECT_TRUE(second.is_new);
  EXPECT_NE(second.id, first.id);
  // The earlier one cannot come back beside it.
  EXPECT_EQ(refused([&](db::Session& s) { return retry_job(s, first.id); }), ErrorCode::kConflict);
  EXPECT_THAT(list({.key = "mill-street"}), ElementsAre(second.id, other.id, first.id));
}

TEST_P(JobQueueTest, ManyAtOnceAndKeysOnceOnly) {
  std::vector<NewJob> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back({.kind = kKind, .payload = fmt::format(R"({{"n": {}}})", i)});
    many.push_back({.kind = kKind, .key = fmt::format("key-{}", i % 50)});
  }
  EXPECT_EQ(write([&](db::Session& s) { return enqueue_all(s, many); }), 150);
  EXPECT_EQ(write([&](db::Session& s) { return enqueue_all(s, many); }), 100);
  EXPECT_EQ(kind().available, 250);
  const auto taken = claim(north, 1'000);
  EXPECT_EQ(taken.size(), 250u);
  EXPECT_EQ(taken[1].payload, R"({"n": 1})");
}

TEST_P(JobQueueTest, WhatCannotBeIsRefused) {
  const auto attempt = [&](const NewJob& job) {
    const auto one = [&](db::Session& s) -> Result<void> {
      VEDETTE_CHECK(enqueue(s, job));
      return {};
    };
    const auto all = [&](db::Session& s) -> Result<void> {
      VEDETTE_CHECK(enqueue_all(s, {&job, 1}));
      return {};
    };
    EXPECT_EQ(refused(one), refused(all));
    return refused(one);
  };
  EXPECT_EQ(attempt({.kind = ""}), ErrorCode::kInvalid);
  EXPECT_EQ(attempt({.kind = kKind, .payload = "{broken"}), ErrorCode::kInvalid);
  EXPECT_EQ(attempt({.kind = kKind, .payload = ""}), ErrorCode::kInvalid);
  EXPECT_EQ(attempt({.kind = kKind, .payload = "\"\xff\""}), ErrorCode::kInvalid);
  EXPECT_EQ(attempt({.kind = kKind, .key = ""}), ErrorCode::kInvalid);
  EXPECT_EQ(attempt({.kind = kKind, .key = std::string(5'000, 'k')}), ErrorCode::kInvalid);
  EXPECT_EQ(attempt({.kind = kKind, .priority = 10'001}), ErrorCode::kInvalid);
  EXPECT_EQ(attempt({.kind = kKind, .parent = 77}), ErrorCode::kConflict);
  EXPECT_THAT(list({}), IsEmpty());
}

TEST_P(JobQueueTest, AJobForLaterIsReadyAtItsTime) {
  const Instant at = floor_to(SystemClock().now(), std::chrono::seconds(1)) + hours(1);
  const auto id = add({.kind = kKind, .priority = 2, .run_at = at});
  std::vector<NewJob> more(3, NewJob{.kind = kKind, .run_at = at});
  write([&](db::Session& s) { return enqueue_all(s, more); });
  EXPECT_EQ(status(id).run_at, at);
  EXPECT_THAT(claim(north, 9), IsEmpty());
  EXPECT_EQ(kind().scheduled, 4);
  EXPECT_EQ(promote(), 0);
  change(fmt::format("update job set run_at = {}", now("-1")));
  EXPECT_EQ(promote(3), 3);
  EXPECT_EQ(promote(3), 1);
  const auto taken = claim(north, 9);
  ASSERT_EQ(taken.size(), 4u);
  EXPECT_EQ(taken[0].id, id);
  EXPECT_FALSE(add({.kind = kKind, .run_at = Instant{}}) == 0);
  EXPECT_EQ(claim(north).size(), 1u);
}

TEST_P(JobQueueTest, RetryBeginsAnew) {
  const auto id = add();
  EXPECT_EQ(refused([&](db::Session& s) { return retry_job(s, id); }), ErrorCode::kConflict);
  EXPECT_EQ(refused([&](db::Session& s) { return retry_job(s, id + 1); }), ErrorCode::kNotFound);
  const auto first = claim(north)[0];
  EXPECT_EQ(refused([&](db::Session& s) { return retry_job(s, id); }), ErrorCode::kConflict);
  EXPECT_TRUE(end(north, first, Kind::kDiscarded, "no"));
  retry(id);
  const JobStatus again = status(id);
  EXPECT_EQ(again.state, JobState::kAvailable);
  EXPECT_EQ(again.failures, 0);
  EXPECT_EQ(again.error, "no");
  EXPECT_FALSE(again.finished_at);
  const auto second = claim(north)[0];
  EXPECT_EQ(second.attempt, 2);
  EXPECT_FALSE(end(north, first, Kind::kCompleted));
  EXPECT_TRUE(end(north, second, Kind::kFailed, "later"));
  EXPECT_EQ(state(id), JobState::kFailed);
  retry(id);
  EXPECT_EQ(claim(north).size(), 1u);
}

TEST_P(JobQueueTest, AWaitingOneIsCancelledAtOnceARunningOneIsAsked) {
  const auto waiting = add();
  cancel(waiting);
  EXPECT_EQ(state(waiting), JobState::kCancelled);
  EXPECT_TRUE(status(waiting).finished_at);
  EXPECT_EQ(refused([&](db::Session& s) { return cancel_job(s, waiting); }), ErrorCode::kConflict);
  EXPECT_EQ(refused([&](db::Session& s) { return cancel_job(s, 999); }), ErrorCode::kNotFound);
  const auto running = add();
  const auto taken = claim(north)[0];
  EXPECT_EQ(taken.id, running);
  cancel(running);
  EXPECT_EQ(state(running), JobState::kRunning);
  EXPECT_TRUE(status(running).is_cancelling);
  const std::vector<std::pair<std::int64_t, std::int64_t>> attempts{{taken.id, taken.attempt}};
  const auto told = read([&](db::Session& s) { return recalled(s, north.fence, attempts); });
  ASSERT_EQ(told.size(), 1u);
  EXPECT_FALSE(told[0].is_lost);
  // Whatever its worker makes of it, it does not come back.
  EXPECT_TRUE(end(north, taken, Kind::kGivenBack));
  EXPECT_EQ(state(running), JobState::kCancelled);
  EXPECT_FALSE(status(running).is_cancelling);
}

TEST_P(JobQueueTest, AParentWaitsForItsChildren) {
  const auto parent = add();
  const auto own = claim(north)[0];
  std::vector<NewJob> children(3, NewJob{.kind = "child", .parent = parent});
  write([&](db::Session& s) { return enqueue_all(s, children); });
  EXPECT_EQ(status(parent).open_children, 3);
  EXPECT_TRUE(end(north, own, Kind::kWaiting));
  EXPECT_EQ(state(parent), JobState::kAvailable);
  EXPECT_THAT(claim(north), IsEmpty());
  const auto work = claim(south, 3, {.kind = "child"});
  ASSERT_EQ(work.size(), 3u);
  EXPECT_EQ(status(work[0].id).parent, parent);
  EXPECT_TRUE(end(south, work[0], Kind::kCompleted));
  EXPECT_TRUE(end(south, work[1], Kind::kDiscarded, "no"));
  EXPECT_THAT(claim(north), IsEmpty());
  EXPECT_EQ(status(parent).open_children, 1);
  cancel(work[2].id);
  EXPECT_THAT(claim(north), IsEmpty());
  EXPECT_TRUE(end(south, work[2], Kind::kCancelled));
  const auto again = claim(north);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, parent);
  EXPECT_EQ(again[0].children.completed, 1);
  EXPECT_EQ(again[0].children.discarded, 1);
  EXPECT_EQ(again[0].children.cancelled, 1);
  EXPECT_THAT(list({.parent = parent}), ElementsAre(work[2].id, work[1].id, work[0].id));
  // A child that is repeated is waited for again.
  retry(work[1].id);
  EXPECT_EQ(status(parent).open_children, 1);
  EXPECT_TRUE(end(north, again[0], Kind::kWaiting));
  EXPECT_THAT(claim(north), IsEmpty());
}

TEST_P(JobQueueTest, AParentWhoseChildrenHaveAllEndedIsReadyAtOnce) {
  const auto parent = add();
  const auto own = claim(north)[0];
  const auto child = add({.kind = "child", .parent = parent});
  cancel(child);
  EXPECT_TRUE(end(north, own, Kind::kWaiting));
  EXPECT_EQ(claim(north).size(), 1u);
}

TEST_P(JobQueueTest, CancelTakesTheWholeTree) {
  const auto parent = add();
  const auto own = claim(north)[0];
  const auto child = add({.kind = "child", .parent = parent});
  const auto running_child = add({.kind = "child", .priority = 1, .parent = parent});
  const auto grandchild = add({.kind = "child", .parent = child});
  const auto taken = claim(south, 1, {.kind = "child"})[0];
  EXPECT_EQ(taken.id, running_child);
  EXPECT_TRUE(end(north, own, Kind::kWaiting));
  cancel(parent);
  EXPECT_EQ(state(parent), JobState::kCancelled);
  EXPECT_EQ(state(child), JobState::kCancelled);
  EXPECT_EQ(state(grandchild), JobState::kCancelled);
  EXPECT_TRUE(status(running_child).is_cancelling);
  EXPECT_EQ(status(parent).open_children, 1);
  EXPECT_TRUE(end(south, taken, Kind::kCancelled));
  EXPECT_EQ(status(parent).open_children, 0);
  EXPECT_THAT(claim(north, 9), IsEmpty());
}

TEST_P(JobQueueTest, CancelTakesThousandsOfChildren) {
  const auto parent = add();
  const auto own = claim(north)[0];
  write([&](db::Session& s) {
    return enqueue_all(s, std::vector<NewJob>(2'500, NewJob{.kind = "child", .parent = parent}));
  });
  EXPECT_EQ(claim(south, 10, {.kind = "child"}).size(), 10u);
  EXPECT_TRUE(end(north, own, Kind::kWaiting));
  cancel(parent);
  EXPECT_EQ(number("select count(*) from job where state = 'cancelled'"), 2'491);
  EXPECT_EQ(number("select count(*) from job where cancel_at is not null"), 10);
  EXPECT_EQ(status(parent).open_children, 10);
}

TEST_P(JobQueueTest, WhatARunningParentAddsWhileItIsCancelledIsCancelledWithIt) {
  const auto parent = add();
  const auto own = claim(north)[0];
  cancel(parent);
  const auto late = add({.kind = "child", .parent = parent});
  EXPECT_TRUE(end(north, own, Kind::kCancelled));
  EXPECT_EQ(state(late), JobState::kCancelled);
}

TEST_P(JobQueueTest, ListsNewestFirstByPages) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(add({.kind = i % 2 == 0 ? std::string(kKind) : "thumbnails"}));
  }
  const auto taken = claim(north, 2);
  EXPECT_TRUE(end(north, taken[0], Kind::kCompleted));
  EXPECT_TRUE(end(north, taken[1], Kind::kFailed, "no"));
  EXPECT_THAT(list({}), ElementsAre(ids[5], ids[4], ids[3], ids[2], ids[1], ids[0]));
  EXPECT_THAT(list({.limit = 2}), ElementsAre(ids[5], ids[4]));
  EXPECT_THAT(list({.before = ids[4], .limit = 2}), ElementsAre(ids[3], ids[2]));
  EXPECT_THAT(list({.kinds = {kKind}}), ElementsAre(ids[4], ids[2], ids[0]));
  EXPECT_THAT(list({.kinds = {kKind}, .before = ids[4], .limit = 1}), ElementsAre(ids[2]));
  EXPECT_THAT(list({.states = {JobState::kCompleted, JobState::kFailed}}),
              ElementsAre(ids[2], ids[0]));
  EXPECT_THAT(list({.kinds = {"thumbnails"}, .states = {JobState::kAvailable}}),
              ElementsAre(ids[5], ids[3], ids[1]));
  EXPECT_THAT(list({.states = {JobState::kRunning}}), IsEmpty());
}

TEST_P(JobQueueTest, KindsAreCountedByWhatTheirJobsDo) {
  EXPECT_THAT(read([](db::Session& s) { return kinds(s); }), IsEmpty());
  for (int i = 0; i < 4; ++i) add();
  add({.kind = kKind, .run_at = SystemClock().now() + hours(1)});
  const auto taken = claim(north, 3);
  auto done = ending(taken[0], Kind::kCompleted);
  done.took = std::chrono::seconds(3);
  EXPECT_THAT(end(north, {done, ending(taken[1], Kind::kFailed, "The disk is away.")}), IsEmpty());
  const KindStatus now = kind();
  EXPECT_EQ(now.available, 1);
  EXPECT_EQ(now.scheduled, 1);
  EXPECT_EQ(now.running, 1);
  EXPECT_EQ(now.failed, 1);
  EXPECT_TRUE(now.oldest_ready);
  EXPECT_EQ(now.completed_hour, 1);
  EXPECT_EQ(now.completed_day, 1);
  EXPECT_EQ(now.failures_day, 1);
  EXPECT_EQ(now.mean_took, std::chrono::seconds(3));
  EXPECT_EQ(now.last_error, "The disk is away.");
  EXPECT_TRUE(now.last_error_at);
}

TEST_P(JobQueueTest, StatesHaveTheirNames) {
  for (const char* text :
       {"available", "running", "completed", "failed", "discarded", "cancelled"}) {
    const auto state = job_state_named(text);
    ASSERT_TRUE(state);
    EXPECT_EQ(name(*state), text);
  }
  EXPECT_FALSE(job_state_named("done"));
}

INSTANTIATE_TEST_SUITE_P(EveryStore, JobQueueTest, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
