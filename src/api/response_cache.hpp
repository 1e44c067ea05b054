// Answers that many viewers ask for in the same words: made once, kept in memory until what they
// rest on changes. Thread-safe; while one thread makes an answer, others that want the same wait
// for it instead of making it again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/response.hpp"

namespace vedette::api {

class ResponseCache {
 public:
  using Body = std::shared_ptr<const http::CachedBody>;

  /// Keeps at most `entries` answers, each for at most `life`: the net below the change notices.
  /// Nobody waits longer than `patience` for an answer that another thread makes.
  ResponseCache(std::size_t entries, std::chrono::milliseconds life,
                std::chrono::milliseconds patience = std::chrono::seconds(5))
      : most_(entries), life_(life), patience_(patience) {}

  /// The answer if it is there and fresh; never blocks on anything slow.
  Body find(std::string_view key) const;

  /// The answer, made by `make` if need be. Errors are not kept. kUnavailable when another thread
  /// makes it and does not come to an end.
  Result<Body> get(const std::string& key, const std::function<Result<Body>()>& make);

  /// What the answers rest on has changed.
  void clear();

 private:
  struct Entry {
    Body body;
    std::chrono::steady_clock::time_point made_at;
    bool is_being_made = false;
  };
  bool is_fresh(const Entry& entry) const;

  const std::size_t most_;
  const std::chrono::milliseconds life_;
  const std::chrono::milliseconds patience_;
  mutable std::mutex entries_mutex_;
  std::condition_variable made_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::uint64_t generation_ = 0;
};

}  // namespace vedette::api
