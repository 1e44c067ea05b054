// Who listens to a stream, by io thread, so that one post per thread wakes any number of listeners.
// Internal to http.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "http/stream.hpp"

namespace vedette::http {

class FanOut : public std::enable_shared_from_this<FanOut> {
 public:
  /// A listener; belongs to one connection and lives on that connection's io thread.
  class Member {
   public:
    virtual ~Member() = default;
    virtual void wake() = 0;
    virtual StreamConnection& connection() = 0;

   private:
    friend class FanOut;
    std::size_t place_ = 0;
  };

  /// On the member's io thread.
  void join(Member& member);
  void leave(Member& member);
  /// Any thread: each member's wake() runs soon on its own thread. Calls that come before that are
  /// one.
  void wake_all();
  /// Any thread: ends the connections of all members, after `last` if there is one.
  void finish_all(const SharedBytes& last = nullptr);
  int count() const { return count_.load(std::memory_order_relaxed); }

 private:
  struct Group {
    std::shared_ptr<StreamLoop> loop;
    bool is_woken = false;
    std::vector<Member*> members;  // touched on the loop's thread alone
  };
  Group* find(const StreamLoop* loop);

  mutable std::mutex groups_mutex_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::atomic<int> count_{0};
};

}  // namespace vedette::http
