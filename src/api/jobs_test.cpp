// The routes, events and notes of jobs, on both databases.
#include "api/jobs.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <chrono>

#include "api/answers.hpp"
#include "api/event_listener_test.hpp"
#include "api/job_pace.hpp"
#include "api/readiness.hpp"
#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "work/job_queue.hpp"
#include "work/job_store.hpp"
#include "work/supervisor.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;
using db::testing::must;
using http::Method;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

work::JobKind paint() {
  work::JobKind kind;
  kind.name = "paint";
  kind.title = "Paint a fence";
  kind.describe = [](std::string_view) { return std::string("the fence at the gate"); };
  kind.body = [](std::string_view, work::JobContext&) -> Result<work::JobEnd> {
    return work::JobEnd::completed();
  };
  return kind;
}

work::NewJob new_job(std::string kind = "paint", std::optional<std::string> key = {}) {
  work::NewJob job;
  job.kind = std::move(kind);
  job.key = std::move(key);
  return job;
}

class JobsApi : public db::testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    must(db::migrate(*database_, work::migrations()));
    supervisor_ = std::make_unique<work::Supervisor>(*database_, work::SupervisorOptions{});
    worker_ = std::make_unique<work::Worker>(*database_, work::WorkerOptions{});
    must(worker_->add(paint()));
    services_ = std::make_shared<const CoreServices>(
        CoreServices{.database = *database_,
                     .supervisor = *supervisor_,
                     .jobs = *worker_,
                     .events = events_,
                     .clock = clock_,
                     .readiness = readiness_,
                     .pace = std::make_shared<JobPace>(clock_),
                     .process = {"1.2.3", work::Roles::all(), clock_.now(), 15s},
                     .server_stats = [] { return http::ServerStats{}; },
                     .live_streams = [] { return 0; },
                     .measure = [](Families&) {},
                     .notes = [] { return std::vector<Note>{}; }});
    mount_jobs(router_, services_);
    mount_operations(router_, services_);
    mount_health(router_, services_);
  }

  http::Response call(Method method, std::string_view target) {
    return router_.call(http::make_request(method, target));
  }
  json::value read(std::string_view target) {
    const auto response = call(Method::kGet, target);
    EXPECT_EQ(response.status, 200) << target << ' ' << response.text();
    return json::parse(response.text());
  }
  json::value post(std::string_view target, int status) {
    const auto response = call(Method::kPost, target);
    EXPECT_EQ(response.status, status) << target << ' ' << response.text();
    return json::parse(response.text());
  }
  std::int64_t enqueue(const work::NewJob& job) {
    return must(database_->write([&](db::Session& s) { return work::enqueue(s, job); })).id;
  }
  std::int64_t enqueue(std::string kind = "paint") { return enqueue(new_job(std::move(kind))); }
  /// Taken as a worker would take it.
  work::ClaimedJob take(std::string_view kind = "paint") {
    const auto claimed = must(database_->write([&](db::Session& s) {
      return work::claim_jobs(s, work::Fence::none(), {.kind = kind, .limit = 1});
    }));
    EXPECT_EQ(claimed.jobs.size(), 1U);
    return claimed.jobs.front();
  }
  void end(const work::ClaimedJob& job, work::Ending::Kind how, std::string error = {}) {
    const work::Ending ending{
        .id = job.id, .attempt = job.attempt, .kind = how, .result = {}, .error = std::move(error)};
    const auto refused = must(database_->write([&](db::Session& s) {
      return work::end_jobs(s, "paint", work::Fence::none(), {&ending, 1});
    }));
    EXPECT_THAT(refused, IsEmpty());
  }
  static std::vector<std::int64_t> ids(const json::value& list) {
    std::vector<std::int64_t> all;
    for (const json::value& job : list.at("jobs").as_array())
      all.push_back(job.at("id").to_number<std::int64_t>());
    return all;
  }
  json::value kind_of(const char* name) {
    const json::value all = read("/api/jobs/kinds");
    for (const json::value& kind : all.at("kinds").as_array()) {
      if (kind.at("kind") == name) return kind;
    }
    ADD_FAILURE() << "no kind " << name;
    return {};
  }

  std::unique_ptr<db::Database> database_;
  SystemClock clock_;
  Readiness readiness_;
  http::SseHub events_;
  std::unique_ptr<work::Worker> worker_;
  std::unique_ptr<work::Supervisor> supervisor_;
  std::shared_ptr<const CoreServices> services_;
  http::Router router_;
};

TEST_P(JobsApi, AreListedNewestFirstPageByPage) {
  std::vector<std::int64_t> made;
  for (int i = 0; i < 4; ++i) made.insert(made.begin(), enqueue());
  const json::value first = read("/api/jobs?limit=2");
  EXPECT_THAT(ids(first), ElementsAre(made[0], made[1]));
  const std::string before = to_text(first.at("next"));
  EXPECT_EQ(before, std::to_string(made[1]));
  const json::value second = read("/api/jobs?limit=2&before=" + before);
  EXPECT_THAT(ids(second), ElementsAre(made[2], made[3]));
  EXPECT_TRUE(second.at("next").is_null()) << "no empty page at the end";
}

TEST_P(JobsApi, AreFoundByKindStateKeyAndParent) {
  const auto parent = enqueue(new_job("paint", "gate"));
  work::NewJob sand = new_job("sand");
  sand.parent = parent;
  const auto child = enqueue(sand);
  const auto running = take("sand").id;
  EXPECT_EQ(running, child);
  EXPECT_THAT(ids(read("/api/jobs?kind=paint")), ElementsAre(parent));
  EXPECT_THAT(ids(read("/api/jobs?kind=paint,sand")), ElementsAre(child, parent));
  EXPECT_THAT(ids(read("/api/jobs?state=running,failed")), ElementsAre(child));
  EXPECT_THAT(ids(read("/api/jobs?kind=paint&state=running")), IsEmpty());
  EXPECT_THAT(ids(read("/api/jobs?key=gate")), ElementsAre(parent));
  EXPECT_THAT(ids(read("/api/jobs?parent=" + std::to_string(parent))), ElementsAre(child));
}

TEST_P(JobsApi, WrongParametersAreNamed) {
  const std::pair<const char*, const char*> wrong[] = {
      {"/api/jobs?state=asleep", "state"}, {"/api/jobs?limit=0", "limit"},
      {"/api/jobs?limit=1001", "limit"},   {"/api/jobs?before=x", "before"},
      {"/api/jobs?parent=-1", "parent"},   {"/api/jobs?key=", "key"},
      {"/api/jobs?colour=red", "colour"},  {"/api/jobs/kinds?kind=paint", "kind"}};
  for (const auto& [target, field] : wrong) {
    const auto response = call(Method::kGet, target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_EQ(json::parse(response.text()).at("error").at("field"), field) << target;
  }
  EXPECT_THAT(std::string(call(Method::kGet, "/api/jobs?state=asleep").text()),
              HasSubstr("those there are: available, running, completed"));
}

TEST_P(JobsApi, OneIsToldInFull) {
  work::NewJob made = new_job("paint", "gate");
  made.payload = R"({"colour":"green"})";
  made.priority = 5;
  const auto id = enqueue(made);
  const json::value job = read("/api/jobs/" + std::to_string(id));
  EXPECT_EQ(job.at("title"), "Paint a fence");
  EXPECT_EQ(job.at("what"), "the fence at the gate");
  EXPECT_EQ(job.at("state"), "available");
  EXPECT_EQ(job.at("key"), "gate");
  EXPECT_EQ(job.at("priority"), 5);
  EXPECT_EQ(job.at("payload").at("colour"), "green");
  EXPECT_EQ(job.at("attempt"), 0);
  EXPECT_TRUE(job.at("started_at").is_null());
  EXPECT_TRUE(job.at("progress").at("total").is_null());
}

TEST_P(JobsApi, WhatIsNotThereIsNotFound) {
  for (const char* id : {"1", "0", "-1", "fence", "99999999999999999999"}) {
    const std::string target = std::string("/api/jobs/") + id;
    EXPECT_EQ(call(Method::kGet, target).status, 404) << id;
    EXPECT_EQ(call(Method::kPost, target + "/retry").status, 404) << id;
    EXPECT_EQ(call(Method::kPost, target + "/cancel").status, 404) << id;
  }
  EXPECT_EQ(call(Method::kPost, "/api/jobs/kinds/sand/pause").status, 404);
  EXPECT_EQ(call(Method::kPost, "/api/jobs/kinds/sand/resume").status, 404);
}

TEST_P(JobsApi, OneThatWaitsIsCancelledAndTriedAgain) {
  const std::string job = "/api/jobs/" + std::to_string(enqueue());
  EXPECT_EQ(post(job + "/cancel", 202).at("state"), "cancelled");
  EXPECT_EQ(post(job + "/cancel", 409).at("error").at("code"), "conflict");
  EXPECT_EQ(post(job + "/retry", 200).at("state"), "available");
  EXPECT_EQ(post(job + "/retry", 409).at("error").at("code"), "conflict");
}

TEST_P(JobsApi, OneThatRunsIsAskedToStop) {
  const std::string job = "/api/jobs/" + std::to_string(enqueue());
  (void)take();
  const json::value asked = post(job + "/cancel", 202);
  EXPECT_EQ(asked.at("state"), "running");
  EXPECT_EQ(asked.at("is_cancelling"), true);
  EXPECT_EQ(to_text(asked.at("can")), "[]");
  post(job + "/retry", 409);
}

TEST_P(JobsApi, OneWhoseKeyIsTakenIsNotTriedAgain) {
  const std::string first = "/api/jobs/" + std::to_string(enqueue(new_job("paint", "gate")));
  post(first + "/cancel", 202);
  const auto second = enqueue(new_job("paint", "gate"));
  EXPECT_THAT(to_text(post(first + "/retry", 409)), HasSubstr(std::to_string(second)));
}

TEST_P(JobsApi, KindsAreCountedPausedAndResumed) {
  EXPECT_EQ(kind_of("paint").at("available"), 0) << "known, although it has no job";
  enqueue();
  enqueue();
  enqueue("sand");
  (void)take();
  EXPECT_EQ(kind_of("paint").at("available"), 1);
  EXPECT_EQ(kind_of("paint").at("running"), 1);
  EXPECT_EQ(kind_of("sand").at("title"), "sand");
  EXPECT_EQ(post("/api/jobs/kinds/paint/pause", 200).at("is_paused"), true);
  EXPECT_EQ(kind_of("paint").at("is_paused"), true);
  EXPECT_EQ(post("/api/jobs/kinds/paint/resume", 200).at("is_paused"), false);
}

TEST_P(JobsApi, MetricsCountThemByKindAndState) {
  enqueue();
  enqueue();
  (void)take();
  const auto response = call(Method::kGet, "/metrics");
  const std::string text(response.text());
  EXPECT_THAT(text, AllOf(HasSubstr("vedette_jobs{kind=\"paint\",state=\"available\"} 1\n"),
                          HasSubstr("vedette_jobs{kind=\"paint\",state=\"running\"} 1\n"),
                          HasSubstr("vedette_jobs_oldest_waiting_seconds{kind=\"paint\"}"),
                          HasSubstr("vedette_jobs_paused{kind=\"paint\"} 0\n"),
                          HasSubstr("vedette_jobs_rescued_total 0\n")));
}

TEST_P(JobsApi, WhatRunsIsToldAndHowItEnded) {
  EventRelay relay(*database_, events_);
  for (EventSource& source : job_events(services_)) relay.add(std::move(source));
  EventListener listener(events_);
  relay.start();
  const auto id = enqueue();
  const auto claimed = take();
  database_->notify(work::kJobChangeChannel, "paint");
  const json::value running = json::parse(listener.next("job").data);
  EXPECT_EQ(running.at("id"), id);
  EXPECT_EQ(running.at("state"), "running");
  end(claimed, work::Ending::Kind::kDiscarded, "no paint left");
  json::value ended = json::parse(listener.next("job").data);
  EXPECT_EQ(ended.at("state"), "discarded");
  EXPECT_EQ(ended.at("error"), "no paint left");
}

TEST_P(JobsApi, KindsAreToldWhenTheirCountsChange) {
  EventRelay relay(*database_, events_);
  for (EventSource& source : job_events(services_)) relay.add(std::move(source));
  EventListener listener(events_);
  relay.start();
  enqueue();
  while (true) {
    const auto event = listener.next("kinds");
    ASSERT_FALSE(event.name.empty());
    const json::value kinds = json::parse(event.data);
    if (kinds.at("kinds").at(0).at("available") == 1) return;
  }
}

TEST_P(JobsApi, WhatAnOwnerShouldKnowIsANote) {
  enqueue();
  end(take(), work::Ending::Kind::kDiscarded, "no paint left");
  enqueue();
  const auto text = std::string(call(Method::kGet, "/api/status").text());
  EXPECT_THAT(text, AllOf(HasSubstr("Paint a fence: failed for good"), HasSubstr("no paint left"),
                          HasSubstr("Paint a fence: nobody takes it"),
                          HasSubstr("vedette serve --roles work")));
  post("/api/jobs/kinds/paint/pause", 200);
  EXPECT_THAT(std::string(call(Method::kGet, "/api/status").text()),
              HasSubstr("vedette queue resume paint"));
}

TEST_P(JobsApi, AProcessWithTheRoleTakesThem) {
  enqueue();
  const auto kinds =
      must(database_->read([&](db::Session& session) { return all_kinds(session, *worker_); }));
  work::ProcessInfo process;
  process.roles = "api, work";
  std::vector<Note> notes;
  note_jobs(notes, kinds, {process}, *worker_);
  EXPECT_THAT(notes, IsEmpty());
  enqueue("of-another-version");
  note_jobs(
      notes,
      must(database_->read([&](db::Session& session) { return all_kinds(session, *worker_); })),
      {process}, *worker_);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0].text, HasSubstr("vedette queue cancel --kind of-another-version"));
  notes.clear();
  process.is_stale = true;
  note_jobs(notes, kinds, {process}, *worker_);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].title, "Paint a fence: nobody takes it");
}

INSTANTIATE_TEST_SUITE_P(Both, JobsApi,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::api
