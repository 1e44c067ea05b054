#include "api/response_cache.hpp"

#include <algorithm>
#include <utility>

namespace vedette::api {

bool ResponseCache::is_fresh(const Entry& entry) const {
  return entry.body && std::chrono::steady_clock::now() - entry.made_at < life_;
}

ResponseCache::Body ResponseCache::find(std::string_view key) const {
  const std::lock_guard lock(entries_mutex_);
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || !is_fresh(entry->second)) return nullptr;
  return entry->second.body;
}

Result<ResponseCache::Body> ResponseCache::get(const std::string& key,
                                               const std::function<Result<Body>()>& make) {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  std::uint64_t generation = 0;
  {
    std::unique_lock lock(entries_mutex_);
    for (;;) {
      Entry& entry = entries_[key];
      if (is_fresh(entry)) {
        return entry.body;
      }
      if (!entry.is_being_made) {
        entry.is_being_made = true;
        break;
      }
      if (made_.wait_until(lock, deadline) == std::cv_status::timeout) {
        return fail(ErrorCode::kUnavailable,
                    "This answer is being put together and takes long; try again in a moment.");
      }
    }
    generation = generation_;
  }

  Result<Body> made = [&]() -> Result<Body> {
    try {
      return make();
    } catch (...) {
      const std::lock_guard lock(entries_mutex_);
      entries_.erase(key);
      made_.notify_all();
      throw;
    }
  }();

  const std::lock_guard lock(entries_mutex_);
  if (made && generation == generation_) {
    entries_[key] = {*made, std::chrono::steady_clock::now(), false};
  } else {
    entries_.erase(key);  // failed, or old before it was ready: whoever waits makes it anew
  }
  while (entries_.size() > most_) {
    const auto oldest = std::ranges::min_element(entries_, [](const auto& a, const auto& b) {
      return std::pair(a.second.is_being_made, a.second.made_at) <
             std::pair(b.second.is_being_made, b.second.made_at);
    });
    if (oldest->second.is_being_made) break;
    entries_.erase(oldest);
  }
  made_.notify_all();
  return made;
}

void ResponseCache::clear() {
  const std::lock_guard lock(entries_mutex_);
  ++generation_;
  std::erase_if(entries_, [](const auto& item) { return !item.second.is_being_made; });
}

}  // namespace vedette::api
