// Bands of one shot: one leads, whoever comes first and however many at once; lists show that one;
// it is analysed again when a band comes late, and takes all of them with it.
#include "imagery/capture_store.hpp"

#include <gmock/gmock.h>

#include <barrier>
#include <set>
#include <thread>

#include "imagery/image_list.hpp"
#include "imagery/imagery_store_test.hpp"

namespace vedette::imagery {
namespace {

class Captures : public ImageryStore {
 protected:
  std::string join(std::string_view image, std::string_view key, int rig_index) {
    for (;;) {
      auto lead =
          database().write([&](db::Session& s) { return join_capture(s, image, key, rig_index); });
      if (lead) return *lead;
      EXPECT_EQ(lead.error().code, ErrorCode::kConflict) << lead.error().message;
      if (lead.error().code != ErrorCode::kConflict) return {};
    }
  }
  std::vector<std::string> files(std::string_view lead) {
    std::vector<std::string> ids;
    for (const CaptureFile& file : read([&](db::Session& s) { return capture_files(s, lead); })) {
      ids.push_back(file.image);
    }
    return ids;
  }
  std::vector<Image> list() {
    return read([](db::Session& s) { return images(s, {}, 100); }).images;
  }
};

TEST_P(Captures, TheFirstLeadsAndListsShowIt) {
  const std::string red = add("red");
  const std::string blue = add("blue");
  const std::string other = add("of another shot");
  EXPECT_EQ(join(red, "shot 1", 3), red);
  EXPECT_EQ(join(red, "shot 1", 3), red) << "again, after its process died";
  EXPECT_EQ(join(blue, "shot 1", 1), red);
  EXPECT_EQ(join(blue, "shot 1", 1), red);
  EXPECT_EQ(join(other, "shot 2", 1), other);
  EXPECT_EQ(files(red), (std::vector{blue, red})) << "in the order of the rig";
  EXPECT_EQ(image(red).files, 2);
  EXPECT_EQ(image(blue).capture_of, red);
  std::set<std::string> shown;
  for (const Image& one : list()) shown.insert(one.id);
  EXPECT_EQ(shown, (std::set{red, other}));
  EXPECT_EQ(read([](db::Session& s) { return count_by_status(s); }).total(), 2);
}

TEST_P(Captures, OfFiveAtOnceOneLeads) {
  std::vector<std::string> ids;
  for (const char* band : {"1", "2", "3", "4", "5"}) ids.push_back(add(band));
  std::barrier start(5);
  std::vector<std::jthread> workers;
  for (int i = 0; i < 5; ++i) {
    workers.emplace_back([&, i] {
      start.arrive_and_wait();
      join(ids[static_cast<std::size_t>(i)], "shot", i + 1);
    });
  }
  workers.clear();
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(files(list().front().id), ids);
}

TEST_P(Captures, ABandThatComesLateIsAnalysedWithTheOthers) {
  const std::string red = add("red");
  ASSERT_EQ(join(red, "shot", 3), red);
  auto job = claim();
  end(*job, work::Ending::Kind::kCompleted);
  run("UPDATE images SET processing_status = 'completed' WHERE id = $1", {red});
  const std::string blue = add("blue");
  ASSERT_EQ(join(blue, "shot", 1), red);
  write([&](db::Session& s) { return complete_as_part(s, blue, red); });
  EXPECT_EQ(image(blue).status, ImageStatus::kCompleted);
  EXPECT_EQ(image(red).status, ImageStatus::kUploaded) << "again, with both";
  EXPECT_EQ(job_of(red).state, work::JobState::kAvailable);
  write([&](db::Session& s) { return capture_changed(s, red); });
  EXPECT_EQ(job_of(red).state, work::JobState::kAvailable) << "it is yet to be done anyway";
}

TEST_P(Captures, GoAsAWhole) {
  const std::string red = add("red");
  const std::string blue = add("blue");
  const std::string green = add("green");
  for (const std::string& one : {red, blue, green}) join(one, "shot", 1);
  const std::set<std::string> all{image(red).blob_key, image(blue).blob_key, image(green).blob_key};
  auto gone = write([&](db::Session& s) { return remove_image(s, green); });
  EXPECT_EQ(gone.size(), 1U);
  EXPECT_EQ(image(red).files, 2) << "one band alone may go too";
  const auto rest = write([&](db::Session& s) { return remove_image(s, red); });
  gone.insert(gone.end(), rest.begin(), rest.end());
  EXPECT_EQ(std::set<std::string>(gone.begin(), gone.end()), all);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM images"), 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM job WHERE state = 'available'"), 0);
}

VEDETTE_ON_BOTH_DATABASES(Captures);

}  // namespace
}  // namespace vedette::imagery
