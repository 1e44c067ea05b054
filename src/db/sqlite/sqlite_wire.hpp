// Hears commits of other processes on a SQLite file by polling PRAGMA data_version. Internal to
// db/sqlite; used by the notice thread alone.
#pragma once

#include <functional>
#include <memory>

#include "db/backend.hpp"
#include "db/pool.hpp"

namespace vedette::db {

class SqliteWire final : public NoticeWire {
 public:
  using Connect = std::function<Result<std::unique_ptr<Connection>>()>;
  SqliteWire(Connect connect, Pool& writers) : connect_(std::move(connect)), writers_(&writers) {}
  Heard listen(int wake_fd, SteadyTime until, const std::stop_token& stop) override;
  /// Nothing to do: a commit is all that other processes can hear.
  void send(std::span<const Notice> /*notices*/) override {}

 private:
  bool others_committed();
  std::optional<std::int64_t> writers_view();

  Connect connect_;
  Pool* writers_;
  std::unique_ptr<Connection> watch_;
  std::optional<std::int64_t> seen_;         // data_version of watch_: anybody's commits
  std::optional<std::int64_t> writer_seen_;  // of the writer: only those of other connections
};

}  // namespace vedette::db
