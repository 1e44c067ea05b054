// The worker's database comes and goes under running jobs: away, ended sessions, a line that went
// dead, a full disk.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>

#include "base/testing/temp_folder.hpp"
#include "db/testing/postgres_server.hpp"
#include "db/testing/relay.hpp"
#include "work/testing/worker_fixture.hpp"

namespace vedette::work {
namespace {

using db::testing::PostgresServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::Gate;
using testing::quick;
using testing::WorkerProcess;

struct WorkerOutage : ::testing::Test {
  static inline std::unique_ptr<PostgresServer> server;  // of these tests alone
  std::unique_ptr<db::Database> database;
  std::string url;
  std::atomic<int> begun = 0;
  std::atomic<int> stopped = 0;
  Gate gate;

  static void TearDownTestSuite() { server.reset(); }
  void TearDown() override { gate.open(); }
  void SetUp() override {
    if (!server) {
      auto created = PostgresServer::create();
      if (!created && created.error().code == ErrorCode::kNotFound) {
        GTEST_SKIP() << created.error().message;
      }
      ASSERT_TRUE(created) << created.error().message;
      server = std::move(*created);
    }
    server->start();
    url = server->fresh_database();
    database = open();
    must(db::migrate(*database, migrations()));
  }
  std::unique_ptr<db::Database> open() const { return open(url); }
  static std::unique_ptr<db::Database> open(const std::string& url) {
    db::DatabaseOptions where;
    where.url = url;
    where.busy_timeout = milliseconds(500);
    where.connect_timeout = milliseconds(500);
    where.statement_timeout = seconds(3);
    return must(db::Database::open(where));
  }
  std::unique_ptr<WorkerProcess> process(JobKind kind) const {
    return process(std::move(kind), url);
  }
  static std::unique_ptr<WorkerProcess> process(JobKind kind, const std::string& url) {
    std::vector<JobKind> kinds;
    kinds.push_back(std::move(kind));
    testing::ProcessOptions options;
    options.ttl = seconds(2);
    return std::make_unique<WorkerProcess>(open(url), std::move(kinds), options);
  }
  std::int64_t put(std::string kind) const {
    NewJob job;
    job.kind = std::move(kind);
    return must(database->write([&](db::Session& session) { return enqueue(session, job); })).id;
  }
  bool becomes(std::int64_t id, JobState state) const {
    return eventually([&] {
      const auto found = database->read([&](db::Session& session) { return job(session, id); });
      return found && *found && (*found)->state == state;
    });
  }
  JobStatus status(std::int64_t id) const {
    return *must(database->read([&](db::Session& session) { return job(session, id); }));
  }
  bool is_away(WorkerProcess& one) const {
    return eventually(
        [&] { return one.supervisor().status("jobs")->state == LoopState::kUnreachable; });
  }
};

TEST_F(WorkerOutage, ALongOneStopsTheJobAndItRunsAgainUncounted) {
  const auto one =
      process(quick("job", [this](std::string_view, JobContext& job) -> Result<JobEnd> {
        ++begun;
        if (gate.pass(job.stop_token())) return JobEnd::completed();
        ++stopped;
        return testing::stopped();
      }));
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  server->kill();
  ASSERT_TRUE(eventually([&] { return stopped == 1; }));
  ASSERT_TRUE(is_away(*one));
  server->start();
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).crashes, 0);
  EXPECT_EQ(status(id).failures, 0);
  // The first is forgotten when the server was killed before it had written it down.
  EXPECT_LE(status(id).attempt, 2);
}

TEST_F(WorkerOutage, WhatWasFinishedMeanwhileIsWrittenWhenItIsBack) {
  const auto one = process(quick("job", [this](std::string_view, JobContext& job) {
    ++begun;
    while (!job.stopping()) (void)sleep_for(job.stop_token(), milliseconds(5));
    ++stopped;
    return Result<JobEnd>(JobEnd::completed("{\"kept\":true}"));
  }));
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  server->stop();
  ASSERT_TRUE(eventually([&] { return stopped == 1; }));
  ASSERT_TRUE(is_away(*one));
  server->start();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_EQ(status(id).attempt, 1);
  EXPECT_EQ(begun, 1);
}

TEST_F(WorkerOutage, EndedSessionsLoseNoJobAndDoubleNone) {
  must(database->write([](db::Session& session) {
    return session.script("create table effect (job bigint not null)");
  }));
  JobKind kind = quick("job", [this](std::string_view, JobContext& job) -> Result<JobEnd> {
    VEDETTE_CHECK(database->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(job.fence().check(session));
      VEDETTE_CHECK(session.execute("insert into effect values ($1)", {job.id()}));
      return job.complete(session);
    }));
    return JobEnd::completed();
  });
  kind.at_once = 4;
  kind.ahead = 20;
  kind.most_failures = 1'000;
  const auto one = process(std::move(kind));
  constexpr int kJobs = 400;
  const auto count = [&](const char* sql) -> std::int64_t {
    const auto rows = database->read([&](db::Session& session) { return session.query(sql); });
    return rows ? rows->scalar<std::int64_t>() : -1;
  };
  for (int round = 0; round < 8; ++round) {
    std::vector<NewJob> jobs(kJobs / 8);
    for (NewJob& job : jobs) job.kind = "job";
    while (!database->write([&](db::Session& session) { return enqueue_all(session, jobs); })) {
    }
    server->execute("postgres",
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                    "where backend_type = 'client backend' and pid <> pg_backend_pid()");
  }
  ASSERT_TRUE(
      eventually([&] { return count("select count(*) from job where state <> 'completed'") == 0; },
                 seconds(60)));
  // An enqueue whose answer was lost may have been repeated: what counts is each job's effect.
  EXPECT_EQ(count("select count(*) from effect"), count("select count(*) from job"));
  EXPECT_EQ(count("select count(distinct job) from effect"), count("select count(*) from job"));
}

// Half-open TCP: nobody says that the line is gone. Who sits behind it stops within its lease,
// another takes the job over, and what the first still tries is refused.
TEST_F(WorkerOutage, BehindALineThatWentDeadAJobIsTakenOverAndItsEffectHappensOnce) {
  must(database->write([](db::Session& session) {
    return session.script("create table effect (job bigint not null, process text not null)");
  }));
  db::testing::Relay relay(server->port());
  std::string through = url;
  const std::string direct = std::to_string(server->port());
  through.replace(through.find(direct), direct.size(), std::to_string(relay.port()));
  const auto body = [&](const std::string& name, std::unique_ptr<db::Database>& own) {
    return [&, name](std::string_view, JobContext& job) -> Result<JobEnd> {
      ++begun;
      if (!gate.pass(job.stop_token())) ++stopped;
      VEDETTE_CHECK(own->write([&](db::Session& session) -> Result<void> {
        VEDETTE_CHECK(job.fence().check(session));
        VEDETTE_CHECK(session.execute("insert into effect values ($1, $2)",
                                      {job.id(), std::string_view(name)}));
        return job.complete(session);
      }));
      return JobEnd::completed();
    };
  };
  std::unique_ptr<db::Database> behind = open(through);
  std::unique_ptr<db::Database> beside = open();
  const auto one = process(quick("job", body("behind", behind)), through);
  const std::int64_t id = put("job");
  ASSERT_TRUE(eventually([&] { return begun == 1; }));
  const auto other = process(quick("job", body("beside", beside)));
  ASSERT_TRUE(other->works());
  relay.go_dead();
  ASSERT_TRUE(eventually([&] { return stopped == 1; }));
  ASSERT_TRUE(eventually([&] { return begun == 2; }));
  gate.open();
  ASSERT_TRUE(becomes(id, JobState::kCompleted));
  EXPECT_TRUE(is_away(*one));
  relay.come_back();
  // It works again, without a new start.
  const std::int64_t next = put("job");
  EXPECT_TRUE(becomes(next, JobState::kCompleted));
  EXPECT_TRUE(eventually([&] { return one->supervisor().holds("jobs"); }, seconds(60)));
  EXPECT_EQ(must(database->read([&](db::Session& session) {
              return session.query("select process from effect where job = $1", {id});
            })).scalar<std::string>(),
            "beside");
  EXPECT_EQ(status(id).attempt, 2);
  EXPECT_EQ(status(id).failures, 0);
}

/// That no compression makes smaller.
std::string random_text(std::size_t size) {
  static thread_local std::minstd_rand random;
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

/// Jobs whose table has no room to grow, and room again.
struct WorkerFullDisk : ::testing::Test {
  static constexpr int kJobs = 40;
  std::atomic<int> begun = 0;
  Gate gate;

  void TearDown() override { gate.open(); }

  /// Puts jobs on, fills the disk while the first runs, makes room, and looks what became of them.
  void nothing_is_lost(db::Database& database,
                       const std::function<std::unique_ptr<db::Database>()>& open,
                       const std::function<void()>& fill, const std::function<void()>& make_room) {
    JobKind kind = quick("job", [this](std::string_view, JobContext& job) -> Result<JobEnd> {
      ++begun;
      if (!gate.pass(job.stop_token())) return testing::stopped();
      return JobEnd::completed(fmt::format(R"({{"text":"{}"}})", random_text(4'000)));
    });
    kind.at_once = 4;
    std::vector<JobKind> kinds;
    kinds.push_back(std::move(kind));
    testing::ProcessOptions options;
    options.ttl = seconds(4);
    WorkerProcess one(open(), std::move(kinds), options);
    std::vector<NewJob> jobs(kJobs);
    for (NewJob& job : jobs) job.kind = "job";
    must(database.write([&](db::Session& session) { return enqueue_all(session, jobs); }));
    ASSERT_TRUE(eventually([&] { return begun > 0; }));
    fill();
    gate.open();
    ASSERT_TRUE(eventually([&] { return !one.database().state().is_writable; }, seconds(30)));
    const auto not_done = [&] {
      return must(database.read([](db::Session& session) {
               return session.query("select count(*) from job where state <> 'completed'");
             }))
          .scalar<std::int64_t>();
    };
    EXPECT_GT(not_done(), 0);
    make_room();
    EXPECT_TRUE(eventually([&] { return not_done() == 0; }, seconds(60)));
    EXPECT_EQ(must(database.read([](db::Session& session) {
                return session.query("select count(*) from job where crashes + failures > 0");
              })).scalar<std::int64_t>(),
              0);
  }
  static void add_filler_until_full(db::Database& database) {
    must(database.write([](db::Session& session) {
      return session.execute("insert into filler values ('first')");
    }));
    for (const std::size_t size : {100'000, 2'000, 20}) {
      for (;;) {
        const auto added = database.write([&](db::Session& session) {
          return session.execute("insert into filler values ($1)", {random_text(size)});
        });
        if (added) continue;
        EXPECT_EQ(added.error().code, ErrorCode::kDiskFull) << added.error().detail;
        break;
      }
    }
  }
};

TEST_F(WorkerFullDisk, Sqlite) {
  const TempFolder folder;
  db::DatabaseOptions where;
  where.url = "sqlite:" + (folder.path() / "test.db").string();
  where.max_bytes = 1'000'000;
  const auto database = must(db::Database::open(where));
  must(db::migrate(*database, migrations()));
  must(database->write(
      [](db::Session& session) { return session.script("create table filler (text text)"); }));
  nothing_is_lost(
      *database, [&] { return must(db::Database::open(where)); },
      [&] { add_filler_until_full(*database); },
      [&] {
        must(database->write(
            [](db::Session& session) { return session.script("delete from filler"); }));
      });
}

TEST_F(WorkerFullDisk, Postgres) {
  auto created = PostgresServer::create();
  if (!created && created.error().code == ErrorCode::kNotFound) {
    GTEST_SKIP() << created.error().message;
  }
  const auto server = std::move(created.value());
  const TempFolder folder;
  const std::filesystem::path disk = folder.path() / "disk";
  std::filesystem::create_directory(disk);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m,mode=0777") != 0) {
    GTEST_SKIP() << "only root may mount a small disk";
  }
  const std::shared_ptr<void> unmount(nullptr, [&](void*) { ::umount2(disk.c_str(), MNT_DETACH); });
  std::filesystem::create_directory(disk / "space");
  PostgresServer::own(disk / "space");
  const std::string url = server->fresh_database();
  const std::string name = url.substr(url.rfind('/') + 1);
  const auto database = WorkerOutage::open(url);
  must(db::migrate(*database, migrations()));
  server->execute(name,
                  fmt::format("create tablespace small location '{}'", (disk / "space").string()));
  must(database->write([](db::Session& session) {
    return session.script(
        "alter table job set tablespace small; create table filler (text text) tablespace small");
  }));
  nothing_is_lost(
      *database, [&] { return WorkerOutage::open(url); }, [&] { add_filler_until_full(*database); },
      [&] {
        must(database->write(
            [](db::Session& session) { return session.script("drop table filler"); }));
      });
}

}  // namespace
}  // namespace vedette::work
