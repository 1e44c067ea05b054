// Bodies that fail, in every way they can.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>

#include "work/job_verdict.hpp"
#include "work/testing/worker_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using ::testing::HasSubstr;
using testing::quick;
using testing::WorkerTest;

struct Failing : WorkerTest {};
INSTANTIATE_TEST_SUITE_P(Every, Failing, testing::every_store(), testing::store_name);

TEST_P(Failing, ARetryableFailureIsTriedAgainUntilItWorks) {
  std::atomic<int> calls = 0;
  const auto one = process(quick("flaky", [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    EXPECT_EQ(job.failures(), calls);
    if (++calls < 3) return fail(ErrorCode::kUnavailable, fmt::format("not yet, {}", calls.load()));
    return JobEnd::completed();
  }));
  const std::int64_t id = put("flaky");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  const JobStatus job = status(id);
  EXPECT_EQ(job.attempt, 3);
  EXPECT_EQ(job.failures, 2);
  EXPECT_EQ(job.error, "not yet, 2");
  EXPECT_EQ(one->numbers("flaky").failed, 2);
}

TEST_P(Failing, AfterTooManyItIsDiscardedWithItsSentence) {
  JobKind kind = quick("hopeless", [](std::string_view, JobContext&) -> Result<JobEnd> {
    return fail(ErrorCode::kTimeout, "The camera does not answer.");
  });
  kind.most_failures = 3;
  const auto one = process(std::move(kind));
  const std::int64_t id = put("hopeless");
  ASSERT_TRUE(becomes(id, JobState::kDiscarded));
  EXPECT_EQ(status(id).failures, 3);
  EXPECT_EQ(status(id).error, "The camera does not answer.");
  EXPECT_TRUE(status(id).finished_at);
}

TEST_P(Failing, WhatTryingAgainCannotChangeIsDiscardedAtOnce) {
  const auto one = process(quick("broken", [](std::string_view, JobContext&) -> Result<JobEnd> {
    return fail(ErrorCode::kCorrupt, "The file is no video.");
  }));
  const std::int64_t id = put("broken");
  ASSERT_TRUE(becomes(id, JobState::kDiscarded));
  EXPECT_EQ(status(id).attempt, 1);
  EXPECT_EQ(status(id).error, "The file is no video.");
}

struct Size {
  int value = 0;
  static Result<Size> decode(std::string_view json) {
    if (json.find("size") == std::string_view::npos) {
      return fail(ErrorCode::kInvalid, "The job says no size.");
    }
    return Size{7};
  }
};

TEST_P(Failing, APayloadThatDoesNotDecodeIsDiscardedAndOneThatDoesArrivesTyped) {
  std::atomic<int> seen = 0;
  const auto one = process(job_kind<Size>("sized", "Sized", [&](const Size& size, JobContext&) {
    seen = size.value;
    return Result<JobEnd>(JobEnd::completed());
  }));
  const std::int64_t bad = put("sized");
  const std::int64_t good = put("sized", "{\"size\":7}");
  ASSERT_TRUE(becomes(bad, JobState::kDiscarded));
  ASSERT_TRUE(becomes(good, JobState::kCompleted));
  EXPECT_EQ(status(bad).error, "The job says no size.");
  EXPECT_EQ(seen, 7);
}

TEST_P(Failing, AHandlerThatThrowsHasFailedAndTheNextIsServed) {
  const auto one = process(quick("thrower", [](std::string_view payload, JobContext& job) {
    if (job.failures() > 0) return Result<JobEnd>(JobEnd::completed());
    if (payload.find("std") != std::string_view::npos) throw std::runtime_error("no such column");
    if (payload.find("memory") != std::string_view::npos) throw std::bad_alloc();
    throw 42;
  }));
  const std::int64_t standard = put("thrower", "{\"is\":\"std\"}");
  const std::int64_t memory = put("thrower", "{\"is\":\"memory\"}");
  const std::int64_t number = put("thrower", "{\"is\":\"number\"}");
  for (const std::int64_t id : {standard, memory, number}) {
    ASSERT_TRUE(becomes(id, JobState::kCompleted));
    EXPECT_EQ(status(id).failures, 1);
  }
  EXPECT_THAT(status(standard).error, HasSubstr("no such column"));
  EXPECT_THAT(status(memory).error, HasSubstr("out of memory"));
  EXPECT_THAT(status(number).error, HasSubstr("unexpectedly"));
}

TEST_P(Failing, AHandlerThatEatsMemoryFailsAlone) {
  const auto one = process(quick("eater", [](std::string_view, JobContext& job) {
    if (job.failures() > 0) return Result<JobEnd>(JobEnd::completed());
    // More than any machine has: refused at once, as a limit of the service would.
    const std::string all(std::string().max_size() / 2, 'x');
    return Result<JobEnd>(JobEnd::completed(all));
  }));
  const std::int64_t id = put("eater");
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).failures, 1);
  EXPECT_THAT(status(id).error, HasSubstr("memory"));
}

TEST_P(Failing, WhateverTheErrorsTextHoldsTheJobEnds) {
  const auto one = process(quick("bytes", [](std::string_view payload, JobContext&) {
    std::string text = "broken \xff\xfe bytes ";
    text += '\0';
    text += std::string(20'000, 'x');
    if (payload.find("result") != std::string_view::npos) {
      return Result<JobEnd>(JobEnd::completed(text));
    }
    return Result<JobEnd>(fail(ErrorCode::kCorrupt, text));
  }));
  const std::int64_t error = put("bytes", "{\"in\":\"error\"}");
  const std::int64_t result = put("bytes", "{\"in\":\"result\"}");
  const std::int64_t after = put("bytes", "{\"in\":\"error\"}");
  ASSERT_TRUE(becomes(error, JobState::kDiscarded));
  ASSERT_TRUE(becomes(after, JobState::kDiscarded));
  EXPECT_THAT(status(error).error, HasSubstr("broken"));
  ASSERT_TRUE(eventually([&] { return has_ended(status(result).state); }));
}

TEST_P(Failing, OneBadJobBlocksNoOther) {
  JobKind kind = quick("mixed", [](std::string_view payload, JobContext&) -> Result<JobEnd> {
    if (payload == "{\"n\":0}") return fail(ErrorCode::kUnavailable, "The first never works.");
    return JobEnd::completed();
  });
  kind.most_failures = 1'000'000;
  kind.backoff_max = kind.backoff_min;
  const auto one = process(std::move(kind));
  put_many("mixed", 50);
  EXPECT_TRUE(eventually([&] { return count("mixed", JobState::kCompleted) == 49; }));
}

TEST(Backoff, GrowsWithEachFailureUpToItsBound) {
  JobKind kind;
  kind.backoff_min = seconds(2);
  kind.backoff_max = seconds(30);
  for (int n = 1; n < 100; ++n) {
    const Micros top = n < 4 ? kind.backoff_min * (1 << n) : Micros(kind.backoff_max);
    const Micros drawn = draw_backoff(kind, n);
    EXPECT_GE(drawn, top / 2) << n;
    EXPECT_LE(drawn, top) << n;
  }
}

}  // namespace
}  // namespace vedette::work
