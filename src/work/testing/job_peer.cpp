// A process of a small deployment that works through jobs, for worker_fault_test: every effect goes
// into the table `effect` under the job's fence, and into an append-only account beside it.
//
//     job_peer URL FILE TTL_MS MOST_CRASHES
//
// Kinds: `effect` completes in the transaction of its effect; `held` does so when FILE.open exists,
// whatever is asked of it; `killer` ends its process.
//
// Lines of the file: what, kind, job, attempt, process. B: a body began, W: it has written, F: it
// was fenced, S: the process has stopped in order.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "base/process.hpp"
#include "db/database.hpp"
#include "work/supervisor.hpp"
#include "work/testing/helper_program.hpp"
#include "work/worker.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;

struct Account : testing::Account {
  using testing::Account::Account;
  void note(char what, std::string_view kind, const JobFence& fence) const {
    add(fmt::format("{} {} {} {} {}\n", what, kind, fence.job, fence.attempt, process_id()));
  }
};

Result<JobEnd> write_effect(std::string_view kind, JobContext& job, db::Database& database,
                            const Account& account) {
  const Result<void> written = database.write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(job.fence().check(session));
    VEDETTE_CHECK(session.execute("insert into effect (job, attempt, process) values ($1, $2, $3)",
                                  {job.id(), job.fence().attempt, process_id()}));
    return job.complete(session, "{}");
  });
  if (!written) {
    if (written.error().code == ErrorCode::kFenced) account.note('F', kind, job.fence());
    return fail(written.error());
  }
  account.note('W', kind, job.fence());
  return JobEnd::completed();
}

JobKind effect(db::Database& database, const Account& account, int most_crashes) {
  JobKind kind;
  kind.name = "effect";
  kind.at_once = 2;
  kind.ahead = 4;
  kind.most_crashes = most_crashes;
  kind.most_failures = 1'000;
  kind.backoff_min = milliseconds(20);
  kind.backoff_max = milliseconds(100);
  kind.body = [&](std::string_view, JobContext& job) -> Result<JobEnd> {
    thread_local std::minstd_rand random{std::random_device{}()};
    account.note('B', "effect", job.fence());
    job.progress(1, 2);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 100'000));
    return write_effect("effect", job, database, account);
  };
  return kind;
}

JobKind held(db::Database& database, const Account& account, std::string gate) {
  JobKind kind;
  kind.name = "held";
  kind.grace = std::chrono::hours(1);
  kind.body = [&, gate = std::move(gate)](std::string_view, JobContext& job) -> Result<JobEnd> {
    account.note('B', "held", job.fence());
    while (!std::filesystem::exists(gate)) std::this_thread::sleep_for(milliseconds(5));
    return write_effect("held", job, database, account);
  };
  return kind;
}

JobKind killer() {
  JobKind kind;
  kind.name = "killer";
  kind.body = [](std::string_view, JobContext&) -> Result<JobEnd> { std::_Exit(9); };
  return kind;
}

int run(char** arguments) {
  const Account account(arguments[2]);
  db::DatabaseOptions where;
  where.url = arguments[1];
  where.idle_transaction_timeout = milliseconds(500);
  where.busy_timeout = std::chrono::seconds(5);
  const auto database = db::Database::open(where);
  if (!database) {
    log::error("work", "{}", database.error().message);
    return 1;
  }
  SupervisorOptions supervising;
  supervising.lease.ttl = milliseconds(std::atoi(arguments[3]));
  std::unique_ptr<Worker> worker;  // outlives the supervisor, in whose loop it runs
  Supervisor supervisor(**database, supervising);
  WorkerOptions working;
  working.process_id = supervisor.process_id();
  working.process_name = supervisor.process_name();
  working.lease = supervising.lease;
  working.progress_every = milliseconds(50);
  working.stop_grace = std::chrono::seconds(1);
  worker = std::make_unique<Worker>(**database, working);
  if (!worker->add(effect(**database, account, std::atoi(arguments[4])))) return 1;
  if (!worker->add(held(**database, account, std::string(arguments[2]) + ".open"))) return 1;
  if (!worker->add(killer())) return 1;
  if (!supervisor.add(*worker->loop())) return 1;
  if (!testing::serve_until_ended(supervisor)) return 1;
  account.note('S', "-", {});
  return 0;
}

}  // namespace
}  // namespace vedette::work

int main(int count, char** arguments) {
  if (count != 5) return 2;
  vedette::work::testing::begin_helper();
  return vedette::work::run(arguments);
}
