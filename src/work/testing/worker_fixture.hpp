// What the tests of the worker share: a process of a deployment as app/ makes it (connections of
// its own, a supervisor, a worker), kinds with short times, and questions about jobs.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "work/job_queue.hpp"
#include "work/supervisor.hpp"
#include "work/testing/eventually.hpp"
#include "work/testing/store.hpp"
#include "work/worker.hpp"

namespace vedette::work::testing {

/// A gate that bodies wait at.
class Gate {
 public:
  void open() { is_open_ = true; }
  void close() { is_open_ = false; }
  /// Until it is open, whatever is asked of the body meanwhile.
  void pass() const {
    while (!is_open_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  /// False: stopped first.
  bool pass(const std::stop_token& stop) const {
    while (!is_open_) {
      if (!sleep_for(stop, std::chrono::milliseconds(1))) return false;
    }
    return true;
  }

 private:
  std::atomic<bool> is_open_ = false;
};

inline Result<JobEnd> stopped() {
  return fail(ErrorCode::kCancelled, "Stopped.");
}

inline JobKind quick(std::string name, JobBody body) {
  JobKind kind;
  kind.name = std::move(name);
  kind.title = "Kind " + kind.name;
  kind.backoff_min = std::chrono::milliseconds(10);
  kind.backoff_max = std::chrono::milliseconds(40);
  kind.body = std::move(body);
  return kind;
}

struct ProcessOptions {
  Roles roles = Roles::all();
  Micros ttl = std::chrono::seconds(5);
  Micros stop_grace = std::chrono::seconds(5);
  Micros poll = std::chrono::seconds(2);
  Micros progress_every = std::chrono::milliseconds(50);
};

class WorkerProcess {
 public:
  WorkerProcess(std::unique_ptr<db::Database> opened, std::vector<JobKind> kinds,
                const ProcessOptions& options = {})
      : database_(std::move(opened)) {
    SupervisorOptions supervising;
    supervising.roles = options.roles;
    supervising.lease.ttl = options.ttl;
    supervising.write_every = std::chrono::milliseconds(20);
    supervisor_ = std::make_unique<Supervisor>(*database_, supervising);
    WorkerOptions working;
    working.roles = options.roles;
    working.process_id = supervisor_->process_id();
    working.process_name = supervisor_->process_name();
    working.lease = supervising.lease;
    working.stop_grace = options.stop_grace;
    working.poll = options.poll;
    working.progress_every = options.progress_every;
    worker_ = std::make_unique<Worker>(*database_, working);
    for (JobKind& kind : kinds) EXPECT_TRUE(worker_->add(std::move(kind)));
    if (auto loop = worker_->loop()) {
      EXPECT_TRUE(supervisor_->add(std::move(*loop)));
    }
    supervisor_->start();
  }
  ~WorkerProcess() {
    stop();
    supervisor_.reset();  // its loop's body is the worker's
  }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  std::vector<std::string> stop() { return supervisor_->stop(std::chrono::seconds(10)); }
  db::Database& database() { return *database_; }
  Supervisor& supervisor() { return *supervisor_; }
  Worker& worker() { return *worker_; }
  std::string lease() const { return std::string(kWorkerLease) + supervisor_->process_id(); }
  bool works() {
    return eventually([&] { return supervisor_->holds("jobs"); });
  }
  WorkerMetrics::Kind numbers(std::string_view kind) const {
    for (const WorkerMetrics::Kind& one : worker_->metrics().kinds) {
      if (one.kind == kind) return one;
    }
    return {};
  }

 private:
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Supervisor> supervisor_;
};

struct WorkerTest : StoreTest {
  std::unique_ptr<WorkerProcess> process(std::vector<JobKind> kinds,
                                         const ProcessOptions& options = {}) const {
    return std::make_unique<WorkerProcess>(open_migrated(), std::move(kinds), options);
  }
  std::unique_ptr<WorkerProcess> process(JobKind kind, const ProcessOptions& options = {}) const {
    std::vector<JobKind> kinds;
    kinds.push_back(std::move(kind));
    return process(std::move(kinds), options);
  }
  std::int64_t put(const NewJob& job) {
    return db::testing::must(
               database->write([&](db::Session& session) { return enqueue(session, job); }))
        .id;
  }
  std::int64_t put(std::string kind, std::string payload = "{}") {
    NewJob job;
    job.kind = std::move(kind);
    job.payload = std::move(payload);
    return put(job);
  }
  void put_many(const std::string& kind, int count) {
    std::vector<NewJob> jobs(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      jobs[static_cast<std::size_t>(i)].kind = kind;
      jobs[static_cast<std::size_t>(i)].payload = fmt::format("{{\"n\":{}}}", i);
    }
    db::testing::must(
        database->write([&](db::Session& session) { return enqueue_all(session, jobs); }));
  }
  JobStatus status(std::int64_t id) {
    const auto found =
        db::testing::must(database->read([&](db::Session& session) { return job(session, id); }));
    if (!found) throw std::runtime_error(fmt::format("there is no job {}", id));
    return *found;
  }
  bool becomes(std::int64_t id, JobState state) {
    const bool does = eventually([&] { return status(id).state == state; });
    if (!does) ADD_FAILURE() << "job " << id << " is " << name(status(id).state);
    return does;
  }
  std::vector<JobStatus> all(std::string_view kind, std::vector<JobState> states = {}) {
    JobFilter filter;
    filter.kinds = {std::string(kind)};
    filter.states = std::move(states);
    filter.limit = 1000;
    return db::testing::must(
        database->read([&](db::Session& session) { return jobs(session, filter); }));
  }
  std::size_t count(std::string_view kind, JobState state) { return all(kind, {state}).size(); }
  Result<void> cancel(std::int64_t id) {
    return database->write([&](db::Session& session) { return cancel_job(session, id); });
  }
};

}  // namespace vedette::work::testing
