// Counts what a source decoded and dropped, and how fast. Thread-safe. Only inside src/media.
#pragma once

#include <chrono>
#include <mutex>

#include "media/frame_source.hpp"

namespace vedette::media {

class SourceMeter {
 public:
  /// One more frame was decoded at `now`.
  void count_decoded(Instant now, int period, std::int64_t corrupt) {
    const auto steady = std::chrono::steady_clock::now();
    const std::lock_guard lock(stats_mutex_);
    ++stats_.decoded;
    stats_.last_frame_at = now;
    stats_.period = period;
    stats_.corrupt = corrupt;
    if (window_frames_++ == 0) window_start_ = steady;
    const std::chrono::duration<double> window = steady - window_start_;
    if (window.count() >= kWindowSeconds) {
      stats_.fps = (window_frames_ - 1) / window.count();
      window_frames_ = 1;
      window_start_ = steady;
    }
  }

  void count_dropped() {
    const std::lock_guard lock(stats_mutex_);
    ++stats_.dropped;
  }

  SourceStats stats() const {
    const auto steady = std::chrono::steady_clock::now();
    const std::lock_guard lock(stats_mutex_);
    auto stats = stats_;
    const std::chrono::duration<double> window = steady - window_start_;
    // In the first window, and when nothing came for longer than one, say what holds now.
    if (window_frames_ > 0 && (stats.fps == 0 || window.count() > kWindowSeconds)) {
      stats.fps = window.count() > 0 ? (window_frames_ - 1) / window.count() : 0;
    }
    return stats;
  }

 private:
  static constexpr double kWindowSeconds = 2;
  mutable std::mutex stats_mutex_;
  SourceStats stats_;
  int window_frames_ = 0;
  std::chrono::steady_clock::time_point window_start_;
};

}  // namespace vedette::media
