#include "traffic/run_clock.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

struct Clocks {
  ManualClock wall{*from_rfc3339("2026-11-27T08:00:00Z")};
  RunClock::Steady steady{};
  RunClock run{wall, [this] { return steady; }};

  void pass(Micros time) {
    wall.advance(time);
    steady += time;
  }
};

TEST(RunClock, GoesWithTheWallClock) {
  Clocks clocks;
  for (int i = 0; i < 100; ++i) {
    clocks.pass(40ms);
    EXPECT_EQ(clocks.run.look(), Micros{0});
    EXPECT_EQ(clocks.run.of(clocks.wall.now()), clocks.wall.now());
    EXPECT_EQ(clocks.run.of(clocks.wall.now() - 30ms), clocks.wall.now() - 30ms);
  }
}

TEST(RunClock, TellsAStepOnceAndWhichWay) {
  for (const Micros step : {Micros{-1h}, Micros{-2s}, Micros{2s}, Micros{1h}}) {
    Clocks clocks;
    clocks.pass(10s);
    EXPECT_EQ(clocks.run.look(), Micros{0});
    clocks.pass(40ms);
    clocks.wall.advance(step);
    EXPECT_EQ(clocks.run.look(), step);
    clocks.pass(40ms);
    EXPECT_EQ(clocks.run.look(), Micros{0});
    EXPECT_EQ(clocks.run.of(clocks.wall.now()), clocks.wall.now());
  }
}

RC_GTEST_PROP(RunClock, NeitherStopsNorRunsBackWhileTheClockIsCorrectedALittle, ()) {
  Clocks clocks;
  Instant last = clocks.run.of(clocks.wall.now());
  for (int i = 0; i < 200; ++i) {
    clocks.pass(40ms);
    if (i % 50 == 10) clocks.wall.advance(Micros{*rc::gen::inRange(-400'000, 400'000)});
    RC_ASSERT(clocks.run.look() == Micros{0});
    const Instant now = clocks.run.of(clocks.wall.now());
    RC_ASSERT(now - last >= 35ms);
    RC_ASSERT(now - last <= 45ms);
    last = now;
  }
  for (int i = 0; i < 600; ++i) {
    clocks.pass(40ms);
    clocks.run.look();
  }
  RC_ASSERT(clocks.run.of(clocks.wall.now()) == clocks.wall.now());
}

}  // namespace
}  // namespace vedette::traffic
