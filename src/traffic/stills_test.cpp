#include "traffic/stills.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "base/time.hpp"
#include "blob/store.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

class Stills : public TrafficStore {
 protected:
  std::string put(std::string jpeg) { return must(put_still(*blobs_, std::move(jpeg), {})); }
  // A result that names the picture, as count_result writes it.
  void name_in_a_result(const std::string& still) {
    run("INSERT INTO camera_run (camera_id, revision, detector, started_at, base_time, frames, "
        "media_us, still) VALUES ('mill', 1, 'yolo', $1, $1, 1, 0, $2)",
        {now_, still});
  }
  Result<std::int64_t> sweep(Micros age) {
    return sweep_stills(database(), *blobs_, age, SystemClock{}.now() + 1s);
  }

  const Instant now_ = SystemClock{}.now();
  db::testing::TempFolder folder_;
  std::unique_ptr<blob::Store> blobs_ =
      must(blob::open({.folder = {.folder = folder_.path() / "blobs"}, .s3 = {}}));
};

TEST_P(Stills, AreReadAsTheyWerePut) {
  const std::string key = put("one");
  EXPECT_TRUE(key.starts_with("stills/") && key.ends_with(".jpg")) << key;
  EXPECT_EQ(put("one"), key) << "the same picture is one object";
  EXPECT_NE(put("two"), key);
  EXPECT_EQ(must(read_still(*blobs_, key)), "one");
  must(blobs_->remove(key));
  EXPECT_EQ(must(read_still(*blobs_, key)), std::nullopt) << "gone is an answer";
}

TEST_P(Stills, AreSweptWhenNoResultNamesThem) {
  const std::string kept = put("kept");
  name_in_a_result(kept);
  const std::string orphan = put("orphan");
  EXPECT_EQ(must(sweep(1h)), 0) << "its row may be on its way";
  EXPECT_EQ(must(sweep(0h)), 1);
  EXPECT_EQ(must(read_still(*blobs_, orphan)), std::nullopt);
  EXPECT_EQ(must(read_still(*blobs_, kept)), "kept");
  EXPECT_EQ(must(sweep(0h)), 0);
}

INSTANTIATE_TEST_SUITE_P(Every, Stills,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
