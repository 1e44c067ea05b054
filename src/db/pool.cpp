#include "db/pool.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vedette::db {

Result<Pool::Lease> Pool::acquire(SteadyTime deadline, const std::stop_token& stop,
                                  bool is_urgent) {
  const auto self = std::this_thread::get_id();
  std::unique_ptr<Connection> connection;
  {
    Lock lock(slots_mutex_);
    if (capacity_ == 1 && std::ranges::find(holders_, self) != holders_.end()) {
      return fail(ErrorCode::kInternal, "A transaction was started inside another one.",
                  fmt::format("the only {} is held by the same thread", what_));
    }
    if (static_cast<int>(holders_.size()) < capacity_ && waiters_.empty()) {
      holders_.push_back(self);
    } else {
      Waiter waiter;
      waiter.thread = self;
      waiter.is_urgent = is_urgent;
      const auto behind =
          is_urgent ? std::ranges::find(waiters_, false, &Waiter::is_urgent) : waiters_.end();
      waiters_.insert(behind, &waiter);
      waiter.ready.wait_until(lock, stop, deadline, [&] { return waiter.has_turn; });
      if (!waiter.has_turn) {
        std::erase(waiters_, &waiter);
        if (stop.stop_requested()) {
          return fail(ErrorCode::kCancelled, "Stopped while waiting for the database.");
        }
        return fail(ErrorCode::kUnavailable,
                    fmt::format("The database is busy: no {} became free in time. Try again; if it "
                                "stays so, look for slow transactions on the Operations page.",
                                what_));
      }
    }
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection) return Lease(*this, std::move(connection), false);
  auto fresh = connect_(stop);
  if (!fresh) {
    release_slot();
    return fail(std::move(fresh.error()));
  }
  return Lease(*this, std::move(*fresh), true);
}

void Pool::drop_idle() {
  std::vector<std::unique_ptr<Connection>> dropped;
  const Lock lock(slots_mutex_);
  dropped.swap(idle_);
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  if (connection->is_lost()) {
    connection.reset();
  } else {
    const Lock lock(slots_mutex_);
    idle_.push_back(std::move(connection));
  }
  release_slot();
}

void Pool::release_slot() {
  const Lock lock(slots_mutex_);
  // A lease may end on another thread than it began on; any entry will do then.
  auto holder = std::ranges::find(holders_, std::this_thread::get_id());
  if (holder == holders_.end()) holder = holders_.begin();
  holders_.erase(holder);
  if (waiters_.empty()) return;
  Waiter* next = waiters_.front();
  waiters_.pop_front();
  holders_.push_back(next->thread);  // here, so that nobody slips in before it wakes
  next->has_turn = true;
  next->ready.notify_one();
}

}  // namespace vedette::db
