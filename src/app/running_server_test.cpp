#include "app/running_server.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace vedette::app {
namespace {

namespace json = boost::json;

ServerReport read(const char* status, const char* loops) {
  return read_report(json::parse(status), json::parse(loops));
}

std::vector<std::string> titles(const ServerReport& report) {
  std::vector<std::string> titles;
  for (const auto& complaint : report.complaints) titles.push_back(complaint.title);
  return titles;
}

constexpr const char* kStatus = R"({"version": "0.1.0", "started_at": "2026-11-22T15:00:00Z",
  "roles": ["api", "keep"], "processes": [{"alive": true}, {"alive": true}, {"alive": false}],
  "database": {"kind": "SQLite", "version": "3.54.1", "reachable": true, "tables": {"traffic": 1, "work": 2},
               "size_bytes": 1048576, "message": null}})";

TEST(ServerReport, SaysWhatIsFine) {
  const auto report = read(kStatus, R"({"loops": [
      {"name": "roll-up", "title": "Roll-up", "state": "waiting", "word": "waiting", "cause": null},
      {"name": "camera:a", "title": "Camera: A", "state": "running", "word": "running",
       "since": "2026-11-22T15:00:00Z", "process": "here:7", "cause": null}]})");
  EXPECT_THAT(titles(report), testing::IsEmpty());
  EXPECT_EQ(report.roles, "api, keep");
  EXPECT_EQ(report.database, "SQLite 3.54.1, reachable, 1.0 MiB");
  EXPECT_EQ(report.other_processes, 1);
  ASSERT_EQ(report.lines.size(), 2U);
  EXPECT_EQ(report.lines[1].title, "Camera: A");
  EXPECT_EQ(report.lines[1].since, "2026-11-22T15:00:00Z");
  EXPECT_EQ(report.lines[1].process, "here:7");
}

TEST(ServerReport, PutsWhatNeedsALookFirst) {
  const auto report = read(R"({"version": "0.1.0", "database": {"kind": "PostgreSQL",
      "version": "15.20", "reachable": false, "message": "it does not answer"}})",
                           R"({"loops": [
      {"name": "camera:b", "title": "Camera: B", "state": "running", "word": "running"},
      {"name": "roll-up", "title": "Roll-up", "state": "retrying", "word": "failed", "cause": null,
       "last_error": "disk full"},
      {"name": "camera:a", "title": "Camera: A", "state": "running", "word": "too slow",
       "cause": "9.5 of 25 pictures a second are looked at."}]})");
  EXPECT_THAT(titles(report), testing::ElementsAre("Database", "Roll-up", "Camera: A"));
  EXPECT_EQ(report.complaints[1].why, "disk full");
  EXPECT_EQ(report.complaints[2].why, "9.5 of 25 pictures a second are looked at.");
  ASSERT_EQ(report.lines.size(), 3U);
  EXPECT_EQ(report.lines[0].title, "Roll-up");
  EXPECT_EQ(report.lines[1].title, "Camera: A");
  EXPECT_EQ(report.lines[2].title, "Camera: B");
}

TEST(ServerReport, SaysHowOftenAndSinceWhenItWasTried) {
  const auto report = read(kStatus, R"({"loops": [
      {"name": "camera:a", "title": "Camera: A", "state": "retrying", "word": "source unreachable",
       "health": "bad", "cause": "Connection refused.", "attempts": 36,
       "since": "2026-11-22T06:47:18Z"},
      {"name": "camera:b", "title": "Camera: B", "state": "starting", "word": "no room",
       "health": "bad", "cause": "All 2 processes that could run it are full.", "attempts": 0}]})");
  ASSERT_EQ(report.complaints.size(), 2U);
  EXPECT_EQ(report.complaints[0].why,
            "Connection refused. 36 attempts since 2026-11-22T06:47:18Z.");
  EXPECT_EQ(report.complaints[1].why, "All 2 processes that could run it are full.");
}

TEST(ServerReport, ADatabaseThatCannotBeWrittenNeedsALook) {
  const auto report = read(R"({"database": {"kind": "SQLite", "reachable": true, "writable": false,
      "message": "There is no space left."}})",
                           R"({"loops": []})");
  ASSERT_THAT(titles(report), testing::ElementsAre("Database"));
  EXPECT_EQ(report.complaints[0].word, "cannot be written");
  EXPECT_EQ(report.complaints[0].why, "There is no space left.");
}

TEST(ServerReport, ReadsWhatItDoesNotKnow) {
  EXPECT_THAT(titles(read("{}", "[]")), testing::IsEmpty());
  EXPECT_THAT(titles(read(R"({"roles": 5, "database": [], "processes": {}})",
                          R"({"loops": [1, null, {"state": 7}]})")),
              testing::ElementsAre("Database"));
}

TEST(ServerReport, CountsJobsInOneLine) {
  const auto loops = json::parse(R"({"loops": []})");
  const auto jobs = [&](const char* kinds) {
    return read_report(json::parse(kStatus), loops, json::parse(kinds)).queue;
  };
  EXPECT_EQ(read_report(json::parse(kStatus), loops).queue, "") << "an earlier server has none";
  EXPECT_EQ(jobs(R"({"kinds": []})"), "0 waiting, 0 running");
  EXPECT_EQ(jobs(R"({"kinds": [
      {"available": 10000, "scheduled": 1, "running": 2, "failed": 3, "discarded_day": 4, "is_more": true},
      {"available": 1, "running": 1}]})"),
            "more than 10002 waiting, 3 running, 3 to be tried again, 4 failed for good in the "
            "last day");
}

}  // namespace
}  // namespace vedette::app
