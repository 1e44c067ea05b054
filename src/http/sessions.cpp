#include "http/sessions.hpp"

#include <algorithm>

#include "base/id.hpp"

namespace vedette::http {

std::string Sessions::begin(std::string user, Instant now) {
  auto secret = random_hex(32);
  const std::lock_guard lock(sessions_mutex_);
  std::erase_if(sessions_, [&](const auto& each) { return each.second.used + lifetime_ <= now; });
  if (sessions_.size() >= limit_ && !sessions_.empty()) {
    sessions_.erase(std::ranges::min_element(sessions_, std::less{},
                                             [](const auto& each) { return each.second.used; }));
  }
  sessions_.emplace(secret, Session{std::move(user), now});
  return secret;
}

std::optional<std::string> Sessions::find(std::string_view secret, Instant now) {
  const std::lock_guard lock(sessions_mutex_);
  const auto it = sessions_.find(secret);
  if (it == sessions_.end()) return std::nullopt;
  if (it->second.used + lifetime_ <= now) {
    sessions_.erase(it);
    return std::nullopt;
  }
  it->second.used = now;
  return it->second.user;
}

void Sessions::end(std::string_view secret) {
  const std::lock_guard lock(sessions_mutex_);
  if (const auto it = sessions_.find(secret); it != sessions_.end()) sessions_.erase(it);
}

namespace {

constexpr auto kWindow = std::chrono::minutes(1);
constexpr std::size_t kMostKeys = 10'000;
constexpr std::size_t kMostUser = 100;  // bytes of a name that are told apart
// Of one address with whatever users, in shares of one user.
constexpr int kUsersOfAddress = 5;

std::string key_of(std::string_view address, std::string_view user) {
  return std::string(address) + '\n' + std::string(user.substr(0, kMostUser));
}

}  // namespace

// Full of others: an attack from ten thousand places within a minute, and nobody new has tries.
int FailedTries::count_of(const std::string& key, Instant now) {
  const auto it = tries_.find(key);
  if (it == tries_.end()) return tries_.size() >= kMostKeys ? per_minute_ * kUsersOfAddress : 0;
  return it->second.since + kWindow <= now ? 0 : it->second.count;
}

bool FailedTries::is_over(std::string_view address, std::string_view user, Instant now) {
  const std::lock_guard lock(tries_mutex_);
  if (tries_.size() >= kMostKeys) {
    std::erase_if(tries_, [&](const auto& each) { return each.second.since + kWindow <= now; });
  }
  return count_of(key_of(address, user), now) >= per_minute_ ||
         count_of(std::string(address), now) >= per_minute_ * kUsersOfAddress;
}

void FailedTries::add_to(const std::string& key, Instant now) {
  auto it = tries_.find(key);
  if (it == tries_.end()) {
    if (tries_.size() >= kMostKeys) return;
    it = tries_.emplace(key, Tries{now, 0}).first;
  }
  if (it->second.since + kWindow <= now) it->second = {now, 0};
  ++it->second.count;
}

void FailedTries::add(std::string_view address, std::string_view user, Instant now) {
  const std::lock_guard lock(tries_mutex_);
  add_to(key_of(address, user), now);
  add_to(std::string(address), now);
}

void FailedTries::forgive(std::string_view address, std::string_view user) {
  const std::lock_guard lock(tries_mutex_);
  tries_.erase(key_of(address, user));
}

bool SlowLane::enter() {
  std::unique_lock lock(lane_mutex_);
  if (inside_ > kMostWaiting) return false;
  ++inside_;
  left_.wait(lock, [this] { return !is_taken_; });
  is_taken_ = true;
  while (std::chrono::steady_clock::now() < next_) left_.wait_until(lock, next_);
  return true;
}

void SlowLane::leave() {
  {
    const std::lock_guard lock(lane_mutex_);
    --inside_;
    is_taken_ = false;
    next_ = std::chrono::steady_clock::now() + pace_;
  }
  left_.notify_all();
}

}  // namespace vedette::http
