#include "traffic/thumbnails.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "blob/store.hpp"
#include "traffic/traffic_store_test.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<blob::Store> store_in(const std::filesystem::path& folder) {
  return must(blob::open({.folder = {.folder = folder}, .s3 = {}}));
}

void look_at(Thumbnails& thumbnails, std::int64_t from, std::int64_t to) {
  for (std::int64_t frame = from; frame < to; ++frame) {
    if (thumbnails.wants(frame))
      thumbnails.add(frame, 40ms * frame, "frame " + std::to_string(frame));
  }
}

std::vector<std::int64_t> frames_of(const Thumbnails& thumbnails) {
  std::vector<std::int64_t> frames;
  for (const StoredThumbnail& one : thumbnails.stored()) frames.push_back(one.frame);
  return frames;
}

TEST(Thumbnails, LieEvenlyWhateverTheLength) {
  const db::testing::TempFolder folder;
  const auto blobs = store_in(folder.path());
  for (const std::int64_t length : {1, 7, 100, 905, 4321, 100'000}) {
    Thumbnails thumbnails;
    look_at(thumbnails, 0, length);
    must(thumbnails.store(*blobs, {}));
    const auto frames = frames_of(thumbnails);
    ASSERT_FALSE(frames.empty());
    EXPECT_LE(frames.size(), Thumbnails::kMost);
    if (length > 128) {
      EXPECT_GT(frames.size(), Thumbnails::kMost / 2);
    }
    EXPECT_EQ(frames.front(), 0);
    for (std::size_t i = 2; i < frames.size(); ++i)
      EXPECT_EQ(frames[i] - frames[i - 1], frames[1] - frames[0]) << length;
    EXPECT_EQ(must(blob::read_all(*blobs, thumbnails.stored().back().key, 100)),
              "frame " + std::to_string(frames.back()));
    EXPECT_EQ(thumbnails.stored().back().media_time, 40ms * frames.back());
  }
}

// However often it was interrupted, and wherever, the same frames are shown.
RC_GTEST_PROP(Thumbnails, GoOnWhereTheyWereLeft, ()) {
  const db::testing::TempFolder folder;
  const auto blobs = store_in(folder.path());
  const auto length = *rc::gen::inRange<std::int64_t>(1, 3000);
  Thumbnails whole;
  look_at(whole, 0, length);
  must(whole.store(*blobs, {}));
  Thumbnails parts;
  std::int64_t at = 0;
  while (at < length) {
    const auto next = std::min(length, at + *rc::gen::inRange<std::int64_t>(1, 900));
    look_at(parts, at, next);
    must(parts.store(*blobs, {}));
    parts = Thumbnails(parts.stored());
    at = next;
  }
  RC_ASSERT(frames_of(parts) == frames_of(whole));
}

TEST(Thumbnails, SayWhetherSomethingIsToBeWrittenDown) {
  const db::testing::TempFolder folder;
  const auto blobs = store_in(folder.path());
  Thumbnails thumbnails;
  EXPECT_FALSE(thumbnails.has_changed());
  look_at(thumbnails, 0, 1);
  EXPECT_FALSE(thumbnails.has_changed()) << "nothing is stored yet";
  must(thumbnails.store(*blobs, {}));
  EXPECT_TRUE(thumbnails.has_changed());
  thumbnails.settled();
  must(thumbnails.store(*blobs, {}));
  EXPECT_FALSE(thumbnails.has_changed());
}

}  // namespace
}  // namespace vedette::traffic
