// What keeps the queue small, on both databases: pruning, and rows that change as seldom as can be.
#include <gmock/gmock.h>

#include "work/job_tally.hpp"
#include "work/testing/job_fixture.hpp"

namespace vedette::work {
namespace {

using std::chrono::hours;
using ::testing::IsEmpty;
using Kind = Ending::Kind;

struct JobUpkeepTest : testing::JobFixture {
  std::int64_t prune(Micros keep, Micros keep_discarded, int limit = 1'000) {
    return write([&](db::Session& s) { return prune_jobs(s, kKind, keep, keep_discarded, limit); });
  }
  /// Ended so long ago.
  void age(std::int64_t id, Micros by) {
    change(fmt::format("update job set finished_at = {} where id = {}",
                       now(std::to_string(-by.count())), id));
  }
};

TEST_P(JobUpkeepTest, OldRowsGoDiscardedOnesLater) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(add());
  const auto taken = claim(north, 5);
  EXPECT_THAT(
      end(north, {ending(taken[0], Kind::kCompleted), ending(taken[1], Kind::kCompleted),
                  ending(taken[2], Kind::kDiscarded, "no"), ending(taken[3], Kind::kCancelled),
                  ending(taken[4], Kind::kFailed, "later")}),
      IsEmpty());
  const auto other = add({.kind = "thumbnails"});
  EXPECT_TRUE(end(north, claim(north, 1, {.kind = "thumbnails"})[0], Kind::kCompleted));
  for (const std::int64_t id : {ids[0], ids[2], ids[3], other}) age(id, hours(10));
  EXPECT_EQ(prune(hours(5), hours(20)), 2);
  EXPECT_FALSE(read([&](db::Session& s) { return job(s, ids[0]); }));
  EXPECT_FALSE(read([&](db::Session& s) { return job(s, ids[3]); }));
  EXPECT_EQ(state(ids[1]), JobState::kCompleted);
  EXPECT_EQ(state(ids[2]), JobState::kDiscarded);
  EXPECT_EQ(state(ids[4]), JobState::kFailed);
  EXPECT_EQ(state(ids[5]), JobState::kAvailable);
  EXPECT_EQ(state(other), JobState::kCompleted);
  EXPECT_EQ(prune(hours(5), hours(9)), 1);
  EXPECT_EQ(prune(hours(5), hours(9)), 0);
}

TEST_P(JobUpkeepTest, PruningGoesInSteps) {
  for (int i = 0; i < 10; ++i) add();
  for (const ClaimedJob& one : claim(north, 10)) {
    EXPECT_TRUE(end(north, one, Kind::kCompleted));
    age(one.id, hours(10));
  }
  EXPECT_EQ(prune(hours(1), hours(1), 4), 4);
  EXPECT_EQ(prune(hours(1), hours(1), 4), 4);
  EXPECT_EQ(prune(hours(1), hours(1), 4), 2);
  EXPECT_EQ(number("select count(*) from job"), 0);
}

TEST_P(JobUpkeepTest, CountsOutliveTheirRowsAndAreForgottenAfterAWeek) {
  add();
  EXPECT_TRUE(end(north, claim(north)[0], Kind::kDiscarded, "It is no recording."));
  age(1, hours(10));
  EXPECT_EQ(prune(hours(1), hours(1)), 1);
  EXPECT_EQ(kind().discarded_day, 1);
  EXPECT_EQ(kind().last_error, "It is no recording.");
  change(fmt::format("update job_tally set bucket = {}", now("-172800000000")));
  EXPECT_EQ(kind().kind, "");  // nothing of it within a day
  change(fmt::format("update job_tally set bucket = {}", now("-864000000000")));
  prune(hours(1), hours(1));
  EXPECT_EQ(number("select count(*) from job_tally"), 0);
}

TEST_P(JobUpkeepTest, EveryWorkerAddsToItsOwnRow) {
  for (const Process* who : {&north, &south, &north}) {
    add();
    auto done = ending(claim(*who)[0], Kind::kCompleted);
    done.took = std::chrono::seconds(2);
    EXPECT_THAT(end(*who, {done}), IsEmpty());
  }
  EXPECT_EQ(kind().completed_hour, 3);
  EXPECT_EQ(kind().mean_took, std::chrono::seconds(2));
  EXPECT_EQ(number("select count(distinct worker) from job_tally"), 2);
  // Two rows, or four when five minutes ended in between.
  EXPECT_LE(number("select count(*) from job_tally"), 4);
}

TEST_P(JobUpkeepTest, OneCompletedByItsBodyIsCountedAfterwards) {
  const auto id = add();
  const auto taken = claim(north)[0];
  write([&](db::Session& s) {
    return complete_job(s, {.job = id, .attempt = taken.attempt, .worker = north.fence},
                        R"({"n": 1})", true);
  });
  EXPECT_EQ(status(id).result, R"({"n": 1})");
  EXPECT_EQ(kind().completed_day, 0);
  EXPECT_TRUE(end(north, taken, Kind::kCompletedAlready));
  EXPECT_EQ(kind().completed_day, 1);
}

// Bloat: what a job costs in row versions, by PostgreSQL's own count.
TEST_P(JobUpkeepTest, Bloat) {
  if (is_sqlite()) GTEST_SKIP() << "SQLite keeps no row versions.";
  write([&](db::Session& s) -> Result<void> {
    const auto count = [&](const std::string& column) -> Result<std::int64_t> {
      VEDETTE_TRY(rows, s.query(fmt::format("select {} from pg_stat_xact_user_tables "
                                            "where relname = 'job'",
                                            column)));
      return rows.scalar<std::int64_t>();
    };
    VEDETTE_CHECK(enqueue_all(s, std::vector<NewJob>(100, NewJob{.kind = kKind})));
    VEDETTE_TRY(claimed, claim_jobs(s, north.fence, {.kind = kKind, .limit = 100}));
    VEDETTE_TRY(claims, count("n_tup_upd"));
    EXPECT_EQ(claims, 100);
    std::vector<ProgressNote> notes;
    std::vector<Ending> endings;
    for (const ClaimedJob& one : claimed.jobs) {
      notes.push_back({.id = one.id, .attempt = one.attempt, .done = 1});
      endings.push_back({.id = one.id, .attempt = one.attempt, .is_kept = false});
    }
    VEDETTE_CHECK(note_progress(s, north.fence, {notes.data(), 5}));
    VEDETTE_TRY(noted, count("n_tup_upd"));
    EXPECT_EQ(noted, 105);
    VEDETTE_CHECK(end_jobs(s, kKind, north.fence, endings));
    VEDETTE_TRY(updates, count("n_tup_upd"));
    VEDETTE_TRY(deletes, count("n_tup_del"));
    EXPECT_EQ(updates, 105);
    EXPECT_EQ(deletes, 100);
    return {};
  });
}

INSTANTIATE_TEST_SUITE_P(EveryStore, JobUpkeepTest, testing::every_store(), testing::store_name);

}  // namespace
}  // namespace vedette::work
