#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "work/state_store.hpp"

namespace vedette::work {
namespace {

using ::testing::ElementsAre;

LoopStatus row(std::string name, std::string process, LoopState state, std::int64_t token,
               std::string lease = "same") {
  LoopStatus loop;
  loop.lease = lease == "same" ? name : lease;
  loop.name = std::move(name);
  loop.process = std::move(process);
  loop.state = state;
  loop.token = token;
  return loop;
}

TEST(Merge, ALeasedLoopIsItsLivingHolders) {
  LoopStatus holder = row("roll-up", "b:2", LoopState::kWaiting, 7);
  LoopStatus standby = row("roll-up", "a:1", LoopState::kStandby, 0);
  standby.last_success_at = from_micros(100);
  standby.last_took = Micros(5);
  LoopStatus dead = row("roll-up", "c:3", LoopState::kRunning, 6);
  dead.is_stale = true;
  dead.last_success_at = from_micros(90);
  const auto merged = merge({standby, dead, holder});
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(merged[0].process, "b:2");
  EXPECT_EQ(merged[0].state, LoopState::kWaiting);
  EXPECT_THAT(merged[0].standbys, ElementsAre("a:1"));
  // It has had no success itself yet; the loop has.
  EXPECT_EQ(merged[0].last_success_at, from_micros(100));
  EXPECT_EQ(merged[0].last_took, Micros(5));
}

TEST(Merge, ALeaseThatNamesItsProcessIsNobodyElses) {
  LoopStatus one = row("jobs", "a:1", LoopState::kRunning, 1, "worker:first");
  one.process_id = "first";
  LoopStatus two = row("jobs", "b:2", LoopState::kRunning, 1, "worker:second");
  two.process_id = "second";
  const auto merged = merge({one, two});
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].process, "a:1");
  EXPECT_EQ(merged[1].process, "b:2");
}

TEST(Merge, AStandbyTellsMoreThanADeadHolder) {
  LoopStatus dead = row("roll-up", "c:3", LoopState::kRunning, 6);
  dead.is_stale = true;
  const auto merged = merge({dead, row("roll-up", "a:1", LoopState::kStandby, 0)});
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(merged[0].process, "a:1");
}

TEST(Merge, TheLastWordOfTheSilentIsKept) {
  LoopStatus dead = row("roll-up", "c:3", LoopState::kRunning, 6);
  dead.is_stale = true;
  const auto merged = merge({dead});
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_TRUE(merged[0].is_stale);
}

TEST(Merge, ALoopWithoutALeaseIsOneEntryAProcess) {
  LoopStatus gone = row("sweep", "c:3", LoopState::kStopped, 0, "");
  const auto merged = merge({row("sweep", "b:2", LoopState::kWaiting, 0, ""), gone,
                             row("sweep", "a:1", LoopState::kWaiting, 0, ""),
                             row("roll-up", "a:1", LoopState::kWaiting, 1)});
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].name, "roll-up");
  EXPECT_EQ(merged[1].process, "a:1");
  EXPECT_EQ(merged[2].process, "b:2");
}

TEST(Merge, RestartsOfTodayAreThoseOfAllProcesses) {
  LoopStatus a = row("roll-up", "a:1", LoopState::kStandby, 0);
  LoopStatus b = row("roll-up", "b:2", LoopState::kRunning, 2);
  a.restarts_today = 2;
  b.restarts_today = 3;
  EXPECT_EQ(merge({a, b})[0].restarts_today, 5);
}

TEST(Merge, NothingIsNothing) {
  EXPECT_TRUE(merge({}).empty());
}

}  // namespace
}  // namespace vedette::work
