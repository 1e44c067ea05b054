// A process of a small deployment, for deployment_test: it runs LOOPS loops that write into the
// table `ledger` under their fence, as fast as every 5 ms, and keeps its own account in a file.
//
//     lease_child URL FILE TTL_MS LOOPS MOST
//
// MOST: of the loops, shared with the other processes, it holds no more; 0: any number; -: not
// shared.
//
// Lines of the file: what, loop, token, process, CLOCK_MONOTONIC in microseconds. B: a body began,
// W: it has written, F: it was fenced, E: it ended, S: the process has stopped in order.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "base/log.hpp"
#include "base/process.hpp"
#include "db/database.hpp"
#include "work/supervisor.hpp"
#include "work/testing/helper_program.hpp"

namespace vedette::work {
namespace {

using std::chrono::milliseconds;

struct Account : testing::Account {
  using testing::Account::Account;
  void note(char what, std::string_view loop, std::int64_t token) const {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    add(fmt::format("{} {} {} {} {}\n", what, loop, token, process_id(),
                    std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
  }
};

Result<void> write_on(LoopContext& loop, db::Database& database, const Account& account) {
  const Fence& fence = loop.fence();
  while (!loop.stopping()) {
    const Result<void> written = database.write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(fence.check(session));
      VEDETTE_CHECK(session.execute(
          fmt::format("insert into ledger (loop, token, process, at) values ($1, $2, $3, {})",
                      db::now_sql(session.dialect())),
          {fence.name, fence.token, process_id()}));
      return {};
    });
    if (!written) {
      if (written.error().code == ErrorCode::kFenced) account.note('F', fence.name, fence.token);
      return fail(written.error());
    }
    account.note('W', fence.name, fence.token);
    loop.success(milliseconds(1));
    if (!loop.wait(milliseconds(5))) break;
  }
  return {};
}

int run(char** arguments) {
  const Account account(arguments[2]);
  db::DatabaseOptions where;
  where.url = arguments[1];
  where.idle_transaction_timeout = milliseconds(500);
  where.busy_timeout = std::chrono::seconds(2);
  const auto database = db::Database::open(where);
  if (!database) {
    log::error("work", "{}", database.error().message);
    return 1;
  }
  SupervisorOptions options;
  options.lease.ttl = milliseconds(std::atoi(arguments[3]));
  options.write_every = milliseconds(100);
  Supervisor supervisor(**database, options);
  for (int i = 0; i < std::atoi(arguments[4]); ++i) {
    LoopSpec spec;
    spec.name = fmt::format("loop-{}", i);
    spec.lease = spec.name;
    if (arguments[5][0] != '-') {
      spec.group = {.name = "loops", .most_held = std::atoi(arguments[5]), .remedy = "Start more."};
    }
    spec.options.backoff_min = milliseconds(50);
    spec.options.backoff_max = milliseconds(200);
    spec.body = [&](LoopContext& loop) -> Result<void> {
      account.note('B', loop.fence().name, loop.fence().token);
      const Result<void> outcome = write_on(loop, **database, account);
      account.note('E', loop.fence().name, loop.fence().token);
      return outcome;
    };
    if (!supervisor.add(std::move(spec))) return 1;
  }
  if (!testing::serve_until_ended(supervisor)) return 1;
  account.note('S', "-", 0);
  return 0;
}

}  // namespace
}  // namespace vedette::work

int main(int count, char** arguments) {
  if (count != 6) return 2;
  vedette::work::testing::begin_helper();
  return vedette::work::run(arguments);
}
