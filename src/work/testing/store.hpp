// What the tests of this folder share: a fresh database of either kind with this folder's tables in
// it, twice: as two processes have it.
#pragma once

#include <memory>
#include <string>

#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "work/tables.hpp"

namespace vedette::work::testing {

/// A test that runs once on each kind of database; see every_store().
class StoreTest : public db::testing::EveryStore {
 protected:
  /// Derived ones call it first and return when IsSkipped().
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database = open_migrated();
    other_database = open_migrated();
  }

  /// A connection pool of its own; the tables are there.
  std::unique_ptr<db::Database> open_migrated() const {
    auto opened = open();
    db::testing::must(db::migrate(*opened, migrations()));
    return opened;
  }
  /// A file of this test's own, for whatever it writes down.
  std::string file(const std::string& name) const { return (files_.path() / name).string(); }

  std::unique_ptr<db::Database> database;
  std::unique_ptr<db::Database> other_database;  // as another process has it

 private:
  db::testing::TempFolder files_;
};

inline std::string store_name(const ::testing::TestParamInfo<db::Dialect>& info) {
  return db::testing::store_name(info);
}

inline auto every_store() {
  return ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres);
}

}  // namespace vedette::work::testing
