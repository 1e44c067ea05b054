#include "work/job_keeper.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "work/testing/job_fixture.hpp"
#include "work/worker.hpp"

namespace vedette::work::testing {
namespace {

using namespace std::chrono_literals;

struct JobKeeper : JobFixture {
  void SetUp() override {
    JobFixture::SetUp();
    if (IsSkipped()) return;
    worker = std::make_unique<Worker>(*database, WorkerOptions{});
    JobKind kind;
    kind.name = kKind;
    kind.keep = 24h;
    kind.body = [](std::string_view, JobContext&) -> Result<JobEnd> { return JobEnd::completed(); };
    ASSERT_TRUE(worker->add(std::move(kind)));
  }
  /// Jobs that ended some days ago, in one statement.
  void ended(int count, const char* kind, const char* state, int days_ago) {
    const auto moment = now(fmt::format("{}", -Micros(24h * days_ago).count()));
    change(
        fmt::format("with recursive n(i) as (select 1 union all select i + 1 from n where i < {0}) "
                    "insert into job (kind, state, payload, rank, run_at, created_at, finished_at) "
                    "select '{1}', '{2}', '{{}}', {3}, {3}, {3}, {3} from n",
                    count, kind, state, moment));
  }
  std::int64_t prune(const Fence& fence = Fence::none()) {
    LoopContext context(std::stop_token{}, fence);
    return db::testing::must(prune_ended_jobs(*database, *worker, context));
  }

  std::unique_ptr<Worker> worker;
};

TEST_P(JobKeeper, KeepsEachKindAsLongAsItSays) {
  ended(3, kKind, "completed", 2);
  ended(2, kKind, "completed", 0);
  ended(1, kKind, "cancelled", 2);
  ended(4, "of-another-version", "completed", 2);
  ended(5, "of-another-version", "completed", 8);
  add();
  EXPECT_EQ(prune(), 3 + 1 + 5);
  EXPECT_EQ(number("select count(*) from job"), 2 + 4 + 1);
  EXPECT_EQ(prune(), 0);
}

TEST_P(JobKeeper, WhatFailedForGoodIsKeptLonger) {
  ended(1, kKind, "discarded", 5);
  ended(1, kKind, "discarded", 8);
  EXPECT_EQ(prune(), 1);
}

TEST_P(JobKeeper, GoesOnUntilNothingIsLeft) {
  ended(2500, kKind, "completed", 2);
  EXPECT_EQ(prune(), 2500);
}

TEST_P(JobKeeper, WithoutItsLeaseItDeletesNothing) {
  ended(1, kKind, "completed", 2);
  Fence lost = north.fence;
  ++lost.token;
  LoopContext context(std::stop_token{}, lost);
  const auto pruned = prune_ended_jobs(*database, *worker, context);
  ASSERT_FALSE(pruned);
  EXPECT_EQ(pruned.error().code, ErrorCode::kFenced);
  EXPECT_EQ(number("select count(*) from job"), 1);
}

INSTANTIATE_TEST_SUITE_P(EveryStore, JobKeeper, every_store(), store_name);

}  // namespace
}  // namespace vedette::work::testing
