// What a subscription of a Database heard, to be waited for. For tests; thread-safe.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.hpp"

namespace vedette::db::testing {

class Ear {
 public:
  Ear(Database& database, std::string channel)
      : dialect_(database.dialect()),
        channel_(std::move(channel)),
        subscription_(database.subscribe(channel_, [this](std::string_view payload) {
          const std::lock_guard lock(heard_mutex_);
          heard_.emplace_back(payload);
          changed_.notify_all();
        })) {}

  bool hears(const std::string& payload, int times = 1,
             std::chrono::milliseconds within = std::chrono::seconds(10)) {
    std::unique_lock lock(heard_mutex_);
    return changed_.wait_for(lock, within,
                             [&] { return std::ranges::count(heard_, payload) >= times; });
  }
  std::vector<std::string> heard() {
    const std::lock_guard lock(heard_mutex_);
    return heard_;
  }

  /// Waits until what `sender` says is heard from now on: on PostgreSQL both begin on their own,
  /// and a subscription may come too late to be told; on SQLite the subscription begins it, and is
  /// told.
  bool begins_to_hear(Database& sender) {
    if (dialect_ == Dialect::kSqlite) return hears("");
    for (int i = 0; i < 100; ++i) {
      const std::string payload = fmt::format("can you hear me {}", i);
      sender.notify(channel_, payload);
      if (hears(payload, 1, std::chrono::milliseconds(100))) return true;
    }
    return false;
  }

  void close() { subscription_.reset(); }

 private:
  Dialect dialect_;
  std::string channel_;
  std::mutex heard_mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
  Subscription subscription_;  // last: its end waits for a running callback
};

}  // namespace vedette::db::testing
