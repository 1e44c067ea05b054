// Whether the database answers, since when, and why not: written by connections as they succeed and
// fail, read by Database::state. Any thread.
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
  /// A transaction went well: the database answers, and after a write any trouble is over.
  void report_success(bool was_write) {
    if (has_trouble_) end_trouble(was_write);
  }
  /// A full disk or damaged data are said in the state though the database answers.
  void report_failure(const Error& error);
  void set_size(std::int64_t bytes);
  void describe(DatabaseState& state) const;

 private:
  void turn(bool reachable);
  void end_trouble(bool was_write);

  std::atomic<bool> has_trouble_{true};  // there is a message; read on every transaction
  mutable std::mutex facts_mutex_;
  bool reachable_ = false;
  Instant since_;
  std::string message_;
  std::string server_version_;
  std::optional<std::int64_t> size_bytes_;
};

}  // namespace vedette::db
