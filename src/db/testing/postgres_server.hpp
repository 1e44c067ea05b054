// A real PostgreSQL for tests: a cluster of its own in a temporary folder, on 127.0.0.1 and a free
// port, gone without trace at the end. Started from the installed packages; as root it runs as the
// user postgres or nobody. Not durable (fsync off). Use from one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/testing/daemon.hpp"

namespace vedette::db::testing {

class PostgresServer {
 public:
  /// The server of this test program, started at the first call; nullptr when PostgreSQL is not
  /// installed (tests then skip, naming the package). Throws when it is, but does not start.
  static PostgresServer* shared();

  /// A further server, for tests that stop and start it. kNotFound when it is not installed.
  static Result<std::unique_ptr<PostgresServer>> create();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// Makes an empty database and returns its URL.
  std::string fresh_database();
  std::string url(std::string_view database) const;
  int port() const { return port_; }

  /// Runs one statement as superuser; its first cell as text, or "". Throws when it fails.
  std::string execute(std::string_view database, const std::string& sql) const;

  /// Gives a folder to the user that servers run as. Throws.
  static void own(const std::filesystem::path& folder);

  /// Ends all sessions and the server, in order; the data stay. Idempotent.
  void stop();
  /// Ends every process of the server at once, as a crash does.
  void kill();
  /// Starts it again on the same port and returns when it answers.
  void start();
  bool is_running() const { return server_ != nullptr; }

 private:
  PostgresServer(std::filesystem::path programs, std::filesystem::path folder);
  void make_cluster();
  bool try_start();
  void end_with(int signal);
  std::vector<std::string> command_line() const;

  const std::filesystem::path programs_;
  const std::filesystem::path folder_;
  int port_ = 0;
  std::unique_ptr<Daemon> server_;  // while it runs
  int databases_ = 0;
  std::string copy_strategy_;
};

}  // namespace vedette::db::testing
