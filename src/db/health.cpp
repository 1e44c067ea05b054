#include "db/health.hpp"

#include "base/log.hpp"

namespace vedette::db {

Health::Health() : since_(SystemClock().now()), message_("The database was not reached yet.") {}

// Logs each change once, so that an outage is two lines in the log however many calls meet it.
void Health::turn(bool reachable) {
  if (reachable_ == reachable) return;
  reachable_ = reachable;
  since_ = SystemClock().now();
}

void Health::up(const std::string& server_version) {
  const std::lock_guard lock(facts_mutex_);
  if (!reachable_ && !server_version_.empty()) log::info("db", "The database answers again.");
  turn(true);
  message_.clear();
  has_trouble_ = !trouble_.empty();
  server_version_ = server_version;
}

void Health::down(const std::string& message) {
  const std::lock_guard lock(facts_mutex_);
  if (reachable_ || server_version_.empty()) {
    if (message_ != message) log::warn("db", "{}", message);
  }
  turn(false);
  message_ = message;
  has_trouble_ = true;
}

void Health::end_trouble(bool was_write) {
  const std::lock_guard lock(facts_mutex_);
  if (!reachable_) log::info("db", "The database answers again.");
  turn(true);
  message_.clear();
  // A read proves that the database answers, not that it can be written.
  if (was_write && !trouble_.empty()) {
    log::info("db", "The database can be written again.");
    trouble_.clear();
  }
  has_trouble_ = !trouble_.empty();
}

void Health::report_trouble(const Error& error) {
  if (error.code != ErrorCode::kDiskFull && error.code != ErrorCode::kCorrupt &&
      error.code != ErrorCode::kUnavailable) {
    return;
  }
  const std::lock_guard lock(facts_mutex_);
  if (!reachable_ || trouble_ == error.message) return;
  log::error("db", "{}", error.message);
  trouble_ = error.message;
  has_trouble_ = true;
}

void Health::set_size(std::int64_t bytes) {
  const std::lock_guard lock(facts_mutex_);
  size_bytes_ = bytes;
}

void Health::describe(DatabaseState& state) const {
  const std::lock_guard lock(facts_mutex_);
  state.reachable = reachable_;
  state.since = since_;
  state.is_writable = reachable_ && trouble_.empty();
  state.message = reachable_ ? trouble_ : message_;
  state.server_version = server_version_;
  state.size_bytes = size_bytes_;
}

}  // namespace vedette::db
