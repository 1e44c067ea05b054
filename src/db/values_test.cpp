// Every kind of value goes in and comes back the same, on both databases.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "db/testing/store.hpp"

namespace vedette::db {
namespace {

using ::testing::HasSubstr;
using testing::must;

class Values : public testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    must(database_->write([&](Session& session) {
      return session.script(
          either("CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER, i INTEGER,"
                 " r REAL, s TEXT, x BLOB, at INTEGER) STRICT",
                 "CREATE TABLE t (id int PRIMARY KEY, b boolean, i bigint,"
                 " r double precision, s text, x bytea, at timestamptz)"));
    }));
  }
  template <class T>
  T back(int id, const char* column) {
    return must(database_->read([&](Session& session) -> Result<T> {
      VEDETTE_TRY(rows, session.query("SELECT * FROM t WHERE id = $1", {id}));
      return rows.front().template get<T>(column);
    }));
  }
  void put(int id, const char* column, Param value) {
    must(database_->write([&](Session& session) {
      return session.execute(fmt::format("INSERT INTO t (id, {}) VALUES ($1, $2)", column),
                             {id, value});
    }));
  }
  std::unique_ptr<Database> database_;
};

TEST_P(Values, IntegersKeepTheirEnds) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    static int id = 0;
    put(++id, "i", value);
    EXPECT_EQ(back<std::int64_t>(id, "i"), value);
  }
}

TEST_P(Values, RealsAreExact) {
  int id = 0;
  for (const double value :
       {0.1, -0.0, 1e300, 5e-324, 3.0, std::numeric_limits<double>::infinity()}) {
    put(++id, "r", value);
    EXPECT_EQ(back<double>(id, "r"), value);
  }
}

TEST_P(Values, NotANumberIsNull) {
  put(1, "r", std::nan(""));
  EXPECT_EQ(back<std::optional<double>>(1, "r"), std::nullopt);
}

TEST_P(Values, InstantsAreExactToTheMicrosecond) {
  int id = 0;
  for (const std::int64_t us :
       {std::int64_t{1'732'288'117'123'457}, std::int64_t{0}, std::int64_t{-1},
        std::int64_t{946'684'799'999'999}, std::int64_t{253'402'300'799'999'999}}) {
    put(++id, "at", from_micros(us));
    EXPECT_EQ(to_micros(back<Instant>(id, "at")), us);
  }
}

TEST_P(Values, TextKeepsEveryCharacter) {
  int id = 0;
  for (const std::string text :
       {"", "plain", "Zürich Straße 🚗 車", "tab\tline\nreturn\rslash\\ quote\" ' \\N", "\x01\x7f",
        "null", "{\"a\":1}"}) {
    put(++id, "s", text);
    EXPECT_EQ(back<std::string>(id, "s"), text);
    EXPECT_EQ(back<std::string_view>(id, "s").size(), text.size());
  }
}

TEST_P(Values, BlobsKeepEveryByte) {
  Blob all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i);
  put(1, "x", all);
  EXPECT_EQ(back<Blob>(1, "x"), all);
  put(2, "x", Blob{});
  EXPECT_EQ(back<Blob>(2, "x"), Blob{});
  EXPECT_FALSE(back<std::optional<Blob>>(2, "x") == std::nullopt);
}

TEST_P(Values, BooleansAndNulls) {
  put(1, "b", true);
  put(2, "b", false);
  put(3, "b", std::nullopt);
  EXPECT_TRUE(back<bool>(1, "b"));
  EXPECT_FALSE(back<bool>(2, "b"));
  EXPECT_EQ(back<std::optional<bool>>(3, "b"), std::nullopt);
  for (const char* column : {"i", "r", "s", "x", "at"}) {
    EXPECT_TRUE(must(database_->read([&](Session& session) -> Result<bool> {
      VEDETTE_TRY(rows, session.query("SELECT * FROM t WHERE id = 3"));
      return rows.front().get<std::optional<std::string>>(column) == std::nullopt;
    }))) << column;
  }
}

TEST_P(Values, BulkInsertAndCopyAgreeWithSingleValues) {
  Blob bytes{std::byte{0}, std::byte{0xff}, std::byte{'\\'}};
  const Instant at = from_micros(1'732'288'117'000'001);
  for (const bool is_conflict : {false, true}) {
    BulkInsert rows("t", {"id", "b", "i", "r", "s", "x", "at"});
    if (is_conflict) rows.on_conflict("ON CONFLICT (id) DO NOTHING");
    for (int i = 0; i < 100; ++i) {
      rows.add(i + (is_conflict ? 1000 : 0), i % 2 == 0, std::int64_t{1} << 60, 0.1 * i,
               "a\tb\\c\nd\re \"é\"", bytes, at + Micros(i));
    }
    rows.add(is_conflict ? 2000 : 500, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
             std::nullopt, std::nullopt);
    EXPECT_EQ(must(database_->write([&](Session& session) { return session.insert(rows); })), 101);
  }
  must(database_->read([&](Session& session) -> Result<void> {
    VEDETTE_TRY(found, session.query("SELECT * FROM t WHERE s IS NOT NULL ORDER BY id"));
    EXPECT_EQ(found.size(), 200);
    int i = 0;
    for (const Row row : found) {
      EXPECT_EQ(row.get<bool>("b"), i % 2 == 0);
      EXPECT_EQ(row.get<std::int64_t>("i"), std::int64_t{1} << 60);
      EXPECT_EQ(row.get<double>("r"), 0.1 * i);
      EXPECT_EQ(row.get<std::string>("s"), "a\tb\\c\nd\re \"é\"");
      EXPECT_EQ(row.get<Blob>("x"), bytes);
      EXPECT_EQ(row.get<Instant>("at"), at + Micros(i));
      i = (i + 1) % 100;
    }
    VEDETTE_TRY(nulls, session.query("SELECT count(*) FROM t WHERE b IS NULL AND i IS NULL AND r IS"
                                     " NULL AND s IS NULL AND x IS NULL AND at IS NULL"));
    EXPECT_EQ(nulls.scalar<int>(), 2);
    return {};
  }));
}

TEST_P(Values, HundredThousandRowsInOneInsert) {
  BulkInsert rows("t", {"id", "i", "s"});
  rows.reserve(100'000);
  for (int i = 0; i < 100'000; ++i) rows.add(i, i * 7, "row");
  EXPECT_EQ(must(database_->write([&](Session& session) { return session.insert(rows); })),
            100'000);
  EXPECT_EQ(must(database_->read([&](Session& session) -> Result<std::int64_t> {
              VEDETTE_TRY(found, session.query("SELECT id, i, s FROM t"));
              std::int64_t sum = 0;
              for (const Row row : found) sum += row.get<std::int64_t>("i");
              return sum;
            })),
            std::int64_t{7} * 99'999 * 100'000 / 2);
}

TEST_P(Values, BulkInsertWithConflictCountsWhatItStored) {
  BulkInsert rows("t", {"id", "i"});
  rows.on_conflict("ON CONFLICT (id) DO NOTHING");
  for (int i = 0; i < 1'000; ++i) rows.add(i, i);
  EXPECT_EQ(must(database_->write([&](Session& session) { return session.insert(rows); })), 1'000);
  rows.add(1'000, 1);
  EXPECT_EQ(must(database_->write([&](Session& session) { return session.insert(rows); })), 1);
}

TEST_P(Values, TheWrongTypeIsADefectAndSaysWhich) {
  put(1, "s", "text");
  const auto result = database_->read([&](Session& session) -> Result<std::int64_t> {
    VEDETTE_TRY(rows, session.query("SELECT s FROM t"));
    return rows.scalar<std::int64_t>();
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInternal);
  EXPECT_THAT(result.error().detail, HasSubstr("column s was read as an integer but holds text"));
}

TEST_P(Values, TextThatIsNoTextIsRefusedAlike) {
  for (const std::string& text :
       {std::string("a\0b", 3), std::string("\xff\xfe"), std::string("\xed\xa0\x80"),
        std::string("\xc0\x80"), std::string("cut \xe2\x82")}) {
    const auto result = database_->write([&](Session& session) {
      return session.execute("INSERT INTO t (id, s) VALUES (1, $1)", {text});
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  }
}

TEST_P(Values, ExpressionsOfBothDialectsAgree) {
  const Dialect dialect = database_->dialect();
  const Instant at = from_micros(1'732'288'117'123'457);
  put(1, "at", at);
  must(database_->read([&](Session& session) -> Result<void> {
    VEDETTE_TRY(bucket,
                session.query("SELECT " + bucket_sql(dialect, "at", std::chrono::minutes(5)) +
                              " AS b FROM t"));
    EXPECT_EQ(bucket.front().get<Instant>("b"), floor_to(at, std::chrono::minutes(5)));
    VEDETTE_TRY(later,
                session.query("SELECT " + plus_sql(dialect, "at", "$1") + " FROM t", {1'500'001}));
    EXPECT_EQ(later.scalar<Instant>(), at + Micros(1'500'001));
    VEDETTE_TRY(passed, session.query("SELECT " + elapsed_sql(dialect, "at", "$1") + " FROM t",
                                      {at + Micros(90'000'001)}));
    EXPECT_EQ(passed.scalar<std::int64_t>(), 90'000'001);
    VEDETTE_TRY(now, session.query("SELECT " + now_sql(dialect)));
    const auto off = now.scalar<Instant>() - SystemClock().now();
    EXPECT_LT(std::abs(off.count()), 5'000'000);
    return {};
  }));
}

INSTANTIATE_TEST_SUITE_P(Db, Values, ::testing::Values(Dialect::kSqlite, Dialect::kPostgres),
                         testing::store_name);

// What only PostgreSQL's types can hold.
TEST(PostgresValues, EveryCommonTypeReads) {
  auto* server = testing::PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed: apt install postgresql-15";
  const auto database = must(Database::open({.url = server->fresh_database()}));
  // Once all binary, once in text form because of the numeric.
  for (const std::string extra : {"", ", 1.50::numeric AS n"}) {
    must(database->read([&](Session& session) -> Result<void> {
      VEDETTE_TRY(rows, session.query(
                            "SELECT 1::int2 AS i2, 2::int4 AS i4, 3::int8 AS i8, 0.5::float4 AS"
                            " f4, 0.25::float8 AS f8, 'v'::varchar(5) AS v, 'c'::char(3) AS c,"
                            " '\\x00ff'::bytea AS x, true AS b, "
                            " '0b9e2f3a-1111-4222-8333-444455556666'::uuid AS u,"
                            " '{\"a\": 1}'::json AS j, '2026-11-22 15:08:37.123456+02'::timestamptz"
                            " AS at, '2026-11-22 15:08:37.5'::timestamp AS local,"
                            " '2026-11-22'::date AS day, 'name'::name AS nm, 7::oid AS o" +
                            extra));
      const Row row = rows.front();
      EXPECT_EQ(row.get<int>("i2"), 1);
      EXPECT_EQ(row.get<int>("i4"), 2);
      EXPECT_EQ(row.get<int>("i8"), 3);
      EXPECT_EQ(row.get<double>("f4"), 0.5);
      EXPECT_EQ(row.get<double>("f8"), 0.25);
      EXPECT_EQ(row.get<std::string>("v"), "v");
      EXPECT_EQ(row.get<std::string>("c"), "c  ");
      EXPECT_EQ(row.get<Blob>("x"), (Blob{std::byte{0}, std::byte{0xff}}));
      EXPECT_TRUE(row.get<bool>("b"));
      EXPECT_EQ(row.get<std::string>("u"), "0b9e2f3a-1111-4222-8333-444455556666");
      EXPECT_EQ(row.get<std::string>("j"), "{\"a\": 1}");
      EXPECT_EQ(row.get<Instant>("at"), *from_rfc3339("2026-11-22T13:08:37.123456Z"));
      EXPECT_EQ(row.get<Instant>("local"), *from_rfc3339("2026-11-22T15:08:37.5Z"));
      EXPECT_EQ(row.get<Instant>("day"), *from_rfc3339("2026-11-22"));
      EXPECT_EQ(row.get<std::string>("nm"), "name");
      EXPECT_EQ(row.get<int>("o"), 7);
      if (!extra.empty()) {
        EXPECT_EQ(row.get<double>("n"), 1.5);
        EXPECT_EQ(row.get<std::string>("n"), "1.50");
      }
      return {};
    }));
  }
}

TEST(PostgresValues, DecimalsReadAsIntegersWhenTheyAre) {
  auto* server = testing::PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed: apt install postgresql-15";
  const auto database = must(Database::open({.url = server->fresh_database()}));
  EXPECT_EQ(must(database->read([](Session& session) -> Result<std::int64_t> {
              VEDETTE_TRY(rows,
                          session.query("SELECT sum(x) FROM generate_series(1::bigint, 4) x"));
              return rows.scalar<std::int64_t>();
            })),
            10);
}

}  // namespace
}  // namespace vedette::db
