// What the tests of the imagery room's handlers share: the room on a small database and a folder,
// called as the server would call it. No worker runs: jobs stay on the queue.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/answers.hpp"
#include "api/imagery/imagery_services.hpp"
#include "api/job_pace.hpp"
#include "api/readiness.hpp"
#include "blob/store.hpp"
#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "imagery/tables.hpp"
#include "work/supervisor.hpp"
#include "work/tables.hpp"
#include "work/worker.hpp"

namespace vedette::api {

class ImageryRoom : public db::testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    std::vector<db::Migration> all = work::migrations();
    for (db::Migration& migration : imagery::migrations()) all.push_back(std::move(migration));
    must(db::migrate(*database_, all));
    supervisor_ = std::make_unique<work::Supervisor>(*database_, work::SupervisorOptions{});
    jobs_ = std::make_unique<work::Worker>(*database_, work::WorkerOptions{});
    core_ = std::make_shared<const CoreServices>(
        CoreServices{.database = *database_,
                     .supervisor = *supervisor_,
                     .jobs = *jobs_,
                     .events = events_,
                     .clock = clock_,
                     .readiness = readiness_,
                     .pace = std::make_shared<JobPace>(clock_),
                     .process = {"1.2.3", work::Roles::all(), clock_.now(), Micros{0}},
                     .server_stats = [] { return http::ServerStats{}; },
                     .live_streams = [] { return 0; },
                     .measure = [](Families&) {},
                     .notes = [] { return std::vector<Note>{}; }});
    services_ = std::make_shared<const ImageryServices>(
        ImageryServices{.core = core_,
                        .blobs = *blobs_,
                        .scratch = folder_.path() / "scratch",
                        .limits = {.image = 100'000, .request = 1'000'000, .files = 4},
                        .s3_base = {}});
    mount_imagery(router_, services_);
  }

  http::Response call(http::Method method, std::string_view target, std::string body = {},
                      std::string_view content_type = "application/json") {
    http::Request request = http::make_request(method, target, std::move(body));
    request.headers.add("Content-Type", content_type);
    return router_.call(std::move(request));
  }
  http::Response handle(http::Request request) { return router_.call(std::move(request)); }
  http::Response get(std::string_view target) { return call(http::Method::kGet, target); }
  http::Response post(std::string_view target, std::string body = {}) {
    return call(http::Method::kPost, target, std::move(body));
  }
  http::Response put(std::string_view target, std::string body) {
    return call(http::Method::kPut, target, std::move(body));
  }
  static json::value body_of(const http::Response& response) {
    return json::parse(std::string(response.text()));
  }
  json::value read(std::string_view target) {
    const http::Response response = get(target);
    EXPECT_EQ(response.status, 200) << target << ' ' << response.text();
    return body_of(response);
  }

  struct FormFile {
    std::string name;
    std::string content;
  };
  http::Response upload(const std::vector<FormFile>& files, std::string_view gps = {},
                        std::string_view mission = {}, std::string_view path = "/api/upload") {
    std::string body;
    for (const FormFile& file : files) {
      body += "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"" + file.name +
              "\"\r\n\r\n" + file.content + "\r\n";
    }
    if (!gps.empty()) body += field("gps", gps);
    if (!mission.empty()) body += field("mission", mission);
    return call(http::Method::kPost, path, body + "--XX--\r\n", "multipart/form-data; boundary=XX");
  }
  std::string uploaded(std::string content, std::string name = "field.jpg") {
    const http::Response response = upload({{std::move(name), std::move(content)}});
    EXPECT_EQ(response.status, 200) << response.text();
    return std::string(body_of(response).at("id").as_string());
  }
  static std::string field(std::string_view name, std::string_view value) {
    return "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n" +
           std::string(value) + "\r\n";
  }
  /// Content that begins as a JPEG does; no picture can be made of it.
  static std::string jpeg(std::string_view rest) { return "\xFF\xD8\xFF\xE1" + std::string(rest); }

  std::vector<std::string> keys() {
    std::vector<std::string> all;
    for (const auto& object : must(blobs_->list("", {})).objects) all.push_back(object.key);
    return all;
  }
  std::int64_t count(std::string_view sql) {
    return must(database_->read([&](db::Session& s) { return s.query(sql); }))
        .scalar<std::int64_t>();
  }
  void run(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    must(database_->write([&](db::Session& s) { return s.execute(sql, params); }));
  }

  db::Database& database() { return *database_; }
  blob::Store& blobs() { return *blobs_; }
  const std::shared_ptr<const ImageryServices>& services() { return services_; }
  http::SseHub& events() { return events_; }

 private:
  db::testing::TempFolder folder_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blob::Store> blobs_ =
      must(blob::open({.folder = {.folder = folder_.path() / "blobs"}, .s3 = {}}));
  ManualClock clock_{*from_rfc3339("2026-11-27T12:30:00Z")};
  Readiness readiness_;
  http::SseHub events_;
  std::unique_ptr<work::Supervisor> supervisor_;
  std::unique_ptr<work::Worker> jobs_;
  std::shared_ptr<const CoreServices> core_;
  std::shared_ptr<const ImageryServices> services_;
  http::Router router_;
};

}  // namespace vedette::api
