#include "work/loop_cell.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "work/testing/eventually.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::eventually;

struct CellTest : ::testing::Test {
  std::atomic<int> visible = 0;
  std::atomic<int> hidden = 0;
  std::shared_ptr<LoopCell> cell = std::make_shared<LoopCell>(
      LoopStatus{}, [this](bool is_visible) { is_visible ? ++visible : ++hidden; });
  std::stop_source stop;
  LoopContext context{cell, stop.get_token(), Fence::none()};

  void begin() { cell->begin_run(false, "", {}); }
};

TEST_F(CellTest, ShowsTheBodysWordsWhileItRunsAndAcrossRetries) {
  begin();
  context.report(Health::kBad, "source unreachable", "Connection refused.", "Check the address.");
  const LoopStatus first = cell->status();
  EXPECT_EQ(first.word, "source unreachable");
  EXPECT_EQ(first.health, Health::kBad);
  EXPECT_EQ(first.remedy, "Check the address.");

  cell->note_failure({ErrorCode::kUnavailable, "Connection refused.", true, ""});
  cell->show({.state = LoopState::kRetrying,
              .cause = "Connection refused.",
              .held_by = "",
              .token = 3,
              .next_run_at = from_micros(5)});
  EXPECT_EQ(cell->status().word, "source unreachable");
  cell->begin_run(true, "", {});
  const LoopStatus again = cell->status();
  EXPECT_EQ(again.word, "source unreachable");
  EXPECT_EQ(again.since, first.since);
  EXPECT_EQ(again.restarts, 1);
  EXPECT_EQ(again.restarts_today, 1);

  context.success(milliseconds(3));
  EXPECT_EQ(cell->status().word, "running");
  EXPECT_EQ(cell->status().last_took, milliseconds(3));
  EXPECT_EQ(cell->status().last_error, "Connection refused.");
}

TEST_F(CellTest, ATroubleIsAsOldAsItsFirstFailureWhateverARetryCallsItself) {
  const Error refused{ErrorCode::kUnavailable, "Connection refused.", true, ""};
  begin();
  context.report(Health::kWait, "opening source");
  context.report(Health::kBad, "source unreachable", refused.message);
  const Instant first = cell->status().since;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    cell->note_failure(refused);
    cell->show({.state = LoopState::kRetrying, .cause = refused.message, .token = 3});
    EXPECT_EQ(cell->status().attempts, attempt);
    EXPECT_EQ(cell->status().since, first);
    ASSERT_TRUE(eventually([&] { return SystemClock().now() > first; }));
    cell->begin_run(true, "", {});
    context.report(Health::kWait, "opening source");
    EXPECT_EQ(cell->status().since, first);
    context.report(Health::kBad, "source unreachable", refused.message);
    EXPECT_EQ(cell->status().since, first);
  }
  context.running();
  context.success(milliseconds(1));
  EXPECT_EQ(cell->status().attempts, 0);
  EXPECT_GT(cell->status().since, first);
  const Instant recovered = cell->status().since;
  ASSERT_TRUE(eventually([&] { return SystemClock().now() > recovered; }));
  cell->note_failure(refused);
  cell->show({.state = LoopState::kRetrying, .token = 3});
  EXPECT_EQ(cell->status().attempts, 1);
  EXPECT_GT(cell->status().since, recovered);
  // Somebody else tries now.
  cell->show({.state = LoopState::kStandby, .held_by = "north-2:7"});
  EXPECT_EQ(cell->status().attempts, 0);
}

TEST_F(CellTest, NoRoomIsSaidWithItsRemedy) {
  cell->show({.cause = "All 2 processes that could run it are full.",
              .remedy = "Start another.",
              .has_no_room = true});
  EXPECT_EQ(cell->status().word, "no room");
  EXPECT_EQ(cell->status().health, Health::kBad);
  EXPECT_EQ(cell->status().remedy, "Start another.");
  begin();
  EXPECT_EQ(cell->status().word, "running");
  EXPECT_EQ(cell->status().remedy, "");
}

TEST_F(CellTest, ANoticeOfTheBodyOutlivesASuccess) {
  begin();
  context.report(Health::kWait, "no model", "Motion is counted instead.");
  context.success(milliseconds(1));
  EXPECT_EQ(cell->status().word, "no model");
  context.running();
  EXPECT_EQ(cell->status().word, "running");
  EXPECT_EQ(cell->status().cause, "");
}

TEST_F(CellTest, TheSupervisorsStateHidesTheBodysWords) {
  begin();
  context.report(Health::kBad, "source unreachable", "Connection refused.");
  cell->show({.state = LoopState::kStandby,
              .cause = "north-2:7 runs it.",
              .held_by = "north-2:7",
              .token = 0,
              .next_run_at = {}});
  EXPECT_EQ(cell->status().word, "standby");
  EXPECT_EQ(cell->status().cause, "north-2:7 runs it.");
}

TEST_F(CellTest, ASuccessEachFrameIsNoVisibleChange) {
  begin();
  context.success(milliseconds(1));
  const int seen = visible;
  for (int i = 0; i < 100; ++i) context.success(milliseconds(1));
  EXPECT_EQ(visible, seen);
  EXPECT_GE(hidden, 100);
}

TEST_F(CellTest, TheSameReportAgainIsNoChange) {
  begin();
  context.report(Health::kGood, "counting");
  const auto version = cell->version();
  context.report(Health::kGood, "counting");
  EXPECT_EQ(cell->version(), version);
}

TEST_F(CellTest, WaitEndsWhenTheTimeIsUp) {
  begin();
  EXPECT_TRUE(context.wait(milliseconds(1)));
  EXPECT_EQ(cell->status().state, LoopState::kRunning);
  EXPECT_FALSE(cell->status().next_run_at.has_value());
}

TEST_F(CellTest, WaitSaysSoAndEndsAtAWake) {
  begin();
  bool goes_on = false;
  std::jthread body([&] { goes_on = context.wait(hours(1)); });
  ASSERT_TRUE(eventually([&] { return cell->status().state == LoopState::kWaiting; }));
  EXPECT_TRUE(cell->status().next_run_at.has_value());
  EXPECT_EQ(cell->status().word, "waiting");
  cell->wake();
  body.join();
  EXPECT_TRUE(goes_on);
}

TEST_F(CellTest, AWakeBeforeTheWaitIsNotLost) {
  begin();
  cell->wake();
  EXPECT_TRUE(context.wait(hours(1)));
}

TEST_F(CellTest, WaitEndsAtAStop) {
  begin();
  bool goes_on = true;
  std::jthread body([&] { goes_on = context.wait(Micros::max()); });
  ASSERT_TRUE(eventually([&] { return cell->status().state == LoopState::kWaiting; }));
  stop.request_stop();
  body.join();
  EXPECT_FALSE(goes_on);
  EXPECT_FALSE(context.wait(milliseconds(1)));
}

TEST(LoopContext, WorksWithoutASupervisor) {
  std::stop_source stop;
  LoopContext context(stop.get_token());
  context.report(Health::kGood, "counting");
  context.success(milliseconds(1));
  context.failure({ErrorCode::kInternal, "Something.", false, ""});
  EXPECT_TRUE(context.wait(milliseconds(1)));
  EXPECT_EQ(context.fence().name, "");
  stop.request_stop();
  EXPECT_TRUE(context.stopping());
}

TEST(LoopState, NamesReadBack) {
  for (int i = 0; i <= static_cast<int>(LoopState::kStopped); ++i) {
    const auto state = static_cast<LoopState>(i);
    EXPECT_EQ(loop_state_named(name(state)), state);
  }
  EXPECT_EQ(loop_state_named("asleep"), std::nullopt);
}

}  // namespace
}  // namespace vedette::work
