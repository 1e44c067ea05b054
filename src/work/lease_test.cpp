// Leases and fences by their SQL alone, on both databases, without a supervisor.
#include "work/lease.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "work/lease_store.hpp"
#include "work/testing/eventually.hpp"
#include "work/testing/store.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::eventually;

constexpr const char* kName = "camera:mill-street";

struct LeaseTest : testing::StoreTest {
  // Leases that no pause of the machine outlasts, and for who waits for their end, brief ones.
  LeaseOptions options{.ttl = hours(1), .history = 1000};
  LeaseOptions brief{.ttl = milliseconds(400), .history = 1000};
  LeaseStore north{"north-id", "north:1", options};
  LeaseStore brief_north{"north-id", "north:1", brief};
  LeaseStore south{"south-id", "south:2", options};

  void SetUp() override {
    StoreTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database->write([&](db::Session& s) { return north.introduce(s, kName); }));
  }

  std::optional<Claim> claim(const LeaseStore& who, const LeaseView* unchanged = nullptr) {
    const auto claimed =
        database->write([&](db::Session& s) { return who.claim(s, kName, unchanged); });
    EXPECT_TRUE(claimed) << claimed.error().message << claimed.error().detail;
    return claimed.value_or(std::nullopt);
  }
  bool renew(const LeaseStore& who, std::int64_t token) { return renew(who, token, *database); }
  bool renew(const LeaseStore& who, std::int64_t token, db::Database& through) {
    return through.write([&](db::Session& s) { return who.renew(s, kName, token); }).value();
  }
  void release(const LeaseStore& who, std::int64_t token) {
    ASSERT_TRUE(database->write([&](db::Session& s) { return who.release(s, kName, token); }));
  }
  Result<void> check(std::int64_t token) {
    return database->write([&](db::Session& s) { return Fence{kName, token}.check(s); });
  }
  static LeaseView look_at(db::Database& through) {
    const std::string name(kName);
    return through.read([&](db::Session& s) { return LeaseStore::look(s, {&name, 1}); })
        .value()
        .at(0);
  }
  LeaseView look() { return look_at(*database); }
  void change(const std::string& sql) {
    ASSERT_TRUE(database->write([&](db::Session& s) { return s.execute(sql); }));
  }
  std::string now(const char* plus_us) {
    return db::plus_sql(GetParam(), db::now_sql(GetParam()), plus_us);
  }
  std::vector<Holding> history() { return lease_history(*database, kName, 100).value(); }
};

TEST_P(LeaseTest, IsTakenOnceAndRenewedByItsHolderOnly) {
  const auto first = claim(north);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->token, 1);
  EXPECT_FALSE(first->previous_holder);
  EXPECT_FALSE(claim(south));
  EXPECT_TRUE(renew(north, 1));
  EXPECT_FALSE(renew(south, 1));
  EXPECT_FALSE(renew(north, 2));
  EXPECT_EQ(look().holder, "north-id");
  EXPECT_GT(look().left, milliseconds(0));
  EXPECT_LE(look().left, options.row_life());
}

TEST_P(LeaseTest, IsFreeAtOnceWhenGivenBack) {
  ASSERT_TRUE(claim(north));
  std::promise<std::string> told;
  const auto notices = database->subscribe(std::string(kLeaseChannel),
                                           [&, done = false](std::string_view payload) mutable {
                                             if (!std::exchange(done, true))
                                               told.set_value(std::string(payload));
                                           });
  release(north, 1);
  EXPECT_EQ(told.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
  const auto second = claim(south);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->token, 2);
  EXPECT_FALSE(second->previous_holder);
  EXPECT_EQ(second->previous_process, "north:1");
  const auto past = history();
  ASSERT_EQ(past.size(), 2u);
  EXPECT_EQ(past[1].ended_by, "released");
  ASSERT_TRUE(past[1].ended_at);
  EXPECT_LE(*past[1].ended_at, past[0].acquired_at);
  EXPECT_FALSE(past[0].ended_at);
  EXPECT_TRUE(past[0].expires_at);
  EXPECT_EQ(past[0].process, "south:2");
}

TEST_P(LeaseTest, GivingBackWhatIsNotHeldChangesNothing) {
  ASSERT_TRUE(claim(north));
  release(south, 1);
  release(north, 7);
  EXPECT_TRUE(renew(north, 1));
}

TEST_P(LeaseTest, RunsOutWithoutRenewalAndEndsThenInTheHistory) {
  ASSERT_TRUE(claim(brief_north));
  std::optional<Claim> taken;
  ASSERT_TRUE(eventually([&] { return (taken = claim(south)).has_value(); }));
  EXPECT_EQ(taken->token, 2);
  EXPECT_EQ(taken->previous_holder, "north-id");
  EXPECT_FALSE(renew(north, 1));
  const auto past = history();
  EXPECT_EQ(past[1].ended_by, "expired");
  EXPECT_EQ(past[1].ended_at, taken->previous_ended_at);
  EXPECT_GE(past[0].acquired_at, *past[1].ended_at);
  const Micros lasted = *past[1].ended_at - past[1].acquired_at;
  EXPECT_GE(lasted, brief.row_life());
  EXPECT_LT(lasted, brief.row_life() + milliseconds(50));
}

TEST_P(LeaseTest, IsTakenAgainByTheSameProcessWithANewToken) {
  ASSERT_TRUE(claim(north));
  const auto again = claim(north);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->token, 2);
  EXPECT_EQ(history()[1].ended_by, "reclaimed");
  EXPECT_EQ(check(1).error().code, ErrorCode::kFenced);
  EXPECT_TRUE(check(2));
}

TEST_P(LeaseTest, TheFenceLetsOnlyTheHolderWrite) {
  EXPECT_EQ(check(0).error().code, ErrorCode::kFenced);
  ASSERT_TRUE(claim(north));
  EXPECT_TRUE(check(1));
  EXPECT_EQ(check(2).error().code, ErrorCode::kFenced);
  release(north, 1);
  EXPECT_EQ(check(1).error().code, ErrorCode::kFenced);
  ASSERT_TRUE(claim(south));
  EXPECT_EQ(check(1).error().code, ErrorCode::kFenced);
  EXPECT_TRUE(check(2));
}

TEST_P(LeaseTest, TheFenceFailsWhenTheLeaseHasRunOut) {
  ASSERT_TRUE(claim(brief_north));
  ASSERT_TRUE(eventually([&] { return !check(1); }));
  EXPECT_EQ(check(1).error().code, ErrorCode::kFenced);
  EXPECT_TRUE(renew(north, 1));  // nobody took it
  EXPECT_TRUE(check(1));
}

TEST_P(LeaseTest, TheFenceOfNoLeaseAlwaysPasses) {
  EXPECT_TRUE(database->write([](db::Session& s) { return Fence::none().check(s); }));
  EXPECT_FALSE(database->write([](db::Session& s) { return Fence{"unknown", 1}.check(s); }));
}

TEST_P(LeaseTest, AWriteThatFailsItsFenceLeavesNothing) {
  ASSERT_TRUE(claim(north));
  change("create table effect (n integer)");
  const auto outcome = database->write([&](db::Session& s) -> Result<void> {
    VEDETTE_CHECK(s.execute("insert into effect (n) values (1)"));
    return Fence{kName, 9}.check(s);
  });
  EXPECT_EQ(outcome.error().code, ErrorCode::kFenced);
  EXPECT_EQ(database->read([](db::Session& s) { return s.query("select n from effect"); })->size(),
            0u);
}

// A clock that is set back must neither keep a dead holder's lease alive nor spoil the history.
TEST_P(LeaseTest, ADeadHoldersLeaseFromTheFutureCanBeTaken) {
  ASSERT_TRUE(claim(north));
  const std::string ahead = now("3600000000");
  change("update lease set acquired_at = " + ahead + ", renewed_at = " + ahead +
         ", expires_at = " + now("3607000000"));
  change("update lease_history set acquired_at = (select acquired_at from lease)");
  const LeaseView view = look();
  EXPECT_TRUE(view.is_in_future);
  EXPECT_FALSE(claim(south));
  const auto taken = claim(south, &view);
  ASSERT_TRUE(taken);
  const auto past = history();
  EXPECT_GE(*past[1].ended_at, past[1].acquired_at);
  EXPECT_GE(past[0].acquired_at, *past[1].ended_at);
  EXPECT_TRUE(check(2));
}

TEST_P(LeaseTest, ALivingHolderIsNotTakenForLeftBehind) {
  ASSERT_TRUE(claim(north));
  const std::string ahead = now("3600000000");
  change("update lease set renewed_at = " + ahead + ", expires_at = " + now("3607000000"));
  const LeaseView view = look();
  EXPECT_TRUE(renew(north, 1));
  EXPECT_FALSE(claim(south, &view));
}

TEST_P(LeaseTest, ALostRowDoesNotBeginAnew) {
  ASSERT_TRUE(claim(north));
  ASSERT_TRUE(claim(north));
  change("delete from lease");
  EXPECT_FALSE(renew(north, 2));
  EXPECT_EQ(check(2).error().code, ErrorCode::kFenced);
  ASSERT_TRUE(database->write([&](db::Session& s) { return north.introduce(s, kName); }));
  EXPECT_EQ(claim(north)->token, 3);
}

TEST_P(LeaseTest, TheHistoryIsBounded) {
  const LeaseStore west("west-id", "west:3", {.ttl = hours(1), .history = 3});
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(claim(west));
  const auto past = history();
  ASSERT_EQ(past.size(), 3u);
  EXPECT_EQ(past[0].token, 8);
  EXPECT_EQ(past[2].token, 6);
}

// 4 threads fight for one lease that is given back again and again.
TEST_P(LeaseTest, IntervalsNeverOverlap) {
  std::vector<std::jthread> fighters;
  std::atomic<int> holders = 0;
  std::atomic<int> most = 0;
  std::atomic<int> wins = 0;
  for (int i = 0; i < 4; ++i) {
    fighters.emplace_back([&, i](const std::stop_token& stop) {
      const auto mine = open_migrated();
      const LeaseStore me("id-" + std::to_string(i), "p:" + std::to_string(i), options);
      while (!stop.stop_requested()) {
        const auto claimed =
            mine->write([&](db::Session& s) { return me.claim(s, kName, nullptr); });
        if (!claimed || !*claimed) continue;
        most = std::max<int>(most, ++holders);
        --holders;
        ++wins;
        (void)mine->write([&](db::Session& s) { return me.release(s, kName, (*claimed)->token); });
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return wins >= 100; }));
  fighters.clear();
  EXPECT_EQ(most, 1);
  const auto past = lease_history(*database, kName, 1000).value();
  for (std::size_t i = 1; i < past.size(); ++i) {
    ASSERT_TRUE(past[i].ended_at);
    EXPECT_LE(*past[i].ended_at, past[i - 1].acquired_at) << past[i].token;
    EXPECT_EQ(past[i].token + 1, past[i - 1].token);
  }
}

// PostgreSQL's clock goes on within a statement.
TEST_P(LeaseTest, OneHoldingEndsBeforeTheNextBegins) {
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(claim(north));
  const auto past = lease_history(*database, kName, 1000).value();
  ASSERT_EQ(past.size(), 300u);
  for (std::size_t i = 1; i < past.size(); ++i) {
    ASSERT_TRUE(past[i].ended_at);
    EXPECT_LE(*past[i].ended_at, past[i - 1].acquired_at) << past[i].token;
  }
}

// PostgreSQL only: somebody asleep in the middle of a write under the lease is cut off by the
// server.
TEST_P(LeaseTest, AWriterFrozenInItsTransactionIsCutOffAndCannotCommit) {
  if (GetParam() == db::Dialect::kSqlite) GTEST_SKIP() << "SQLite has one writer at a time.";
  ASSERT_TRUE(claim(north));
  change("create table effect (n integer)");
  db::DatabaseOptions watched;
  watched.url = url();
  watched.idle_transaction_timeout = milliseconds(500);
  const auto asleep = db::Database::open(watched).value();
  const auto written = asleep->write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK((Fence{kName, 1}.check(session)));
    EXPECT_TRUE(renew(brief_north, 1, *other_database));
    EXPECT_TRUE(eventually([&] {
      const auto taken =
          other_database->write([&](db::Session& s) { return south.claim(s, kName, nullptr); });
      return taken && taken->has_value();
    }));
    VEDETTE_CHECK(session.execute("insert into effect (n) values (1)"));
    return {};
  });
  EXPECT_FALSE(written);
  EXPECT_EQ(check(1).error().code, ErrorCode::kFenced);
  EXPECT_EQ(database->read([](db::Session& s) { return s.query("select n from effect"); })->size(),
            0u);
}

TEST_P(LeaseTest, AFinishedEditionIsClaimedByNobody) {
  const std::string first = "1";
  const auto claim_edition = [&](std::string_view edition) {
    return database->write([&](db::Session& s) { return south.claim(s, kName, nullptr, edition); })
        .value();
  };
  ASSERT_TRUE(claim(north));
  ASSERT_TRUE(database->write([&](db::Session& s) { return north.release(s, kName, 1, &first); }));
  EXPECT_EQ(look().finished_edition, first);
  // PostgreSQL's clock goes on within a statement.
  ASSERT_TRUE(look().finished_at);
  EXPECT_LT(*look().finished_at - *history().at(0).ended_at, std::chrono::seconds(1));
  EXPECT_FALSE(claim_edition("1"));
  EXPECT_EQ(look().finished_edition, first);
  ASSERT_TRUE(claim_edition("2"));
  EXPECT_FALSE(look().finished_edition);
  release(south, 2);
  EXPECT_FALSE(look().finished_edition);
  EXPECT_TRUE(claim_edition("1"));
}

TEST_P(LeaseTest, OnlyTheLeasesAskedForAreRead) {
  ASSERT_TRUE(database->write([&](db::Session& s) { return north.introduce(s, "other"); }));
  const std::vector<std::string> names{"other", "unknown"};
  const auto views =
      database->read([&](db::Session& s) { return LeaseStore::look(s, names); }).value();
  ASSERT_EQ(views.size(), 1u);
  EXPECT_EQ(views[0].name, "other");
  EXPECT_TRUE(database->read([&](db::Session& s) { return LeaseStore::look(s, {}); })->empty());
}

// PostgreSQL only: the lock that a fence takes lets renewals pass and keeps take-overs out.
TEST_P(LeaseTest, AWriterUnderTheFenceIsRenewedAndNotTakenOver) {
  if (GetParam() == db::Dialect::kSqlite) GTEST_SKIP() << "SQLite has one writer at a time.";
  ASSERT_TRUE(claim(north));
  const auto& other = other_database;
  const auto written = database->write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK((Fence{kName, 1}.check(session)));
    EXPECT_TRUE(renew(brief_north, 1, *other));
    // Longer than the lease: it has run out, but the writer has not committed.
    EXPECT_TRUE(eventually([&] { return look_at(*other).left < milliseconds(0); }));
    const auto taken = other->write([&](db::Session& s) { return south.claim(s, kName, nullptr); });
    EXPECT_TRUE(taken);
    EXPECT_FALSE(taken.value().has_value());
    return {};
  });
  EXPECT_TRUE(written);
  EXPECT_TRUE(claim(south));
}

INSTANTIATE_TEST_SUITE_P(Databases, LeaseTest, testing::every_store(), testing::store_name);

TEST(LeaseOptions, KeepThePromise) {
  const LeaseOptions options;
  EXPECT_LT(options.own_life(), options.row_life());
  EXPECT_LT(options.row_life(), options.ttl);
  // Two renewals may fail before the holder gives up.
  EXPECT_GE(options.own_life(), 3 * options.heartbeat());
}

}  // namespace
}  // namespace vedette::work
