// A database that Vedette 0.1 wrote is carried over in place, with everything that is in it.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "app/pipeline.hpp"
#include "db/database.hpp"
#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "traffic/camera.hpp"
#include "traffic/tables.hpp"
#include "work/tables.hpp"

namespace vedette::app {
namespace {

using db::testing::must;
using ::testing::IsEmpty;

struct OldStep {
  int version;
  const char* name;
  const char* sqlite;  // SHA-256 of the step's text, as 0.1 stored it
  const char* postgres;
};
constexpr OldStep kOldSteps[] = {
    {1, "leases and their history",
     "0e366db35afcca56b37df4519fd8bcdf58865449d022576fff311776babb152c",
     "ddb0b4d98a9adf954bd320c6788cebe8ffddfc1e04966f39057f8841af74dd8e"},
    {2, "processes and the state of their loops",
     "cc28bee5ffb0a4ef19d49492a7d1873042c3d276527e8be2a035d8b316af9583",
     "b4fb16fa44694a4dde7f60000a03638922b510146f52a44c11f5213d1d963543"},
    {20, "cameras, counts and history",
     "2a0184e8d1a4959e0f13a8a81da4fc048def36cdca477222fd2fafa148627991",
     "423b6228568b48879a05b0e4cca79f72dc54360ccff8597427d69bbdc4eb4df5"}};

class Upgrade : public db::testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    must(database_->write([&](db::Session& session) { return make_old(session); }));
  }

  // What 0.1 left: its tables (their texts never change again, the checksums prove it), its list.
  static Result<void> make_old(db::Session& session) {
    const bool is_sqlite = session.dialect() == db::Dialect::kSqlite;
    if (!is_sqlite) VEDETTE_CHECK(session.script("CREATE SCHEMA vedette; CREATE SCHEMA mart"));
    for (const db::Migration& step :
         {work::migrations()[0], work::migrations()[1], traffic::migrations()[0]}) {
      VEDETTE_CHECK(session.script(is_sqlite ? step.sqlite : step.postgres));
    }
    VEDETTE_CHECK(session.script(
        is_sqlite
            ? "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT "
              "NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"
            : "CREATE TABLE vedette.schema_migrations (version integer PRIMARY KEY, name text "
              "NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)"));
    for (const OldStep& step : kOldSteps) {
      VEDETTE_CHECK(session.execute(
          "INSERT INTO schema_migrations VALUES ($1, $2, $3, $4)",
          {step.version, step.name, is_sqlite ? step.sqlite : step.postgres, kMade}));
    }
    const auto text = [&](const char* values) {
      return fmt::format(
          "INSERT INTO camera (id, name, source, is_loop, types, is_enabled, "
          "revision, created_at, updated_at) VALUES {}",
          values);
    };
    VEDETTE_CHECK(session.execute(text("('c', 'Mill Street', 'a.mp4', $1, 'car', $2, 3, $3, $3)"),
                                  {true, false, kMade}));
    VEDETTE_CHECK(session.execute(
        "INSERT INTO crossings (camera_id, line_id, track_id, direction, vehicle_type, crossed_at, "
        "x, y, frame) VALUES ('c', 'l', 5, 'a_to_b', 'car', $1, 1.5, 2.5, 9)",
        {kMade}));
    VEDETTE_CHECK(session.execute(
        "INSERT INTO traffic_history (report_hour, camera_id, vehicle_type, crossings) VALUES ($1, "
        "'c', 'car', 66)",
        {kMade}));
    return {};
  }

  std::int64_t number(const char* sql) {
    return must(database_->read([&](db::Session& session) -> Result<std::int64_t> {
      VEDETTE_TRY(rows, session.query(sql));
      return rows.scalar<std::int64_t>();
    }));
  }

  static constexpr Instant kMade{std::chrono::microseconds(1'795'770'088'676'000)};
  std::unique_ptr<db::Database> database_;
};

TEST_P(Upgrade, ADatabaseOf01IsCarriedOverWithAllThatIsInIt) {
  const auto before = must(db::missing(*database_, all_migrations()));
  EXPECT_THAT(before.things, IsEmpty());
  for (const db::Migration& step : before.steps) {
    // Those were there already; of fields that version knew nothing.
    EXPECT_FALSE(step.version == 1 && step.module != "imagery") << db::describe(step);
  }
  must(db::migrate(*database_, all_migrations()));
  EXPECT_TRUE(must(db::missing(*database_, all_migrations())).is_none());
  EXPECT_EQ(number("SELECT count(*) FROM schema_migrations WHERE module = 'work' AND version <= 2"),
            2);
  EXPECT_EQ(number("SELECT count(*) FROM schema_migrations WHERE module = 'traffic' AND version = "
                   "1 AND name = 'cameras, counts and history'"),
            1);

  const auto camera = must(
      database_->read([](db::Session& session) { return traffic::find_camera(session, "c"); }));
  ASSERT_TRUE(camera);
  EXPECT_EQ(camera->name, "Mill Street");
  EXPECT_EQ(camera->created_at, kMade);
  EXPECT_EQ(number("SELECT track_id FROM crossings"), 5);
  EXPECT_EQ(number("SELECT crossings FROM traffic_history"), 66);
}

INSTANTIATE_TEST_SUITE_P(App, Upgrade,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::app
