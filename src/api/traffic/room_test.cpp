// Every handler of the room: what is right, what is not there, what is asked wrongly, what happens
// without a database.
#include <gmock/gmock.h>

#include "api/event_listener_test.hpp"
#include "api/traffic/traffic_room_test.hpp"
#include "traffic/camera_status.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;
using http::Method;
using ::testing::HasSubstr;
using ::testing::Not;

const Instant kNoon = instant("2026-11-20T12:00:00Z");

constexpr const char* kReads[] = {"/api/cameras",
                                  "/api/traffic/current",
                                  "/api/traffic/history",
                                  "/api/traffic/history.csv",
                                  "/api/traffic/history?by=line",
                                  "/api/traffic/crossings",
                                  "/api/traffic/quality",
                                  "/api/sources/files",
                                  "/api/detectors",
                                  "/api/loops",
                                  "/api/jobs",
                                  "/api/jobs/kinds",
                                  "/api/status",
                                  "/metrics"};

TEST_F(TrafficRoom, AnswersWhereNothingIsThereYet) {
  for (const char* target : kReads) EXPECT_EQ(get(target).status, 200) << target;
  EXPECT_TRUE(read("/api/cameras").at("cameras").as_array().empty());
  EXPECT_TRUE(read("/api/traffic/history").at("rows").as_array().empty());
}

TEST_F(TrafficRoom, AnUnknownParameterIsRefusedOnEveryRouteWithWhatWouldBeRight) {
  const std::string id = add_camera("a", kNoon, kNoon);
  std::vector<std::string> targets(std::begin(kReads), std::end(kReads));
  for (const std::string rest : {"", "/lines", "/snapshot.jpg", "/live.mjpg"})
    targets.push_back("/api/cameras/" + id + rest);
  for (const std::string more : {"/api/events", "/api/jobs/1", "/healthz", "/readyz",
                                 "/api/traffic/kpi", "/api/loops/x/leases"})
    targets.push_back(more);
  for (const std::string& target : targets) {
    const char joint = target.find('?') == std::string::npos ? '?' : '&';
    const http::Response response = get(target + joint + "colour=red");
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_EQ(field_of(response), "colour") << target;
  }
  EXPECT_EQ(room_.call(Method::kDelete, "/api/cameras/" + id + "?force=1").status, 400);
  EXPECT_THAT(std::string(get("/api/traffic/history?camera_id=a").text()),
              HasSubstr("did you mean 'camera'?"));
  EXPECT_THAT(std::string(get("/api/traffic/crossings?form=2026-11-20T12:00:00Z").text()),
              HasSubstr("did you mean 'from'?"));
}

TEST_F(TrafficRoom, ParametersOutOfRangeAreNamed) {
  const std::pair<const char*, const char*> wrong[] = {
      {"/api/cameras?limit=0", "limit"},
      {"/api/traffic/history?grain=week", "grain"},
      {"/api/traffic/history?by=colour", "by"},
      {"/api/traffic/history?line=x", "line"},
      {"/api/traffic/history?by=line&direction=up", "direction"},
      {"/api/traffic/history?offset=5", "offset"},
      {"/api/traffic/history?offset=%2B05:31", "offset"},
      {"/api/traffic/history?offset=%2B15:00", "offset"},
      {"/api/traffic/history?from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00Z", "to"},
      {"/api/traffic/crossings?direction=north", "direction"},
      {"/api/traffic/crossings?cursor=ff", "cursor"},
      {"/api/traffic/kpi?from=2026-11-20T12:00:00Z", "camera"},
      {"/api/traffic/kpi?camera=a", "from"},
      {"/api/events?topics=weather", "topics"}};
  for (const auto& [target, field] : wrong) {
    const http::Response response = get(target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_EQ(field_of(response), field) << target;
  }
}

TEST_F(TrafficRoom, WhatIsNotThereIsNotFound) {
  for (const char* target :
       {"/api/cameras/x", "/api/cameras/x/lines", "/api/cameras/x/snapshot.jpg",
        "/api/cameras/x/live.mjpg", "/api/traffic/kpi?camera=x&from=2026-11-20T12:00:00Z"})
    EXPECT_EQ(get(target).status, 404) << target;
  EXPECT_EQ(room_.call(Method::kDelete, "/api/cameras/x").status, 404);
  EXPECT_EQ(room_.call(Method::kPut, "/api/cameras/x/lines", R"({"lines": []})").status, 404);
  EXPECT_EQ(room_.call(Method::kPost, "/api/loops/x/retry").status, 404);
}

TEST(RoomWithoutDatabase, SaysSoEverywhere) {
  Room room("postgresql://127.0.0.1:1/nobody");
  for (const char* target :
       {"/api/cameras", "/api/cameras/a", "/api/cameras/a/lines", "/api/traffic/current",
        "/api/traffic/history", "/api/traffic/history?by=line", "/api/traffic/crossings",
        "/api/traffic/quality", "/api/traffic/kpi?camera=a&from=2026-11-20T12:00:00Z"})
    EXPECT_EQ(room.get(target).status, 503) << target;
  EXPECT_EQ(
      room.call(Method::kPost, "/api/cameras", R"({"name": "a", "source": "clip.mp4"})").status,
      503);
  EXPECT_EQ(room.get("/api/loops").status, 200) << "this process knows its own";
  EXPECT_EQ(room.get("/metrics").status, 200);
}

TEST_F(TrafficRoom, ACameraThatNoLongerReportsHasNoRates) {
  traffic::CameraFigures figures;
  figures.fps_inferred = 9.5;
  figures.dropped = 7;
  for (const auto& [id, since] : {std::pair{"here", "0"}, std::pair{"gone", "60000000"}}) {
    room_.run("INSERT INTO camera_status (camera_id, updated_at, status) VALUES ($1, " +
                  db::now_sql(db::Dialect::kSqlite) + " - " + since + ", $2)",
              {id, traffic::to_json(figures)});
  }
  const std::string measured = body_of(get("/metrics"));
  EXPECT_THAT(measured, HasSubstr("vedette_camera_inferred_fps{camera=\"here\"} 9.5"));
  EXPECT_THAT(measured, Not(HasSubstr("vedette_camera_inferred_fps{camera=\"gone\"}")));
  EXPECT_THAT(measured, HasSubstr("vedette_camera_dropped_frames_total{camera=\"gone\"} 7"));
}

TEST_F(TrafficRoom, ACameraOfANameThatIsTakenIsRefused) {
  add_camera("Mill Street", kNoon, kNoon);
  const std::string body = R"({"name": "mill street ", "source": "clip.mp4", "enabled": false})";
  const http::Response second = room_.call(Method::kPost, "/api/cameras", body);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(field_of(second), "name");
  add_camera("Gate", kNoon, kNoon);
  EXPECT_EQ(room_.call(Method::kPut, "/api/cameras/gate", body).status, 409);
  EXPECT_EQ(room_.call(Method::kPut, "/api/cameras/mill-street", body).status, 200)
      << "its own name";
}

TEST_F(TrafficRoom, ARecordingOfTheFutureIsRefused) {
  const auto add = [&](std::string_view starts_at) {
    return room_.call(Method::kPost, "/api/cameras",
                      R"({"name": "a", "source": "clip.mp4", "enabled": false, "starts_at": ")" +
                          std::string(starts_at) + "\"}");
  };
  const http::Response refused = add("2099-01-01T00:00:00Z");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(field_of(refused), "starts_at");
  EXPECT_EQ(add("2026-11-19T00:00:00Z").status, 201);
}

// The server answers 413 by these bounds, whatever the setting for uploads: a camera written in 60
// MB of JSON took 1.5 GB.
TEST_F(TrafficRoom, ABodyLargerThanAnyCameraIsNotRead) {
  const std::pair<Method, const char*> writes[] = {{Method::kPost, "/api/cameras"},
                                                   {Method::kPut, "/api/cameras/a"},
                                                   {Method::kPut, "/api/cameras/a/lines"},
                                                   {Method::kPost, "/api/cameras/a/lines/try"}};
  for (const auto& [method, target] : writes)
    EXPECT_LE(room_.body_limit(method, target), std::size_t{1} << 20) << target;
}

TEST_F(TrafficRoom, LinesAreWrittenBackAsTheyWereRead) {
  traffic::Camera camera;
  camera.name = "a";
  camera.source = "clip.mp4";
  must(traffic::add_camera(room_.database(), camera));
  const std::string unnamed =
      R"({"lines": [{"name": "Mill", "x1": 0, "y1": 9, "x2": 90, "y2": 9}]})";
  ASSERT_EQ(room_.call(Method::kPut, "/api/cameras/a/lines", unnamed).status, 200);
  const json::value lines = read("/api/cameras/a/lines");
  EXPECT_FALSE(lines.at("lines").at(0).at("is_named").as_bool());
  const http::Response again = room_.call(Method::kPut, "/api/cameras/a/lines", to_text(lines));
  EXPECT_EQ(again.status, 200) << again.text();
  EXPECT_EQ(read("/api/cameras/a/lines"), lines) << "words from geometry stay those";
  EXPECT_EQ(room_.call(Method::kPost, "/api/cameras/a/lines/try", to_text(lines)).status, 200);
}

TEST_F(TrafficRoom, NoFigureIsGivenForATimeNobodyMeasured) {
  // Watched from 11:20 on, the line was drawn at 12:10, nobody came.
  const std::string id = add_camera("a", instant("2026-11-20T11:20:00Z"), kNoon + 10min);
  watched(id, kNoon - 40min, kNoon + 30min);
  roll();
  const json::value kpi =
      read("/api/traffic/kpi?camera=a&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z");
  EXPECT_EQ(kpi.at("since").as_string(), "2026-11-20T11:20:00Z");
  EXPECT_EQ(kpi.at("total").at("period_s").to_number<double>(), 4200);
  EXPECT_EQ(kpi.at("total").at("coverage_s").to_number<double>(), 4200);
  EXPECT_EQ(kpi.at("last_60_min").at("coverage_s").to_number<double>(), 3600);
  const json::value& line = kpi.at("lines").at(0);
  EXPECT_EQ(line.at("since").as_string(), "2026-11-20T12:10:00Z");
  EXPECT_EQ(line.at("coverage_s").to_number<double>(), 1200);
  EXPECT_EQ(line.at("vehicles").to_number<int>(), 0);
  const json::array& by_hour = line.at("by_hour").as_array();
  ASSERT_EQ(by_hour.size(), 24U);
  EXPECT_EQ(kpi.at("hours_from").as_string(), "2026-11-19T13:00:00Z");
  EXPECT_TRUE(by_hour[22].is_null()) << "watched, but without the line";
  EXPECT_EQ(by_hour[23].to_number<int>(), 0);

  const json::value before =
      read("/api/traffic/kpi?camera=a&from=2026-11-20T00:00:00Z&to=2026-11-20T12:00:00Z");
  EXPECT_TRUE(before.at("lines").at(0).at("vehicles").is_null());
}

TEST_F(TrafficRoom, ALineDrawnAfterTheFileWasOverHasCountedNothing) {
  const std::string id = add_camera("a", kNoon, kNoon + 30s);
  watched(id, kNoon, kNoon + 12s);
  roll();
  const json::value kpi = read("/api/traffic/kpi?camera=a&from=2026-11-20T00:00:00Z");
  EXPECT_TRUE(kpi.at("lines").at(0).at("vehicles").is_null());
  EXPECT_TRUE(kpi.at("lines").at(0).at("by_hour").at(23).is_null());
}

TEST_F(TrafficRoom, LinesAreCountedByDirectionAndKeptWhenCrossingsArePruned) {
  const std::string id = add_camera("a", kNoon - 48h, kNoon - 48h);
  watched(id, kNoon - 2h, kNoon + 30min);
  for (int track = 1; track <= 5; ++track) cross(id, track, kNoon - 90min);
  cross(id, 6, kNoon - 80min, "b_to_a", "bus");
  roll();
  room_.run("DELETE FROM crossings");
  cross(id, 7, kNoon + 29min);  // not rolled up yet
  const json::value kpi = read("/api/traffic/kpi?camera=a&from=2026-11-20T00:00:00Z");
  EXPECT_EQ(kpi.at("lines").at(0).at("vehicles").to_number<int>(), 6);
  EXPECT_EQ(kpi.at("lines").at(0).at("by_hour").at(21).to_number<int>(), 5);
  EXPECT_EQ(kpi.at("lines").at(0).at("by_hour").at(22).to_number<int>(), 0);
  EXPECT_EQ(kpi.at("lines").at(0).at("by_hour").at(23).to_number<int>(), 1);
  EXPECT_EQ(kpi.at("lines").at(1).at("vehicles").to_number<int>(), 1);
  EXPECT_EQ(kpi.at("total").at("vehicles").to_number<int>(), 7) << "as new as the lines";
  EXPECT_EQ(kpi.at("this_hour").at("vehicles").to_number<int>(), 1);
  EXPECT_EQ(kpi.at("mix").at(0).at("vehicles").to_number<int>(), 6);

  const json::value history = read("/api/traffic/history?by=line&camera=a");
  const json::array& rows = history.at("rows").as_array();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("label").as_string(), "into town");
  EXPECT_EQ(rows[0].at("line").as_string(), "Mill");
  EXPECT_EQ(rows[0].at("vehicles").to_number<int>(), 5);
  EXPECT_EQ(rows[0].at("flow_per_h").to_number<double>(), 5);
  EXPECT_EQ(rows[1].at("vehicle_type").as_string(), "bus");
  EXPECT_EQ(read("/api/traffic/history?by=line&direction=b_to_a").at("rows").as_array().size(), 1U);
}

TEST_F(TrafficRoom, CsvHasNamesUnitsAndAFileNameOfItsOwn) {
  const std::string id = add_camera("Mill Street", kNoon - 48h, kNoon - 48h);
  watched(id, kNoon - 1h, kNoon);
  cross(id, 1, kNoon - 30min);
  roll();
  const http::Response lines = get(
      "/api/traffic/history.csv?camera=mill-street&by=line&grain=day&from=2026-11-20T00:00:00Z&to="
      "2026-11-21T00:00:00Z");
  EXPECT_EQ(lines.header("content-disposition"),
            "attachment; filename=\"mill-street_2026-11-20.csv\"");
  EXPECT_THAT(body_of(lines), HasSubstr("vehicles_per_h,watched_s"));
  EXPECT_THAT(body_of(lines),
              HasSubstr("2026-11-20T00:00:00Z,2026-11-21T00:00:00Z,Mill Street,Mill,into "
                        "town,car,1,1.0,3600.000,2026-11-18T12:00:00Z,true,mill-street,"));
  const http::Response cameras = get("/api/traffic/history.csv?camera=mill-street");
  EXPECT_THAT(body_of(cameras), HasSubstr(",Mill Street,car,1,1.0,"));
  EXPECT_EQ(get("/api/traffic/history.csv?from=2026-11-18T00:00:00Z").header("content-disposition"),
            "attachment; filename=\"all-cameras_2026-11-18_2026-11-20.csv\"");
}

TEST_F(TrafficRoom, HoursAndDaysBeginInTheZoneAskedFor) {
  const std::string id = add_camera("a", kNoon - 48h, kNoon - 48h);
  watched(id, kNoon - 2h, kNoon);
  cross(id, 1, kNoon - 40min);  // 11:20 UTC, 16:50 in India
  cross(id, 2, kNoon - 20min);  // 11:40 UTC, 17:10 in India
  roll();
  const json::value hours = read("/api/traffic/history?by=line&offset=%2B05:30");
  ASSERT_EQ(hours.at("rows").as_array().size(), 2U);
  EXPECT_EQ(hours.at("rows").at(0).at("report_hour").as_string(), "2026-11-20T11:30:00Z");
  EXPECT_EQ(hours.at("rows").at(0).at("coverage_s").to_number<double>(), 1800);
  EXPECT_EQ(hours.at("rows").at(1).at("report_hour").as_string(), "2026-11-20T10:30:00Z");
  EXPECT_EQ(hours.at("rows").at(1).at("coverage_s").to_number<double>(), 3600);
  const json::value days = read("/api/traffic/history?grain=day&offset=-03:00");
  EXPECT_EQ(days.at("rows").at(0).at("report_hour").as_string(), "2026-11-20T03:00:00Z");
  EXPECT_EQ(days.at("rows").at(0).at("vehicles").to_number<int>(), 2);
  const json::value kpi =
      read("/api/traffic/kpi?camera=a&from=2026-11-20T00:00:00Z&offset=%2B05:30");
  EXPECT_EQ(kpi.at("hours_from").as_string(), "2026-11-19T13:30:00Z");
}

// Each cursor that an answer gives is taken, and the pages together are the whole.
TEST_F(TrafficRoom, EveryPageLeadsToTheNext) {
  for (const char* name : {"a", "b \xC3\xA4", "c"}) {
    const std::string id = add_camera(name, kNoon - 48h, kNoon - 48h);
    for (int i = 0; i < 5; ++i) {  // with gaps that nothing explains
      watched(id, kNoon - 5h + 40min * i, kNoon - 5h + 40min * i + 20min);
      cross(id, 2 * i + 1, kNoon - 5h + 40min * i + 1us);
      cross(id, 2 * i + 2, kNoon - 5h + 40min * i + 1min, "b_to_a", "bus");
    }
    room_.run(
        "INSERT INTO quality_log (camera_id, issue, cause, ts, ended_at) VALUES ($1, "
        "'detector changed', 'x', $2, $2)",
        {id, kNoon});
  }
  roll();
  const std::pair<const char*, const char*> lists[] = {
      {"/api/cameras?", "cameras"},
      {"/api/traffic/history?", "rows"},
      {"/api/traffic/history?grain=5min&", "rows"},
      {"/api/traffic/history?grain=day&", "rows"},
      {"/api/traffic/history?offset=%2B05:45&", "rows"},
      {"/api/traffic/history?by=line&", "rows"},
      {"/api/traffic/history?by=line&grain=day&offset=-09:30&", "rows"},
      {"/api/traffic/crossings?", "crossings"},
      {"/api/traffic/quality?", "issues"}};
  for (const auto& [target, list] : lists) {
    const std::string base = std::string(target) + "limit=";
    const json::array whole = read(base + "1000").at(list).as_array();
    ASSERT_GE(whole.size(), 3U) << target;
    for (const int limit : {1, 2, 7}) {
      json::array paged;
      std::string next;
      do {
        const json::value page =
            read(base + std::to_string(limit) + (next.empty() ? "" : "&cursor=" + next));
        for (const json::value& row : page.at(list).as_array()) paged.push_back(row);
        next = page.at("next").is_null() ? "" : std::string(page.at("next").as_string());
        ASSERT_LE(paged.size(), whole.size()) << target;
      } while (!next.empty());
      EXPECT_EQ(paged, whole) << target << limit;
    }
  }
}

TEST_F(TrafficRoom, ACrossingIsToldAlsoToThoseWhoWereAwayOrTheyAreToldToFetchAnew) {
  const std::string id = add_camera("a", kNoon, kNoon);
  std::string last;
  {
    EventListener listener(room_.events());
    room_.relay().start();
    ASSERT_EQ(listener.next("cameras").name, "cameras") << "its first look";
    cross(id, 1, kNoon);
    room_.database().notify("traffic", id);
    EXPECT_NE(listener.next("crossing").data.find("\"track_id\":1"), std::string::npos);
    last = listener.last_id();
  }
  cross(id, 2, kNoon);
  room_.database().notify("traffic", id);
  EventListener back(room_.events(), last, "?topics=crossing");
  cross(id, 3, kNoon);
  room_.database().notify("traffic", id);
  // Whether the relay was before or behind the client, nothing is passed over in silence.
  const EventListener::Event first = back.next();
  if (first.name == "crossing") {
    EXPECT_NE(first.data.find("\"track_id\":2"), std::string::npos);
  } else {
    EXPECT_TRUE(first.name == "reset" || first.name == "resync") << first.name;
  }
}

TEST_F(TrafficRoom, ManyCrossingsAtOnceAreAllTold) {
  const std::string id = add_camera("a", kNoon, kNoon);
  EventListener listener(room_.events(), {}, "?topics=cameras,crossing");
  room_.relay().start();
  ASSERT_EQ(listener.next("cameras").name, "cameras") << "its first look";
  for (int track = 1; track <= 450; ++track) cross(id, track, kNoon);
  room_.database().notify("traffic", id);
  for (int track = 1; track <= 450; ++track)
    ASSERT_EQ(listener.next("crossing").name, "crossing") << track;
}

TEST_F(TrafficRoom, ARenamedDirectionIsSeenByItsMark) {
  const std::string id = add_camera("a", kNoon, kNoon);
  const auto mark = [&] {
    return must(
        room_.database().read([](db::Session& session) { return traffic::cameras_mark(session); }));
  };
  const std::string before = mark();
  auto lines = must(traffic::find_camera(room_.database(), id))->lines;
  lines.front().a_to_b = "into towm";
  must(traffic::set_lines(room_.database(), id, lines));
  EXPECT_NE(mark(), before);
}

}  // namespace
}  // namespace vedette::api
