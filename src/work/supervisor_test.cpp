// The supervisor inside one process, alone and with a second one on the same database; both
// databases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "work/testing/supervisor_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::eventually;
using ::testing::HasSubstr;
using testing::Sleeper;
using testing::spec;

struct Supervision : testing::SupervisorTest {};

TEST_P(Supervision, RunsALoopUnderItsLeaseAndGivesItBackAtTheStop) {
  std::atomic<bool> has_written = false;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("roll-up", [&](LoopContext& loop) -> Result<void> {
    VEDETTE_CHECK(database->write([&](db::Session& s) { return loop.fence().check(s); }));
    has_written = true;
    loop.success(milliseconds(7));
    loop.wait(hours(1));
    return {};
  })));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return has_written.load(); }));
  ASSERT_TRUE(reaches(supervisor, "roll-up", LoopState::kWaiting));
  const LoopStatus status = supervisor.snapshot().at(0);
  EXPECT_EQ(status.token, 1);
  EXPECT_EQ(status.held_by, supervisor.process_name());
  EXPECT_EQ(status.title, "Loop roll-up");
  EXPECT_EQ(status.last_took, milliseconds(7));
  EXPECT_TRUE(status.next_run_at);
  EXPECT_EQ(supervisor.metrics().leases_held, 1);

  EXPECT_TRUE(supervisor.stop(seconds(5)).empty());
  EXPECT_EQ(supervisor.snapshot().at(0).state, LoopState::kStopped);
  const auto past = history("roll-up");
  ASSERT_EQ(past.size(), 1u);
  EXPECT_EQ(past[0].ended_by, "released");
  EXPECT_EQ(past[0].process, supervisor.process_name());
  // The last state is in the database for the others to see.
  const auto rows = all_loops(*other_database).value();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, LoopState::kStopped);
  EXPECT_TRUE(processes(*other_database).value().at(0).stopped_at);
}

TEST_P(Supervision, OfTwoOneRunsAndTheOtherStandsByUntilItStops) {
  Sleeper first;
  Sleeper second;
  Supervisor north(*database, options());
  Supervisor south(*other_database, options());
  ASSERT_TRUE(north.add(spec("roll-up", first.body())));
  north.start();
  ASSERT_TRUE(eventually([&] { return first.running == 1; }));
  ASSERT_TRUE(south.add(spec("roll-up", second.body())));
  south.start();
  ASSERT_TRUE(reaches(south, "roll-up", LoopState::kStandby));
  EXPECT_EQ(south.status("roll-up")->held_by, north.process_name());
  EXPECT_THAT(south.status("roll-up")->cause, HasSubstr(north.process_name()));

  const auto asked = std::chrono::steady_clock::now();
  EXPECT_TRUE(north.stop(seconds(5)).empty());
  ASSERT_TRUE(eventually([&] { return second.running == 1; }));
  const auto took = std::chrono::steady_clock::now() - asked;
  // Given back, not run out.
  EXPECT_LT(took, options().lease.row_life());
  RecordProperty("hand_over_ms", static_cast<int>(took / milliseconds(1)));
  EXPECT_EQ(second.token, 2);
  EXPECT_EQ(first.running, 0);
  const auto past = history("roll-up");
  EXPECT_EQ(past[1].ended_by, "released");
  EXPECT_LE(*past[1].ended_at, past[0].acquired_at);
}

TEST_P(Supervision, ALoopWithoutALeaseRunsEverywhere) {
  Sleeper first;
  Sleeper second;
  Supervisor north(*database, options());
  Supervisor south(*other_database, options());
  ASSERT_TRUE(north.add(spec("sweep", first.body(), "")));
  ASSERT_TRUE(south.add(spec("sweep", second.body(), "")));
  north.start();
  south.start();
  ASSERT_TRUE(eventually([&] { return first.running == 1 && second.running == 1; }));
  EXPECT_EQ(first.token, 0);
  ASSERT_TRUE(eventually([&] { return north.all().value().size() == 2; }));
}

TEST_P(Supervision, LoopsOfBothProcessesAreFoundByName) {
  Sleeper here;
  Sleeper there;
  Supervisor north(*database, options());
  Supervisor south(*other_database, options());
  ASSERT_TRUE(north.add(spec("a-north", here.body())));
  ASSERT_TRUE(south.add(spec("b-south", there.body())));
  north.start();
  south.start();
  ASSERT_TRUE(eventually([&] { return north.all().value().size() == 2; }));
  for (const std::string name : {"a-north", "b-south"}) {
    const auto found = north.all({&name, 1}).value();
    ASSERT_EQ(found.size(), 1u) << name;
    EXPECT_EQ(found[0].name, name);
  }
  const std::string unknown = "c";
  EXPECT_TRUE(north.all({&unknown, 1}).value().empty());
  ASSERT_TRUE(eventually([&] { return north.holds("a-north"); }));
  EXPECT_FALSE(north.holds("b-south"));
}

TEST_P(Supervision, ALoopOfAnotherRoleIsNotStarted) {
  SupervisorOptions only_api = options();
  only_api.roles = Roles().add(Role::kApi);
  Sleeper sleeper;
  Supervisor supervisor(*database, only_api);
  ASSERT_TRUE(supervisor.add(spec("roll-up", sleeper.body())));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return !processes(*other_database).value().empty(); }));
  EXPECT_TRUE(supervisor.snapshot().empty());
  EXPECT_EQ(sleeper.runs, 0);
}

TEST_P(Supervision, LoopsComeAndGoWhileItRuns) {
  Supervisor supervisor(*database, options());
  supervisor.start();
  for (int round = 1; round <= 3; ++round) {
    auto sleeper = std::make_shared<Sleeper>();
    const std::weak_ptr<Sleeper> witness = sleeper;
    LoopSpec loop = spec("camera", [sleeper, body = sleeper->body()](LoopContext& context) {
      return body(context);
    });
    ASSERT_TRUE(supervisor.add(std::move(loop)));
    ASSERT_TRUE(eventually([&] { return sleeper->running == 1; }));
    EXPECT_EQ(sleeper->token, round);
    ASSERT_TRUE(supervisor.remove("camera"));
    EXPECT_EQ(sleeper->running, 0);
    sleeper.reset();
    EXPECT_TRUE(witness.expired());  // nothing of the body is left
    EXPECT_TRUE(supervisor.snapshot().empty());
    EXPECT_EQ(history("camera").at(0).ended_by, "released");
  }
  ASSERT_TRUE(eventually([&] { return all_loops(*other_database).value().empty(); }));
  EXPECT_EQ(supervisor.remove("camera").error().code, ErrorCode::kNotFound);
}

TEST_P(Supervision, NamesAndLeasesAreUsedOnce) {
  Sleeper sleeper;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("a", sleeper.body())));
  EXPECT_EQ(supervisor.add(spec("a", sleeper.body())).error().code, ErrorCode::kConflict);
  EXPECT_EQ(supervisor.add(spec("b", sleeper.body(), "a")).error().code, ErrorCode::kConflict);
  EXPECT_EQ(supervisor.add(spec("", sleeper.body())).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(supervisor.remove("a"));
  EXPECT_TRUE(supervisor.snapshot().empty());
}

TEST_P(Supervision, ABodyThatDoesNotEndIsNamedAndKeepsItsLease) {
  std::atomic<bool> may_end = false;
  std::atomic<bool> has_begun = false;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("stubborn", [&](LoopContext&) -> Result<void> {
    has_begun = true;
    may_end.wait(false);
    // Written down after the supervisor's end has begun: sanitizers see whether it is still there.
    return fail(ErrorCode::kUnavailable, "An answer that is too long to be kept inside a string.");
  })));
  Sleeper sleeper;
  ASSERT_TRUE(supervisor.add(spec("good", sleeper.body())));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return has_begun && sleeper.running == 1; }));
  EXPECT_EQ(supervisor.remove("stubborn", milliseconds(30)).error().code, ErrorCode::kTimeout);
  EXPECT_EQ(supervisor.status("stubborn")->state, LoopState::kStopping);
  EXPECT_THAT(supervisor.stop(milliseconds(300)), ElementsAre("stubborn"));
  EXPECT_EQ(history("stubborn").at(0).ended_by, "");
  EXPECT_EQ(history("good").at(0).ended_by, "released");
  may_end = true;
  may_end.notify_all();
}

TEST_P(Supervision, ABodyCannotWaitForItsOwnEnd) {
  std::atomic<bool> was_refused = false;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("a", [&](LoopContext& loop) -> Result<void> {
    const auto removed = supervisor.remove("a");
    was_refused = !removed && removed.error().code == ErrorCode::kInvalid;
    loop.wait(hours(1));
    return {};
  })));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return was_refused.load(); }));
}

// Somebody else has the lease by the database's word: the body ends, its writes fail before that.
TEST_P(Supervision, AllTellsOfEveryProcess) {
  Sleeper first;
  Sleeper second;
  Sleeper third;
  Supervisor north(*database, options());
  Supervisor south(*other_database, options());
  north.set_address("http://north:8080");
  south.set_address("http://south:8080");
  ASSERT_TRUE(north.add(spec("a", first.body())));
  north.start();
  north.set_address("too late");
  ASSERT_TRUE(eventually([&] { return first.running == 1; }));
  ASSERT_TRUE(south.add(spec("a", second.body())));
  ASSERT_TRUE(south.add(spec("b", third.body())));
  south.start();
  ASSERT_TRUE(eventually([&] {
    const auto loops = north.all().value();
    return loops.size() == 2 && loops[0].standbys.size() == 1 &&
           loops[1].state == LoopState::kWaiting;
  }));
  const auto loops = north.all().value();
  EXPECT_EQ(loops[0].name, "a");
  EXPECT_EQ(loops[0].process_id, north.process_id());
  EXPECT_EQ(loops[0].state, LoopState::kWaiting);
  EXPECT_EQ(loops[1].process_id, south.process_id());
  EXPECT_EQ(loops[1].address, "http://south:8080");
  EXPECT_EQ(loops[1].token, 1);
  EXPECT_FALSE(loops[1].is_stale);
  const auto list = processes(*database).value();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].version, "1.2.3");
  for (const auto& process : list) {
    EXPECT_EQ(process.address,
              process.id == north.process_id() ? "http://north:8080" : "http://south:8080");
  }
  EXPECT_EQ(list[0].roles, "api, watch, collect, work, keep");
  EXPECT_GT(list[0].resident_bytes, 0);
  EXPECT_FALSE(list[0].is_stale);
}

TEST_P(Supervision, TellsOfChanges) {
  std::atomic<int> changes = 0;
  SupervisorOptions with_listener = options();
  with_listener.on_change = [&] { ++changes; };
  Sleeper sleeper;
  Supervisor supervisor(*database, with_listener);
  ASSERT_TRUE(supervisor.add(spec("a", sleeper.body())));
  supervisor.start();
  ASSERT_TRUE(reaches(supervisor, "a", LoopState::kWaiting));
  const int before = changes;
  ASSERT_TRUE(supervisor.wake("a"));
  EXPECT_TRUE(eventually([&] { return changes > before; }));
}

TEST_P(Supervision, AtAStopTheLastOnesEndWhenTheOthersHave) {
  std::atomic<bool> may_end = false;
  std::atomic<bool> has_ended = false;
  std::atomic<bool> was_asked = false;
  std::atomic<bool> came_last = false;
  Sleeper ready;
  Supervisor supervisor(*database, options());
  LoopSpec last = spec("a-last", [&](LoopContext& loop) -> Result<void> {
    ++ready.running;
    loop.wait(hours(1));
    came_last = has_ended.load();
    return {};
  });
  last.ends_last = true;
  ASSERT_TRUE(supervisor.add(std::move(last)));
  ASSERT_TRUE(supervisor.add(spec("b", [&](LoopContext& loop) -> Result<void> {
    ++ready.running;
    loop.wait(hours(1));
    was_asked = true;
    may_end.wait(false);
    has_ended = true;
    return {};
  })));
  supervisor.start();
  ASSERT_TRUE(eventually([&] { return ready.running == 2; }));
  std::jthread stopper([&] { EXPECT_TRUE(supervisor.stop(seconds(20)).empty()); });
  ASSERT_TRUE(eventually([&] { return was_asked.load(); }));
  EXPECT_NE(supervisor.status("a-last")->state, LoopState::kStopped);
  may_end = true;
  may_end.notify_all();
  stopper.join();
  EXPECT_TRUE(came_last);
}

TEST_P(Supervision, NeverStartedItStopsAtOnce) {
  Sleeper sleeper;
  Supervisor supervisor(*database, options());
  ASSERT_TRUE(supervisor.add(spec("a", sleeper.body())));
  EXPECT_TRUE(supervisor.stop(seconds(5)).empty());
  EXPECT_EQ(supervisor.add(spec("b", sleeper.body())).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(sleeper.runs, 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, Supervision, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
