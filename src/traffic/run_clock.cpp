#include "traffic/run_clock.hpp"

#include <algorithm>
#include <utility>

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

constexpr Micros kStep = 1s;
// Followed by at most this part of the time that passes.
constexpr int kSlewed = 10;
// What is shown was captured at most this long ago.
constexpr Micros kOldest = 5s;
// The two clocks were read too far apart to be compared.
constexpr Micros kApart = 100ms;

Micros micros(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<Micros>(duration);
}

}  // namespace

RunClock::RunClock(const Clock& wall, std::function<Steady()> steady)
    : wall_(wall),
      steady_(std::move(steady)),
      base_(wall_.now()),
      base_steady_(steady_()),
      now_wall_(base_),
      now_steady_(base_steady_) {}

Micros RunClock::look() {
  const Steady before = steady_();
  const Instant wall = wall_.now();
  const Steady after = steady_();
  if (micros(after - before) > kApart) return Micros{0};
  const Micros passed = micros(after - now_steady_);
  const Micros off = wall - (base_ + micros(after - base_steady_));
  now_wall_ = wall;
  now_steady_ = after;
  if (off > kStep || off < -kStep) {
    base_ += off;
    return off;
  }
  base_ += std::clamp(off, -passed / kSlewed, passed / kSlewed);
  return Micros{0};
}

Instant RunClock::of(Instant captured) const {
  const Micros age = std::clamp(now_wall_ - captured, Micros{0}, kOldest);
  return base_ + micros(now_steady_ - base_steady_) - age;
}

}  // namespace vedette::traffic
