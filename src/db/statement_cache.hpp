// Prepared statements of one connection, bounded: the least recently used goes first.
// Single-threaded, like the connection that owns it.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace vedette::db {

template <class Statement>
class StatementCache {
 public:
  explicit StatementCache(std::size_t capacity) : capacity_(capacity > 0 ? capacity : 1) {}

  /// The statement kept under `key`, now the most recently used; nullptr when there is none.
  Statement* find(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->statement;
  }

  /// Keeps `statement` under a key that is not there yet. The reference lasts until the next call.
  Statement& keep(std::string_view key, Statement statement) {
    while (entries_.size() >= capacity_) {
      index_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front(Entry{std::string(key), std::move(statement)});
    index_.emplace(entries_.front().key, entries_.begin());
    return entries_.front().statement;
  }

  void clear() {
    index_.clear();
    entries_.clear();
  }

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    Statement statement;
  };
  std::size_t capacity_;
  std::list<Entry> entries_;  // most recently used first; keys of index_ point into it
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> index_;
};

}  // namespace vedette::db
