#include "media/media_clock.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>
#include <vector>

namespace vedette::media {
namespace {

using namespace std::chrono_literals;
using Stamp = std::optional<Micros>;

constexpr Micros kFrame = 40ms;

std::vector<Micros> file_times(const std::vector<Stamp>& stamps) {
  MediaClock clock(kFrame);
  std::vector<Micros> times;
  times.reserve(stamps.size());
  for (const auto& stamp : stamps) times.push_back(clock.next(stamp));
  return times;
}

std::vector<Stamp> steady(int frames, Micros from = 7s) {
  std::vector<Stamp> stamps;
  for (int i = 0; i < frames; ++i) stamps.emplace_back(from + i * kFrame);
  return stamps;
}

TEST(MediaClock, SmallFaultsOfAFile) {
  MediaClock clock(kFrame);
  EXPECT_EQ(clock.next(7s), 0us);  // counted from the first
  EXPECT_EQ(clock.next(7s + 40ms), 40ms);
  EXPECT_EQ(clock.next(std::nullopt), 80ms);  // missing: a frame later
  EXPECT_EQ(clock.next(7s + 120ms), 120ms);
  EXPECT_EQ(clock.next(7s + 120ms), 130ms);  // twice the same: a quarter of a frame later
  EXPECT_EQ(clock.next(7s + 100ms), 140ms);  // a little back
  EXPECT_EQ(clock.next(7s + 160ms), 160ms);  // and on as before
  const auto joined = clock.next(1s);        // a jump back is joined
  EXPECT_NEAR(to_seconds(joined), 0.2, 0.005);
  EXPECT_EQ(clock.next(1s + 40ms), joined + 40ms);
}

TEST(MediaClock, AGapIsOneOnceItGoesOn) {
  MediaClock clock(kFrame);
  EXPECT_EQ(clock.next(0s), 0us);
  EXPECT_EQ(clock.next(40ms), 40ms);
  EXPECT_EQ(clock.next(6s), 80ms);
  EXPECT_EQ(clock.next(6s + 40ms), 6s + 40ms);
}

TEST(MediaClock, ASlowFileThatSaysOtherwiseKeepsItsTimes) {
  MediaClock clock(kFrame);
  std::vector<Micros> times;
  for (int i = 0; i < 20; ++i) times.push_back(clock.next(i * 500ms));
  for (int i = 3; i < 20; ++i) EXPECT_EQ(times[static_cast<std::size_t>(i)], i * 500ms);
}

TEST(MediaClock, JumpsOfHoursAreJoined) {
  auto stamps = steady(55);
  for (const auto& stamp : steady(55, 30'000s)) stamps.push_back(stamp);
  for (const auto& stamp : steady(55, 2s)) stamps.push_back(stamp);
  EXPECT_NEAR(to_seconds(file_times(stamps).back()), to_seconds(164 * kFrame), 0.01);
}

TEST(MediaClock, OneStrayASecondMovesNothing) {
  auto stamps = steady(110);
  for (std::size_t i = 20; i < stamps.size(); i += 24) *stamps[i] += 37'600s;
  const auto times = file_times(stamps);
  for (int i = 0; i < 110; ++i) {
    EXPECT_NEAR(to_seconds(times[static_cast<std::size_t>(i)]), to_seconds(i * kFrame), 0.01);
  }
}

TEST(MediaClock, EqualStampsGoByTheStatedRate) {
  const auto times = file_times(std::vector<Stamp>(110, 100ms));
  EXPECT_EQ(times.back(), 109 * kFrame);
  EXPECT_EQ(file_times(std::vector<Stamp>(110)).back(), 109 * kFrame);
}

// A file of 8 to 24 s with any number of faults: as long as its frames say, to within 5 %.
TEST(MediaClock, WhateverTheStampsAreAFileTakesItsTime) {
  EXPECT_TRUE(rc::check("a file takes its time", [] {
    const int frames = *rc::gen::inRange(200, 600);
    const int faults = *rc::gen::inRange(0, 12);
    auto stamps = steady(frames);
    // Twice as far each time, so that no sum of some is a gap that may be true.
    auto seconds = *rc::gen::inRange(11, 20);
    const auto hours = [&] {
      seconds *= 2;
      return std::chrono::seconds{*rc::gen::arbitrary<bool>() ? seconds : -seconds};
    };
    for (int fault = 0; fault < faults; ++fault) {
      const auto at = static_cast<std::size_t>(*rc::gen::inRange(1, frames - 1));
      switch (*rc::gen::inRange(0, 5)) {
        case 0:  // a stray
          if (stamps[at]) *stamps[at] += hours();
          break;
        case 1:  // a small one
          if (stamps[at]) *stamps[at] -= std::chrono::milliseconds{*rc::gen::inRange(1, 900)};
          break;
        case 2: {  // all that follow
          const auto by = hours();
          for (std::size_t i = at; i < stamps.size(); ++i) {
            if (stamps[i]) *stamps[i] += by;
          }
          break;
        }
        case 3:  // stands still for a while
          for (std::size_t i = at; i < std::min(stamps.size(), at + 8); ++i) stamps[i] = stamps[at];
          break;
        default:
          stamps[at].reset();
      }
    }
    const auto times = file_times(stamps);
    for (std::size_t i = 1; i < times.size(); ++i) RC_ASSERT(times[i] > times[i - 1]);
    const double truth = to_seconds((frames - 1) * kFrame);
    RC_ASSERT(to_seconds(times.back()) > 0.95 * truth);
    RC_ASSERT(to_seconds(times.back()) < 1.05 * truth);
  }));
}

TEST(MediaClock, ACamerasGapMustHaveBeenWaitedFor) {
  MediaClock clock(kFrame);
  Micros now = 100s;
  clock.next(1s, now);
  EXPECT_EQ(clock.next(1s + 40ms, now += 40ms), 40ms);
  EXPECT_EQ(clock.next(4s, now += 3s), 3s);           // waited for: true
  EXPECT_EQ(clock.next(9s, now += 40ms), 3s + 40ms);  // not waited for: a jump
  EXPECT_EQ(clock.next(9s + 40ms, now += 40ms), 3s + 80ms);
  EXPECT_EQ(clock.next(9s + 40ms, now += 50ms), 3s + 130ms);  // the same again: by arrival
  EXPECT_EQ(clock.next(std::nullopt, now += 70ms), 3s + 200ms);
}

// MJPEG is said to have 25 pictures a second, whatever it has.
TEST(MediaClock, ACameraWithMadeUpStampsGoesByArrival) {
  MediaClock clock(kFrame);
  Micros now = 5s;
  Micros at_ten{0};
  Micros last{0};
  for (int i = 0; i < 120; ++i, now += 250ms) {
    last = clock.next(i * kFrame, now);
    if (i == 40) at_ten = last;
  }
  EXPECT_EQ(last - at_ten, 79 * 250ms);
}

// Whatever a camera's stamps do: time passes as its pictures arrive.
TEST(MediaClock, ACamerasTimeIsThatOfArrival) {
  EXPECT_TRUE(rc::check("a camera's time is that of arrival", [] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    const auto between = [&](int low, int high) {
      return low + static_cast<int>(random() % static_cast<unsigned>(high - low));
    };
    MediaClock clock(kFrame);
    const Micros first = 50s;
    Micros now = first;
    Micros stamp = 3s;
    Micros last = clock.next(stamp, now);
    for (int i = 0; i < 500; ++i) {
      const auto step = kFrame + Micros{between(-15'000, 15'000)};
      now += step;
      stamp += kFrame;
      const int fault = between(0, 40);
      if (fault == 0) stamp += std::chrono::seconds{between(-3'000, 3'000)};
      Stamp said = stamp;
      if (fault == 1) *said += 400s;
      if (fault == 2) said.reset();
      if (fault == 3) *said = 9s;
      const auto time = clock.next(said, now);
      RC_ASSERT(time > last);
      last = time;
    }
    const double truth = to_seconds(now - first);
    RC_ASSERT(to_seconds(last) > 0.95 * truth);
    RC_ASSERT(to_seconds(last) < 1.05 * truth);
  }));
}

}  // namespace
}  // namespace vedette::media
