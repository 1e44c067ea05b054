// Objects that no row names go when they are old enough; what a row names stays.
#include "imagery/object_sweep.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "blob/store.hpp"
#include "imagery/imagery_store_test.hpp"
#include "imagery/temporary_folder.hpp"

namespace vedette::imagery {
namespace {

using namespace std::chrono_literals;

class ObjectSweep : public ImageryStore {
 protected:
  void put(std::string_view key) { must(blobs_->put(key, blob::from_text("x"), {})); }
  std::set<std::string> keys() {
    std::set<std::string> all;
    for (const auto& object : must(blobs_->list("", {})).objects) all.insert(object.key);
    return all;
  }
  std::int64_t sweep(Micros age) {
    return must(sweep_objects(database(), *blobs_, age, SystemClock{}.now() + 1s));
  }

  db::testing::TempFolder folder_;
  std::unique_ptr<blob::Store> blobs_ =
      must(blob::open({.folder = {.folder = folder_.path() / "blobs"}, .s3 = {}}));
};

TEST_P(ObjectSweep, RemovesWhatNoRowNames) {
  const NewImage field = image_of("a picture");
  put(field.blob_key);
  add(field);
  run("INSERT INTO image_product (image_id, name, kind, blob_key, content_type, size, sha256) "
      "VALUES ($1, 'ndvi.png', 'index_png', 'fields/products/a/1-1-ab/ndvi.png', 'image/png', 1, "
      "'ab')",
      {field.id});
  put("fields/products/a/1-1-ab/ndvi.png");
  put("fields/products/a/1-1-ab/ndvi.tif");
  put("fields/images/2026/11/26/left.jpg");
  put("stills/of-others.jpg");
  EXPECT_EQ(sweep(1h), 0) << "their rows may be on their way";
  EXPECT_EQ(sweep(0h), 2);
  const std::set<std::string> kept{field.blob_key, "fields/products/a/1-1-ab/ndvi.png",
                                   "stills/of-others.jpg"};
  EXPECT_EQ(keys(), kept);
  write([&](db::Session& s) { return remove_image(s, field.id); });
  EXPECT_EQ(sweep(0h), 2) << "of an image that was removed while the store was away";
  EXPECT_EQ(keys(), std::set<std::string>{"stills/of-others.jpg"});
}

TEST_P(ObjectSweep, LooksAtManyPageByPage) {
  for (int i = 0; i < 503; ++i) put(fmt::format("fields/products/a/{:05}.png", i));
  EXPECT_EQ(sweep(0h), 503);
}

TEST_P(ObjectSweep, OfAStoreThatBelongsToAnotherDatabaseRemovesNothing) {
  const auto refused = [&] {
    const auto swept = sweep_objects(database(), *blobs_, 0h, SystemClock{}.now() + 1s);
    return !swept && swept.error().code == ErrorCode::kConflict;
  };
  for (int i = 0; i < 3; ++i) put(fmt::format("fields/images/2026/11/26/{}.jpg", i));
  put("fields/products/a/1-1-ab/ndvi.tif");
  EXPECT_TRUE(refused()) << "this database is new: it may be the wrong one";
  EXPECT_EQ(keys().size(), 4U);
  const NewImage field = image_of("a picture");
  put(field.blob_key);
  add(field);
  EXPECT_EQ(sweep(0h), 4) << "some uploads that were lost";
  for (int i = 0; i < 101; ++i) put(fmt::format("fields/images/2026/11/26/{}.jpg", i));
  EXPECT_TRUE(refused()) << "an old backup, or another one's bucket";
  EXPECT_EQ(keys().size(), 102U);
}

VEDETTE_ON_BOTH_DATABASES(ObjectSweep);

TEST(TemporaryFolder, IsGoneWithItsOwner) {
  const TempFolder parent;
  std::filesystem::path path;
  {
    const auto folder = must(TemporaryFolder::make(parent.path() / "scratch"));
    path = folder.path();
    EXPECT_TRUE(std::filesystem::is_directory(path));
    remove_left_folders(parent.path() / "scratch");
    EXPECT_TRUE(std::filesystem::is_directory(path)) << "its owner lives";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  // What a killed process left, an hour ago.
  std::filesystem::create_directories(path);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - 1h);
  remove_left_folders(parent.path() / "scratch");
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace vedette::imagery
