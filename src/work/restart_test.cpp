// Bodies that fail, throw, finish, and lose their lease under the supervisor; both databases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

#include "work/testing/supervisor_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using ::testing::HasSubstr;
using testing::Sleeper;
using testing::spec;

struct Restart : testing::SupervisorTest {};

TEST_P(Restart, ABodyThatFailsIsRetriedVisiblyAndNeverHot) {
  std::atomic<int> calls = 0;
  const auto begun = std::chrono::steady_clock::now();
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("camera", [&](LoopContext&) -> Result<void> {
    ++calls;
    return fail(ErrorCode::kUnavailable, "Connection refused by 10.0.4.17:554.");
  })));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return calls >= 5; }));
  // Four waits of at least backoff_min lie between five calls.
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(80));
  ASSERT_TRUE(reaches(supervisor, "camera", LoopState::kRetrying));
  const LoopStatus status = *supervisor.status("camera");
  EXPECT_EQ(status.last_error, "Connection refused by 10.0.4.17:554.");
  EXPECT_GE(status.restarts, 4);
  EXPECT_GE(status.attempts, 5);
  EXPECT_EQ(status.restarts, status.restarts_today);
  EXPECT_EQ(status.health, Health::kBad);
  EXPECT_TRUE(status.last_error_at);
  EXPECT_EQ(supervisor.metrics().leases_held, 1);
}

TEST_P(Restart, ABodyThatThrowsIsRetriedAndRecovers) {
  std::atomic<int> calls = 0;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("camera", [&](LoopContext& loop) -> Result<void> {
    if (++calls == 1) throw std::runtime_error("a defect");
    if (calls == 2) throw 7;
    loop.success(milliseconds(1));
    loop.wait(hours(1));
    return {};
  })));
  supervisor.start();
  ASSERT_TRUE(reaches(supervisor, "camera", LoopState::kWaiting));
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(supervisor.status("camera")->restarts, 2);
  EXPECT_THAT(supervisor.status("camera")->last_error, HasSubstr("the log says more"));
  EXPECT_EQ(supervisor.status("camera")->health, Health::kGood);
}

TEST_P(Restart, WakeEndsABackoff) {
  std::atomic<int> calls = 0;
  Supervisor supervisor(*database, options());
  LoopSpec slow = spec("camera", [&](LoopContext& loop) -> Result<void> {
    if (++calls == 1) return fail(ErrorCode::kUnavailable, "Connection refused.");
    loop.wait(hours(1));
    return {};
  });
  slow.options.backoff_min = hours(1);
  slow.options.backoff_max = hours(2);
  ASSERT_TRUE(supervisor.add(std::move(slow)));
  supervisor.start();
  ASSERT_TRUE(reaches(supervisor, "camera", LoopState::kRetrying));
  const auto next = supervisor.status("camera")->next_run_at;
  ASSERT_TRUE(next);
  EXPECT_GT(*next - SystemClock().now(), std::chrono::minutes(50));
  EXPECT_TRUE(supervisor.wake("camera"));
  ASSERT_TRUE(reaches(supervisor, "camera", LoopState::kWaiting));
  EXPECT_EQ(supervisor.wake("nobody").error().code, ErrorCode::kNotFound);
}

TEST_P(Restart, WhatIsFinishedStaysFinishedInEveryProcessAndAfterARestart) {
  std::atomic<int> calls = 0;
  const auto file = [&](const char* edition) {
    LoopSpec loop = spec("file", [&](LoopContext& context) -> Result<void> {
      ++calls;
      context.report(Health::kWait, "loading detector");
      context.success(milliseconds(1));
      return {};
    });
    loop.edition = edition;
    return loop;
  };
  Instant since{};
  {
    Supervisor supervisor(*database, options());
    ASSERT_TRUE(supervisor.add(file("1")));
    supervisor.start();
    ASSERT_TRUE(reaches(supervisor, "file", LoopState::kFinished));
    // Nobody need hold what has ended.
    ASSERT_TRUE(eventually([&] { return supervisor.metrics().leases_held == 0; }));
    EXPECT_EQ(history("file").at(0).ended_by, "released");
    since = supervisor.status("file")->since;
    EXPECT_EQ(supervisor.status("file")->word, "finished");
  }
  Supervisor again(*other_database, options());
  ASSERT_TRUE(again.add(file("1")));
  again.start();
  ASSERT_TRUE(reaches(again, "file", LoopState::kFinished));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(again.status("file")->word, "finished");
  EXPECT_EQ(again.status("file")->health, Health::kGood);
  // The database's clock and this machine's are the same here; it is not the time of the start.
  EXPECT_LT(again.status("file")->since - since, seconds(2));
  ASSERT_TRUE(eventually([&] {
    const auto loops = again.all();
    return loops && loops->size() == 1 && loops->at(0).word == "finished";
  }));
  EXPECT_EQ(history("file").size(), 1u);

  // Another edition is other work.
  ASSERT_TRUE(again.remove("file"));
  ASSERT_TRUE(again.add(file("2")));
  ASSERT_TRUE(eventually([&] { return calls == 2; }));
  ASSERT_TRUE(reaches(again, "file", LoopState::kFinished));
}

TEST_P(Restart, WhoLostItsLeaseStopsAndStandsBy) {
  Sleeper sleeper;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("roll-up", sleeper.body())));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return sleeper.running == 1; }));
  const std::string later = db::plus_sql(GetParam(), db::now_sql(GetParam()), "$1");
  ASSERT_TRUE(other_database->write([&](db::Session& s) {
    return s.execute(
        "update lease set holder = 'thief', process = 'thief:1', token = token + 1, "
        "expires_at = " +
            later,
        {3'600'000'000});
  }));
  ASSERT_TRUE(eventually([&] { return sleeper.running == 0; }));
  ASSERT_TRUE(reaches(supervisor, "roll-up", LoopState::kStandby));
  EXPECT_EQ(supervisor.status("roll-up")->held_by, "thief:1");
  EXPECT_EQ(supervisor.metrics().leases_lost, 1);
  EXPECT_EQ(supervisor.metrics().leases_held, 0);
}

TEST_P(Restart, ABodyThatIsFencedGetsANewAttempt) {
  std::atomic<std::int64_t> last = 0;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("roll-up", [&](LoopContext& loop) -> Result<void> {
    last = loop.fence().token;
    if (last == 1) return fail(ErrorCode::kFenced, "The lease has run out.");
    loop.wait(hours(1));
    return {};
  })));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return last == 2; }));
  ASSERT_TRUE(reaches(supervisor, "roll-up", LoopState::kWaiting));
  EXPECT_EQ(history("roll-up").at(1).ended_by, "reclaimed");
}

INSTANTIATE_TEST_SUITE_P(Databases, Restart, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
