// Whether the database answers, since when, and why not: written by connections as they succeed and
// fail, read by Database::state. Any thread.
#pragma once

#include <mutex>
#include <string>

#include "db/database.hpp"

namespace vedette::db {

class Health {
 public:
  Health();
  void up(const std::string& server_version);
  void down(const std::string& message);
  void set_size(std::int64_t bytes);
  void describe(DatabaseState& state) const;

 private:
  void turn(bool reachable);

  mutable std::mutex facts_mutex_;
  bool reachable_ = false;
  Instant since_;
  std::string message_;
  std::string server_version_;
  std::optional<std::int64_t> size_bytes_;
};

}  // namespace vedette::db
