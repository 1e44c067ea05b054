// Time is a UTC instant in whole microseconds; text and time zones are made at the edge. Clocks are
// interfaces so that tests own time. All functions are thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace vedette {

using Micros = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Micros>;

constexpr std::int64_t to_micros(Instant t) {
  return t.time_since_epoch().count();
}
constexpr Instant from_micros(std::int64_t us) {
  return Instant{Micros{us}};
}
constexpr double to_seconds(Micros d) {
  return static_cast<double>(d.count()) / 1e6;
}

/// "2026-11-22T15:08:37Z", with ".123456" (trailing zeros cut) when there is a fraction of a
/// second.
std::string to_rfc3339(Instant t);

/// Reads RFC 3339 with zone "Z" or "+hh:mm", years 1970 to 9999; also a bare date, which is
/// midnight UTC. Anything else is nullopt.
std::optional<Instant> from_rfc3339(std::string_view text);

/// The largest multiple of `step` since 1970 that is not after `t`.
constexpr Instant floor_to(Instant t, Micros step) {
  const auto n = t.time_since_epoch().count();
  const auto s = step.count();
  return Instant{Micros{n - ((n % s) + s) % s}};
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

/// A clock that moves when told to; for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  Instant now() const override {
    const std::lock_guard lock(now_mutex_);
    return now_;
  }
  void advance(Micros by) {
    const std::lock_guard lock(now_mutex_);
    now_ += by;
  }

 private:
  mutable std::mutex now_mutex_;
  Instant now_;
};

/// Waits for `duration` or until a stop is asked for. Returns false when it was stopped.
bool sleep_for(const std::stop_token& stop, Micros duration);

}  // namespace vedette
