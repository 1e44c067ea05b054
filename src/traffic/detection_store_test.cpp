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
  DetectionStore open(std::string_view mark = "file and model", std::string_view camera = "mill") {
    return must(DetectionStore::open(database(), work::JobFence{}, camera, mark));
  }
  /// Attempts that got nowhere, where this one begins.
  std::int64_t begin(std::int64_t crashes, std::string_view camera = "mill") {
    return must(DetectionStore::begin(database(), work::JobFence{}, camera, crashes)).stuck;
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
  DetectionStore store = open();
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
  DetectionStore again = open();
  EXPECT_EQ(kept(again), expected);
  keep(again, "last");
  expected.emplace_back("last");
  EXPECT_EQ(kept(open()), expected);
}

TEST_P(DetectionStores, AreInUseForAsLongAsTheyAreAddedTo) {
  DetectionStore store = open();
  keep(store, "at the beginning");
  run("UPDATE detection_log SET used_at = $1", {SystemClock{}.now() - 3 * 24h});
  keep(store, "three days later");
  prune_now();
  EXPECT_EQ(kept(open()), (std::vector<std::string>{"at the beginning", "three days later"}));
  run("UPDATE detection_log SET used_at = $1", {SystemClock{}.now() - 3 * 24h});
  prune_now();
  EXPECT_TRUE(kept(open()).empty());
}

TEST_P(DetectionStores, CountTheProcessesThatDiedBeforeAnythingNewWasKept) {
  EXPECT_EQ(begin(0), 0);
  open();
  EXPECT_EQ(begin(1), 1);
  open();
  EXPECT_EQ(begin(2), 2);
  EXPECT_EQ(begin(2), 2) << "an orderly end in between is no crash";
  EXPECT_EQ(begin(3), 3);
  DetectionStore third = open();
  keep(third, "it goes on");
  EXPECT_EQ(begin(4), 0);
  EXPECT_EQ(begin(5), 1);
  EXPECT_TRUE(must(DetectionStore::begin(database(), work::JobFence{}, "mill", 5)).has_kept);
  EXPECT_EQ(begin(0), 0) << "another job";
}

TEST_P(DetectionStores, CountAlsoThoseThatDiedBeforeTheFileWasOpen) {
  DetectionStore earlier = open("an earlier recording");
  keep(earlier, "of it");
  EXPECT_EQ(begin(7), 0) << "it got on";
  EXPECT_EQ(begin(0), 0) << "another job";
  EXPECT_EQ(begin(1), 1);
  EXPECT_EQ(begin(2), 2);
  open("file and model");  // opened at last, and then died
  EXPECT_EQ(begin(3), 3);
  EXPECT_FALSE(must(DetectionStore::begin(database(), work::JobFence{}, "mill", 3)).has_kept);
  EXPECT_EQ(begin(1, "never opened"), 1);
  EXPECT_EQ(begin(3, "never opened"), 3) << "one died before it began";
  EXPECT_EQ(begin(1, "never opened"), 1) << "another job";
}

TEST_P(DetectionStores, OfAnotherMarkBeginAnew) {
  DetectionStore store = open();
  keep(store, "of the one model");
  DetectionStore neighbour = open("file and model", "bridge");
  keep(neighbour, "of another camera");
  DetectionStore other = open("file and another model");
  EXPECT_TRUE(kept(other).empty());
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM detection_log WHERE camera_id = 'mill'"), 1);
  EXPECT_TRUE(kept(open()).empty()) << "one log for each camera";
  prune_now();
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM detection_chunk"), 1);
  EXPECT_EQ(kept(neighbour), std::vector<std::string>{"of another camera"});
}

TEST_P(DetectionStores, HaveTheSmallPicturesOfTheWay) {
  DetectionStore store = open();
  EXPECT_TRUE(must(store.thumbnails(database())).empty());
  const auto put = [&](const std::vector<StoredThumbnail>& thumbnails) {
    must(database().write(
        [&](db::Session& session) { return store.put_thumbnails(session, thumbnails); }));
  };
  put({{0, 0s, "thumbnails/a.jpg"}, {8, 320ms, "thumbnails/b.jpg"}});
  put({{0, 0s, "thumbnails/a.jpg"}, {16, 640ms, "thumbnails/c.jpg"}});
  const auto found = must(open().thumbnails(database()));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].frame, 16);
  EXPECT_EQ(found[1].media_time, 640ms);
  EXPECT_EQ(found[1].key, "thumbnails/c.jpg");
  EXPECT_TRUE(must(open("another model").thumbnails(database())).empty());
  prune_now();
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM count_picture"), 0);
}

TEST_P(DetectionStores, ForgetAllOfOneCamera) {
  DetectionStore store = open();
  keep(store, "of another recording");
  DetectionStore neighbour = open("file and model", "bridge");
  keep(neighbour, "stays");
  must(database().write([&](db::Session& session) { return store.forget(session); }));
  EXPECT_TRUE(kept(open()).empty());
  EXPECT_EQ(kept(neighbour), std::vector<std::string>{"stays"});
}

INSTANTIATE_TEST_SUITE_P(Stores, DetectionStores,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::traffic
