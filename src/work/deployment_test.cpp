// Several real processes on one database, killed, frozen, stopped, and with wrong clocks. Their
// writes are judged by the table they wrote, by the history of the leases, and by an account that
// they keep in a file beside the database.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <list>
#include <map>
#include <random>
#include <set>

#include "work/testing/deployment_fixture.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define VEDETTE_SANITIZED 1
#endif
#endif

namespace vedette::work {
namespace {

using std::chrono::milliseconds;
using testing::Child;
using testing::Entry;
using testing::eventually;
using testing::kTtlMs;
using testing::monotonic_us;
using testing::report;

struct DeploymentTest : testing::DeploymentFixture {};

TEST_P(DeploymentTest, AKilledProcessIsReplacedWithinTheLease) {
  Child north = spawn(1);
  ASSERT_TRUE(writes(north.pid()));
  const pid_t dead = north.pid();
  Child south = spawn(1);
  ASSERT_TRUE(has_standby("loop-0"));
  EXPECT_FALSE(entry('B', south.pid()));
  const std::int64_t killed_at = monotonic_us();
  north.kill();
  ASSERT_TRUE(writes(south.pid()));
  const std::int64_t took = entry('W', south.pid())->at_us - killed_at;
  report("take-over after kill -9", took);
  EXPECT_LT(took, kTtlMs * 1000);
  EXPECT_FALSE(entry('W', dead, entry('B', south.pid())->at_us));
  EXPECT_EQ(lease_history(*database, "loop-0", 10).value().at(1).ended_by, "expired");
  check_books(1);
}

TEST_P(DeploymentTest, AStoppedProcessHandsOverAtOnce) {
  Child north = spawn(1);
  ASSERT_TRUE(writes(north.pid()));
  const pid_t first = north.pid();
  Child south = spawn(1);
  ASSERT_TRUE(has_standby("loop-0"));
  const std::int64_t asked_at = monotonic_us();
  north.send(SIGTERM);
  EXPECT_EQ(north.wait(), 0);
  ASSERT_TRUE(writes(south.pid()));
  report("hand-over at a stop", entry('W', south.pid())->at_us - asked_at);
  // Given back, not run out.
  EXPECT_LT(entry('W', south.pid())->at_us - asked_at,
            LeaseOptions{.ttl = milliseconds(kTtlMs)}.row_life().count());
  EXPECT_LE(entry('E', first)->at_us, entry('B', south.pid())->at_us);
  EXPECT_EQ(lease_history(*database, "loop-0", 10).value().at(1).ended_by, "released");
  check_books(1);
}

// The zombie: asleep for longer than its lease, it wakes up in the middle of its work.
TEST_P(DeploymentTest, AFrozenProcessWritesNothingAfterwards) {
  Child north = spawn(1);
  ASSERT_TRUE(writes(north.pid()));
  Child south = spawn(1);
  ASSERT_TRUE(has_standby("loop-0"));
  // On SQLite a process frozen inside its transaction keeps everybody from writing until it goes on
  // or dies; then nothing can be taken over, and nothing needs to be.
  const auto impatient = [&] {
    db::DatabaseOptions options;
    options.url = url();
    options.busy_timeout = milliseconds(100);
    return db::Database::open(options).value();
  }();
  const auto can_write = [&] {
    return impatient
        ->write([](db::Session& s) { return s.execute("delete from ledger where id < 0"); })
        .has_value();
  };
  std::int64_t frozen_at = 0;
  ASSERT_TRUE(eventually([&] {
    north.freeze();
    frozen_at = monotonic_us();
    if (can_write()) return true;
    north.send(SIGCONT);
    return false;
  }));
  ASSERT_TRUE(writes(south.pid()));
  report("take-over after SIGSTOP", entry('W', south.pid())->at_us - frozen_at);
  EXPECT_LT(entry('W', south.pid())->at_us - frozen_at, kTtlMs * 1000);

  const std::size_t before = std::ranges::count(ledger(), north.pid(), &testing::Effect::process);
  const std::int64_t woken_at = monotonic_us();
  north.send(SIGCONT);
  ASSERT_TRUE(eventually([&] { return entry('E', north.pid(), woken_at).has_value(); }));
  ASSERT_TRUE(has_standby("loop-0"));
  EXPECT_EQ(std::ranges::count(ledger(), north.pid(), &testing::Effect::process),
            static_cast<std::ptrdiff_t>(before));
  check_books(1);

  // It is as good as new.
  const std::int64_t killed_at = monotonic_us();
  south.kill();
  ASSERT_TRUE(writes(north.pid(), killed_at));
  check_books(1);
}

TEST_P(DeploymentTest, AStartAfterACrashNeedsNobody) {
  Child north = spawn(1);
  ASSERT_TRUE(writes(north.pid()));
  north.kill();
  // A start on the same machine after a crash: the old lease runs out, nothing else is needed.
  const std::int64_t started_at = monotonic_us();
  Child again = spawn(1);
  ASSERT_TRUE(writes(again.pid()));
  report("start after a crash", entry('W', again.pid())->at_us - started_at);
  check_books(1);
}

// 4 processes, 8 loops, and somebody who kills, freezes, stops and starts them.
TEST_P(DeploymentTest, IntervalsNeverOverlapWhateverHappens) {
  constexpr int kLoops = 8;
  std::mt19937 random(7);
  std::list<Child> children;
  for (int i = 0; i < 4; ++i) children.push_back(spawn(kLoops));
  const auto all_run = [&](std::int64_t since_us, milliseconds limit = std::chrono::seconds(30)) {
    const auto has_all = [&] {
      std::set<std::string> loops;
      for (const Entry& one : account()) {
        if (one.what == 'W' && one.at_us >= since_us) loops.insert(one.loop);
      }
      return loops.size() == kLoops;
    };
    return eventually(has_all, limit);
  };
  ASSERT_TRUE(all_run(0));
  for (int round = 0; round < 6; ++round) {
    // The holder of some loop, so that every round hurts.
    const std::vector<Entry> entries = account();
    const auto last = std::find_if(entries.rbegin(), entries.rend(),
                                   [](const Entry& one) { return one.what == 'W'; });
    const auto victim = std::ranges::find(children, last->process, &Child::pid);
    ASSERT_NE(victim, children.end());
    const int kind = std::uniform_int_distribution(0, 2)(random);
    if (kind == 0) {
      victim->kill();
      children.erase(victim);
    } else if (kind == 1) {
      victim->send(SIGTERM);
      EXPECT_EQ(victim->wait(), 0);
      children.erase(victim);
    } else {
      victim->freeze();
      // As long as others need to take all over, if it does not hold SQLite's write lock.
      all_run(monotonic_us(), milliseconds(2 * kTtlMs));
      victim->send(SIGCONT);
    }
    while (children.size() < 4) children.push_back(spawn(kLoops));
    ASSERT_TRUE(all_run(monotonic_us())) << "round " << round;
  }
  for (Child& child : children) child.send(SIGTERM);
  for (Child& child : children) EXPECT_EQ(child.wait(), 0);
  check_books(kLoops);
}

#ifndef VEDETTE_SANITIZED
// The database's clock rules: where the database is a server, a process may believe it is any hour.
TEST_P(DeploymentTest, AProcessWithAWrongClockKeepsItsLease) {
  if (GetParam() == db::Dialect::kSqlite) GTEST_SKIP() << "SQLite's clock is the machine's.";
  Child north = spawn(1, VEDETTE_CLOCK_SHIFT);
  ASSERT_TRUE(writes(north.pid()));
  Child south = spawn(1, VEDETTE_CLOCK_SHIFT);
  ASSERT_TRUE(has_standby("loop-0"));
  for (const int move : {SIGUSR1, SIGUSR2, SIGUSR2}) {
    north.send(move);
    south.send(move == SIGUSR1 ? SIGUSR2 : SIGUSR1);
    const std::int64_t moved_at = monotonic_us();
    ASSERT_TRUE(writes(north.pid(), moved_at + kTtlMs * 1000));
  }
  EXPECT_FALSE(entry('B', south.pid()));
  EXPECT_EQ(lease_history(*database, "loop-0", 10).value().size(), 1u);
  north.kill();
  ASSERT_TRUE(writes(south.pid()));
  check_books(1);
}

// SQLite: the machine's clock jumps for all. Nothing is written twice or by two, and an hour back
// does not mean an hour of waiting for a dead process.
TEST_P(DeploymentTest, TheMachinesClockMayJump) {
  if (GetParam() == db::Dialect::kPostgres)
    GTEST_SKIP() << "The server's clock is not ours to move.";
  is_clock_moved = true;
  Child north = spawn(1, VEDETTE_CLOCK_SHIFT);
  ASSERT_TRUE(writes(north.pid()));
  Child south = spawn(1, VEDETTE_CLOCK_SHIFT);
  ASSERT_TRUE(has_standby("loop-0"));
  const auto move = [&](int signal) {
    north.send(signal);
    south.send(signal);
    return monotonic_us();
  };
  const auto somebody_writes = [&](std::int64_t since_us) {
    return eventually(
        [&] { return entry('W', north.pid(), since_us) || entry('W', south.pid(), since_us); });
  };
  ASSERT_TRUE(somebody_writes(move(SIGUSR1) + kTtlMs * 1000));
  ASSERT_TRUE(somebody_writes(move(SIGUSR2) + kTtlMs * 1000));
  check_books(1);

  // Back again, at the very moment when the holder dies.
  const pid_t holder = ledger().back().process;
  Child& dying = holder == north.pid() ? north : south;
  Child& other = holder == north.pid() ? south : north;
  const std::int64_t killed_at = monotonic_us();
  dying.kill();
  other.send(SIGUSR2);
  ASSERT_TRUE(writes(other.pid(), killed_at));
  report("take-over while the clock goes back",
         entry('W', other.pid(), killed_at)->at_us - killed_at);
  check_books(1);
}
#endif

INSTANTIATE_TEST_SUITE_P(Databases, DeploymentTest, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
