// What all io threads of one server share. Internal to http. Constant after start, or thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "http/auth.hpp"
#include "http/blocking_pool.hpp"
#include "http/router.hpp"
#include "http/server.hpp"

namespace vedette::http {

/// A share of the memory for request bodies; goes back when it is destroyed.
class BodyClaim {
 public:
  BodyClaim() = default;
  ~BodyClaim() { release(); }
  BodyClaim(const BodyClaim&) = delete;
  BodyClaim& operator=(const BodyClaim&) = delete;

  /// False, with nothing claimed, when `limit` would be passed and others hold some.
  bool take(std::atomic<std::size_t>& used, std::size_t bytes, std::size_t limit) {
    release();
    const auto before = used.fetch_add(bytes, std::memory_order_relaxed);
    if (before > 0 && before + bytes > limit) {
      used.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }
    used_ = &used;
    bytes_ = bytes;
    return true;
  }
  void release() {
    if (used_) used_->fetch_sub(bytes_, std::memory_order_relaxed);
    used_ = nullptr;
  }

 private:
  std::atomic<std::size_t>* used_ = nullptr;
  std::size_t bytes_ = 0;
};

struct SharedState {
  SharedState(ServerOptions server_options, Router server_router,
              std::shared_ptr<const Auth> server_auth)
      : options(std::move(server_options)),
        router(std::move(server_router)),
        auth(std::move(server_auth)),
        pools_{BlockingPool(options.pool_threads, options.pool_queue),
               BlockingPool(options.slow_threads, options.pool_queue),
               BlockingPool(kLogInThreads, options.pool_queue)} {}

  const ServerOptions options;
  const Router router;
  const std::shared_ptr<const Auth> auth;
  std::atomic<std::uint64_t> next_request_id{1};
  std::atomic<bool> is_stopping{false};
  std::atomic<std::size_t> body_memory_used{0};

  BlockingPool& pool(PoolKind kind) { return pools_[static_cast<std::size_t>(kind)]; }
  std::size_t pool_waiting() const {
    std::size_t waiting = 0;
    for (const auto& pool : pools_) waiting += pool.waiting();
    return waiting;
  }
  /// Handlers that run are waited for.
  void stop_pools() {
    for (auto& pool : pools_) pool.stop();
  }

  /// Claims a place for one more connection of that address.
  bool admit(const std::string& address) {
    if (!is_bounded(address)) return true;
    const std::lock_guard lock(addresses_mutex_);
    auto& count = addresses_[address];
    if (count >= options.connections_per_address) return false;
    ++count;
    return true;
  }
  void release(const std::string& address) {
    if (!is_bounded(address)) return;
    const std::lock_guard lock(addresses_mutex_);
    const auto it = addresses_.find(address);
    if (it != addresses_.end() && --it->second == 0) addresses_.erase(it);
  }

  /// Claims a place for one more stream.
  bool admit_stream() {
    const auto most = options.streams > 0 ? options.streams : options.connections / 4 * 3;
    if (streams_.fetch_add(1, std::memory_order_relaxed) < most) return true;
    release_stream();
    return false;
  }
  void release_stream() { streams_.fetch_sub(1, std::memory_order_relaxed); }

  /// Claims a place among the few that are taken in although all are taken.
  bool admit_spare() {
    if (spare_.fetch_add(1, std::memory_order_relaxed) < kSpare) return true;
    release_spare();
    return false;
  }
  void release_spare() { spare_.fetch_sub(1, std::memory_order_relaxed); }
  bool is_full() const {
    return open() - spare_.load(std::memory_order_relaxed) >= options.connections;
  }

  /// Open connections, counted so that stop() can wait for none.
  std::size_t open() const { return open_.load(std::memory_order_relaxed); }
  void opened() { open_.fetch_add(1, std::memory_order_relaxed); }
  void closed() {
    if (open_.fetch_sub(1) == 1 && is_stopping) {
      const std::lock_guard lock(quiet_mutex_);
      quiet_.notify_all();
    }
  }
  /// True when no connection is left within `limit`.
  bool wait_quiet(std::chrono::milliseconds limit) {
    std::unique_lock lock(quiet_mutex_);
    return quiet_.wait_for(lock, limit, [this] { return open_ == 0; });
  }

 private:
  // One hashes; the others wait for it, or in the slow lane.
  static constexpr int kLogInThreads = 4;
  static constexpr std::size_t kSpare = 64;

  bool is_bounded(const std::string& address) const {
    return options.connections_per_address > 0 && !auth->stands_for_others(address);
  }

  std::array<BlockingPool, 3> pools_;  // by PoolKind
  std::mutex addresses_mutex_;
  std::map<std::string, std::size_t> addresses_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> streams_{0};
  std::atomic<std::size_t> spare_{0};
  std::mutex quiet_mutex_;
  std::condition_variable quiet_;
};

}  // namespace vedette::http
