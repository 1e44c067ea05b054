// Jobs that are to stop: cancelled ones, silent ones, those of a process that ends; and bodies that
// do not care.
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
using testing::Gate;
using ::testing::HasSubstr;
using testing::quick;
using testing::WorkerTest;

struct Stopping : WorkerTest {
  std::atomic<int> begun = 0;
  Gate gate;

  void TearDown() override {
    gate.open();
    WorkerTest::TearDown();
  }
  /// Waits at the gate, and leaves when asked to.
  JobKind polite(std::string name) {
    return quick(std::move(name), [this](std::string_view, JobContext& job) -> Result<JobEnd> {
      ++begun;
      if (!gate.pass(job.stop_token())) return testing::stopped();
      return JobEnd::completed();
    });
  }
  /// Waits at the gate, whatever is asked.
  JobKind deaf(std::string name, milliseconds grace = milliseconds(50)) {
    JobKind kind = quick(std::move(name), [this](std::string_view, JobContext&) {
      ++begun;
      gate.pass();
      return Result<JobEnd>(JobEnd::completed());
    });
    kind.grace = grace;
    return kind;
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Stopping, testing::every_store(), testing::store_name);

TEST_P(Stopping, ARunningJobIsCancelledFromAnotherProcess) {
  const auto one = process(polite("long"));
  const std::int64_t id = put("long");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  ASSERT_TRUE(cancel(id));
  ASSERT_TRUE(becomes(id, JobState::kCancelled));
  EXPECT_EQ(status(id).failures, 0);
  EXPECT_TRUE(status(id).finished_at);
  EXPECT_EQ(cancel(id).error().code, ErrorCode::kConflict);
}

TEST_P(Stopping, OneTakenAheadIsCancelledWithoutEverBeginning) {
  JobKind kind = polite("ahead");
  kind.ahead = 10;
  const auto one = process(std::move(kind));
  put("ahead");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  const std::int64_t waiting = put("ahead");
  ASSERT_TRUE(becomes(waiting, JobState::kRunning));
  ASSERT_TRUE(cancel(waiting));
  ASSERT_TRUE(becomes(waiting, JobState::kCancelled));
  EXPECT_EQ(begun, 1);
}

TEST_P(Stopping, WhatFinishesWhileItIsCancelledHasFinished) {
  const auto one = process(quick("done", [&](std::string_view, JobContext& job) {
    ++begun;
    while (!job.stopping()) (void)sleep_for(job.stop_token(), milliseconds(5));
    return Result<JobEnd>(JobEnd::completed("{\"whole\":true}"));
  }));
  const std::int64_t id = put("done");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  ASSERT_TRUE(cancel(id));
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
}

TEST_P(Stopping, ABodyThatIgnoresCancelIsGivenUpOnAndItsThreadIsMissing) {
  JobKind kind = deaf("deaf");
  kind.at_once = 2;
  const auto one = process(std::move(kind));
  const std::int64_t first = put("deaf");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  ASSERT_TRUE(cancel(first));
  ASSERT_TRUE(becomes(first, JobState::kCancelled));
  EXPECT_EQ(one->worker().metrics().given_up, 1);
  ASSERT_TRUE(eventually([&] { return one->supervisor().status("jobs")->word == "jobs hang"; }));
  EXPECT_EQ(one->supervisor().status("jobs")->health, Health::kWait);
  EXPECT_THAT(one->supervisor().status("jobs")->cause, HasSubstr("1 of 2 threads"));

  const std::int64_t second = put("deaf");
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  ASSERT_TRUE(cancel(second));
  ASSERT_TRUE(becomes(second, JobState::kCancelled));
  ASSERT_TRUE(eventually([&] { return one->supervisor().status("jobs")->health == Health::kBad; }));
  // No thread is left; what comes waits, for this process or another.
  const std::int64_t third = put("deaf");
  EXPECT_EQ(status(third).state, JobState::kAvailable);

  gate.open();
  ASSERT_TRUE(becomes(third, JobState::kCompleted));
  ASSERT_TRUE(eventually([&] { return one->numbers("deaf").fenced == 2; }));
  EXPECT_EQ(status(first).state, JobState::kCancelled);
  EXPECT_TRUE(
      eventually([&] { return one->supervisor().status("jobs")->health == Health::kGood; }));
}

TEST_P(Stopping, WhatABodyWritesAfterItWasGivenUpOnIsRefused) {
  std::atomic<ErrorCode> refusal = ErrorCode::kInternal;
  JobKind kind = quick("late", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    ++begun;
    gate.pass();
    const Result<void> written = database->write(
        [&](db::Session& session) -> Result<void> { return job.complete(session, "{}"); });
    if (!written) refusal = written.error().code;
    return JobEnd::completed();
  });
  kind.grace = milliseconds(20);
  const auto one = process(std::move(kind));
  const std::int64_t id = put("late");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  ASSERT_TRUE(cancel(id));
  ASSERT_TRUE(becomes(id, JobState::kCancelled));
  gate.open();
  ASSERT_TRUE(eventually([&] { return refusal == ErrorCode::kFenced; }));
  EXPECT_EQ(status(id).state, JobState::kCancelled);
}

TEST_P(Stopping, AHandlerThatHangsIsNoticedByItsSilence) {
  JobKind kind = quick("silent", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    ++begun;
    if (job.failures() > 0) return JobEnd::completed();
    if (!gate.pass(job.stop_token())) return testing::stopped();
    return JobEnd::completed();
  });
  kind.stall = milliseconds(100);
  const auto one = process(std::move(kind));
  const std::int64_t id = put("silent");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).failures, 1);
  EXPECT_THAT(status(id).error, HasSubstr("no sign of life for 0.1 s"));
}

TEST_P(Stopping, SignsOfLifeKeepALongJobAlive) {
  JobKind kind = quick("lively", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    for (int i = 0; i < 60; ++i) {
      i % 2 == 0 ? job.alive() : job.progress(i, 60);
      if (!sleep_for(job.stop_token(), milliseconds(10))) return testing::stopped();
    }
    return JobEnd::completed();
  });
  kind.stall = milliseconds(500);
  const auto one = process(std::move(kind));
  const std::int64_t id = put("lively");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).failures, 0);
}

TEST_P(Stopping, AStopBurnsNoAttempt) {
  JobKind kind = polite("stopped");
  kind.ahead = 10;
  auto one = process(std::move(kind));
  const std::int64_t running = put("stopped");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  const std::int64_t ahead = put("stopped");
  ASSERT_TRUE(becomes(ahead, JobState::kRunning));
  EXPECT_TRUE(one->stop().empty());
  for (const std::int64_t id : {running, ahead}) {
    EXPECT_EQ(status(id).state, JobState::kAvailable);
    EXPECT_EQ(status(id).failures, 0);
    EXPECT_EQ(status(id).crashes, 0);
    EXPECT_EQ(status(id).error, "");
  }
  gate.open();
  const auto two = process(polite("stopped"));
  EXPECT_TRUE(becomes(running, JobState::kCompleted));
  EXPECT_TRUE(becomes(ahead, JobState::kCompleted));
}

TEST_P(Stopping, AStopDoesNotWaitForABodyThatIgnoresIt) {
  testing::ProcessOptions options;
  options.stop_grace = milliseconds(100);
  auto one = process(deaf("stubborn", seconds(60)), options);
  const std::int64_t id = put("stubborn");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  EXPECT_TRUE(one->stop().empty());
  EXPECT_EQ(status(id).state, JobState::kAvailable);
  EXPECT_EQ(status(id).crashes, 0);
  const auto two = process(polite("stubborn"));
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  // The first body comes to its end, and it counts for nothing.
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).attempt, 2);
}

TEST_P(Stopping, WhatEndsWellDuringAStopCounts) {
  auto one = process(quick("last", [&](std::string_view, JobContext& job) {
    ++begun;
    while (!job.stopping()) (void)sleep_for(job.stop_token(), milliseconds(5));
    return Result<JobEnd>(JobEnd::completed());
  }));
  const std::int64_t id = put("last");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  EXPECT_TRUE(one->stop().empty());
  EXPECT_EQ(status(id).state, JobState::kCompleted);
}

TEST_P(Stopping, ProgressIsSeenWhileItRunsAndNeverGoesBack) {
  const auto one =
      process(quick("counted", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
        ++begun;
        const bool is_first = begun == 1;
        job.progress(is_first ? 70 : 10, 100, is_first ? "first" : "second");
        if (!gate.pass(job.stop_token())) return testing::stopped();
        return JobEnd::completed();
      }));
  const std::int64_t id = put("counted");
  ASSERT_TRUE(eventually([&] { return status(id).done == 70; }));
  EXPECT_EQ(status(id).total, 100);
  EXPECT_EQ(status(id).message, "first");
  EXPECT_TRUE(one->stop().empty());
  EXPECT_EQ(status(id).done, 70);
  const auto two =
      process(quick("counted", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
        job.progress(10, 100, "second");
        if (!gate.pass(job.stop_token())) return testing::stopped();
        job.progress(80, 100, "second");
        return JobEnd::completed();
      }));
  ASSERT_TRUE(eventually([&] { return status(id).message == "second"; }));
  EXPECT_EQ(status(id).done, 70);
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).done, 80);
}

}  // namespace
}  // namespace vedette::work
