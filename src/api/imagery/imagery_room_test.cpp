// Every handler of the room: what is right, what is not there, what is asked wrongly, and that
// nothing is left behind of what is not taken in.
#include "api/imagery/imagery_room_test.hpp"

#include <gmock/gmock.h>

#include "api/event_listener_test.hpp"
#include "base/digest.hpp"
#include "base/id.hpp"

namespace vedette::api {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

TEST_P(ImageryRoom, TakesAnImageInWithItsPlaceAndItsJob) {
  const http::Response response =
      upload({{"../DJI_1.JPG", jpeg("one")}}, R"({"latitude": 0, "longitude": -83.5})");
  ASSERT_EQ(response.status, 200) << response.text();
  const json::value body = body_of(response);
  EXPECT_EQ(text_of(body.at("processing_status")), "uploaded");
  EXPECT_EQ(text_of(body.at("processingStatus")), "uploaded");
  EXPECT_EQ(text_of(body.at("original_name")), "DJI_1.JPG");
  EXPECT_EQ(text_of(body.at("sha256")), sha256_hex(jpeg("one")));
  EXPECT_EQ(body.at("gps").at("latitude").to_number<double>(), 0);
  EXPECT_EQ(body.at("s3_stored").as_bool(), false) << "S3 is off, and said so";
  EXPECT_FALSE(body.at("duplicate").as_bool());
  EXPECT_THAT(text_of(body.at("message")), HasSubstr("Uploaded"));
  const std::string id = text_of(body.at("id"));
  const json::value shown = read("/api/images/" + id);
  EXPECT_EQ(text_of(shown.at("job_status").at("kind")), "analyze-image");
  EXPECT_TRUE(shown.at("result").is_null());
  ASSERT_THAT(keys(), ::testing::SizeIs(1));
  const http::Response original = get("/api/images/" + id + "/original");
  EXPECT_EQ(original.status, 200);
  EXPECT_EQ(original.header("content-type"), "image/jpeg");
  EXPECT_THAT(std::string(*original.header("content-disposition")), HasSubstr("DJI_1.JPG"));
  EXPECT_EQ(get(text_of(body.at("path"))).status, 200) << "as the original program served it";
}

TEST_P(ImageryRoom, TheSameBytesAreTakenOnce) {
  const std::string id = uploaded(jpeg("one"));
  const json::value again = body_of(upload({{"other.jpg", jpeg("one")}}));
  EXPECT_EQ(text_of(again.at("id")), id);
  EXPECT_TRUE(again.at("duplicate").as_bool());
  EXPECT_THAT(keys(), ::testing::SizeIs(1)) << "the second copy is gone";
  EXPECT_EQ(put("/api/images/third.jpg", jpeg("one")).status, 200);
  EXPECT_EQ(put("/api/images/third.jpg", jpeg("two")).status, 201);
  EXPECT_EQ(count("SELECT count(*) FROM job"), 2);
  const json::value twins = body_of(upload({{"a.jpg", jpeg("new")}, {"b.jpg", jpeg("new")}}));
  EXPECT_EQ(twins.at("images").as_array().size(), 2U);
  EXPECT_THAT(keys(), ::testing::SizeIs(3));
  const std::string known = sha256_hex(jpeg("one"));
  const json::value check = body_of(
      post("/api/images/check", R"({"sha256": [")" + known + R"(", ")" + sha256_hex("x") + "\"]}"));
  ASSERT_EQ(check.at("known").as_array().size(), 1U);
  EXPECT_EQ(text_of(check.at("known").as_array()[0].at("id")), id);
}

TEST_P(ImageryRoom, OneBadFileDoesNotHoldUpTheOthers) {
  const json::value body = body_of(upload({{"notes.jpg", "no picture"},
                                           {"good.jpg", jpeg("one")},
                                           {"empty.jpg", ""},
                                           {"huge.jpg", jpeg(std::string(100'000, 'x'))}}));
  EXPECT_EQ(body.at("images").as_array().size(), 1U);
  ASSERT_EQ(body.at("refused").as_array().size(), 3U);
  EXPECT_EQ(text_of(body.at("refused").as_array()[0].at("name")), "notes.jpg");
  EXPECT_THAT(text_of(body.at("refused").as_array()[0].at("message")), HasSubstr("JPEG"));
  EXPECT_EQ(text_of(body.at("refused").as_array()[2].at("code")), "too_large");
  EXPECT_THAT(keys(), ::testing::SizeIs(1));
}

TEST_P(ImageryRoom, LeavesNothingOfWhatItRefuses) {
  const auto status = [&](const http::Response& response) {
    EXPECT_THAT(keys(), IsEmpty()) << response.text();
    EXPECT_EQ(count("SELECT count(*) FROM images"), 0);
    const json::value body = body_of(response);
    EXPECT_TRUE(body.at("error").at("message").is_string()) << "ours";
    EXPECT_EQ(body.at("message"), body.at("error").at("message")) << "and the original's";
    EXPECT_TRUE(body.at("timestamp").is_string());
    EXPECT_TRUE(body.at("path").is_string());
    return response.status;
  };
  const FormFile good{"good.jpg", jpeg("one")};
  EXPECT_EQ(status(upload({})), 400);
  EXPECT_EQ(status(upload({{"a.jpg", ""}})), 400);
  EXPECT_EQ(status(upload({{"a.jpg", "<html>"}})), 415);
  EXPECT_EQ(status(upload({{"a.jpg", jpeg(std::string(100'000, 'x'))}})), 413);
  EXPECT_EQ(status(upload({good}, R"({"latitude": 100, "longitude": 0})")), 400);
  EXPECT_EQ(status(upload({good}, {}, new_uuid())), 404) << "no such mission";
  EXPECT_EQ(status(upload({good}, {}, "north")), 404);
  EXPECT_EQ(status(upload({good,
                           {"b.jpg", jpeg("2")},
                           {"c.jpg", jpeg("3")},
                           {"d.jpg", jpeg("4")},
                           {"e.jpg", jpeg("5")}})),
            413);
  EXPECT_EQ(status(call(http::Method::kPost, "/api/upload", "{}")), 415);
  EXPECT_EQ(status(call(http::Method::kPost, "/api/upload", "--XX\r\n",
                        "multipart/form-data; boundary=XX")),
            422);
  EXPECT_EQ(status(put("/api/images/a.jpg", "")), 400);
  EXPECT_EQ(status(put("/api/images/a.jpg?gps=%7B", jpeg("one"))), 400);
  EXPECT_EQ(status(put("/api/images/a.jpg?mission=x", jpeg("one"))), 404);
  EXPECT_EQ(status(put("/api/images/a.jpg?colour=red", jpeg("one"))), 400);
}

TEST_P(ImageryRoom, ListsAsOursAndAsTheOriginals) {
  for (const char* content : {"one", "two", "three"}) uploaded(jpeg(content));
  const json::value plain = read("/api/images");
  ASSERT_TRUE(plain.is_array()) << "the original's list";
  EXPECT_EQ(plain.as_array().size(), 3U);
  EXPECT_TRUE(plain.as_array()[0].at("originalName").is_string());
  EXPECT_EQ(read("/api/images?limit=2").as_array().size(), 2U);
  const json::value first = read("/api/images?cursor=&limit=2");
  EXPECT_EQ(first.at("images").as_array().size(), 2U);
  EXPECT_EQ(first.at("counts").at("uploaded").as_int64(), 3);
  const json::value second = read("/api/images?limit=2&cursor=" + text_of(first.at("next")));
  EXPECT_EQ(second.at("images").as_array().size(), 1U);
  EXPECT_TRUE(second.at("next").is_null());
  EXPECT_EQ(read("/api/images?q=FIELD").at("images").as_array().size(), 3U);
  EXPECT_EQ(read("/api/images?cursor=&status=failed").at("images").as_array().size(), 0U);
  const json::value numbered = read("/api/images?page=2&limit=2");
  EXPECT_EQ(numbered.at("items").as_array().size(), 1U);
  EXPECT_EQ(numbered.at("pagination").at("total").as_int64(), 3);
  EXPECT_TRUE(numbered.at("pagination").at("hasPrev").as_bool());
  EXPECT_FALSE(numbered.at("pagination").at("hasNext").as_bool());
  EXPECT_EQ(read("/api/images?status=uploaded&hasAnalysis=false&sortBy=filename&sortOrder=asc")
                .at("items")
                .as_array()
                .size(),
            3U);
  const std::pair<const char*, const char*> wrong[] = {
      {"/api/images?limit=0", "limit"},          {"/api/images?page=0", "page"},
      {"/api/images?status=lost", "status"},     {"/api/images?cursor=ff", "cursor"},
      {"/api/images?mission=a", "mission"},      {"/api/images?gps=maybe", "gps"},
      {"/api/images?offset=-1", "offset"},       {"/api/images?sortBy=colour", "sortBy"},
      {"/api/images?sortOrder=up", "sortOrder"}, {"/api/images?minHealthScore=2", "minHealthScore"},
      {"/api/images?cursor=&page=1", "cursor"},  {"/api/images?colour=red", "colour"}};
  for (const auto& [target, field] : wrong) {
    const http::Response response = get(target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_EQ(text_of(body_of(response).at("error").at("field")), field) << target;
  }
}

TEST_P(ImageryRoom, CancelsRetriesMovesAndRemoves) {
  const std::string id = uploaded(jpeg("one"));
  const std::string at = "/api/images/" + id;
  EXPECT_EQ(post(at + "/retry").status, 409);
  const http::Response cancelled = post(at + "/cancel");
  ASSERT_EQ(cancelled.status, 202) << cancelled.text();
  EXPECT_EQ(text_of(body_of(cancelled).at("processing_status")), "failed");
  EXPECT_THAT(text_of(body_of(cancelled).at("error")), HasSubstr("cancelled"));
  EXPECT_EQ(post(at + "/cancel").status, 409);
  EXPECT_EQ(get(at + "/preview").status, 404);
  EXPECT_THAT(std::string(get(at + "/preview").text()), HasSubstr("cancelled"));
  EXPECT_EQ(post(at + "/retry", "{}").status, 202);
  EXPECT_EQ(post(at + "/retry", R"({"soon": true})").status, 400);
  const std::string mission =
      text_of(body_of(post("/api/missions", R"({"name": "North"})")).at("id"));
  EXPECT_EQ(put(at + "/mission", R"({"mission": ")" + mission + "\"}").status, 202);
  EXPECT_EQ(read("/api/images?mission=" + mission).at("images").as_array().size(), 1U);
  EXPECT_EQ(put(at + "/mission", R"({"mission": "x"})").status, 404);
  EXPECT_EQ(put(at + "/mission", R"({"mission": null})").status, 202);
  EXPECT_EQ(call(http::Method::kDelete, at).status, 204);
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'available'"), 0);
  for (const std::string& gone : {at, std::string("/api/images/nobody")}) {
    EXPECT_EQ(get(gone).status, 404);
    EXPECT_EQ(get(gone + "/original").status, 404);
    EXPECT_EQ(get(gone + "/products/ndvi.png").status, 404);
    EXPECT_EQ(post(gone + "/retry").status, 404);
    EXPECT_EQ(post(gone + "/cancel").status, 404);
    EXPECT_EQ(put(gone + "/mission", "{}").status, 404);
    EXPECT_EQ(put(gone + "/bands", "{}").status, 404);
    EXPECT_EQ(call(http::Method::kDelete, gone).status, 404);
  }
  EXPECT_EQ(get("/uploads/none.jpg").status, 404);
}

TEST_P(ImageryRoom, TakesWhatIsSaidOfBands) {
  const std::string at = "/api/images/" + uploaded(jpeg("one"));
  EXPECT_EQ(put(at + "/bands", R"({"sensor": "no such sensor"})").status, 400);
  EXPECT_EQ(put(at + "/bands", R"({"sensor": "a", "bands": ["red"]})").status, 400);
  EXPECT_EQ(put(at + "/bands", R"({"bands": [7]})").status, 400);
  const std::string good = R"({"bands": ["nir", "green", "blue"]})";
  EXPECT_EQ(put(at + "/bands", good).status, 409) << "it waits to be analysed";
  ASSERT_EQ(post(at + "/cancel").status, 202);
  const http::Response set = put(at + "/bands", good);
  ASSERT_EQ(set.status, 202) << set.text();
  EXPECT_EQ(text_of(body_of(set).at("band_choice")), "nir,green,blue");
  EXPECT_EQ(text_of(body_of(set).at("processing_status")), "uploaded") << "it is analysed again";
  ASSERT_EQ(post(at + "/cancel").status, 202);
  EXPECT_EQ(put(at + "/bands", R"({"bands": ["nir", "green", "blue"], "remember": true})").status,
            409)
      << "of what camera, nobody knows yet";
  run("UPDATE images SET camera = 'Canon S100 / 3'");
  EXPECT_EQ(put(at + "/bands", R"({"bands": ["nir", "green", "blue"], "remember": true})").status,
            202);
  EXPECT_EQ(count("SELECT count(*) FROM image_camera WHERE camera = 'Canon S100 / 3'"), 1);
  ASSERT_EQ(post(at + "/cancel").status, 202);
  EXPECT_EQ(put(at + "/bands", R"({"remember": true})").status, 202) << "taken back";
  EXPECT_EQ(count("SELECT count(*) FROM image_camera"), 0);
}

TEST_P(ImageryRoom, KeepsMissions) {
  EXPECT_TRUE(read("/api/missions").at("missions").as_array().empty());
  const http::Response added = post(
      "/api/missions",
      R"({"name": "North field", "description": "wheat", "start_time": "2026-04-01T08:00:00Z"})");
  ASSERT_EQ(added.status, 201) << added.text();
  const std::string at = "/api/missions/" + text_of(body_of(added).at("id"));
  EXPECT_EQ(text_of(read(at).at("status")), "active");
  EXPECT_EQ(put(at, R"({"name": "South", "status": "completed"})").status, 200);
  EXPECT_EQ(text_of(read("/api/missions").at("missions").as_array()[0].at("name")), "South");
  for (const char* wrong : {"{}", R"({"name": ""})", R"({"name": "a", "status": "lost"})",
                            R"({"name": "a", "start_time": "soon"})", R"({"name": "a", "x": 1})",
                            R"({"name": "a", "start_time": "2026-04-02T00:00:00Z",
                                "end_time": "2026-04-01T00:00:00Z"})"}) {
    EXPECT_EQ(post("/api/missions", wrong).status, 400) << wrong;
  }
  EXPECT_EQ(call(http::Method::kDelete, at).status, 204);
  EXPECT_EQ(get(at).status, 404);
  EXPECT_EQ(put(at, R"({"name": "South"})").status, 404);
  EXPECT_EQ(call(http::Method::kDelete, at).status, 404);
  EXPECT_EQ(get("/api/missions/nobody").status, 404);
}

TEST_P(ImageryRoom, SaysWhatItTakesAndKnows) {
  const json::value about = read("/api/imagery");
  EXPECT_EQ(about.at("max_image_bytes").as_int64(), 100'000);
  EXPECT_GT(about.at("sensors").as_array().size(), 5U);
  EXPECT_GT(about.at("indices").as_array().size(), 20U);
}

TEST_P(ImageryRoom, TellsWhatChangedAndNothingTwice) {
  const auto sources = imagery_events(services());
  ASSERT_EQ(sources.size(), 1U);
  EventPublisher publisher(events());
  const Heard anything{.is_anything = true, .payloads = {}};
  const Heard jobs{.is_anything = false, .payloads = {"analyze-image"}};
  const auto tell = [&](const Heard& heard) { must(sources.front().tell(heard, publisher)); };
  uploaded(jpeg("before anybody watched"));
  tell(anything);
  EventListener listener(events());
  tell(anything);
  const std::string id = uploaded(jpeg("one"));
  tell({.is_anything = false, .payloads = {"count-file"}});
  tell(jobs);
  json::value event = json::parse(listener.next("images").data);
  ASSERT_EQ(event.at("images").as_array().size(), 1U);
  EXPECT_EQ(text_of(event.at("images").as_array()[0].at("id")), id);
  EXPECT_EQ(event.at("counts").at("total").as_int64(), 2);
  tell(jobs);
  ASSERT_EQ(post("/api/images/" + id + "/cancel").status, 202);
  tell(jobs);
  event = json::parse(listener.next("images").data);
  EXPECT_EQ(text_of(event.at("images").as_array().at(0).at("processing_status")), "failed");
  ASSERT_EQ(call(http::Method::kDelete, "/api/images/" + id).status, 204);
  tell(anything);
  event = json::parse(listener.next("images").data);
  EXPECT_TRUE(event.at("images").as_array().empty());
  EXPECT_EQ(text_of(event.at("removed").as_array().at(0)), id);
}

INSTANTIATE_TEST_SUITE_P(Stores, ImageryRoom,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::api
