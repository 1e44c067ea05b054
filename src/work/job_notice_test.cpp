// What people look at hears of jobs that begin and go on, not only of those that end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "work/testing/worker_fixture.hpp"

namespace vedette::work::testing {
namespace {

struct JobNotices : WorkerTest {};

TEST_P(JobNotices, AJobThatBeginsAndGoesOnIsTold) {
  Gate gate;
  const auto working = process({quick("paint", [&](std::string_view, JobContext& job) {
    if (!gate.pass(job.stop_token())) return stopped();
    job.progress(1, 2);
    while (sleep_for(job.stop_token(), std::chrono::milliseconds(10))) {
    }
    return stopped();
  })});
  std::atomic<int> told = 0;
  const auto listening =
      working->database().subscribe(std::string(kJobChangeChannel), [&](std::string_view kind) {
        if (kind == "paint") ++told;
      });
  ASSERT_TRUE(working->works());
  // Without a word of its own, so that what is heard is the worker's.
  ASSERT_TRUE(database->write([&](db::Session& session) {
    const std::string now = db::now_sql(GetParam());
    return session.execute(
        "insert into job (kind, payload, rank, run_at, created_at, waits_for) "
        "values ('paint', '{}', " +
        now + ", " + now + ", " + now + ", 'worker')");
  }));
  EXPECT_TRUE(eventually([&] { return told > 0; })) << "it began";
  const int before = told;
  gate.open();
  EXPECT_TRUE(eventually([&] { return told > before; })) << "it goes on";
}

INSTANTIATE_TEST_SUITE_P(EveryStore, JobNotices, every_store(), store_name);

}  // namespace
}  // namespace vedette::work::testing
