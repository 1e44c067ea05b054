// A fresh database for one test, SQLite or PostgreSQL, with this folder's tables in it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "db/database.hpp"

namespace vedette::work::testing {

class Store {
 public:
  /// nullptr when PostgreSQL is asked for and not installed.
  static std::unique_ptr<Store> make(db::Dialect dialect);
  virtual ~Store() = default;

  virtual std::string url() const = 0;
  /// A file of this test's own, for whatever it writes down.
  virtual std::string file(const std::string& name) const = 0;

  /// A connection pool of its own, as another process would have; the tables are there.
  std::unique_ptr<db::Database> open() const;
};

/// A test that runs once on each kind of database; see every_store().
class StoreTest : public ::testing::TestWithParam<db::Dialect> {
 protected:
  /// Skips the test where PostgreSQL is not installed. Derived ones call it first and return when
  /// IsSkipped().
  void SetUp() override;

  std::unique_ptr<Store> store;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<db::Database> other_database;  // as another process has it
};

std::string store_name(const ::testing::TestParamInfo<db::Dialect>& info);

inline auto every_store() {
  return ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres);
}

}  // namespace vedette::work::testing
