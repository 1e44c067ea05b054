#include "api/job_json.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "api/answers.hpp"
#include "db/testing/store.hpp"
#include "work/worker.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const Instant kStart = *from_rfc3339("2026-11-27T12:00:00Z");

work::JobStatus running(std::int64_t attempt, std::int64_t done, Instant started) {
  work::JobStatus job;
  job.id = 7;
  job.state = work::JobState::kRunning;
  job.attempt = attempt;
  job.done = done;
  job.total = 1000;
  job.started_at = started;
  return job;
}

TEST(JobPace, AFirstAttemptIsJudgedByItsWholeTime) {
  ManualClock clock(kStart);
  JobPace pace(clock);
  EXPECT_EQ(pace.left_s(running(1, 0, kStart)), std::nullopt);
  clock.advance(10s);
  // 100 in 10 s: 900 take 90 s.
  EXPECT_EQ(JobPace(clock).left_s(running(1, 100, kStart)), 90);
  EXPECT_EQ(pace.left_s(running(1, 100, kStart)), 90);
}

TEST(JobPace, AnAttemptThatGoesOnIsJudgedByWhatItAddsItself) {
  ManualClock clock(kStart);
  JobPace pace(clock);
  clock.advance(10s);
  EXPECT_EQ(pace.left_s(running(2, 500, kStart)), std::nullopt) << "400 of them are another's";
  clock.advance(10s);
  EXPECT_EQ(pace.left_s(running(2, 600, kStart)), 40);
  EXPECT_EQ(pace.left_s(running(3, 500, kStart)), std::nullopt) << "taken over again";
}

TEST(JobPace, WhatStandsStillTakesLongerAndLonger) {
  ManualClock clock(kStart);
  JobPace pace(clock);
  (void)pace.left_s(running(1, 0, kStart));
  clock.advance(10s);
  const auto before = pace.left_s(running(1, 100, kStart));
  clock.advance(60s);
  const auto after = pace.left_s(running(1, 100, kStart));
  ASSERT_TRUE(before && after);
  EXPECT_GT(*after, 4 * *before);
}

TEST(JobPace, WithoutATotalOrARunNothingIsSaid) {
  ManualClock clock(kStart + 1h);
  JobPace pace(clock);
  auto job = running(1, 100, kStart);
  job.total = 0;
  EXPECT_EQ(pace.left_s(job), std::nullopt);
  job = running(1, 100, kStart);
  job.state = work::JobState::kFailed;
  EXPECT_EQ(pace.left_s(job), std::nullopt);
}

class JobJson : public ::testing::Test {
 protected:
  JobJson() {
    work::JobKind paint;
    paint.name = "paint";
    paint.title = "Paint a fence";
    paint.describe = [](std::string_view payload) { return "fence " + std::string(payload); };
    paint.body = [](std::string_view, work::JobContext&) -> Result<work::JobEnd> {
      return work::JobEnd::completed();
    };
    db::testing::must(worker_.add(std::move(paint)));
  }
  json::object made(const work::JobStatus& job) { return job_json(job, worker_, pace_); }

  db::testing::TempFolder folder_;
  std::unique_ptr<db::Database> database_ = db::testing::must(
      db::Database::open({.url = "sqlite:" + (folder_.path() / "test.db").string()}));
  work::Worker worker_{*database_, {}};
  ManualClock clock_{kStart};
  JobPace pace_{clock_};
};

TEST_F(JobJson, CredentialsAreWrittenOverWhereverTheyStand) {
  work::JobStatus job;
  job.kind = "paint";
  job.payload = R"({"source":"rtsp://me:geheim@camera/1","more":["http://x/?token=geheim"]})";
  job.result = R"({"file":"ftp://a:geheim@b/c"})";
  job.error = "rtsp://me:geheim@camera/1 does not answer";
  job.message = "reading rtsp://me:geheim@camera/1";
  const std::string text = to_text(made(job));
  EXPECT_THAT(text, Not(HasSubstr("geheim")));
  EXPECT_THAT(text, HasSubstr("does not answer"));
}

TEST_F(JobJson, SaysWhatCanBeAskedOfItNow) {
  const auto can = [&](work::JobState state, bool is_cancelling = false) {
    work::JobStatus job;
    job.state = state;
    job.is_cancelling = is_cancelling;
    return to_text(made(job).at("can"));
  };
  EXPECT_EQ(can(work::JobState::kAvailable), R"(["cancel"])");
  EXPECT_EQ(can(work::JobState::kRunning), R"(["cancel"])");
  EXPECT_EQ(can(work::JobState::kRunning, true), "[]");
  EXPECT_EQ(can(work::JobState::kFailed), R"(["retry","cancel"])");
  EXPECT_EQ(can(work::JobState::kCompleted), R"(["retry"])");
  EXPECT_EQ(can(work::JobState::kDiscarded), R"(["retry"])");
  EXPECT_EQ(can(work::JobState::kCancelled), R"(["retry"])");
}

TEST_F(JobJson, AKindOrAPayloadThatNobodyKnowsIsShownAllTheSame) {
  work::JobStatus job;
  job.kind = "of-another-version";
  job.payload = "no JSON at all";
  const json::object made_of_it = made(job);
  EXPECT_EQ(made_of_it.at("title"), "of-another-version");
  EXPECT_EQ(made_of_it.at("payload"), "no JSON at all");
  EXPECT_TRUE(made_of_it.at("result").is_null());
}

TEST_F(JobJson, ACountThatWasBrokenOffIsALowerBound) {
  work::KindStatus kind;
  kind.kind = "paint";
  kind.available = work::kMostCounted + 1;
  const json::object made_of_it = kind_json(kind, worker_);
  EXPECT_EQ(made_of_it.at("title"), "Paint a fence");
  EXPECT_EQ(made_of_it.at("available"), work::kMostCounted);
  EXPECT_EQ(made_of_it.at("is_more"), true);
}

}  // namespace
}  // namespace vedette::api
