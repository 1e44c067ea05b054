// Loops of a group on several real processes: spread evenly, within what each may hold, moved when
// one joins, leaves, dies or freezes, and otherwise left where they are.
#include <gmock/gmock.h>

#include <csignal>
#include <numeric>
#include <set>

#include "work/testing/deployment_fixture.hpp"
#include "work/testing/supervisor_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Child;
using testing::Entry;
using testing::eventually;
using ::testing::HasSubstr;
using testing::monotonic_us;
using testing::report;

constexpr int kAny = 0;

struct ShareTest : testing::DeploymentFixture {
  Child join(int loops, int most = kAny) { return spawn(loops, {}, most); }

  /// How many loops each process holds, by its number in the system.
  std::map<pid_t, int> held() {
    const auto rows = database->read([](db::Session& s) {
      return s.query("select process from lease where holder is not null and expires_at > " +
                     db::now_sql(s.dialect()));
    });
    std::map<pid_t, int> held;
    for (const db::Row row : *rows) {
      const auto process = row.get<std::string>(0);
      ++held[std::stoi(process.substr(process.rfind(':') + 1))];
    }
    return held;
  }
  bool comes_to(const std::map<pid_t, int>& wanted) {
    const bool has = eventually([&] { return held() == wanted; }, seconds(40));
    if (!has) {
      const auto found = held();
      for (const auto& [process, count] : found) {
        ADD_FAILURE() << "process " << process << " holds " << count;
      }
    }
    return has;
  }
  /// How often loops were taken, by anybody.
  std::int64_t taken() {
    return database->read([](db::Session& s) { return s.query("select sum(token) from lease"); })
        ->scalar<std::int64_t>();
  }
  /// After everybody has looked at the leases some more times all is as it was.
  void stays() {
    const std::map<pid_t, int> before = held();
    const std::int64_t taken_before = taken();
    std::map<std::string, Instant> heartbeats;
    const auto list = processes(*database).value();
    for (const ProcessInfo& one : list) heartbeats[one.id] = one.heartbeat_at;
    ASSERT_TRUE(eventually([&] {
      const auto now = processes(*database).value();
      for (const ProcessInfo& one : now) {
        if (one.is_stale || one.stopped_at) continue;
        if (one.heartbeat_at - heartbeats[one.id] < milliseconds(testing::kTtlMs)) return false;
      }
      return true;
    }));
    EXPECT_EQ(held(), before);
    EXPECT_EQ(taken(), taken_before);
  }
  void report_longest_pause(int loops) {
    std::int64_t longest = 0;
    const std::vector<Entry> entries = account();
    for (int i = 0; i < loops; ++i) {
      std::int64_t last = 0;
      for (const Entry& one : entries) {
        if (one.what != 'W' || one.loop != fmt::format("loop-{}", i)) continue;
        if (last > 0) longest = std::max(longest, one.at_us - last);
        last = std::max(last, one.at_us);
      }
    }
    report("longest pause of a loop", longest);
  }
};

TEST_P(ShareTest, TwelveLoopsOnThreeProcessesAreFourEach) {
  Child north = join(12);
  ASSERT_TRUE(comes_to({{north.pid(), 12}}));
  std::int64_t begun = monotonic_us();
  Child south = join(12);
  Child west = join(12);
  ASSERT_TRUE(comes_to({{north.pid(), 4}, {south.pid(), 4}, {west.pid(), 4}}));
  report("two joined: shared out", monotonic_us() - begun);
  // Those that had to move have moved once, with room for a first one that is even too soon.
  EXPECT_LE(taken(), 12 + 8 + 4);
  report_longest_pause(12);
  stays();
  check_books(12);

  begun = monotonic_us();
  south.kill();
  ASSERT_TRUE(comes_to({{north.pid(), 6}, {west.pid(), 6}}));
  report("one killed: shared out", monotonic_us() - begun);
  stays();

  Child east = join(12);
  ASSERT_TRUE(comes_to({{north.pid(), 4}, {east.pid(), 4}, {west.pid(), 4}}));
  begun = monotonic_us();
  west.send(SIGTERM);
  EXPECT_EQ(west.wait(), 0);
  ASSERT_TRUE(comes_to({{north.pid(), 6}, {east.pid(), 6}}));
  report("one stopped: shared out", monotonic_us() - begun);
  stays();
  check_books(12);
}

TEST_P(ShareTest, AFrozenProcessIsNotCountedAndGetsItsShareBack) {
  Child north = join(6);
  Child south = join(6);
  ASSERT_TRUE(comes_to({{north.pid(), 3}, {south.pid(), 3}}));
  south.freeze();
  const bool is_taken =
      eventually([&] { return held() == std::map<pid_t, int>{{north.pid(), 6}}; }, seconds(10));
  // On SQLite it may be frozen inside a write: then nobody can take anything until it goes on.
  EXPECT_TRUE(is_taken || GetParam() == db::Dialect::kSqlite);
  if (is_taken) stays();
  south.send(SIGCONT);
  ASSERT_TRUE(comes_to({{north.pid(), 3}, {south.pid(), 3}}));
  stays();
  check_books(6);
}

TEST_P(ShareTest, EachHoldsNoMoreThanItMay) {
  Child small = join(12, 2);
  ASSERT_TRUE(comes_to({{small.pid(), 2}}));
  Child large = join(12, 10);
  ASSERT_TRUE(comes_to({{small.pid(), 2}, {large.pid(), 10}}));
  stays();
  check_books(12);
}

TEST_P(ShareTest, BeyondTheRoomOfAllTheRestSaysSo) {
  const auto without_room = [&] {
    std::vector<LoopStatus> rest;
    auto loops = all_loops(*database).value();
    for (LoopStatus& loop : loops) {
      if (loop.word == "no room") rest.push_back(std::move(loop));
    }
    return rest;
  };
  Child north = join(5, 2);
  ASSERT_TRUE(eventually([&] { return without_room().size() == 3; }, seconds(40)));
  EXPECT_EQ(without_room().at(0).cause,
            "The only process that could run it is full: it holds 2, as many as it may, of 5.");
  Child south = join(5, 1);
  ASSERT_TRUE(comes_to({{north.pid(), 2}, {south.pid(), 1}}));
  ASSERT_TRUE(eventually(
      [&] {
        const auto rest = without_room();
        return rest.size() == 2 && rest[0].cause.contains("All 2 processes");
      },
      seconds(40)));
  EXPECT_EQ(without_room().at(0).cause,
            "All 2 processes that could run it are full: together they hold 3, as many as they "
            "may, of 5.");
  EXPECT_EQ(without_room().at(0).health, Health::kBad);
  EXPECT_EQ(without_room().at(0).remedy, "Start more.");
  stays();
  // The room that was asked for.
  Child west = join(5);
  ASSERT_TRUE(eventually([&] { return without_room().empty(); }, seconds(40)));
  ASSERT_TRUE(comes_to({{north.pid(), 2}, {south.pid(), 1}, {west.pid(), 2}}));
  check_books(5);
}

INSTANTIATE_TEST_SUITE_P(Databases, ShareTest, testing::every_store(), testing::store_name);

struct ShareInProcess : testing::SupervisorTest {
  static LoopSpec shared(std::string name, LoopBody body, int most = kAny) {
    LoopSpec loop = testing::spec(std::move(name), std::move(body));
    loop.group = {.name = "cameras", .most_held = most, .remedy = ""};
    return loop;
  }
  std::vector<std::int64_t> tokens(const std::vector<std::string>& names) {
    std::vector<std::int64_t> tokens;
    for (const auto& name : names) tokens.push_back(history(name).at(0).token);
    return tokens;
  }
};

// It keeps failing wherever it is, which is no reason to move it.
TEST_P(ShareInProcess, ALoopThatCannotRunIsNotMovedAround) {
  std::atomic<int> failures = 0;
  testing::Sleeper sleeper;
  const LoopBody failing = [&](LoopContext&) -> Result<void> {
    ++failures;
    return fail(ErrorCode::kUnavailable, "Connection refused.");
  };
  const std::vector<std::string> names{"a", "b", "c", "d"};
  Supervisor north(*database, options());
  Supervisor south(*other_database, options());
  for (Supervisor* one : {&north, &south}) {
    for (const auto& name : names) {
      ASSERT_TRUE(one->add(shared(name, name < "c" ? failing : sleeper.body())));
    }
    one->start();
  }
  ASSERT_TRUE(eventually(
      [&] { return north.metrics().leases_held == 2 && south.metrics().leases_held == 2; },
      seconds(40)));
  const auto before = tokens(names);
  const int failed = failures;
  ASSERT_TRUE(eventually([&] { return failures > failed + 40; }, seconds(60)));
  EXPECT_EQ(tokens(names), before);
}

// What has ended needs no room.
TEST_P(ShareInProcess, FinishedLoopsAreNotCounted) {
  testing::Sleeper sleeper;
  Supervisor only(*database, options());
  const LoopBody ends = [](LoopContext&) -> Result<void> { return {}; };
  for (const std::string name : {"a", "b", "c"}) ASSERT_TRUE(only.add(shared(name, ends, 1)));
  ASSERT_TRUE(only.add(shared("d", sleeper.body(), 1)));
  only.start();
  for (const std::string name : {"a", "b", "c"}) {
    ASSERT_TRUE(reaches(only, name, LoopState::kFinished)) << name;
  }
  ASSERT_TRUE(eventually([&] { return sleeper.running == 1; }));
}

TEST_P(ShareInProcess, AFirstLoopMakesAMemberOfARunningProcess) {
  testing::Sleeper first;
  testing::Sleeper second;
  Supervisor north(*database, options());
  Supervisor south(*other_database, options());
  north.start();
  south.start();
  ASSERT_TRUE(eventually([&] { return processes(*database).value().size() == 2; }));
  for (const std::string name : {"a", "b"}) ASSERT_TRUE(north.add(shared(name, first.body())));
  ASSERT_TRUE(eventually([&] { return first.running == 2; }));
  for (const std::string name : {"a", "b"}) ASSERT_TRUE(south.add(shared(name, second.body())));
  ASSERT_TRUE(eventually([&] { return first.running == 1 && second.running == 1; }));
}

INSTANTIATE_TEST_SUITE_P(Databases, ShareInProcess, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
