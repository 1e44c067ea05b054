// What a claim costs on PostgreSQL, by its plan and by the pages it touches: the same with ten or a
// hundred thousand jobs waiting, with or without statistics, with a snapshot held open beside it.
#include <gmock/gmock.h>

#include "work/job_sql.hpp"
#include "work/testing/job_fixture.hpp"

namespace vedette::work {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct JobPlanTest : testing::JobFixture {
  struct Plan {
    std::string text;
    std::int64_t pages = 0;  // touched, the whole statement
  };

  void SetUp() override {
    JobFixture::SetUp();
    if (IsSkipped()) return;
    // Statistics come when the test says so.
    change("alter table job set (autovacuum_enabled = off)");
  }
  void fill(int jobs, const std::string& state, const std::string& waits_for) {
    change(fmt::format(
        "insert into job (kind, state, waits_for, rank, run_at, created_at, finished_at, payload) "
        "select 'count-file', '{}', {}, clock_timestamp(), clock_timestamp(), clock_timestamp(), "
        "{}, '{{}}' from generate_series(1, {})",
        state, waits_for, state == "completed" ? "clock_timestamp()" : "null", jobs));
  }
  /// As claim_jobs does it, from a place on; rolled back.
  Plan explain(int limit, JobPlace from = {}) {
    Plan plan;
    const auto outcome = database->write([&](db::Session& s) -> Result<void> {
      VEDETTE_CHECK(tune_planner(s));
      VEDETTE_CHECK(s.script("prepare claim(text, text, text, timestamptz, bigint, bigint) as " +
                             claim_sql(db::Dialect::kPostgres, false)));
      VEDETTE_TRY(rows, s.query(fmt::format(
                            "explain (analyze, buffers, costs off, timing off, summary off) "
                            "execute claim('w', 'p', 'count-file', "
                            "timestamptz '1970-01-01' + {} * interval '1 microsecond', {}, {})",
                            to_micros(from.rank), from.id, limit)));
      VEDETTE_CHECK(s.script("deallocate claim"));
      for (const db::Row row : rows) {
        const auto line = row.get<std::string>(0);
        plan.text += line + "\n";
        const auto at = line.find("Buffers: shared");
        if (at != std::string::npos && plan.pages == 0) plan.pages = pages_in(line.substr(at));
      }
      return fail(ErrorCode::kConflict, "Only looked.");
    });
    EXPECT_EQ(outcome.error().message, "Only looked.") << outcome.error().detail;
    return plan;
  }
  static std::int64_t pages_in(const std::string& line) {
    std::int64_t pages = 0;
    for (const char* word : {"hit=", "read="}) {
      const auto at = line.find(word);
      if (at != std::string::npos) pages += std::stoll(line.substr(at + std::string(word).size()));
    }
    return pages;
  }
  static void expect_walk(const Plan& plan) {
    EXPECT_THAT(plan.text, HasSubstr("using job_ready"));
    EXPECT_THAT(plan.text, HasSubstr("Tid Scan on job"));
    EXPECT_THAT(plan.text, Not(HasSubstr("Seq Scan on job\n")));
    EXPECT_THAT(plan.text, Not(HasSubstr("Seq Scan on job ")));
    EXPECT_THAT(plan.text, Not(HasSubstr("Sort")));
    EXPECT_THAT(plan.text, Not(HasSubstr("Bitmap")));
    EXPECT_THAT(plan.text, Not(HasSubstr("Hash")));
  }
};

TEST_P(JobPlanTest, AClaimWalksTheReadyIndexWhateverTheStatisticsSay) {
  fill(20, "available", "'worker'");
  const Plan small = explain(10);
  expect_walk(small);
  change("analyze job");  // true for twenty, and believed when there are many more
  fill(100'000, "available", "'worker'");
  fill(100'000, "completed", "null");
  const Plan stale = explain(10);
  expect_walk(stale);
  change("analyze job");
  const Plan known = explain(10);
  expect_walk(known);
  EXPECT_LE(stale.pages, 2 * small.pages) << stale.text << small.text;
  EXPECT_LE(known.pages, 2 * small.pages) << known.text << small.text;
}

TEST_P(JobPlanTest, ATableNeverAnalysedIsWalkedAsWell) {
  fill(50'000, "available", "'worker'");
  const Plan plan = explain(10);
  expect_walk(plan);
  EXPECT_LE(plan.pages, 400) << plan.text;
}

// A planner that expects one running job compares each of them with each ending.
TEST_P(JobPlanTest, EndingsAreLookedUpById) {
  fill(50'000, "completed", "null");
  fill(1'000, "available", "'worker'");
  std::string ids = "{";
  std::string attempts = "{";
  for (const ClaimedJob& one : claim(north, 500)) {
    ids += fmt::format("{}{}", ids.size() > 1 ? "," : "", one.id);
    attempts += fmt::format("{}{}", attempts.size() > 1 ? "," : "", one.attempt);
  }
  for (const bool is_analysed : {false, true}) {
    if (is_analysed) change("analyze job");
    for (const bool is_kept : {false, true}) {
      std::string text;
      const auto outcome = database->write([&](db::Session& s) -> Result<void> {
        std::vector<db::Value> params{north.fence.name, ids + "}", attempts + "}"};
        if (is_kept) params.emplace_back(attempts + "}");
        VEDETTE_CHECK(tune_planner(s));
        VEDETTE_TRY(rows, s.query("explain (analyze, costs off, timing off, summary off) " +
                                      complete_sql(db::Dialect::kPostgres, is_kept),
                                  params));
        for (const db::Row row : rows) text += row.get<std::string>(0) + "\n";
        return fail(ErrorCode::kConflict, "Only looked.");
      });
      EXPECT_EQ(outcome.error().message, "Only looked.") << outcome.error().detail;
      EXPECT_THAT(text, HasSubstr("Index Scan using job_pkey on job (actual rows=1 loops=500)"));
      EXPECT_THAT(text, Not(HasSubstr("Removed by Join Filter")));
    }
  }
}

TEST_P(JobPlanTest, AHeldSnapshotDoesNotSlowAClaimThatGoesOnWhereTheLastEnded) {
  fill(20'100, "available", "'worker'");
  const auto first = write(
      [&](db::Session& s) { return claim_jobs(s, north.fence, {.kind = kKind, .limit = 10}); });
  const Plan before = explain(10);
  db::testing::must(other_database->read([&](db::Session& held) -> Result<void> {
    VEDETTE_CHECK(held.query("select count(*) from job"));
    JobPlace at = *first.last;
    for (int i = 0; i < 4; ++i) {
      const auto taken = write([&](db::Session& s) {
        return claim_jobs(s, north.fence, {.kind = kKind, .limit = 5'000, .from = at});
      });
      std::vector<Ending> endings;
      for (const ClaimedJob& one : taken.jobs) {
        endings.push_back({.id = one.id, .attempt = one.attempt, .is_kept = false});
      }
      end(north, endings);
      at = *taken.last;
    }
    // The dead rows are there, and a claim from the beginning walks over them.
    const Plan beginning = explain(10);
    EXPECT_GT(beginning.pages, 4 * before.pages) << beginning.text << before.text;
    const Plan from = explain(10, at);
    EXPECT_LE(from.pages, 2 * before.pages) << from.text << before.text;
    return {};
  }));
}

INSTANTIATE_TEST_SUITE_P(Postgres, JobPlanTest, ::testing::Values(db::Dialect::kPostgres),
                         testing::store_name);

}  // namespace
}  // namespace vedette::work
