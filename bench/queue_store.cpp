// The queue's SQL alone, without a worker around it: claims and endings in batches, as the floor
// programs of ../shared/peers/queue do it, and what a claim costs when the table is full.
//
//     queue_store URL drain JOBS BATCH CLIENTS [delete|keep]   jobs a second, leases and fencing on
//     queue_store URL full WAITING FINISHED [CLAIMS=200]        a claim of 1 and of 100 with the
//                                                               table empty, full, and full beside
//                                                               a transaction held open; pruning
//
// URL names an empty database; each prints one JSON object.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "db/database.hpp"
#include "db/migration.hpp"
#include "work/job_queue.hpp"
#include "work/job_store.hpp"
#include "work/lease_store.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace {

using namespace vedette;
using SteadyClock = std::chrono::steady_clock;
constexpr const char* kKind = "noop";
constexpr int kPerCommit = 10'000;

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "queue_store: {} ({})\n", result.error().message, result.error().detail);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::unique_ptr<db::Database> open(const std::string& url) {
  return must(db::Database::open({.url = url,
                                  .statement_timeout = Micros{0},
                                  .idle_transaction_timeout = Micros{0},
                                  .must_be_reachable = true}));
}

work::Fence hold(db::Database& database, const std::string& id) {
  const work::LeaseStore leases(id, id, {.ttl = std::chrono::hours(24)});
  work::Fence fence{.name = std::string(work::kWorkerLease) + id};
  fence.token = must(database.write([&](db::Session& s) -> Result<std::int64_t> {
    VEDETTE_CHECK(leases.introduce(s, fence.name));
    VEDETTE_TRY(claim, leases.claim(s, fence.name, nullptr));
    return claim->token;
  }));
  return fence;
}

void enqueue(db::Database& database, int jobs) {
  for (int done = 0; done < jobs; done += kPerCommit) {
    std::vector<work::NewJob> many;
    for (int i = done; i < std::min(jobs, done + kPerCommit); ++i) {
      many.push_back({.kind = kKind, .payload = fmt::format(R"({{"id": {}}})", i)});
    }
    must(database.write([&](db::Session& s) { return work::enqueue_all(s, many); }));
  }
}

std::vector<work::ClaimedJob> claim(db::Database& database, const work::Fence& worker, int limit,
                                    work::JobPlace& from) {
  auto claimed = must(database.write([&](db::Session& s) {
    return work::claim_jobs(s, worker, {.kind = kKind, .limit = limit, .from = from});
  }));
  if (claimed.last) from = *claimed.last;
  return std::move(claimed.jobs);
}

void end(db::Database& database, const work::Fence& worker,
         const std::vector<work::ClaimedJob>& jobs, work::Ending::Kind how, bool is_kept) {
  std::vector<work::Ending> endings;
  endings.reserve(jobs.size());
  for (const work::ClaimedJob& job : jobs) {
    endings.push_back({.id = job.id, .attempt = job.attempt, .kind = how, .is_kept = is_kept});
  }
  const auto refused = must(
      database.write([&](db::Session& s) { return work::end_jobs(s, kKind, worker, endings); }));
  if (!refused.empty()) {
    fmt::print(stderr, "queue_store: {} endings were refused\n", refused.size());
    std::exit(1);
  }
}

void drain(const std::string& url, int jobs, int batch, int clients, bool is_kept) {
  const auto database = open(url);
  must(db::migrate(*database, work::migrations()));
  enqueue(*database, jobs);
  std::atomic<int> ready = 0;
  std::atomic<bool> go = false;
  std::atomic<int> done = 0;
  SteadyClock::time_point start;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < clients; ++i) {
      threads.emplace_back([&, i] {
        const auto own = open(url);
        const work::Fence worker = hold(*own, fmt::format("client-{}", i));
        ++ready;
        go.wait(false);
        for (;;) {
          work::JobPlace beginning;
          const auto taken = claim(*own, worker, batch, beginning);
          if (taken.empty()) return;
          end(*own, worker, taken, work::Ending::Kind::kCompleted, is_kept);
          done += static_cast<int>(taken.size());
        }
      });
    }
    while (ready < clients) std::this_thread::yield();
    start = SteadyClock::now();
    go = true;
    go.notify_all();
  }
  const double took = seconds_since(start);
  fmt::print(R"({{"phase":"drain","mode":"{}","batch":{},"clients":{},"jobs":{},)"
             R"("exactly_once":{},"drain_jobs_s":{:.0f}}})"
             "\n",
             is_kept ? "keep" : "delete", batch, clients, jobs, done == jobs, jobs / took);
}

void fill(db::Database& database, std::int64_t rows, bool is_finished) {
  const bool is_sqlite = database.dialect() == db::Dialect::kSqlite;
  const std::string now = db::now_sql(database.dialect());
  constexpr std::int64_t kChunk = 500'000;
  for (std::int64_t done = 0; done < rows; done += kChunk) {
    const std::int64_t count = std::min(kChunk, rows - done);
    const std::string series =
        is_sqlite ? fmt::format(
                        "(with recursive s(i) as (select 1 union all select i + 1 from s "
                        "where i < {}) select i from s)",
                        count)
                  : fmt::format("generate_series(1, {}) as s(i)", count);
    must(database.write([&](db::Session& s) {
      return s.execute(
          fmt::format("insert into job (kind, state, waits_for, rank, run_at, created_at, "
                      "finished_at, payload) "
                      "select '{}', {}, {}, {}, {}, {}, '{{\"id\": 1}}' from {}",
                      kKind, is_finished ? "'completed', null" : "'available', 'worker'", now, now,
                      now, is_finished ? now : "null", series));
    }));
  }
}

/// The median of a claim of `limit`, its jobs given back or ended after it, off the clock.
double claim_ms(db::Database& database, const work::Fence& worker, int limit, int claims,
                bool ends) {
  std::vector<double> taken;
  work::JobPlace from;
  for (int i = 0; i < claims; ++i) {
    work::JobPlace place = ends ? from : work::JobPlace{};
    const auto start = SteadyClock::now();
    const auto jobs = claim(database, worker, limit, place);
    taken.push_back(seconds_since(start) * 1e3);
    if (jobs.empty()) break;
    from = place;
    end(database, worker, jobs,
        ends ? work::Ending::Kind::kCompleted : work::Ending::Kind::kGivenBack, !ends);
  }
  std::ranges::sort(taken);
  return taken[taken.size() / 2];
}

void full(const std::string& url, std::int64_t waiting, std::int64_t finished, int claims) {
  const auto database = open(url);
  must(db::migrate(*database, work::migrations()));
  const work::Fence worker = hold(*database, "client");
  std::string json = R"({"phase":"full","claim_ms":{)";
  const auto measure = [&](std::string_view what) {
    json +=
        fmt::format(R"({}"{}":{{"of_1":{:.3f},"of_100":{:.3f}}})", json.ends_with('{') ? "" : ",",
                    what, claim_ms(*database, worker, 1, claims, true),
                    claim_ms(*database, worker, 100, claims, true));
  };
  enqueue(*database, claims * 101);
  measure("few");
  fill(*database, finished, true);
  fill(*database, waiting, false);
  measure("full");
  const auto beside = open(url);
  must(beside->read([&](db::Session& held) -> Result<void> {
    VEDETTE_CHECK(held.query("select count(*) from job_kind"));
    // A backlog worked off while it is open: dead rows that nobody may clear away.
    work::JobPlace from;
    for (int i = 0; i < 100; ++i) {
      const auto taken = claim(*database, worker, 1'000, from);
      end(*database, worker, taken, work::Ending::Kind::kCompleted, false);
    }
    work::JobPlace beginning;
    const auto start = SteadyClock::now();
    const auto one = claim(*database, worker, 1, beginning);
    const double from_beginning = seconds_since(start) * 1e3;
    end(*database, worker, one, work::Ending::Kind::kGivenBack, true);
    measure("held");
    json += fmt::format(R"(,"held_from_the_beginning":{:.3f})", from_beginning);
    return {};
  }));
  const auto start = SteadyClock::now();
  std::int64_t pruned = 0;
  while (pruned < 100'000) {
    const auto gone = must(database->write(
        [&](db::Session& s) { return work::prune_jobs(s, kKind, Micros{0}, Micros{0}, 5'000); }));
    if (gone == 0) break;
    pruned += gone;
  }
  fmt::print("{}}},\"waiting\":{},\"finished\":{},\"prune_jobs_s\":{:.0f}}}\n", json, waiting,
             finished, static_cast<double>(pruned) / seconds_since(start));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t i, int otherwise) {
    return i < words.size() ? std::atoi(words[i].c_str()) : otherwise;
  };
  if (words.size() >= 5 && words[1] == "drain") {
    drain(words[0], number(2, 0), number(3, 1), number(4, 1),
          words.size() > 5 && words[5] == "keep");
  } else if (words.size() >= 4 && words[1] == "full") {
    full(words[0], number(2, 0), number(3, 0), number(4, 200));
  } else {
    fmt::print(stderr, "usage: see the head of queue_store.cpp\n");
    return 2;
  }
  return 0;
}
