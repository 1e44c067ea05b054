#include "work/job_keeper.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "db/database.hpp"
#include "work/job.hpp"
#include "work/job_queue.hpp"
#include "work/job_store.hpp"
#include "work/worker.hpp"

namespace vedette::work {
namespace {

// Rows deleted in one transaction: some milliseconds, so that claims hardly wait.
constexpr int kBatch = 1000;
constexpr Micros kLeastForDiscarded = std::chrono::days(7);

struct Rule {
  std::string kind;
  Micros keep{0};
};

Result<std::vector<Rule>> rules(db::Database& database, const Worker& worker) {
  std::vector<Rule> all;
  for (const JobKind* kind : worker.kinds()) all.push_back({kind->name, kind->keep});
  VEDETTE_TRY(there, database.read([](db::Session& session) { return kinds(session); }));
  for (const KindStatus& kind : there) {
    if (!worker.knows(kind.kind)) all.push_back({kind.kind, JobKind{}.keep});
  }
  return all;
}

Micros since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start);
}

}  // namespace

Result<std::int64_t> prune_ended_jobs(db::Database& database, const Worker& worker,
                                      LoopContext& context) {
  VEDETTE_TRY(all, rules(database, worker));
  std::int64_t total = 0;
  for (const Rule& rule : all) {
    const Micros keep_discarded = std::max<Micros>(rule.keep * 4, kLeastForDiscarded);
    std::int64_t deleted = kBatch;
    while (deleted == kBatch && !context.stopping()) {
      VEDETTE_TRY(batch, database.write([&](db::Session& session) -> Result<std::int64_t> {
        VEDETTE_CHECK(context.fence().check(session));
        return prune_jobs(session, rule.kind, rule.keep, keep_discarded, kBatch);
      }));
      deleted = batch;
      total += batch;
    }
  }
  return total;
}

LoopSpec job_keeper_loop(db::Database& database, const Worker& worker, Micros every) {
  LoopSpec spec;
  spec.name = "job-retention";
  spec.title = "Retention of jobs";
  spec.role = Role::kKeep;
  spec.lease = spec.name;
  spec.body = [&database, &worker, every](LoopContext& context) -> Result<void> {
    do {
      context.running();
      const auto start = std::chrono::steady_clock::now();
      VEDETTE_TRY(deleted, prune_ended_jobs(database, worker, context));
      if (deleted > 0) log::info("jobs", "forgot {} jobs that ended long ago", deleted);
      context.success(since(start));
    } while (context.wait(every));
    return {};
  };
  return spec;
}

}  // namespace vedette::work
