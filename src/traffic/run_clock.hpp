// The time of a live camera's run: the wall clock's at its beginning, and from there on the
// monotonic one's, so that a clock that is set does not stop or stretch what is measured. Small
// differences, as time synchronisation makes them, are followed slowly; a step ends the run. One
// thread.
#pragma once

#include <chrono>
#include <functional>

#include "base/time.hpp"

namespace vedette::traffic {

class RunClock {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  /// `wall` outlives this. `steady` is the monotonic clock; tests bring their own.
  explicit RunClock(const Clock& wall,
                    std::function<Steady()> steady = std::chrono::steady_clock::now);

  /// Looks at both clocks. Returns by how far the wall clock was set since the last look; zero
  /// while it goes on as it should.
  Micros look();

  /// When what was captured at this wall time, at most some seconds before the last look, happened
  /// by the run's time.
  Instant of(Instant captured) const;

 private:
  const Clock& wall_;
  std::function<Steady()> steady_;
  Instant base_;
  Steady base_steady_;
  Instant now_wall_;
  Steady now_steady_;
};

}  // namespace vedette::traffic
