// Log-in sessions and the count of failed tries, in memory and bounded: a restart asks everybody to
// log in again. Internal to http. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace vedette::http {

class Sessions {
 public:
  Sessions(std::chrono::seconds lifetime, std::size_t limit) : lifetime_(lifetime), limit_(limit) {}

  /// A fresh session's secret; beyond the limit the one unused for longest ends.
  std::string begin(std::string user, Instant now);
  /// The session's user, and its time starts anew; nullopt when it is unknown or has run out.
  std::optional<std::string> find(std::string_view secret, Instant now);
  void end(std::string_view secret);

 private:
  struct Session {
    std::string user;
    Instant used;
  };
  const std::chrono::seconds lifetime_;
  const std::size_t limit_;
  std::mutex sessions_mutex_;
  std::map<std::string, Session, std::less<>> sessions_;
};

/// Wrong log-ins of the last minute, counted by where they came from and for which user.
class FailedTries {
 public:
  explicit FailedTries(int per_minute) : per_minute_(per_minute) {}

  /// Whether this user from this address, or the address with whatever users, has had its share.
  bool is_over(std::string_view address, std::string_view user, Instant now);
  void add(std::string_view address, std::string_view user, Instant now);
  /// They knew the password.
  void forgive(std::string_view address, std::string_view user);

 private:
  struct Tries {
    Instant since;
    int count = 0;
  };
  int count_of(const std::string& key, Instant now);
  void add_to(const std::string& key, Instant now);

  const int per_minute_;
  std::mutex tries_mutex_;
  std::map<std::string, Tries, std::less<>> tries_;
};

/// Who has used up the tries, or shares an address with somebody who has, may try on here: one
/// after the other, and not more often than `pace`. So the right password always opens, and
/// guessing is not worth it.
class SlowLane {
 public:
  explicit SlowLane(std::chrono::milliseconds pace) : pace_(pace) {}

  /// Waits for its turn and runs `attempt`; nullopt when too many wait already.
  template <class Attempt>
  auto pass(Attempt attempt) -> std::optional<decltype(attempt())> {
    if (!enter()) return std::nullopt;
    const Leave leave{*this};
    return attempt();
  }

 private:
  struct Leave {
    SlowLane& lane;
    ~Leave() { lane.leave(); }
  };
  bool enter();
  void leave();

  static constexpr int kMostWaiting = 2;
  const std::chrono::milliseconds pace_;
  std::mutex lane_mutex_;
  std::condition_variable left_;
  int inside_ = 0;  // waiting, or at it
  bool is_taken_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace vedette::http
