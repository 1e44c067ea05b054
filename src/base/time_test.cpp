#include "base/time.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace vedette {
namespace {

using namespace std::chrono_literals;

TEST(Time, TextGoesBothWays) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-11-22T15:08:37Z", "2024-02-29T23:59:59.5Z",
                           "2026-11-22T15:08:37.000001Z"}) {
    const auto t = from_rfc3339(text);
    ASSERT_TRUE(t) << text;
    EXPECT_EQ(to_rfc3339(*t), text);
  }
}

TEST(Time, ZonesAreTakenOut) {
  EXPECT_EQ(from_rfc3339("2026-11-22T01:30:00+02:00"), from_rfc3339("2026-11-21T23:30:00Z"));
  EXPECT_EQ(from_rfc3339("2026-11-22"), from_rfc3339("2026-11-22T00:00:00Z"));
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* text : {"", "2026", "2026-13-01", "2026-02-30", "2026-11-22T15:08:37",
                           "2026-11-22T24:00:00Z", "2026-11-22T15:08:37.Z", "2026-11-22T15:08:37Zx",
                           "2026-11-22T15:08:37+1:00", "1969-12-31T23:59:59Z", "22.11.2026",
                           "9999-12-31T23:50:06-05:00", "1970-01-01T00:00:00+01:00"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
}

TEST(Time, FloorsAlsoBefore1970) {
  EXPECT_EQ(floor_to(from_micros(3'600'000'001), 1h), from_micros(3'600'000'000));
  EXPECT_EQ(floor_to(from_micros(-1), 1h), from_micros(-3'600'000'000));
}

TEST(Time, AStopEndsTheSleep) {
  std::jthread sleeper([](const std::stop_token& stop) { EXPECT_FALSE(sleep_for(stop, 1h)); });
  sleeper.request_stop();
}

TEST(Time, AManualClockStandsStill) {
  ManualClock clock(from_micros(5));
  EXPECT_EQ(clock.now(), from_micros(5));
  clock.advance(2us);
  EXPECT_EQ(clock.now(), from_micros(7));
}

}  // namespace
}  // namespace vedette
