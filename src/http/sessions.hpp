// Log-in sessions and the count of failed tries, in memory and bounded: a restart asks everybody to
// log in again. Internal to http. Thread-safe.
#pragma once

#include <chrono>
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

class TryLimit {
 public:
  explicit TryLimit(int per_minute) : per_minute_(per_minute) {}

  /// Counts one try of that address; false when it has had its share of this minute.
  bool allow(std::string_view address, Instant now);
  /// Forgets the address: it knew the password.
  void forgive(std::string_view address);

 private:
  struct Tries {
    Instant since;
    int count = 0;
  };
  const int per_minute_;
  std::mutex tries_mutex_;
  std::map<std::string, Tries, std::less<>> tries_;
};

}  // namespace vedette::http
