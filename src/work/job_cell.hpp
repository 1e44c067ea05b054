// One attempt at one job in this process: what its body says of itself through JobContext, read by
// the worker. Thread-safe; holds no other lock while its own is held.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "work/boot_clock.hpp"
#include "work/job.hpp"
#include "work/job_store.hpp"

namespace vedette::work {

class JobCell {
 public:
  using Time = BootClock::time_point;

  /// `kind` outlives the cell.
  JobCell(const JobKind& kind, const Fence& worker, ClaimedJob job);

  const JobKind& kind() const { return kind_; }
  const JobFence& fence() const { return fence_; }
  const ClaimedJob& job() const { return job_; }
  std::stop_token stop_token() const { return stop_.get_token(); }

  // The body's side, see JobContext.

  void progress(std::int64_t done, std::int64_t total, std::string_view message);
  void alive();
  Result<void> complete(db::Session& session, std::string_view result);

  // The worker's side.

  void request_stop() { stop_.request_stop(); }
  Time last_sign() const;
  /// The body has called complete(), in a transaction that may or may not have been committed.
  bool has_completed() const;
  /// What has changed since the last note that was written. The note counts as written until
  /// renote().
  std::optional<ProgressNote> take_note();
  void renote();

 private:
  const JobKind& kind_;
  const JobFence fence_;
  const ClaimedJob job_;
  std::stop_source stop_;
  mutable Mutex progress_mutex_;
  Time last_sign_ VEDETTE_GUARDED_BY(progress_mutex_){};
  std::int64_t done_ VEDETTE_GUARDED_BY(progress_mutex_) = 0;
  std::int64_t total_ VEDETTE_GUARDED_BY(progress_mutex_) = 0;
  std::string message_ VEDETTE_GUARDED_BY(progress_mutex_);
  bool has_news_ VEDETTE_GUARDED_BY(progress_mutex_) = false;
  bool has_completed_ VEDETTE_GUARDED_BY(progress_mutex_) = false;
};

}  // namespace vedette::work
