// How long the jobs that run will still take. Needs no database; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "work/job_queue.hpp"

namespace vedette::api {

/// How quickly the jobs that are looked at go on, so that one can say how long they still take. An
/// attempt that goes on where an earlier one was is judged by what it adds itself. Remembers the
/// running jobs it was asked about in the last minutes, at most some thousand.
class JobPace {
 public:
  /// The clock outlives it.
  explicit JobPace(const Clock& clock) : clock_(clock) {}

  /// Seconds until the job is done; nullopt while that cannot be said.
  std::optional<double> left_s(const work::JobStatus& job);

 private:
  struct Seen {
    std::int64_t attempt = 0;
    std::int64_t done = 0;
    Instant at{};                   // when `done` was first seen
    std::optional<double> per_s{};  // done in a second, the newest time weighing most
  };

  const Clock& clock_;
  Mutex seen_mutex_;
  std::map<std::int64_t, Seen> seen_ VEDETTE_GUARDED_BY(seen_mutex_);
};

}  // namespace vedette::api
