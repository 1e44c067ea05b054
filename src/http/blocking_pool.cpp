#include "http/blocking_pool.hpp"

#include <utility>

#include "base/process.hpp"

namespace vedette::http {

BlockingPool::BlockingPool(int threads, std::size_t queue_limit) : queue_limit_(queue_limit) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

BlockingPool::~BlockingPool() {
  stop();
}

std::size_t BlockingPool::waiting() const {
  const std::lock_guard lock(queue_mutex_);
  return queue_.size();
}

void BlockingPool::stop() {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(queue_mutex_);
    is_stopped_ = true;
    dropped.swap(queue_);
  }
  queue_changed_.notify_all();
  threads_.clear();
}

void BlockingPool::work() {
  set_thread_name("http-pool");
  std::unique_lock lock(queue_mutex_);
  for (;;) {
    queue_changed_.wait(lock, [this] { return is_stopped_ || !queue_.empty(); });
    if (is_stopped_) return;
    auto job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace vedette::http
