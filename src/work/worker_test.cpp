// Jobs from the queue to their end, and how many run where.
#include "work/worker.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <set>

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

struct Working : WorkerTest {};
INSTANTIATE_TEST_SUITE_P(Every, Working, testing::every_store(), testing::store_name);

TEST_P(Working, AJobIsDoneAndSaysWhatCameOfIt) {
  const auto one = process(quick("sum", [](std::string_view payload, JobContext& job) {
    EXPECT_GT(job.id(), 0);
    EXPECT_EQ(job.failures(), 0);
    EXPECT_FALSE(job.stopping());
    job.progress(3, 3, "all added");
    return Result<JobEnd>(JobEnd::completed(fmt::format("{{\"of\":{}}}", payload)));
  }));
  const std::int64_t id = put("sum", "{\"a\":1}");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  const JobStatus job = status(id);
  EXPECT_THAT(job.result, HasSubstr("\"a\""));
  EXPECT_EQ(job.attempt, 1);
  EXPECT_EQ(job.failures, 0);
  EXPECT_EQ(job.crashes, 0);
  EXPECT_EQ(job.done, 3);
  EXPECT_EQ(job.total, 3);
  EXPECT_EQ(job.message, "all added");
  EXPECT_EQ(job.process, one->supervisor().process_name());
  ASSERT_TRUE(job.started_at);
  ASSERT_TRUE(job.finished_at);
  EXPECT_LE(job.created_at, *job.started_at);
  EXPECT_LE(*job.started_at, *job.finished_at);
  ASSERT_TRUE(eventually([&] { return one->numbers("sum").completed == 1; }));
  EXPECT_EQ(one->supervisor().status("jobs")->health, Health::kGood);
}

TEST_P(Working, WhatWaitsFromBeforeTheStartIsDoneInOrder) {
  std::mutex order_mutex;
  std::vector<std::string> order;
  for (int i = 0; i < 5; ++i) put("row", fmt::format("{{\"n\":{}}}", i));
  NewJob urgent;
  urgent.kind = "row";
  urgent.payload = "{\"n\":\"urgent\"}";
  urgent.priority = 10;
  put(urgent);
  const auto one = process(quick("row", [&](std::string_view payload, JobContext&) {
    const std::lock_guard lock(order_mutex);
    order.emplace_back(payload);
    return Result<JobEnd>(JobEnd::completed());
  }));
  ASSERT_TRUE(eventually([&] { return count("row", JobState::kCompleted) == 6; }));
  const std::lock_guard lock(order_mutex);
  ASSERT_EQ(order.size(), 6u);
  EXPECT_THAT(order[0], HasSubstr("urgent"));
  for (std::size_t i = 1; i < 6; ++i) EXPECT_THAT(order[i], HasSubstr(fmt::format("{}", i - 1)));
}

TEST_P(Working, ThousandsOfShortOnesAreDoneOnceEachByTwoProcesses) {
  std::mutex seen_mutex;
  std::multiset<std::int64_t> seen;
  const auto kind = [&] {
    JobKind short_one = quick("short", [&](std::string_view, JobContext& job) {
      const std::lock_guard lock(seen_mutex);
      seen.insert(job.id());
      return Result<JobEnd>(JobEnd::completed());
    });
    short_one.at_once = 4;
    short_one.ahead = 100;
    return short_one;
  };
  const auto one = process(kind());
  const auto two = process(kind());
  put_many("short", 3'000);
  ASSERT_TRUE(eventually(
      [&] { return one->numbers("short").completed + two->numbers("short").completed == 3'000; },
      seconds(60)));
  const std::lock_guard lock(seen_mutex);
  EXPECT_EQ(seen.size(), 3'000u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 3'000u);
  EXPECT_TRUE(all("short", {JobState::kAvailable, JobState::kRunning}).empty());
  EXPECT_EQ(one->numbers("short").fenced + two->numbers("short").fenced, 0);
}

TEST_P(Working, NoMoreRunAtOnceThanTheKindSays) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  Gate gate;
  JobKind kind = quick("heavy", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    const int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    const bool has_passed = gate.pass(job.stop_token());
    --running;
    if (!has_passed) return testing::stopped();
    return JobEnd::completed();
  });
  kind.at_once = 3;
  const auto one = process(std::move(kind));
  put_many("heavy", 10);
  ASSERT_TRUE(eventually([&] { return running == 3; }));
  EXPECT_EQ(count("heavy", JobState::kRunning), 3u);
  gate.open();
  ASSERT_TRUE(eventually([&] { return count("heavy", JobState::kCompleted) == 10; }));
  EXPECT_EQ(most, 3);
}

TEST_P(Working, NoMoreRunAtOnceInTheDeploymentThanTheKindSays) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  const auto kind = [&] {
    JobKind shared = quick("shared", [&](std::string_view, JobContext&) -> Result<JobEnd> {
      const int now = ++running;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::sleep_for(milliseconds(2));  // long enough for others to meet it
      --running;
      return JobEnd::completed();
    });
    shared.at_once = 4;
    shared.at_once_everywhere = 2;
    return shared;
  };
  const auto one = process(kind());
  const auto two = process(kind());
  put_many("shared", 40);
  ASSERT_TRUE(eventually([&] { return count("shared", JobState::kCompleted) == 40; }, seconds(60)));
  EXPECT_LE(most, 2);
}

TEST_P(Working, WhoseTurnItIsNotAsksSeldom) {
  testing::Gate gate;
  std::atomic<int> begun = 0;
  const auto kind = [&] {
    JobKind shared = quick("shared", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
      ++begun;
      gate.pass(job.stop_token());
      return JobEnd::completed();
    });
    shared.at_once_everywhere = 1;
    return shared;
  };
  put_many("shared", 2);
  const auto one = process(kind());
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  const auto two = process(kind());
  ASSERT_TRUE(two->works());
  const auto renewals = [&] { return two->supervisor().metrics().renewals; };
  const std::int64_t begun_at = renewals();
  const std::int64_t writes = two->database().state().writes;
  ASSERT_TRUE(eventually([&] { return renewals() >= begun_at + 3; }));
  // One a second is renewed; a claim is tried after each look, of which there are as many.
  EXPECT_LE(two->database().state().writes - writes, 6 * (renewals() - begun_at) + 6);
  gate.open();
  EXPECT_TRUE(eventually([&] { return count("shared", JobState::kCompleted) == 2; }));
}

TEST_P(Working, AKindOfARoleThatIsMissingHereIsLeftToOthers) {
  JobKind radar = quick(
      "radar", [](std::string_view, JobContext&) { return Result<JobEnd>(JobEnd::completed()); });
  radar.role = Role::kCollect;
  testing::ProcessOptions options;
  options.roles = Roles().add(Role::kWork);
  const auto without = process(radar, options);
  EXPECT_FALSE(without->worker().loop());
  EXPECT_TRUE(without->worker().knows("radar"));
  EXPECT_EQ(without->worker().title("radar"), "Kind radar");
  EXPECT_EQ(without->worker().title("other"), "other");
  const std::int64_t id = put("radar");
  options.roles.add(Role::kCollect);
  const auto with = process(radar, options);
  EXPECT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(without->numbers("radar").completed, 0);
}

TEST_P(Working, AKindIsDeclaredOnce) {
  Worker worker(*database, {});
  JobKind kind = quick(
      "once", [](std::string_view, JobContext&) { return Result<JobEnd>(JobEnd::completed()); });
  kind.describe = [](std::string_view payload) { return fmt::format("what is in {}", payload); };
  ASSERT_TRUE(worker.add(kind));
  EXPECT_EQ(worker.add(kind).error().code, ErrorCode::kConflict);
  kind.name.clear();
  EXPECT_EQ(worker.add(kind).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(worker.describe("once", "{}"), "what is in {}");
  EXPECT_EQ(worker.describe("other", "{}"), "other");
}

TEST_P(Working, APausedKindWaitsAndAnotherDoesNot) {
  const auto body = [](std::string_view, JobContext&) {
    return Result<JobEnd>(JobEnd::completed());
  };
  const auto pause = [&](bool is_paused) {
    db::testing::must(database->write(
        [&](db::Session& session) { return pause_kind(session, "paused", is_paused); }));
  };
  pause(true);
  const auto one = process({quick("paused", body), quick("free", body)});
  const std::int64_t paused = put("paused");
  const std::int64_t free = put("free");
  ASSERT_TRUE(becomes(free, JobState::kCompleted));
  EXPECT_EQ(status(paused).state, JobState::kAvailable);
  pause(false);
  EXPECT_TRUE(becomes(paused, JobState::kCompleted));
}

TEST_P(Working, APeriodicKindRunsOncePerTimeInTheDeployment) {
  std::atomic<int> runs = 0;
  const auto kind = [&] {
    JobKind tick = quick("tick", [&](std::string_view, JobContext&) {
      ++runs;
      return Result<JobEnd>(JobEnd::completed());
    });
    tick.every = milliseconds(300);
    return tick;
  };
  const auto one = process(kind());
  const auto two = process(kind());
  ASSERT_TRUE(eventually([&] { return runs >= 4; }));
  std::set<Instant> times;
  const auto ran = all("tick");
  for (const JobStatus& job : ran) times.insert(floor_to(job.run_at, milliseconds(300)));
  EXPECT_EQ(times.size(), ran.size());
}

TEST_P(Working, AJobForLaterComesInItsTime) {
  const auto one = process(quick(
      "later", [](std::string_view, JobContext&) { return Result<JobEnd>(JobEnd::completed()); }));
  ASSERT_TRUE(one->works());
  NewJob job;
  job.kind = "later";
  job.run_at = SystemClock().now() + milliseconds(400);
  const std::int64_t id = put(job);
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_GE(*status(id).started_at, *job.run_at);
}

std::size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_P(Working, WithoutJobsThereAreNoThreadsAndNothingIsWritten) {
  const auto without = process(std::vector<JobKind>{});
  const std::size_t before = threads();
  JobKind kind = quick(
      "never", [](std::string_view, JobContext&) { return Result<JobEnd>(JobEnd::completed()); });
  kind.at_once = 16;
  testing::ProcessOptions options;
  options.ttl = seconds(1);
  const auto one = process(std::move(kind), options);
  ASSERT_TRUE(one->works());
  const auto renewals = [&] { return one->supervisor().metrics().renewals; };
  const std::int64_t first = renewals();
  ASSERT_TRUE(eventually([&] { return renewals() >= first + 2; }));
  const std::int64_t begun_at = renewals();
  const std::int64_t writes = one->database().state().writes;
  ASSERT_TRUE(eventually([&] { return renewals() >= begun_at + 8; }));
  // What is written are the renewals, with which the worker's lease goes along.
  EXPECT_LE(one->database().state().writes - writes, renewals() - begun_at + 1);
  // The supervisor's two, the database's one for notices, and the loop's own.
  EXPECT_LE(threads(), before + 4);
}

}  // namespace
}  // namespace vedette::work
