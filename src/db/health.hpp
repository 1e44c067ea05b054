// Whether the database answers and can be written, since when, and why not: written by connections
// as they succeed and fail, read by Database::state. Any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "db/database.hpp"

namespace vedette::db {

class Health {
 public:
  Health();
  void up(const std::string& server_version);
  void down(const std::string& message);
  /// A transaction went well: the database answers, and after a write it can be written.
  void report_success(bool was_write) {
    if (has_trouble_) end_trouble(was_write);
  }
  /// A full disk, a missing right, damaged data: said in the state, though reads go on working and
  /// do not clear it. Other errors are passed over.
  void report_trouble(const Error& error);
  void set_size(std::int64_t bytes);
  void describe(DatabaseState& state) const;

 private:
  void turn(bool reachable);
  void end_trouble(bool was_write);

  std::atomic<bool> has_trouble_{true};  // there is either of the two; read on every transaction
  mutable std::mutex facts_mutex_;
  bool reachable_ = false;
  Instant since_;
  std::string message_;  // why it is not reachable
  std::string trouble_;  // why it cannot be written
  std::string server_version_;
  std::optional<std::int64_t> size_bytes_;
};

}  // namespace vedette::db
