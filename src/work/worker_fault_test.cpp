// Processes that work through jobs are killed and frozen; what they did is judged by the table of
// effects, by the rows of the jobs, and by an account that they keep in a file beside the database.
// VEDETTE_FAULT_JOBS=10000 makes the long run of it: a minute and a quarter a database.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "work/testing/child.hpp"
#include "work/testing/worker_fixture.hpp"

namespace vedette::work {
namespace {

using db::testing::must;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Child;
using testing::eventually;
using ::testing::HasSubstr;
using testing::WorkerTest;

constexpr milliseconds kTtl(3'000);
constexpr int kProcesses = 8;

int jobs_to_do() {
  const char* text = std::getenv("VEDETTE_FAULT_JOBS");
  return text == nullptr ? 1'000 : std::atoi(text);
}

struct Line {
  char what = 0;
  std::string kind;
  std::int64_t job = 0;
  std::int64_t attempt = 0;
  pid_t process = 0;
};

struct Faults : WorkerTest {
  std::string account_path;

  void SetUp() override {
    WorkerTest::SetUp();
    if (IsSkipped()) return;
    account_path = file("account");
    // No key: an effect that happened twice is to be seen.
    must(database->write([](db::Session& session) {
      return session.script(
          "create table effect (job bigint not null, attempt bigint not null, process bigint)");
    }));
  }
  Child spawn(int most_crashes = 1'000) const {
    return Child({VEDETTE_JOB_PEER, url(), account_path, std::to_string(kTtl.count()),
                  std::to_string(most_crashes)});
  }
  /// On SQLite not in the middle of a write, which would keep everybody from writing until it goes
  /// on: nothing could be taken over.
  void freeze(const Child& child) const {
    if (GetParam() == db::Dialect::kPostgres) return child.freeze();
    must(database->write([&](db::Session&) -> Result<void> {
      child.freeze();
      return {};
    }));
  }
  std::vector<Line> account() const {
    std::vector<Line> lines;
    std::ifstream in(account_path);
    Line line;
    while (in >> line.what >> line.kind >> line.job >> line.attempt >> line.process) {
      lines.push_back(line);
    }
    return lines;
  }
  bool says(char what, std::int64_t job, pid_t process) const {
    return std::ranges::any_of(account(), [&](const Line& line) {
      return line.what == what && line.job == job && line.process == process;
    });
  }
  std::map<std::int64_t, std::vector<std::int64_t>> effects() const {
    const auto rows = must(database->read(
        [](db::Session& session) { return session.query("select job, attempt from effect"); }));
    std::map<std::int64_t, std::vector<std::int64_t>> attempts;
    for (const db::Row row : rows) {
      attempts[row.get<std::int64_t>(0)].push_back(row.get<std::int64_t>(1));
    }
    return attempts;
  }
  std::int64_t attempts_of(std::int64_t id) const {
    return must(database->read([&](db::Session& session) {
             return session.query("select attempt from job where id = $1", {id});
           }))
        .scalar<std::int64_t>();
  }
  struct Sums {
    std::int64_t completed = 0;
    std::int64_t open = 0;
    std::int64_t others = 0;
    std::int64_t attempts = 0;
    std::int64_t crashes = 0;
    std::int64_t failures = 0;
  };
  Sums sums() const {
    const auto rows = must(database->read([](db::Session& session) {
      return session.query(
          "select state, count(*), sum(attempt), sum(crashes), sum(failures) from job "
          "group by state");
    }));
    Sums sums;
    for (const db::Row row : rows) {
      const auto state = *job_state_named(row.get<std::string>(0));
      const auto count = row.get<std::int64_t>(1);
      (state == JobState::kCompleted ? sums.completed
       : has_ended(state)            ? sums.others
                                     : sums.open) += count;
      sums.attempts += row.get<std::int64_t>(2);
      sums.crashes += row.get<std::int64_t>(3);
      sums.failures += row.get<std::int64_t>(4);
    }
    return sums;
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Faults, testing::every_store(), testing::store_name);

// Incident class: work lost on crash, zombie writes, time-only rescue, attempt accounting.
TEST_P(Faults, KilledAndFrozenAtRandomEveryEffectHappensOnce) {
  std::minstd_rand random{std::random_device{}()};
  std::vector<std::unique_ptr<Child>> children;
  const auto start = [&] { return std::make_unique<Child>(spawn()); };
  for (int i = 0; i < kProcesses; ++i) children.push_back(start());
  const int jobs = jobs_to_do();
  const int steps = std::max(25, jobs / 40);
  int frozen = -1;
  int thaw_at = 0;
  for (int step = 0, put = 0; step < steps; ++step) {
    const int upto = jobs * (step + 1) / steps;
    put_many("effect", upto - put);
    put = upto;
    std::this_thread::sleep_for(milliseconds(200));  // how often a fault strikes; orders nothing
    const int victim = static_cast<int>(random() % kProcesses);
    if (victim != frozen) {
      children[static_cast<std::size_t>(victim)]->kill();
      children[static_cast<std::size_t>(victim)] = start();
    }
    if (frozen >= 0 && step == thaw_at) {
      children[static_cast<std::size_t>(std::exchange(frozen, -1))]->send(SIGCONT);
    } else if (frozen < 0) {
      frozen = static_cast<int>(random() % kProcesses);
      freeze(*children[static_cast<std::size_t>(frozen)]);
      thaw_at = step + static_cast<int>(kTtl / milliseconds(200)) * 6 / 5;  // longer than a lease
    }
  }
  // The frozen one's jobs are others' after one lease, and it wakes among strangers.
  const bool are_done = eventually([&] { return sums().completed == jobs; }, kTtl * 10);
  const Sums seen = sums();
  EXPECT_TRUE(are_done) << seen.completed << " completed, " << seen.open << " open, " << seen.others
                        << " others";
  if (frozen >= 0) children[static_cast<std::size_t>(frozen)]->send(SIGCONT);
  for (const auto& child : children) child->send(SIGTERM);
  for (const auto& child : children) EXPECT_EQ(child->wait(), 0);

  const auto happened = effects();
  EXPECT_EQ(happened.size(), static_cast<std::size_t>(jobs));
  for (const auto& [job, attempts] : happened) {
    EXPECT_EQ(attempts.size(), 1u) << "job " << job;
    EXPECT_EQ(attempts.front(), attempts_of(job)) << "job " << job;
  }
  std::int64_t begun = 0;
  std::int64_t refused = 0;
  for (const Line& line : account()) {
    begun += line.what == 'B' ? 1 : 0;
    refused += line.what == 'F' ? 1 : 0;
    if (line.what != 'W') continue;
    const auto effect = happened.find(line.job);
    ASSERT_NE(effect, happened.end()) << "job " << line.job;
    EXPECT_EQ(effect->second.front(), line.attempt) << "job " << line.job;
  }
  const Sums end = sums();
  EXPECT_EQ(end.open, 0);
  EXPECT_EQ(end.failures, 0);
  // Each was taken once for its end, and once more for every time its process died (or, on a
  // machine that stands still, gave it back).
  EXPECT_GE(end.attempts, end.crashes + jobs);
  fmt::print("[ measured ] {} jobs: {} begun, {} crashes, {} zombies' writes refused\n", jobs,
             begun, end.crashes, refused);
}

// Incident class: zombie writes after its lease was taken.
TEST_P(Faults, AFrozenProcessIsRefusedWhenItWakes) {
  Child zombie = spawn();
  const std::int64_t id = put("held");
  ASSERT_TRUE(eventually([&] { return says('B', id, zombie.pid()); }));
  freeze(zombie);
  const Child heir = spawn();
  ASSERT_TRUE(eventually([&] { return says('B', id, heir.pid()); }, kTtl * 5));
  EXPECT_EQ(status(id).crashes, 1);
  zombie.send(SIGCONT);
  std::ofstream(account_path + ".open").put('\n');
  ASSERT_TRUE(eventually([&] { return says('F', id, zombie.pid()); }));
  ASSERT_TRUE(eventually([&] { return says('W', id, heir.pid()); }));
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  const auto happened = effects();
  ASSERT_EQ(happened.at(id).size(), 1u);
  EXPECT_EQ(happened.at(id).front(), 2);
  // It serves on, under a new holding.
  const std::int64_t next = put("held");
  EXPECT_TRUE(becomes(next, JobState::kCompleted));
}

// Incident class: poison job loops.
TEST_P(Faults, AJobThatKillsItsProcessIsSetAsideAndItsNeighboursAreNot) {
  put_many("effect", 20);
  const std::int64_t killer = put("killer");
  int deaths = 0;
  for (; deaths < 10 && status(killer).state != JobState::kDiscarded; ++deaths) {
    Child child = spawn();
    // It dies of the job, or has set it aside.
    ASSERT_TRUE(eventually(
        [&] { return child.has_ended() || status(killer).state == JobState::kDiscarded; },
        kTtl * 5));
  }
  EXPECT_EQ(status(killer).state, JobState::kDiscarded);
  EXPECT_EQ(status(killer).crashes, 3);
  EXPECT_THAT(status(killer).error, HasSubstr("died"));
  const Child child = spawn();
  EXPECT_TRUE(eventually([&] { return count("effect", JobState::kCompleted) == 20; }, kTtl * 5));
  EXPECT_EQ(effects().size(), 20u);
}

}  // namespace
}  // namespace vedette::work
