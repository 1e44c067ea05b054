// A remembered nudge for one waiting thread: raised while nobody waits, the next wait returns at
// once. Any thread may raise it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace vedette::work {

class Wakeup {
 public:
  void raise() {
    {
      const std::lock_guard lock(raised_mutex_);
      is_raised_ = true;
    }
    raised_condition_.notify_one();
  }

  /// Returns when raised, or after `duration`.
  void wait_for(std::chrono::nanoseconds duration) {
    std::unique_lock lock(raised_mutex_);
    raised_condition_.wait_for(lock, duration, [this] { return is_raised_; });
    is_raised_ = false;
  }

 private:
  std::mutex raised_mutex_;
  std::condition_variable raised_condition_;
  bool is_raised_ = false;
};

}  // namespace vedette::work
