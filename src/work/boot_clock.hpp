// The clock a lease's holder judges itself by: it never jumps, and unlike std::steady_clock on
// Linux it also counts the time a laptop sleeps, in which others may have taken the lease over.
// Thread-safe.
#pragma once

#include <chrono>
#include <ctime>

namespace vedette::work {

struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
  }
};

}  // namespace vedette::work
