// What a count tells in words and in documents.
#include "traffic/count_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>

#include "traffic/counting.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

const Instant kStart = *from_rfc3339("2026-11-20T10:00:00Z");

Camera camera() {
  Camera camera;
  camera.id = "mill";
  camera.name = "Mill, north";
  camera.types = {"car", "bus"};
  camera.lines = {{.id = "g", .name = "=Gate, 1", .a_to_b = "in", .b_to_a = "out"}};
  return camera;
}

CountResult result() {
  CountResult result("mill");
  Batch batch;
  batch.crossings = {{7, "g", "a_to_b", "car", kStart + 1500ms, 10.04, 20, 37},
                     {8, "g", "b_to_a", "bus", kStart + 2s, 11, 21, 50},
                     {9, "g", "a_to_b", "car", kStart + 3s, 12, 22, 75}};
  batch.frames = 100;
  batch.media_time = 4s;
  batch.watched = {{kStart, kStart + 4s}};
  result.take(batch, kStart + 4s);
  return result;
}

CountTold told() {
  return {.base_time = kStart,
          .times_from = kTimesFromFirstCount,
          .model = "yolo",
          .cut_off = {},
          .left_out = {}};
}

TEST(CountReport, SaysTheCountsInWords) {
  EXPECT_EQ(count_in_words(camera(), result()), "3 road users; =Gate, 1: 2 in, 1 out");
  Camera without = camera();
  without.lines.clear();
  EXPECT_EQ(count_in_words(without, CountResult("mill")), "0 road users");
}

TEST(CountReport, TheExportIsTheResultAndEveryCrossing) {
  const auto whole = boost::json::parse(export_json(camera(), result(), told())).as_object();
  const auto head = boost::json::parse(result_json(camera(), result(), told())).as_object();
  for (const auto& [key, value] : head) EXPECT_EQ(whole.at(key), value) << key;
  EXPECT_EQ(whole.at("name").as_string(), "Mill, north");
  EXPECT_EQ(whole.at("times_from").as_string(), "first_count");
  const auto& crossings = whole.at("crossings").as_array();
  ASSERT_EQ(crossings.size(), 3U);
  EXPECT_EQ(crossings[0], boost::json::parse(
                              R"({"t": "2026-11-20T10:00:01.5Z", "media_s": 1.5, "line_id": "g",
                    "line": "=Gate, 1", "direction": "a_to_b", "label": "in", "track": 7,
                    "vehicle_type": "car", "x": 1.0E1, "y": 2.0E1, "frame": 37})"));
  EXPECT_TRUE(boost::json::parse(export_json(camera(), CountResult("mill"), told()))
                  .at("crossings")
                  .as_array()
                  .empty());
}

TEST(CountReport, TheCsvHasARowForEachAndRunsInNoSpreadsheet) {
  EXPECT_EQ(export_csv(camera(), result(), told()),
            "t,media_s,camera_id,line,direction,label,track,vehicle_type,x,y,frame\r\n"
            "2026-11-20T10:00:01.5Z,1.500,mill,\"'=Gate, 1\",a_to_b,in,7,car,10.0,20.0,37\r\n"
            "2026-11-20T10:00:02Z,2.000,mill,\"'=Gate, 1\",b_to_a,out,8,bus,11.0,21.0,50\r\n"
            "2026-11-20T10:00:03Z,3.000,mill,\"'=Gate, 1\",a_to_b,in,9,car,12.0,22.0,75\r\n");
}

}  // namespace
}  // namespace vedette::traffic
