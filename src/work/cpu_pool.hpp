// One bounded set of threads for short work on the processor (pictures to encode, later indices and
// renders), shared by everybody who has some: named groups get even shares, so that one camera with
// many viewers does not keep the others waiting. Made by app/, outlives who uses it; any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"

namespace vedette::work {

struct CpuPoolOptions {
  int threads = 0;                   // 0: one a processor core
  std::size_t waiting_a_group = 64;  // further work is refused
};

class CpuPool {
 public:
  /// Must return soon after the token fires. What it throws becomes kInternal.
  using Work = std::move_only_function<Result<void>(const std::stop_token& stop)>;

  explicit CpuPool(CpuPoolOptions options);
  /// Cancels what waits, asks what runs to stop, and waits for it.
  ~CpuPool();
  CpuPool(const CpuPool&) = delete;
  CpuPool& operator=(const CpuPool&) = delete;

  /// Queues the work and returns at once. Whenever a thread is free, the group that has the fewest
  /// at work is next, and among those the one that has waited longest; within a group first come,
  /// first served. The future's answer is the work's, or kTooMany at once when the group has too
  /// many waiting, or kCancelled when `stop` fired before it began or the pool has ended.
  std::future<Result<void>> submit(std::string_view group, std::stop_token stop, Work work);

  /// submit(), and waits for the answer. Not from the pool's own threads, which could wait for each
  /// other.
  Result<void> run(std::string_view group, std::stop_token stop, Work work);

  int threads() const { return static_cast<int>(threads_.size()); }

 private:
  struct Job {
    Work work;
    std::stop_token stop;
    std::promise<Result<void>> answer;
  };
  struct Group {
    std::deque<Job> waiting;
    int running = 0;
    std::uint64_t served = 0;  // the number of its last turn
  };
  using Groups = std::map<std::string, Group, std::less<>>;

  void serve_until(const std::stop_token& end);
  Groups::iterator next_group() VEDETTE_REQUIRES(groups_mutex_);

  const CpuPoolOptions options_;
  Mutex groups_mutex_;
  std::condition_variable_any has_work_;
  Groups groups_ VEDETTE_GUARDED_BY(groups_mutex_);  // those with work
  std::uint64_t turns_ VEDETTE_GUARDED_BY(groups_mutex_) = 0;
  bool is_over_ VEDETTE_GUARDED_BY(groups_mutex_) = false;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace vedette::work
