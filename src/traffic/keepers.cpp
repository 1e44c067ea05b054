#include "traffic/keepers.hpp"

#include "base/log.hpp"
#include "db/database.hpp"
#include "traffic/objects.hpp"
#include "traffic/rollup.hpp"

namespace vedette::traffic {
namespace {

// At a stop: a backlog of hours is the next start's.
constexpr int kMostLastPasses = 5;

// An object this old that no row names will not be named any more.
constexpr Micros kUnnamed = std::chrono::hours(24);

Micros since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start);
}

}  // namespace

work::LoopSpec rollup_loop(db::Database& database, Micros every) {
  work::LoopSpec spec;
  spec.name = "roll-up";
  spec.title = "Roll-up";
  spec.role = work::Role::kKeep;
  spec.lease = spec.name;
  spec.ends_last = true;
  spec.body = [&database, every](work::LoopContext& context) -> Result<void> {
    do {
      context.running();
      const auto start = std::chrono::steady_clock::now();
      bool has_more = true;
      while (has_more && !context.stopping()) {
        VEDETTE_TRY(report, roll_up(database, context.fence()));
        has_more = report.has_more;
      }
      context.success(since(start));
    } while (context.wait(every));
    // Figures read after a stop are not short of what the cameras wrote last. Where it is no stop
    // but a lost lease, the fence refuses.
    bool has_more = true;
    for (int pass = 0; has_more && pass < kMostLastPasses; ++pass) {
      VEDETTE_TRY(report, roll_up(database, context.fence()));
      has_more = report.has_more;
    }
    return {};
  };
  return spec;
}

work::LoopSpec retention_loop(db::Database& database, blob::Store& blobs, Retention retention,
                              const Clock& clock) {
  work::LoopSpec spec;
  spec.name = "retention";
  spec.title = "Retention";
  spec.role = work::Role::kKeep;
  spec.lease = spec.name;
  spec.body = [&database, &blobs, retention, &clock](work::LoopContext& context) -> Result<void> {
    do {
      context.running();
      const auto start = std::chrono::steady_clock::now();
      VEDETTE_TRY(report,
                  prune(database, context.fence(), retention, clock.now(), context.stop_token()));
      if (report.live + report.crossings + report.five_minute + report.hourly > 0) {
        log::info(
            "retention",
            "deleted {} live rows, {} crossings, {} 5-minute and {} hourly rows past their time",
            report.live, report.crossings, report.five_minute, report.hourly);
      }
      if (auto swept = sweep_objects(database, blobs, kUnnamed, clock.now(), context.stop_token());
          !swept && !context.stopping()) {
        context.failure(swept.error());  // rows are pruned all the same
      }
      context.success(since(start));
    } while (context.wait(std::chrono::hours(1)));
    return {};
  };
  return spec;
}

}  // namespace vedette::traffic
