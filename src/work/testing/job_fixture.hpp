// What the tests of the queue's SQL share: workers that hold their lease, and the queue's functions
// each in a transaction of its own, which must succeed.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "work/job_queue.hpp"
#include "work/job_store.hpp"
#include "work/lease_store.hpp"
#include "work/testing/eventually.hpp"
#include "work/testing/store.hpp"
#include "work/worker.hpp"

namespace vedette::work::testing {

struct JobFixture : StoreTest {
  static constexpr const char* kKind = "count-file";

  /// A process as the queue sees it.
  struct Process {
    std::string id;
    LeaseOptions options;
    LeaseStore leases{id, id + ":1", options};
    Fence fence;
  };

  void SetUp() override {
    StoreTest::SetUp();
    if (IsSkipped()) return;
    north = start("north");
    south = start("south");
  }

  template <class F>
  auto write(F&& body) {
    return db::testing::must(database->write(std::forward<F>(body)));
  }
  template <class F>
  auto read(F&& body) {
    return db::testing::must(database->read(std::forward<F>(body)));
  }
  void change(const std::string& sql) {
    write([&](db::Session& s) { return s.execute(sql); });
  }
  std::int64_t number(const std::string& sql) {
    return read([&](db::Session& s) -> Result<std::int64_t> {
      VEDETTE_TRY(rows, s.query(sql));
      return rows.scalar<std::int64_t>();
    });
  }
  std::string now(const std::string& plus_us) const {
    return db::plus_sql(GetParam(), db::now_sql(GetParam()), plus_us);
  }

  /// Takes the lease of a worker.
  Process start(const std::string& id, Micros ttl = std::chrono::hours(1)) {
    Process process{.id = id, .options = {.ttl = ttl}, .fence = {}};
    process.fence.name = std::string(kWorkerLease) + id;
    hold(process);
    return process;
  }
  void hold(Process& process) {
    process.fence.token = write([&](db::Session& s) -> Result<std::int64_t> {
      VEDETTE_CHECK(process.leases.introduce(s, process.fence.name));
      VEDETTE_TRY(claim, process.leases.claim(s, process.fence.name, nullptr));
      return claim ? claim->token : 0;
    });
    ASSERT_GT(process.fence.token, 0);
  }
  /// As if its process had died long ago.
  void kill(const Process& process) {
    write([&](db::Session& s) {
      return s.execute(
          fmt::format("update lease set expires_at = {} where name = $1", now("-1000000")),
          {process.fence.name});
    });
  }
  /// What a process does that finds another one's lease run out; nullopt when it may not.
  std::optional<Rescued> rescue(Process& by, const Process& dead, int most = 3) {
    return write([&](db::Session& s) -> Result<std::optional<Rescued>> {
      VEDETTE_TRY(claim, by.leases.claim(s, dead.fence.name, nullptr));
      if (!claim) return std::nullopt;
      VEDETTE_TRY(rescued, rescue_jobs(s, dead.fence.name, claim->previous_process, {}, most));
      VEDETTE_CHECK(forget_worker(s, dead.fence.name));
      return rescued;
    });
  }

  std::int64_t add(NewJob job = {.kind = kKind}) {
    return write([&](db::Session& s) { return enqueue(s, job); }).id;
  }
  std::vector<ClaimedJob> claim(const Process& process, int limit = 1, ClaimRequest how = {}) {
    if (how.kind.empty()) how.kind = kKind;
    how.limit = limit;
    return write([&](db::Session& s) { return claim_jobs(s, process.fence, how); }).jobs;
  }
  /// Ids that were refused.
  std::vector<std::int64_t> end(const Process& process, std::vector<Ending> endings) {
    return write([&](db::Session& s) { return end_jobs(s, kKind, process.fence, endings); });
  }
  static Ending ending(const ClaimedJob& job, Ending::Kind kind, const std::string& error = {}) {
    return {.id = job.id, .attempt = job.attempt, .kind = kind, .result = {}, .error = error};
  }
  /// True: it was written.
  bool end(const Process& process, const ClaimedJob& job, Ending::Kind kind,
           const std::string& error = {}) {
    return end(process, {ending(job, kind, error)}).empty();
  }
  std::int64_t promote(int limit = 1'000) {
    const std::string kind = kKind;
    return write([&](db::Session& s) { return promote_due(s, {&kind, 1}, limit); });
  }
  Outlook look(const Process& process) {
    const KindLook kind{.kind = kKind};
    return read([&](db::Session& s) { return look_for_jobs(s, {&kind, 1}, process.fence); });
  }
  JobStatus status(std::int64_t id) {
    const auto found = read([&](db::Session& s) { return job(s, id); });
    EXPECT_TRUE(found) << id;
    return found.value_or(JobStatus{});
  }
  JobState state(std::int64_t id) { return status(id).state; }
  KindStatus kind(const std::string& name = kKind) {
    for (KindStatus& one : read([](db::Session& s) { return kinds(s); })) {
      if (one.kind == name) return one;
    }
    return {};
  }
  void retry(std::int64_t id) {
    write([&](db::Session& s) { return retry_job(s, id); });
  }
  void cancel(std::int64_t id) {
    write([&](db::Session& s) { return cancel_job(s, id); });
  }
  ErrorCode refused(const std::function<Result<void>(db::Session&)>& body) {
    const auto outcome = database->write(body);
    EXPECT_FALSE(outcome);
    return outcome ? ErrorCode::kInternal : outcome.error().code;
  }

  Process north;
  Process south;
};

}  // namespace vedette::work::testing
