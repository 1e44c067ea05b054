// Bodies out of files: stretches, further tries, and files that are not what they were.
#include "blob/s3/slice.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/digest.hpp"
#include "blob/testing/every_store.hpp"

namespace vedette::blob::s3 {
namespace {

using testing::content_of;
using testing::must;

struct File {
  testing::TempFolder folder;
  std::filesystem::path path = folder.path() / "file";
  std::string content = content_of(1'000'003);
  FileHandle handle = made();

  FileHandle made() const {
    std::ofstream(path) << content;
    return FileHandle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
};

std::string all_of(const net::BodySource& source) {
  std::string all;
  std::string room(70'001, '\0');
  while (const auto got = must(source.read(room))) all.append(room, 0, got);
  return all;
}

TEST(Slice, GivesAStretchAgainAndAgain) {
  const File file;
  const Slice slice{&file.handle, 10, 500'000};
  const auto source = source_of(slice);
  EXPECT_EQ(source.size, 500'000U);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(all_of(source) == file.content.substr(10, 500'000));
    source.rewind();
  }
  EXPECT_EQ(must(sha256_hex_of(slice, {})), sha256_hex(file.content.substr(10, 500'000)));
  EXPECT_EQ(all_of(source_of({&file.handle, 5, 0})), "");
  EXPECT_EQ(must(sha256_hex_of({&file.handle, 5, 0}, {})), sha256_hex(""));
}

TEST(Slice, AFileThatWasCutOffIsSaidAndNotGivenAsShorter) {
  const File file;
  const Slice slice{&file.handle, 999'000, 1'003};
  const auto source = source_of(slice);
  std::filesystem::resize_file(file.path, 999'500);
  std::string room(2'000, '\0');
  EXPECT_EQ(must(source.read(room)), 500U);
  EXPECT_EQ(source.read(room).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(sha256_hex_of(slice, {}).error().code, ErrorCode::kInvalid);
}

TEST(Slice, AStopEndsTheDigest) {
  const File file;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(sha256_hex_of({&file.handle, 0, 1'000}, stop.get_token()).error().code,
            ErrorCode::kCancelled);
}

}  // namespace
}  // namespace vedette::blob::s3
