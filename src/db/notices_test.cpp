// Change notices on both databases: within a Database, between two, and between processes.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <mutex>

#include "db/testing/ear.hpp"
#include "db/testing/store.hpp"

namespace vedette::db {
namespace {

using ::testing::Contains;
using testing::Ear;
using testing::must;
using ::testing::Not;
using testing::Peer;

class ChangeNotices : public testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    must(database_->write(
        [](Session& session) { return session.script("CREATE TABLE t (a INTEGER)"); }));
  }
  std::unique_ptr<Database> database_;
};

TEST_P(ChangeNotices, ReachTheirChannelWithinTheProcess) {
  Ear ear(*database_, "cameras");
  Ear other(*database_, "lines");
  database_->notify("cameras", "7");
  EXPECT_TRUE(ear.hears("7"));
  database_->notify("lines", "end");
  EXPECT_TRUE(other.hears("end"));
  EXPECT_THAT(other.heard(), Not(Contains("7")));
}

TEST_P(ChangeNotices, FollowTheCommitAndNotTheRollback) {
  Ear ear(*database_, "t");
  std::ignore = database_->write([](Session& session) -> Result<void> {
    session.notify("t", "undone");
    return fail(ErrorCode::kInvalid, "no");
  });
  must(database_->write([&](Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute("INSERT INTO t VALUES (1)"));
    session.notify("t", "done");
    EXPECT_THAT(ear.heard(), Not(Contains("done")));
    return {};
  }));
  EXPECT_TRUE(ear.hears("done"));
  EXPECT_THAT(ear.heard(), Not(Contains("undone")));
}

TEST_P(ChangeNotices, RepeatsAreMergedButTheLastIsHeard) {
  Ear ear(*database_, "t");
  database_->notify("t", "same");
  ASSERT_TRUE(ear.hears("same"));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1'000; ++i) database_->notify("t", "same");
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_TRUE(ear.hears("same", 2));
  database_->notify("t", "end");
  EXPECT_TRUE(ear.hears("end"));
  const auto windows = took / std::chrono::milliseconds(50);
  // At once, four times in the first 60 ms, then once a window.
  EXPECT_LE(std::ranges::count(ear.heard(), "same"), 6 + windows);
}

TEST_P(ChangeNotices, AreBounded) {
  Ear ear(*database_, "t");
  database_->notify("t", std::string(4'001, 'x'));
  EXPECT_TRUE(ear.hears(""));
  database_->notify("t", std::string(4'000, 'y'));
  EXPECT_TRUE(ear.hears(std::string(4'000, 'y')));
}

TEST_P(ChangeNotices, ReachAnotherDatabaseObject) {
  const auto other = open();
  Ear ear(*other, "t");
  ASSERT_TRUE(ear.begins_to_hear(*database_));
  must(database_->write([&](Session& session) -> Result<void> {
    VEDETTE_CHECK(session.execute("INSERT INTO t VALUES (1)"));
    session.notify("t", "quote\" back\\slash {a,b} é");
    return {};
  }));
  // SQLite says only that something changed.
  EXPECT_TRUE(is_sqlite() ? ear.hears("", 2) : ear.hears("quote\" back\\slash {a,b} é"));
}

TEST_P(ChangeNotices, ReachAnotherProcess) {
  const auto listener = open();
  Ear ear(*listener, "peer");
  ASSERT_TRUE(ear.begins_to_hear(*database_));
  Peer peer({"write", url(), "INSERT INTO t VALUES (1)", "hello"});
  ASSERT_EQ(peer.line(), "done");
  EXPECT_TRUE(is_sqlite() ? ear.hears("", 2) : ear.hears("hello"));
  peer.proceed();
  EXPECT_EQ(peer.wait(), 0);
}

TEST_P(ChangeNotices, OwnCommitsAreNotTakenForForeignOnes) {
  Ear ear(*database_, "t");
  for (int i = 0; i < 30; ++i) {
    must(database_->write(
        [&](Session& session) { return session.execute("INSERT INTO t VALUES ($1)", {i}); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(15));  // several polls long
  }
  EXPECT_LE(ear.heard().size(), 1);  // one says that listening has begun
}

TEST_P(ChangeNotices, AnEndedSubscriptionIsSilentAndMayEndItself) {
  Ear ear(*database_, "t");
  Ear closed(*database_, "t");
  closed.close();
  const auto before = closed.heard().size();
  std::mutex self_mutex;
  Subscription self;
  int calls = 0;
  {
    const std::lock_guard lock(self_mutex);
    self = database_->subscribe("t", [&](std::string_view) {
      const std::lock_guard called(self_mutex);
      ++calls;
      self.reset();
    });
  }
  database_->notify("t", "1");
  ASSERT_TRUE(ear.hears("1"));
  database_->notify("t", "2");
  ASSERT_TRUE(ear.hears("2"));
  EXPECT_EQ(closed.heard().size(), before);
  EXPECT_EQ(calls, 1);
}

TEST_P(ChangeNotices, AFailingListenerDisturbsNobody) {
  const auto bad = database_->subscribe(
      "t", [](std::string_view) { throw std::runtime_error("listener broken on purpose"); });
  Ear ear(*database_, "t");
  database_->notify("t", "1");
  EXPECT_TRUE(ear.hears("1"));
  database_->notify("t", "2");
  EXPECT_TRUE(ear.hears("2"));
}

TEST_P(ChangeNotices, ASubscriptionMayOutliveItsDatabase) {
  bool is_gone = false;
  bool is_told_of_later = false;
  // Before that, that something may have changed is a hint like any other.
  auto subscription =
      database_->subscribe("t", [&](std::string_view) { is_told_of_later = is_gone; });
  database_.reset();
  is_gone = true;
  subscription.reset();
  EXPECT_FALSE(is_told_of_later);
}

INSTANTIATE_TEST_SUITE_P(Db, ChangeNotices, ::testing::Values(Dialect::kSqlite, Dialect::kPostgres),
                         testing::store_name);

}  // namespace
}  // namespace vedette::db
