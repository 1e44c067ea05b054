// A bounded set of connections, lent to threads in the order in which they asked, the urgent ones
// first. SQLite's single
// writer is a pool of one. Any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "db/backend.hpp"

namespace vedette::db {

class Pool {
 public:
  using Connect = std::function<Result<std::unique_ptr<Connection>>(const std::stop_token&)>;

  /// A connection for one transaction; goes back, unless it was lost, when this is destroyed.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection, bool is_fresh)
        : pool_(&pool), connection_(std::move(connection)), is_fresh_(is_fresh) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    /// Opened for this call; otherwise the server may have gone since it was last used.
    bool is_fresh() const { return is_fresh_; }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    bool is_fresh_;
  };

  Pool(std::string what, int capacity, Connect connect)
      : what_(std::move(what)),
        capacity_(capacity > 0 ? capacity : 1),
        connect_(std::move(connect)) {}

  /// Waits for a turn until `deadline`: then kUnavailable, kCancelled when stopped. kInternal when
  /// this thread holds the only connection already. Opens a connection when none is idle.
  Result<Lease> acquire(SteadyTime deadline, const std::stop_token& stop, bool is_urgent = false);

  /// Forgets the idle connections, which a server's restart has made useless.
  void drop_idle();

 private:
  struct Waiter {
    std::thread::id thread;
    std::condition_variable_any ready;
    bool has_turn = false;
    bool is_urgent = false;
  };
  void give_back(std::unique_ptr<Connection> connection);
  void release_slot();

  const std::string what_;  // "writer", "reader": for messages
  const int capacity_;
  const Connect connect_;
  Mutex slots_mutex_;
  std::vector<std::thread::id> holders_
      VEDETTE_GUARDED_BY(slots_mutex_);  // one entry for each slot that is lent
  std::vector<std::unique_ptr<Connection>> idle_ VEDETTE_GUARDED_BY(slots_mutex_);
  std::deque<Waiter*> waiters_ VEDETTE_GUARDED_BY(slots_mutex_);
};

}  // namespace vedette::db
