#include "app/object_keeper.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <thread>

#include "base/id.hpp"
#include "blob/store.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

TEST(ObjectKeeper, SweepsWhatIsOlderThanADayAndLeavesTheRest) {
  const fs::path folder = fs::temp_directory_path() / ("vedette-keeper-" + new_uuid());
  auto blobs = blob::open({.folder = {.folder = folder}, .s3 = {}}).value();
  ASSERT_TRUE(blobs->put("stills/a.jpg", blob::from_text("x"), {}));
  const auto old = folder / ".incoming/old";
  const auto young = folder / ".incoming/young";
  for (const auto& file : {old, young}) std::ofstream(file) << "half";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(25));

  const auto loop = object_keeper_loop(*blobs);
  EXPECT_EQ(loop.role, work::Role::kKeep);
  EXPECT_FALSE(loop.lease.empty()) << "one in the deployment";
  std::jthread once([&](const std::stop_token& token) {
    work::LoopContext own(token);
    EXPECT_TRUE(loop.body(own));
  });
  while (fs::exists(old)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  once.request_stop();
  once.join();
  EXPECT_TRUE(fs::exists(young));
  EXPECT_TRUE(fs::exists(folder / "stills/a.jpg"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace vedette::app
