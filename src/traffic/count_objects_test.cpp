// What a count leaves behind, in a store that is there and in one that is not.
#include "traffic/count_objects.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "base/testing/temp_folder.hpp"
#include "blob/store.hpp"
#include "traffic/counting.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

class CountObjects : public testing::Test {
 protected:
  CountObjects() {
    camera_.id = "mill";
    thumbnails_.add(0, 0s, "first");
    thumbnails_.add(8, 320ms, "second");
  }

  Result<void> store(const std::filesystem::path& folder) {
    const auto blobs = must(blob::open({.folder = {.folder = folder}, .s3 = {}}));
    facts_ = {};
    return store_objects(
        {camera_, result_, told_, last_frame_, thumbnails_}, *blobs, {}, [&] { ++signs_of_life_; },
        facts_);
  }

  TempFolder folder_;
  Camera camera_;
  CountResult result_{"mill"};
  CountTold told_{.base_time = {}, .times_from = {}, .model = {}, .cut_off = {}, .left_out = {}};
  std::optional<media::Frame> last_frame_;
  Thumbnails thumbnails_;
  ResultFacts facts_;
  int signs_of_life_ = 0;
};

TEST_F(CountObjects, AreThumbnailsInOrderAndBothDocuments) {
  must(store(folder_.path() / "blobs"));
  std::vector<ObjectKind> kinds;
  for (const ResultObject& object : facts_.objects) kinds.push_back(object.kind);
  EXPECT_EQ(kinds, (std::vector{ObjectKind::kThumbnail, ObjectKind::kThumbnail, ObjectKind::kCsv,
                                ObjectKind::kJson}));
  EXPECT_EQ(facts_.objects[1].media_time, 320ms);
  EXPECT_EQ(facts_.still, "") << "no frame was decoded";
  EXPECT_GT(signs_of_life_, 1);
}

TEST_F(CountObjects, OfAStoreThatIsAwayAreNoneAndAreMadeUpForLater) {
  EXPECT_FALSE(store("/dev/null/blobs"));
  EXPECT_TRUE(facts_.objects.empty());
  must(store(folder_.path() / "blobs"));
  EXPECT_EQ(facts_.objects.size(), 4U);
}

}  // namespace
}  // namespace vedette::traffic
