// The queue of jobs with jobs that do nothing, by the procedure of the peers' README: enqueue,
// drain, and the time from an enqueue's commit to the body's start.
//
//     queue URL drain JOBS PROCESSES     queue URL latency SAMPLES
//     queue URL held SECONDS JOBS_A_SECOND     the latency while a transaction is held open beside
//                                              it: nothing that is done can be cleared away
//
// An empty database, or one that this program made. Prints one JSON object. Settings from the
// environment: QUEUE_THREADS (2), QUEUE_AHEAD (1000), QUEUE_KEEP (0: rows go when their job is
// done; 1: they stay), QUEUE_FULL (1: SQLite waits for the disk at each commit). Workers are
// processes of their own.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "db/database.hpp"
#include "db/migration.hpp"
#include "work/job_queue.hpp"
#include "work/supervisor.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace {

using namespace vedette;
using std::chrono::milliseconds;
constexpr int kPerCommit = 10'000;

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "queue: {} ({})\n", result.error().message, result.error().detail);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

int setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

// What a worker's process and the one that measures tell each other; in memory that both have.
struct Slot {
  enum Wish { kStop, kRun, kLeave };
  std::atomic<int> wish = kStop;
  std::atomic<int> is = kStop;  // what has come true
  std::atomic<std::int64_t> count = 0;
  std::atomic<std::int64_t> first_ns = 0;
  std::atomic<std::int64_t> last_ns = 0;
};

std::unique_ptr<db::Database> open(const std::string& url) {
  db::DatabaseOptions where;
  where.url = url;
  where.must_be_reachable = true;
  if (setting("QUEUE_FULL", 0) == 1) where.synchronous = db::SqliteSynchronous::kFull;
  return must(db::Database::open(where));
}

work::JobKind noop(Slot& slot) {
  work::JobKind kind;
  kind.name = "noop";
  kind.at_once = setting("QUEUE_THREADS", 2);
  kind.ahead = setting("QUEUE_AHEAD", 1000);
  if (setting("QUEUE_KEEP", 0) == 0) kind.keep = Micros::zero();
  kind.body = [&slot](std::string_view, work::JobContext&) -> Result<work::JobEnd> {
    const std::int64_t now = now_ns();
    slot.last_ns.store(now, std::memory_order_relaxed);
    if (slot.count.fetch_add(1) == 0) slot.first_ns = now;
    return work::JobEnd::completed();
  };
  return kind;
}

void work_on(const std::string& url, Slot& slot) {
  const auto database = open(url);
  std::unique_ptr<work::Worker> worker;  // outlives the supervisor, in whose loop it runs
  std::unique_ptr<work::Supervisor> supervisor;
  while (slot.wish != Slot::kLeave) {
    if (slot.wish == Slot::kRun && !supervisor) {
      supervisor = std::make_unique<work::Supervisor>(*database, work::SupervisorOptions{});
      work::WorkerOptions options;
      options.process_id = supervisor->process_id();
      options.process_name = supervisor->process_name();
      worker = std::make_unique<work::Worker>(*database, options);
      must(worker->add(noop(slot)));
      must(supervisor->add(*worker->loop()));
      supervisor->start();
      slot.is = Slot::kRun;
    } else if (slot.wish == Slot::kStop && supervisor) {
      supervisor->stop(std::chrono::seconds(10));
      supervisor.reset();
      worker.reset();
      slot.is = Slot::kStop;
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
  if (supervisor) supervisor->stop(std::chrono::seconds(10));
  supervisor.reset();
}

class Fleet {
 public:
  Fleet(const std::string& url, int processes) : count_(processes) {
    void* shared = mmap(nullptr, sizeof(Slot) * static_cast<std::size_t>(count_),
                        PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) std::abort();
    slots_ = static_cast<Slot*>(shared);
    for (int i = 0; i < count_; ++i) {
      new (&slots_[i]) Slot;
      // Before this process opens a database or starts a thread.
      const pid_t child = fork();
      if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        work_on(url, slots_[i]);
        std::_Exit(0);
      }
      children_.push_back(child);
    }
  }
  ~Fleet() {
    for (int i = 0; i < count_; ++i) slots_[i].wish = Slot::kLeave;
    for (const pid_t child : children_) waitpid(child, nullptr, 0);
  }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void all(Slot::Wish wish) {
    for (int i = 0; i < count_; ++i) slots_[i].wish = wish;
    for (int i = 0; i < count_; ++i) {
      while (slots_[i].is != wish) std::this_thread::sleep_for(milliseconds(1));
    }
  }
  void forget() {
    for (int i = 0; i < count_; ++i) slots_[i].count = slots_[i].first_ns = 0;
  }
  std::int64_t handled() const {
    std::int64_t sum = 0;
    for (int i = 0; i < count_; ++i) sum += slots_[i].count;
    return sum;
  }
  std::int64_t first_ns() const {
    std::int64_t first = 0;
    for (int i = 0; i < count_; ++i) {
      const std::int64_t one = slots_[i].first_ns;
      if (one != 0 && (first == 0 || one < first)) first = one;
    }
    return first;
  }
  const Slot& slot(int i) const { return slots_[i]; }

 private:
  const int count_;
  Slot* slots_ = nullptr;
  std::vector<pid_t> children_;
};

std::unique_ptr<db::Database> open_empty(const std::string& url) {
  auto database = open(url);
  if (database->dialect() == db::Dialect::kPostgres) {
    must(database->write([](db::Session& session) {
      return session.script("drop schema if exists vedette cascade; drop schema if exists mart");
    }));
  }
  must(db::migrate(*database, work::migrations()));
  must(database->write([](db::Session& session) { return session.script("delete from job"); }));
  return database;
}

void enqueue_many(db::Database& database, int jobs) {
  for (int from = 0; from < jobs; from += kPerCommit) {
    std::vector<work::NewJob> batch(static_cast<std::size_t>(std::min(kPerCommit, jobs - from)));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      batch[i].kind = "noop";
      batch[i].payload = fmt::format("{{\"id\":{}}}", from + static_cast<int>(i));
    }
    must(database.write([&](db::Session& session) { return work::enqueue_all(session, batch); }));
  }
}

bool is_drained(db::Database& database) {
  return must(database.read([](db::Session& session) {
           return session.query(
               "select not exists (select 1 from job where state = 'running') and "
               "(select id from job where kind = 'noop' and waits_for = 'worker' "
               "order by rank, id limit 1) is null");
         }))
      .scalar<bool>();
}

void until(const char* what, const auto& condition, milliseconds pause) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      fmt::print(stderr, "queue: gave up waiting for {}\n", what);
      std::exit(1);
    }
    std::this_thread::sleep_for(pause);
  }
}

std::string durability(db::Database& database) {
  if (database.dialect() == db::Dialect::kSqlite) {
    return setting("QUEUE_FULL", 0) == 1 ? "WAL synchronous=FULL" : "WAL synchronous=NORMAL";
  }
  return must(database.read([](db::Session& session) {
           return session.query(
               "select 'fsync=' || current_setting('fsync') || "
               "' synchronous_commit=' || current_setting('synchronous_commit')");
         }))
      .scalar<std::string>();
}

std::string mode() {
  return fmt::format("{}, {} threads, {} ahead",
                     setting("QUEUE_KEEP", 0) == 1 ? "rows kept" : "rows deleted",
                     setting("QUEUE_THREADS", 2), setting("QUEUE_AHEAD", 1000));
}

void print(db::Database& database, const std::string& figures) {
  fmt::print(R"({{"peer":"vedette-{}","version":"this","mode":"{}","durability":"{}",{}}})"
             "\n",
             database.dialect() == db::Dialect::kSqlite ? "sqlite" : "postgresql", mode(),
             durability(database), figures);
}

double seconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

void drain(const std::string& url, int jobs, int processes) {
  open_empty(url).reset();
  Fleet fleet(url, processes);
  const auto database = open(url);
  // Warm-up: connections and prepared statements exist before the clock runs.
  fleet.all(Slot::kRun);
  enqueue_many(*database, 500);
  until(
      "the warm-up", [&] { return fleet.handled() >= 500 && is_drained(*database); },
      milliseconds(20));
  fleet.all(Slot::kStop);
  fleet.forget();

  const std::int64_t begun = now_ns();
  enqueue_many(*database, jobs);
  const std::int64_t enqueued = now_ns();
  must(database->write([](db::Session& session) { return session.script("analyze job"); }));
  const std::int64_t go = now_ns();
  fleet.all(Slot::kRun);
  until("the jobs", [&] { return fleet.handled() >= jobs; }, milliseconds(2));
  until("their rows", [&] { return is_drained(*database); }, milliseconds(1));
  const std::int64_t end = now_ns();
  std::this_thread::sleep_for(milliseconds(100));
  print(*database,
        fmt::format(
            R"("phase":"drain","processes":{},"jobs":{},"handled":{},"exactly_once":{},)"
            R"("enqueue_jobs_s":{:.0f},"drain_jobs_s":{:.0f},"drain_incl_start_jobs_s":{:.0f})",
            processes, jobs, fleet.handled(), fleet.handled() == jobs,
            jobs / seconds(enqueued - begun), jobs / seconds(end - fleet.first_ns()),
            jobs / seconds(end - go)));
}

std::string percentiles(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double q) {
    const auto n = static_cast<double>(values.size());
    return values[static_cast<std::size_t>(std::max(0.0, std::ceil(q * n) - 1))];
  };
  return fmt::format(
      R"({{"n":{},"min":{:.3f},"p50":{:.3f},"p95":{:.3f},"p99":{:.3f},"max":{:.3f}}})",
      values.size(), values.front(), at(.5), at(.95), at(.99), values.back());
}

/// Enqueues single jobs with pauses of `shortest` to `longest` and keeps when each began.
class Latency {
 public:
  void sample(Fleet& fleet, db::Database& database, std::int64_t shortest_us,
              std::int64_t longest_us, bool is_kept = true) {
    const auto spread = static_cast<std::uint64_t>(longest_us - shortest_us);
    const auto extra = static_cast<std::int64_t>(random_() % std::max<std::uint64_t>(spread, 1));
    std::this_thread::sleep_for(std::chrono::microseconds(shortest_us + extra));
    const std::int64_t before = fleet.handled();
    work::NewJob job;
    job.kind = "noop";
    const std::int64_t called = now_ns();
    must(database.write([&](db::Session& session) { return work::enqueue(session, job); }));
    const std::int64_t committed = now_ns();
    until("a job's start", [&] { return fleet.handled() > before; }, milliseconds(1));
    if (!is_kept) return;
    const auto started = static_cast<double>(fleet.slot(0).last_ns.load());
    from_commit_.push_back((started - static_cast<double>(committed)) / 1e6);
    from_call_.push_back((started - static_cast<double>(called)) / 1e6);
  }
  std::string from_commit() const { return percentiles(from_commit_); }
  std::string from_call() const { return percentiles(from_call_); }

 private:
  std::minstd_rand random_{std::random_device{}()};
  std::vector<double> from_commit_;
  std::vector<double> from_call_;
};

void latency(const std::string& url, int samples) {
  open_empty(url).reset();
  Fleet fleet(url, 1);
  const auto database = open(url);
  fleet.all(Slot::kRun);
  Latency latency;
  for (int i = -20; i < samples; ++i) latency.sample(fleet, *database, 30'000, 90'000, i >= 0);
  print(*database, fmt::format(R"("phase":"latency","processes":1,"commit_to_start_ms":{},)"
                               R"("call_to_start_ms":{})",
                               latency.from_commit(), latency.from_call()));
}

/// A hundred samples before the transaction and at the end of each tenth of the time.
void held(const std::string& url, int seconds, int jobs_a_second) {
  open_empty(url).reset();
  Fleet fleet(url, 1);
  const auto database = open(url);
  db::DatabaseOptions patient;
  patient.url = url;
  patient.idle_transaction_timeout = Micros{0};
  const auto beside = must(db::Database::open(patient));
  fleet.all(Slot::kRun);
  std::string json;
  const auto measure = [&](std::string_view when) {
    Latency latency;
    for (int i = -20; i < 100; ++i) latency.sample(fleet, *database, 30'000, 90'000, i >= 0);
    json += fmt::format(R"({}"{}":{})", json.empty() ? "" : ",", when, latency.from_commit());
  };
  measure("before");
  must(beside->read([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(session.query("select count(*) from job_kind"));
    const std::int64_t begun = now_ns();
    for (int tenth = 1; tenth <= 10; ++tenth) {
      const std::int64_t until_ns = begun + std::int64_t{seconds} * tenth * 100'000'000;
      while (now_ns() < until_ns) {
        enqueue_many(*database, jobs_a_second);
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
      measure(fmt::format("{} s", seconds * tenth / 10));
    }
    return {};
  }));
  print(*database,
        fmt::format(R"("phase":"held","seconds":{},"jobs":{},"commit_to_start_ms":{{{}}})", seconds,
                    fleet.handled(), json));
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) {
    fmt::print(stderr, "usage: see the head of queue.cpp\n");
    return 2;
  }
  log::set_level(log::Level::kError);
  const std::string url = words[1];
  const std::string_view what = words[2];
  const int number = std::atoi(words[3]);
  if (what == "drain") drain(url, number, count > 4 ? std::atoi(words[4]) : 1);
  if (what == "latency") latency(url, number);
  if (what == "held") held(url, number, count > 4 ? std::atoi(words[4]) : 100);
  return 0;
}
