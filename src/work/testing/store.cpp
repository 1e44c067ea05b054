#include "work/testing/store.hpp"

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "db/migration.hpp"
#include "db/testing/postgres_server.hpp"
#include "work/tables.hpp"

namespace vedette::work::testing {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "vedette-work-XXXXXX").string();
    if (!mkdtemp(path.data())) throw std::runtime_error("no temporary folder: " + path);
    path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class SqliteStore final : public Store {
 public:
  std::string url() const override { return "sqlite:" + folder_.file("test.db"); }
  std::string file(const std::string& name) const override { return folder_.file(name); }

 private:
  TemporaryFolder folder_;
};

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(db::testing::PostgresServer& server) : url_(server.fresh_database()) {}
  std::string url() const override { return url_; }
  std::string file(const std::string& name) const override { return folder_.file(name); }

 private:
  TemporaryFolder folder_;
  std::string url_;
};

}  // namespace

std::unique_ptr<Store> Store::make(db::Dialect dialect) {
  if (dialect == db::Dialect::kSqlite) return std::make_unique<SqliteStore>();
  auto* server = db::testing::PostgresServer::shared();
  return server ? std::make_unique<PostgresStore>(*server) : nullptr;
}

std::unique_ptr<db::Database> Store::open() const {
  db::DatabaseOptions options;
  options.url = url();
  auto database = db::Database::open(options);
  if (!database) throw std::runtime_error(database.error().message);
  const auto migrated = db::migrate(**database, migrations());
  if (!migrated) throw std::runtime_error(migrated.error().message + migrated.error().detail);
  return std::move(*database);
}

void StoreTest::SetUp() {
  store = Store::make(GetParam());
  if (!store) GTEST_SKIP() << "PostgreSQL is not installed: apt install postgresql-15";
  database = store->open();
  other_database = store->open();
}

std::string store_name(const ::testing::TestParamInfo<db::Dialect>& info) {
  return info.param == db::Dialect::kSqlite ? "Sqlite" : "Postgres";
}

}  // namespace vedette::work::testing
