#include "app/running_server.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace vedette::app {
namespace {

namespace json = boost::json;

ServerReport read(const char* status, const char* loops, const char* cameras) {
  return read_report(json::parse(status), json::parse(loops), json::parse(cameras));
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
       "cause": null}]})",
                           R"({"cameras": [{"name": "A", "status": {"state": "running",
      "word": "running", "since": "2026-11-22T15:00:00Z", "fps_inferred": 9.5, "cause": null,
      "model": {"name": "YOLOX-nano"}}}], "next": null})");
  EXPECT_THAT(titles(report), testing::IsEmpty());
  EXPECT_EQ(report.roles, "api, keep");
  EXPECT_EQ(report.database, "SQLite 3.54.1, reachable, 1.0 MiB");
  EXPECT_EQ(report.other_processes, 1);
  EXPECT_EQ(report.loop_count, 2);
  ASSERT_EQ(report.camera_lines.size(), 1U);
  EXPECT_EQ(report.camera_lines[0].model, "YOLOX-nano");
}

TEST(ServerReport, PicksOutWhatNeedsALookOnce) {
  const auto report = read(R"({"version": "0.1.0", "database": {"kind": "PostgreSQL",
      "version": "15.20", "reachable": false, "message": "it does not answer"}})",
                           R"({"loops": [
      {"name": "roll-up", "title": "Roll-up", "state": "retrying", "word": "failed", "cause": null,
       "last_error": "disk full"},
      {"name": "camera:a", "title": "Camera: A", "state": "retrying", "word": "unreachable"}]})",
                           R"({"cameras": [{"name": "A", "status": {"state": "retrying",
      "word": "source unreachable", "cause": "no route to host"}}]})");
  EXPECT_THAT(titles(report), testing::ElementsAre("Database", "Roll-up", "Camera: A"));
  EXPECT_EQ(report.complaints[1].why, "disk full");
  EXPECT_EQ(report.complaints[2].why, "no route to host");
}

TEST(ServerReport, ReadsWhatItDoesNotKnow) {
  EXPECT_THAT(titles(read("{}", "[]", "null")), testing::IsEmpty());
  EXPECT_THAT(titles(read(R"({"roles": 5, "database": [], "processes": {}})",
                          R"({"loops": [1, null, {"state": 7}]})",
                          R"({"cameras": [1, {"status": null}, {"status": {}}]})")),
              testing::ElementsAre("Database"));
  const auto refused =
      read_report(json::parse(kStatus), json::object{}, fail(ErrorCode::kUnavailable, "away"));
  EXPECT_THAT(titles(refused), testing::ElementsAre("Cameras"));
}

}  // namespace
}  // namespace vedette::app
