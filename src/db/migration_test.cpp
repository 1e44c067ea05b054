// Schema steps on both databases: once, in order, and never behind the program's back.
#include "db/migration.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "db/testing/store.hpp"

namespace vedette::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::must;
using testing::Peer;

class Migrations : public testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (!IsSkipped()) database_ = open();
  }
  static Migration step(int version, const std::string& sql) {
    return {version, fmt::format("step {}", version), sql, sql};
  }
  static Result<int> number(Database& database, const std::string& sql) {
    return database.read([&](Session& session) -> Result<int> {
      VEDETTE_TRY(rows, session.query(sql));
      return rows.scalar<int>();
    });
  }
  std::unique_ptr<Database> database_;
};

TEST_P(Migrations, RunOnceAndInOrder) {
  const std::vector<Migration> steps{
      step(2, "INSERT INTO a VALUES (2); INSERT INTO a VALUES (3)"),
      step(1, "CREATE TABLE a (n INTEGER); CREATE INDEX i ON a (n)")};
  const auto report = must(migrate(*database_, steps));
  EXPECT_EQ(report.from_version, 0);
  EXPECT_EQ(report.to_version, 2);
  EXPECT_THAT(report.applied, ElementsAre("step 1", "step 2"));
  const auto again = must(migrate(*database_, steps));
  EXPECT_EQ(again.from_version, 2);
  EXPECT_THAT(again.applied, IsEmpty());
  EXPECT_EQ(must(number(*database_, "SELECT count(*) FROM a")), 2);
  EXPECT_EQ(database_->state().schema_version, 2);
  EXPECT_EQ(open()->state().schema_version, 2);
}

TEST_P(Migrations, AFailingStepIsTakenBackAloneAndNamed) {
  std::vector<Migration> steps{step(1, "CREATE TABLE a (n INTEGER)"),
                               step(2, "CREATE TABLE b (n INTEGER); SELECT broken")};
  const auto result = migrate(*database_, steps);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("Step 2 (step 2)"));
  EXPECT_TRUE(number(*database_, "SELECT count(*) FROM a"));
  EXPECT_FALSE(number(*database_, "SELECT count(*) FROM b"));
  steps[1] = step(2, "CREATE TABLE b (n INTEGER)");
  EXPECT_THAT(must(migrate(*database_, steps)).applied, ElementsAre("step 2"));
}

TEST_P(Migrations, AChangedStepIsRefused) {
  must(migrate(*database_, std::vector{step(1, "CREATE TABLE a (n INTEGER)")}));
  const auto result = migrate(*database_, std::vector{step(1, "CREATE TABLE a (n TEXT)")});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kConflict);
  EXPECT_THAT(result.error().message, HasSubstr("Step 1 (step 1) of the database differs"));
}

TEST_P(Migrations, ANewerDatabaseIsRefused) {
  must(migrate(*database_, std::vector{step(1, "CREATE TABLE a (n INTEGER)"), step(7, "")}));
  const auto result = migrate(*database_, std::vector{step(1, "CREATE TABLE a (n INTEGER)")});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kConflict);
  EXPECT_THAT(result.error().message,
              HasSubstr("The database is at version 7, but this program knows only up to 1"));
}

TEST_P(Migrations, TwoProcessesAtOnceApplyEachStepOnce) {
  Peer one({"migrate", url()});
  Peer two({"migrate", url()});
  EXPECT_EQ(one.line(), "ready");
  EXPECT_EQ(two.line(), "ready");
  one.proceed();
  two.proceed();
  int applied = 0;
  for (Peer* peer : {&one, &two}) {
    const std::string line = peer->line();
    ASSERT_THAT(line, HasSubstr("applied "));
    applied += std::stoi(line.substr(8));
    EXPECT_EQ(peer->wait(), 0);
  }
  EXPECT_EQ(applied, 20);
  EXPECT_EQ(must(number(*database_, "SELECT count(*) FROM ran")), 21);
}

TEST_P(Migrations, VersionsMustDiffer) {
  EXPECT_EQ(migrate(*database_, std::vector{step(1, ""), step(1, "")}).error().code,
            ErrorCode::kInternal);
  EXPECT_EQ(migrate(*database_, std::vector{step(0, "")}).error().code, ErrorCode::kInternal);
}

INSTANTIATE_TEST_SUITE_P(Db, Migrations, ::testing::Values(Dialect::kSqlite, Dialect::kPostgres),
                         testing::store_name);

// A database that the original script filled keeps its tables and rows.
TEST(PostgresMigrations, AnExistingMartSchemaIsExtended) {
  auto* server = testing::PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed: apt install postgresql-15";
  const std::string url = server->fresh_database();
  const std::string name = url.substr(url.rfind('/') + 1);
  server->execute(name, "CREATE SCHEMA mart");
  server->execute(name, "CREATE TABLE mart.traffic_history (report_hour timestamptz, n int)");
  server->execute(name, "INSERT INTO mart.traffic_history VALUES (now(), 1)");
  const auto database = must(Database::open({.url = url}));
  must(migrate(*database,
               std::vector{Migration{
                   1, "traffic", "",
                   "CREATE TABLE IF NOT EXISTS mart.traffic_history (report_hour timestamptz);"
                   "ALTER TABLE mart.traffic_history ADD COLUMN IF NOT EXISTS coverage_s real;"
                   "CREATE TABLE cameras (id text PRIMARY KEY);"
                   "DO $$ BEGIN PERFORM 1; END $$"}}));
  EXPECT_EQ(server->execute(name, "SELECT count(*) FROM mart.traffic_history"), "1");
  EXPECT_EQ(server->execute(name, "SELECT count(coverage_s) FROM mart.traffic_history"), "0");
  EXPECT_EQ(server->execute(name, "SELECT schemaname FROM pg_tables WHERE tablename = 'cameras'"),
            "vedette");
  // The search path finds both.
  must(database->read([](Session& session) -> Result<void> {
    VEDETTE_CHECK(session.query("SELECT * FROM cameras, traffic_history"));
    return {};
  }));
}

}  // namespace
}  // namespace vedette::db
