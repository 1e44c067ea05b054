// What is kept of a recording's detections, from one attempt to the next, and who lets go of it.
#include "traffic/detection_store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "traffic/retention.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

class DetectionStores : public TrafficStore {
 protected:
  DetectionStore begin(std::int64_t crashes = 0, std::string_view mark = "file and model",
                       std::string_view camera = "mill") {
    return must(DetectionStore::open(database(), work::JobFence{}, camera, mark, crashes));
  }

  void keep(DetectionStore& store, std::string_view bytes) {
    must(database().write([&](db::Session& session) { return store.add(session, bytes); }));
    store.kept();
  }

  std::vector<std::string> kept(const DetectionStore& store) {
    return must(store.read(database()));
  }

  void prune_now() {
    must(prune(database(), work::Fence::none(), Retention{}, SystemClock{}.now()));
  }
};

TEST_P(DetectionStores, GiveBackInOrderWhatWasKept) {
  DetectionStore store = begin();
  EXPECT_TRUE(kept(store).empty());
  keep(store, "first");
  // A transaction that failed is tried again under the same number.
  ASSERT_FALSE(database().write([&](db::Session& session) -> Result<void> {
    VEDETTE_CHECK(store.add(session, "lost"));
    return fail(ErrorCode::kUnavailable, "The disk is full.");
  }));
  std::vector<std::string> expected{"first"};
  // More than are read at once, of any bytes.
  for (int i = 0; i < 210; ++i) {
    expected.push_back(std::string("\0\xff chunk ", 9) + std::to_string(i));
    keep(store, expected.back());
  }
  EXPECT_EQ(kept(store), expected);
  DetectionStore again = begin();
  EXPECT_EQ(kept(again), expected);
  keep(again, "last");
  expected.emplace_back("last");
  EXPECT_EQ(kept(begin()), expected);
}

TEST_P(DetectionStores, AreInUseForAsLongAsTheyAreAddedTo) {
  DetectionStore store = begin();
  keep(store, "at the beginning");
  run("UPDATE detection_log SET used_at = $1", {SystemClock{}.now() - 3 * 24h});
  keep(store, "three days later");
  prune_now();
  EXPECT_EQ(kept(begin()), (std::vector<std::string>{"at the beginning", "three days later"}));
  run("UPDATE detection_log SET used_at = $1", {SystemClock{}.now() - 3 * 24h});
  prune_now();
  EXPECT_TRUE(kept(begin()).empty());
}

TEST_P(DetectionStores, CountTheProcessesThatDiedBeforeAnythingNewWasKept) {
  EXPECT_EQ(begin(0).stuck(), 0);
  EXPECT_EQ(begin(1).stuck(), 1);
  EXPECT_EQ(begin(2).stuck(), 2);
  EXPECT_EQ(begin(2).stuck(), 2) << "an orderly end in between is no crash";
  DetectionStore third = begin(3);
  EXPECT_EQ(third.stuck(), 3);
  keep(third, "it goes on");
  EXPECT_EQ(begin(4).stuck(), 0);
  EXPECT_EQ(begin(5).stuck(), 1);
  EXPECT_EQ(begin(0).stuck(), 0) << "another job";
}

TEST_P(DetectionStores, OfAnotherMarkBeginAnew) {
  DetectionStore store = begin();
  keep(store, "of the one model");
  DetectionStore neighbour = begin(0, "file and model", "bridge");
  keep(neighbour, "of another camera");
  DetectionStore other = begin(0, "file and another model");
  EXPECT_TRUE(kept(other).empty());
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM detection_log WHERE camera_id = 'mill'"), 1);
  EXPECT_TRUE(kept(begin()).empty()) << "one log for each camera";
  prune_now();
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM detection_chunk"), 1);
  EXPECT_EQ(kept(neighbour), std::vector<std::string>{"of another camera"});
}

TEST_P(DetectionStores, HaveTheSmallPicturesOfTheWay) {
  DetectionStore store = begin();
  EXPECT_TRUE(must(store.thumbnails(database())).empty());
  const auto put = [&](const std::vector<StoredThumbnail>& thumbnails) {
    must(database().write(
        [&](db::Session& session) { return store.put_thumbnails(session, thumbnails); }));
  };
  put({{0, 0s, "thumbnails/a.jpg"}, {8, 320ms, "thumbnails/b.jpg"}});
  put({{0, 0s, "thumbnails/a.jpg"}, {16, 640ms, "thumbnails/c.jpg"}});
  const auto found = must(begin().thumbnails(database()));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].frame, 16);
  EXPECT_EQ(found[1].media_time, 640ms);
  EXPECT_EQ(found[1].key, "thumbnails/c.jpg");
  EXPECT_TRUE(must(begin(0, "another model").thumbnails(database())).empty());
  prune_now();
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM count_picture"), 0);
}

TEST_P(DetectionStores, ForgetAllOfOneCamera) {
  DetectionStore store = begin();
  keep(store, "of another recording");
  DetectionStore neighbour = begin(0, "file and model", "bridge");
  keep(neighbour, "stays");
  must(database().write([&](db::Session& session) { return store.forget(session); }));
  EXPECT_TRUE(kept(begin()).empty());
  EXPECT_EQ(kept(neighbour), std::vector<std::string>{"stays"});
}

INSTANTIATE_TEST_SUITE_P(Stores, DetectionStores,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
