// Change notices: who listens, what waits to be sent, and the one thread that sends, hears and
// calls back. Internal to db/. post() and subscribe() from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "db/backend.hpp"
#include "db/database.hpp"

namespace vedette::db {

class Notices {
 public:
  using Callback = std::move_only_function<void(std::string_view)>;

  explicit Notices(std::function<std::unique_ptr<NoticeWire>()> make_wire);
  ~Notices();
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  /// Starts the thread if it is not running yet. The others call it as they need it.
  void start();
  Subscription subscribe(std::string channel, Callback callback);
  void post(std::string_view channel, std::string_view payload);

 private:
  struct Subscriber {
    std::string channel;
    Callback callback;
    std::recursive_mutex calling_mutex;  // recursive: a callback may drop its own subscription
    bool is_active = true;
  };
  struct Outgoing {
    SteadyTime due;
    bool is_waiting = false;  // false: sent a moment ago; kept to merge repeats
    SteadyTime sent_at{};
    SteadyTime::duration pause{0};  // between the last time it was sent and the next
  };
  using Key = std::pair<std::string, std::string>;

  void run(const std::stop_token& stop);
  std::vector<Notice> take_due(SteadyTime now, SteadyTime& next);
  void deliver(const std::string* channel, std::string_view payload);
  void wake();

  std::function<std::unique_ptr<NoticeWire>()> make_wire_;
  int wake_fd_;
  Mutex subscribers_mutex_;
  std::vector<std::weak_ptr<Subscriber>> subscribers_ VEDETTE_GUARDED_BY(subscribers_mutex_);
  Mutex outgoing_mutex_;
  std::map<Key, Outgoing> outgoing_ VEDETTE_GUARDED_BY(outgoing_mutex_);
  std::once_flag started_;
  std::jthread thread_;  // last: stops before what it uses goes
};

}  // namespace vedette::db
