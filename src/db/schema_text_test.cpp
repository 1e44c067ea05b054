#include "db/schema_text.hpp"

#include <gmock/gmock.h>

namespace vedette::db {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SchemaThings things_of(std::string_view sql) {
  SchemaThings things;
  follow(sql, things);
  return things;
}

TEST(SchemaText, WhatIsMade) {
  EXPECT_THAT(things_of("create table if not exists mart.\"Camera\" (id text); CREATE UNIQUE INDEX"
                        " IF NOT EXISTS camera_id ON camera (id) WHERE id > 'x; CREATE TABLE no';"
                        "CREATE UNLOGGED TABLE b(n int)"),
              ElementsAre("index camera_id", "table b", "table camera"));
}

TEST(SchemaText, WhatIsDroppedOrRenamed) {
  EXPECT_THAT(
      things_of("CREATE TABLE a (n); CREATE TABLE b (n); CREATE INDEX i ON a (n);"
                "DROP INDEX IF EXISTS i; DROP TABLE a; ALTER TABLE IF EXISTS ONLY mart.b "
                "RENAME TO c; ALTER TABLE c ADD COLUMN d text; ALTER TABLE c RENAME d TO e"),
      ElementsAre("table c"));
}

TEST(SchemaText, CommentsTextAndBlocksArePassedOver) {
  EXPECT_THAT(things_of("-- CREATE TABLE a;\n/* CREATE TABLE b; */ INSERT INTO x VALUES ('CREATE "
                        "TABLE c;'); DO $do$ BEGIN CREATE TABLE d (n int); END $do$; DO $$ CREATE "
                        "TABLE e; $$"),
              IsEmpty());
  EXPECT_THAT(things_of("/* no end; CREATE TABLE a"), IsEmpty());
  EXPECT_THAT(things_of("CREATE TABLE"), ElementsAre("table "));
}

}  // namespace
}  // namespace vedette::db
