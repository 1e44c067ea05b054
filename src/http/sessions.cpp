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

bool TryLimit::allow(std::string_view address, Instant now) {
  constexpr std::size_t kAddresses = 10'000;
  constexpr auto kWindow = std::chrono::minutes(1);
  const std::lock_guard lock(tries_mutex_);
  if (tries_.size() >= kAddresses) {
    std::erase_if(tries_, [&](const auto& each) { return each.second.since + kWindow <= now; });
    // Ten thousand addresses within a minute are an attack: nobody new gets in until it ebbs.
    if (tries_.size() >= kAddresses && !tries_.contains(address)) return false;
  }
  auto it = tries_.find(address);
  if (it == tries_.end()) it = tries_.emplace(std::string(address), Tries{now, 0}).first;
  auto& tries = it->second;
  if (tries.since + kWindow <= now) tries = {now, 0};
  return ++tries.count <= per_minute_;
}

void TryLimit::forgive(std::string_view address) {
  const std::lock_guard lock(tries_mutex_);
  if (const auto it = tries_.find(address); it != tries_.end()) tries_.erase(it);
}

}  // namespace vedette::http
