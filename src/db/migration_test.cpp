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
  static Migration step(std::string module, int version, const std::string& sql) {
    return {std::move(module), version, fmt::format("step {}", version), sql, sql};
  }
  static Migration step(int version, const std::string& sql) { return step("a", version, sql); }
  static std::vector<std::string> names(const std::vector<Migration>& steps) {
    std::vector<std::string> described;
    for (const Migration& step : steps) described.push_back(describe(step));
    return described;
  }
  // As Vedette 0.1 kept its list: one number for all modules.
  void make_one_sequence() {
    must(database_->write([&](Session& session) {
      return session.script(fmt::format(
          "CREATE TABLE old (version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
          " checksum TEXT NOT NULL, applied_at {} NOT NULL);"
          "INSERT INTO old SELECT version + CASE module WHEN 'b' THEN 20 ELSE 0 END, name,"
          " checksum, applied_at FROM schema_migrations;"
          "DROP TABLE schema_migrations; ALTER TABLE old RENAME TO schema_migrations",
          either("INTEGER", "timestamptz")));
    }));
  }
  static Result<int> number(Database& database, const std::string& sql) {
    return database.read([&](Session& session) -> Result<int> {
      VEDETTE_TRY(rows, session.query(sql));
      return rows.scalar<int>();
    });
  }
  std::unique_ptr<Database> database_;
};

TEST_P(Migrations, RunOnceModuleAfterModule) {
  const std::vector<Migration> steps{
      step("a", 2, "INSERT INTO a VALUES (2); INSERT INTO a VALUES (3)"),
      step("b", 1, "INSERT INTO a VALUES (4)"),
      step("a", 1, "CREATE TABLE a (n INTEGER); CREATE INDEX i ON a (n)")};
  EXPECT_THAT(names(must(missing(*database_, steps)).steps),
              ElementsAre("a 1 (step 1)", "a 2 (step 2)", "b 1 (step 1)"));
  EXPECT_THAT(names(must(migrate(*database_, steps)).applied),
              ElementsAre("a 1 (step 1)", "a 2 (step 2)", "b 1 (step 1)"));
  EXPECT_THAT(names(must(migrate(*database_, steps)).applied), IsEmpty());
  EXPECT_TRUE(must(missing(*database_, steps)).is_none());
  EXPECT_EQ(must(number(*database_, "SELECT count(*) FROM a")), 3);
  EXPECT_THAT(newest_versions(steps),
              ElementsAre(std::pair<const std::string, int>("a", 2), std::pair("b", 1)));
}

// A module that gets a step is not hidden by another one whose numbers are higher.
TEST_P(Migrations, AModuleBehindIsSeenBesideAnotherAhead) {
  std::vector<Migration> steps{step("a", 1, "CREATE TABLE a (n INTEGER)"),
                               step("b", 20, "CREATE TABLE b (n INTEGER)")};
  must(migrate(*database_, steps));
  steps.push_back(step("a", 2, "CREATE TABLE a2 (n INTEGER)"));
  EXPECT_THAT(names(must(missing(*database_, steps)).steps), ElementsAre("a 2 (step 2)"));
  EXPECT_THAT(names(must(migrate(*database_, steps)).applied), ElementsAre("a 2 (step 2)"));
}

TEST_P(Migrations, WhatWasTakenAwayIsNamed) {
  const std::vector<Migration> steps{
      step("a", 1, "CREATE TABLE a (n INTEGER); CREATE INDEX a_n ON a (n)"),
      step("b", 1, "CREATE TABLE b (n INTEGER); CREATE INDEX b_n ON b (n)")};
  must(migrate(*database_, steps));
  must(database_->write([](Session& session) {
    return session.script(
        "DROP TABLE a; DROP INDEX b_n; DELETE FROM schema_migrations WHERE module = 'b'");
  }));
  const auto lacking = must(missing(*database_, steps));
  EXPECT_THAT(names(lacking.steps), ElementsAre("b 1 (step 1)"));
  EXPECT_THAT(lacking.things, ElementsAre("index a_n", "table a"));
}

TEST_P(Migrations, TheListOfVedette01IsCarriedOver) {
  std::vector<Migration> steps{step("a", 1, "CREATE TABLE a (n INTEGER)"),
                               step("a", 2, "INSERT INTO a VALUES (7)"),
                               step("b", 1, "CREATE TABLE b (n INTEGER)")};
  must(migrate(*database_, steps));
  make_one_sequence();
  EXPECT_TRUE(must(missing(*database_, steps)).is_none());
  steps.push_back(step("a", 3, "INSERT INTO a VALUES (8)"));
  EXPECT_THAT(names(must(migrate(*database_, steps)).applied), ElementsAre("a 3 (step 3)"));
  EXPECT_EQ(must(number(*database_, "SELECT count(*) FROM a")), 2);
  EXPECT_EQ(must(number(*database_, "SELECT count(*) FROM schema_migrations")), 4);
  EXPECT_TRUE(must(missing(*database_, steps)).is_none());
}

TEST_P(Migrations, AListOfOneSequenceWithAnUnknownStepIsLeftAsItIs) {
  const std::vector<Migration> steps{step("a", 1, "CREATE TABLE a (n INTEGER)"),
                                     step("b", 1, "CREATE TABLE b (n INTEGER)")};
  must(migrate(*database_, steps));
  make_one_sequence();
  const auto result = migrate(*database_, std::span(steps).first(1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kConflict);
  EXPECT_THAT(result.error().message, HasSubstr("step 21 (step 1), which this program does not"));
  EXPECT_EQ(must(number(*database_, "SELECT max(version) FROM schema_migrations")), 21);
  must(migrate(*database_, steps));
}

TEST_P(Migrations, AnotherProgramsFileIsRefused) {
  if (!is_sqlite()) GTEST_SKIP() << "PostgreSQL has schemas";
  must(database_->write(
      [](Session& session) { return session.script("CREATE TABLE bookmarks (url TEXT)"); }));
  const auto error =
      migrate(*database_, std::vector{step(1, "CREATE TABLE a (n INTEGER)")}).error();
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_THAT(error.message, HasSubstr("belongs to another program: it holds the table bookmarks"));
  EXPECT_FALSE(number(*database_, "SELECT count(*) FROM schema_migrations"));
}

TEST_P(Migrations, AnotherProgramsListIsRefused) {
  must(database_->write([&](Session& session) {
    return session.script(either("", "CREATE SCHEMA vedette;") +
                          "CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)");
  }));
  for (const auto& result : {migrate(*database_, std::vector{step(1, "")}).error(),
                             missing(*database_, std::vector{step(1, "")}).error()}) {
    EXPECT_EQ(result.code, ErrorCode::kConflict);
    EXPECT_FALSE(result.retryable);
    EXPECT_THAT(result.message, HasSubstr("belongs to another program"));
  }
}

TEST_P(Migrations, AFailingStepIsTakenBackAloneAndNamed) {
  std::vector<Migration> steps{step(1, "CREATE TABLE a (n INTEGER)"),
                               step(2, "CREATE TABLE b (n INTEGER); SELECT broken")};
  const auto result = migrate(*database_, steps);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("Step a 2 (step 2)"));
  EXPECT_TRUE(number(*database_, "SELECT count(*) FROM a"));
  EXPECT_FALSE(number(*database_, "SELECT count(*) FROM b"));
  steps[1] = step(2, "CREATE TABLE b (n INTEGER)");
  EXPECT_THAT(names(must(migrate(*database_, steps)).applied), ElementsAre("a 2 (step 2)"));
}

TEST_P(Migrations, AChangedStepIsRefused) {
  must(migrate(*database_, std::vector{step(1, "CREATE TABLE a (n INTEGER)")}));
  const auto result = migrate(*database_, std::vector{step(1, "CREATE TABLE a (n TEXT)")});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kConflict);
  EXPECT_THAT(result.error().message, HasSubstr("Step a 1 (step 1) of the database differs"));
}

// Newer in any module, be its number below another module's or the module itself unknown.
TEST_P(Migrations, ANewerDatabaseIsRefused) {
  const std::vector<Migration> known{step("a", 1, "CREATE TABLE a (n INTEGER)"), step("b", 9, "")};
  for (const Migration& newer : {step("a", 2, ""), step("c", 1, "")}) {
    std::vector<Migration> steps = known;
    steps.push_back(newer);
    must(migrate(*database_, steps));
    for (const Error& error :
         {migrate(*database_, known).error(), missing(*database_, known).error()}) {
      EXPECT_EQ(error.code, ErrorCode::kConflict);
      EXPECT_FALSE(error.retryable);
      EXPECT_THAT(error.message,
                  HasSubstr(describe(newer) + ", which this program does not know: a newer"));
    }
    must(database_->write([&](Session& session) {
      return session.execute("DELETE FROM schema_migrations WHERE module = $1 AND version = $2",
                             {newer.module, newer.version});
    }));
  }
  EXPECT_TRUE(must(missing(*database_, known)).is_none());
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

TEST_P(Migrations, TwoProcessesAtOnceCarryTheListOverOnce) {
  {
    Peer first({"migrate", url()});
    EXPECT_EQ(first.line(), "ready");
    first.proceed();
    EXPECT_EQ(first.line(), "applied 20");
  }
  make_one_sequence();
  must(database_->write([](Session& session) {
    return session.script("DELETE FROM schema_migrations WHERE version > 18");
  }));
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
  }
  EXPECT_EQ(applied, 2);
  EXPECT_EQ(must(number(*database_, "SELECT count(*) FROM ran")), 23);
  EXPECT_EQ(must(number(*database_, "SELECT count(*) FROM schema_migrations")), 20);
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
                   "traffic", 1, "traffic", "",
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
