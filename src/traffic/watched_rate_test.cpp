#include "traffic/watched_rate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vedette::traffic {
namespace {

using ::testing::HasSubstr;

Micros at(double seconds) {
  return Micros{static_cast<std::int64_t>(seconds * 1e6)};
}

WatchedRate steady(double per_second, double seconds) {
  WatchedRate rate;
  for (int i = 0; i <= per_second * seconds; ++i) rate.add(at(i / per_second));
  return rate;
}

TEST(WatchedRate, SaysFromWhichSteadyRateOnItCanBeCountedBy) {
  for (int fps = 1; fps <= 60; ++fps) {
    const WatchedRate rate = steady(fps, 30);
    EXPECT_NEAR(rate.per_second(), fps, 0.01);
    EXPECT_NEAR(rate.even_per_second(), fps, 0.01);
    EXPECT_EQ(rate.is_too_slow(), fps < 5) << fps;
    EXPECT_EQ(rate.too_slow_for() > Micros{0}, fps < 5) << fps;
  }
}

RC_GTEST_PROP(WatchedRate, JitterAtFivePicturesASecondIsNotTooSlow, ()) {
  WatchedRate rate;
  for (int i = 0; i < 200; ++i) {
    rate.add(at((i + *rc::gen::inRange(-20, 21) / 100.0 + 1) / 5.0));
    RC_ASSERT(!rate.is_too_slow());
  }
}

TEST(WatchedRate, BurstsWithLongGapsAreTooSlowWhateverTheirMeanRate) {
  WatchedRate rate;
  for (int i = 0; i < 30 * 30; ++i) {
    if (i % 30 < 15) rate.add(at(i / 30.0));  // 15 a second on average, half a second dark
  }
  EXPECT_GT(rate.per_second(), 10);
  EXPECT_TRUE(rate.is_too_slow());
}

TEST(WatchedRate, OneHiccupIsNoRate) {
  WatchedRate rate;
  double t = 0;
  for (int i = 0; i < 25 * 20; ++i) {
    rate.add(at(t));
    t += i == 150 ? 1.8 : 0.04;
    EXPECT_FALSE(rate.is_too_slow()) << i;
  }
}

TEST(WatchedRate, GoesAndComesBackWithoutFlapping) {
  WatchedRate rate;
  double t = 0;
  int changes = 0;
  bool before = false;
  for (const double fps : {10.0, 2.0, 10.0}) {
    for (int i = 0; i < fps * 30; ++i) {
      rate.add(at(t += 1 / fps));
      changes += rate.is_too_slow() != before ? 1 : 0;
      before = rate.is_too_slow();
    }
  }
  EXPECT_EQ(changes, 2);
  EXPECT_FALSE(rate.is_too_slow());
  EXPECT_NEAR(to_seconds(rate.too_slow_for()), 30, 10);
}

TEST(WatchedRate, AShortClipIsJudgedAsAWhole) {
  EXPECT_EQ(steady(3, 4).too_slow_for(), at(4));
  EXPECT_EQ(steady(25, 4).too_slow_for(), Micros{0});
  EXPECT_EQ(WatchedRate{}.too_slow_for(), Micros{0});
}

TEST(WatchedRate, ALapOfAFileLeavesNoGap) {
  WatchedRate rate;
  for (int lap = 0; lap < 30; ++lap) {
    rate.restart();
    for (int i = 0; i < 10; ++i) rate.add(at(lap * 5 + i / 10.0));
  }
  EXPECT_FALSE(rate.is_too_slow());
}

TEST(TooSlow, NamesWhoIsTooSlow) {
  const TooSlow machine = explain_too_slow(3.1, 3.0, 25);
  EXPECT_FALSE(machine.is_source);
  EXPECT_THAT(machine.cause, HasSubstr("3.1 of 25.0 pictures a second are looked at"));
  EXPECT_THAT(machine.remedy, HasSubstr("smaller model"));
  const TooSlow source = explain_too_slow(3, 3, 3);
  EXPECT_TRUE(source.is_source);
  EXPECT_THAT(source.cause, HasSubstr("3.0 pictures a second and counting needs 5"));
  EXPECT_THAT(explain_too_slow(15, 4, 15).cause, HasSubstr("unevenly"));
}

}  // namespace
}  // namespace vedette::traffic
