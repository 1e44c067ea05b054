// What is kept of what was read last, up to a number of bytes: the least recently used goes first.
// Inside src/imagery: heads and tiles of rasters. Any thread.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/mutex.hpp"

namespace vedette::imagery {

template <class Value>
class Kept {
 public:
  explicit Kept(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// nullptr: not here.
  std::shared_ptr<const Value> find(const std::string& key) {
    const Lock lock(kept_mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  /// What alone is larger than all that may be kept is not kept.
  void put(const std::string& key, std::shared_ptr<const Value> value, std::size_t bytes) {
    const Lock lock(kept_mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) drop(found->second);
    if (bytes > most_bytes_) return;
    entries_.push_front({key, std::move(value), bytes});
    by_key_[key] = entries_.begin();
    bytes_ += bytes;
    while (bytes_ > most_bytes_) drop(std::prev(entries_.end()));
  }

  std::size_t bytes() const {
    const Lock lock(kept_mutex_);
    return bytes_;
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Value> value;
    std::size_t bytes = 0;
  };
  using Place = typename std::list<Entry>::iterator;

  void drop(Place place) VEDETTE_REQUIRES(kept_mutex_) {
    bytes_ -= place->bytes;
    by_key_.erase(place->key);
    entries_.erase(place);
  }

  const std::size_t most_bytes_;
  mutable Mutex kept_mutex_;
  std::list<Entry> entries_ VEDETTE_GUARDED_BY(kept_mutex_);
  std::unordered_map<std::string, Place> by_key_ VEDETTE_GUARDED_BY(kept_mutex_);
  std::size_t bytes_ VEDETTE_GUARDED_BY(kept_mutex_) = 0;
};

}  // namespace vedette::imagery
