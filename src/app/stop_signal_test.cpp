#include "app/stop_signal.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "app/command.hpp"

namespace vedette::app {
namespace {

bool is_blocked(int signal) {
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, nullptr, &now);
  return sigismember(&now, signal) == 1;
}

TEST(StopSignal, EitherSignalIsAStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const StopSignal signals;
    EXPECT_FALSE(signals.token().stop_requested());
    kill(getpid(), signal);
    signals.wait();
    EXPECT_TRUE(signals.token().stop_requested());
  }
}

TEST(StopSignal, LeavesSignalsAsTheyWere) {
  {
    const StopSignal signals;
    EXPECT_TRUE(is_blocked(SIGINT));
    EXPECT_TRUE(is_blocked(SIGTERM));
  }
  EXPECT_FALSE(is_blocked(SIGINT));
  EXPECT_FALSE(is_blocked(SIGTERM));
}

TEST(StopSignal, AStopFromWithinIsNoSignal) {
  StopSignal signals;
  signals.request_stop();
  signals.wait();
  // Somebody who sees nothing happen and asks once is not cut off.
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(signals.token().stop_requested());
}

TEST(StopSignalDeathTest, WhoAsksTwiceWaitsForNothing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto stop_that_hangs = [] {
    const StopSignal signals;
    kill(getpid(), SIGINT);
    signals.wait();
    kill(getpid(), SIGINT);
    for (;;) pause();
  };
  EXPECT_EXIT(stop_that_hangs(), ::testing::ExitedWithCode(kFailed), "");
}

}  // namespace
}  // namespace vedette::app
