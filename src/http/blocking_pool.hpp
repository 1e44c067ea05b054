// The bounded pool on which handlers may block: fixed threads, a queue with a limit. Internal to
// http. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vedette::http {

class BlockingPool {
 public:
  using Job = std::move_only_function<void()>;

  BlockingPool(int threads, std::size_t queue_limit);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Queues what `make_job` returns; false, with make_job not called, when the queue is full or the
  /// pool has stopped. `make_job` runs under the lock and must be short.
  template <class MakeJob>
  bool try_run(MakeJob&& make_job) {
    {
      const std::lock_guard lock(queue_mutex_);
      if (is_stopped_ || queue_.size() >= queue_limit_) return false;
      queue_.emplace_back(make_job());
    }
    queue_changed_.notify_one();
    return true;
  }
  std::size_t waiting() const;
  /// Drops what waits, lets what runs finish, joins. Idempotent.
  void stop();

 private:
  void work();

  const std::size_t queue_limit_;
  mutable std::mutex queue_mutex_;
  std::condition_variable queue_changed_;
  std::deque<Job> queue_;
  bool is_stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace vedette::http
