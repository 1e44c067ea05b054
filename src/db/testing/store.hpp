// What the tests of db/ share: a fresh store of either kind, and a second process that uses it.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/temp_folder.hpp"
#include "db/database.hpp"
#include "db/testing/postgres_server.hpp"

namespace vedette::db::testing {

using vedette::must;
using vedette::TempFolder;

/// One test on each kind of database.
class EveryStore : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override;
  DatabaseOptions options() const;
  std::unique_ptr<Database> open(const DatabaseOptions& chosen) const {
    return must(Database::open(chosen));
  }
  std::unique_ptr<Database> open() const { return open(options()); }
  bool is_sqlite() const { return GetParam() == Dialect::kSqlite; }
  /// The text for this kind.
  std::string either(std::string sqlite, std::string postgres) const {
    return is_sqlite() ? std::move(sqlite) : std::move(postgres);
  }
  const std::string& url() const { return url_; }

 private:
  TempFolder folder_;
  std::string url_;
};

std::string store_name(const ::testing::TestParamInfo<Dialect>& info);

/// The helper program `db_peer` run as a process of its own.
class Peer {
 public:
  explicit Peer(const std::vector<std::string>& arguments, bool as_nobody = false);
  ~Peer();  // kills it if it still runs
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Reads one line of its output, waiting for it; "" at the end.
  std::string line();
  /// Lets it go on where it waits for a line of input.
  void proceed();
  void signal(int number) const;
  /// Waits for its end; the exit code, or minus the signal.
  int wait();

 private:
  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
};

}  // namespace vedette::db::testing
