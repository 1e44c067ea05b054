#include "traffic/objects.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "base/time.hpp"
#include "blob/store.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

class Objects : public TrafficStore {
 protected:
  std::string put(std::string bytes, ObjectKind kind = ObjectKind::kStill) {
    return must(put_object(*blobs_, kind, std::move(bytes), {}));
  }
  // A result that names the picture, as count_result writes it; its number.
  std::int64_t result_with(const std::string& still) {
    run("INSERT INTO camera_run (camera_id, revision, detector, started_at, base_time, frames, "
        "media_us, still, finished_at) VALUES ('mill', 1, 'yolo', $1, $1, 1, 0, $2, $1)",
        {now_, still});
    return one<std::int64_t>("SELECT max(id) FROM camera_run");
  }
  void name(std::int64_t result, const std::vector<ResultObject>& objects) {
    must(database().write(
        [&](db::Session& session) { return name_objects(session, result, objects); }));
  }
  ResultObjects of_result(ObjectKind kind) {
    return must(database().read(
        [&](db::Session& session) { return result_objects(session, "mill", kind); }));
  }
  std::optional<std::string> document(ObjectKind kind) {
    return must(database().read(
        [&](db::Session& session) { return result_document(session, "mill", kind); }));
  }
  Result<std::int64_t> sweep(Micros age) {
    return sweep_objects(database(), *blobs_, age, SystemClock{}.now() + 1s);
  }
  bool is_there(const std::string& key) { return must(blobs_->head(key)).has_value(); }

  const Instant now_ = floor_to(SystemClock{}.now(), 1s);
  db::testing::TempFolder folder_;
  std::unique_ptr<blob::Store> blobs_ =
      must(blob::open({.folder = {.folder = folder_.path() / "blobs"}, .s3 = {}}));
};

TEST_P(Objects, AreReadAsTheyWerePut) {
  const std::string key = put("one");
  EXPECT_TRUE(key.starts_with("stills/") && key.ends_with(".jpg")) << key;
  EXPECT_EQ(put("one"), key) << "the same picture is one object";
  EXPECT_NE(put("two"), key);
  EXPECT_EQ(must(read_picture(*blobs_, key)), "one");
  must(blobs_->remove(key));
  EXPECT_EQ(must(read_picture(*blobs_, key)), std::nullopt) << "gone is an answer";
  EXPECT_TRUE(put("a,b", ObjectKind::kCsv).starts_with("exports/"));
  EXPECT_TRUE(put("{}", ObjectKind::kJson).ends_with(".json"));
}

TEST_P(Objects, BelongToThePresentResult) {
  EXPECT_TRUE(of_result(ObjectKind::kThumbnail).objects.empty());
  EXPECT_FALSE(document(ObjectKind::kCsv));
  const auto first = result_with("stills/a.jpg");
  name(first, {{ObjectKind::kThumbnail, 0s, "thumbnails/1.jpg"},
               {ObjectKind::kThumbnail, 4s, "thumbnails/2.jpg"},
               {ObjectKind::kCsv, 0s, "exports/1.csv"},
               {ObjectKind::kJson, 0s, "exports/1.json"}});
  const ResultObjects found = of_result(ObjectKind::kThumbnail);
  EXPECT_EQ(found.base_time, now_);
  ASSERT_EQ(found.objects.size(), 2U);
  EXPECT_EQ(found.objects[1].key, "thumbnails/2.jpg");
  EXPECT_EQ(found.objects[1].media_time, 4s);
  EXPECT_EQ(document(ObjectKind::kCsv), "exports/1.csv");
  EXPECT_EQ(document(ObjectKind::kJson), "exports/1.json");
  const auto second = result_with("stills/b.jpg");
  EXPECT_FALSE(document(ObjectKind::kCsv)) << "another result has none of the one before";
  name(second, {{ObjectKind::kCsv, 0s, "exports/2.csv"}});
  EXPECT_EQ(document(ObjectKind::kCsv), "exports/2.csv");
  must(database().write([&](db::Session& session) { return forget_objects(session, second); }));
  EXPECT_FALSE(document(ObjectKind::kCsv));
}

TEST_P(Objects, AreSweptWhenNoRowNamesThem) {
  const std::string still = put("still");
  const auto result = result_with(still);
  const std::string thumbnail = put("small", ObjectKind::kThumbnail);
  const std::string csv = put("a,b", ObjectKind::kCsv);
  name(result, {{ObjectKind::kThumbnail, 0s, thumbnail}, {ObjectKind::kCsv, 0s, csv}});
  // Of a count that goes on.
  const std::string on_the_way = put("smaller", ObjectKind::kThumbnail);
  run("INSERT INTO count_picture (log_id, frame, media_us, object) VALUES (1, 8, 0, $1)",
      {on_the_way});
  const std::vector<std::string> orphans{put("orphan"), put("other", ObjectKind::kThumbnail),
                                         put("{}", ObjectKind::kJson)};
  EXPECT_EQ(must(sweep(1h)), 0) << "its row may be on its way";
  EXPECT_EQ(must(sweep(0h)), 3);
  for (const std::string& key : orphans) EXPECT_FALSE(is_there(key)) << key;
  for (const std::string& key : {still, thumbnail, csv, on_the_way})
    EXPECT_TRUE(is_there(key)) << key;
  EXPECT_EQ(must(sweep(0h)), 0);
}

INSTANTIATE_TEST_SUITE_P(Every, Objects,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
