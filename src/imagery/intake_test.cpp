// Bytes come in: whole, hashed, of the kind they are, and nothing of them stays when they are not
// taken.
#include "imagery/intake.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/digest.hpp"
#include "blob/testing/every_store.hpp"
#include "imagery/image_store.hpp"

namespace vedette::imagery {
namespace {

using blob::testing::content_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Instant kNow = *from_rfc3339("2026-11-27T15:00:00.123Z");
constexpr std::int64_t kMost = 64 << 20;

/// Content that comes in pieces of this size; an error after it where one is given.
Pieces in_pieces(std::string content, std::size_t size, std::optional<Error> then = {}) {
  return [content = std::move(content), size, then,
          at = std::size_t{0}]() mutable -> Result<std::string_view> {
    if (at >= content.size() && then) return fail(*then);
    const auto piece = std::string_view(content).substr(at, size);
    at += piece.size();
    return piece;
  };
}

std::string jpeg_of(std::size_t size) {
  std::string content = content_of(size);
  content.replace(0, 4, "\xFF\xD8\xFF\xE1");
  return content;
}

class Intake : public blob::testing::EveryStore {
 protected:
  std::vector<std::string> keys() {
    std::vector<std::string> all;
    for (const auto& object : must(store().list("", {})).objects) all.push_back(object.key);
    return all;
  }
};

TEST_P(Intake, StoresWhatComesUnderItsOwnKey) {
  for (const std::size_t size : {std::size_t{70}, std::size_t{9'000'000}}) {
    const std::string content = jpeg_of(size);
    for (const std::size_t piece : {std::size_t{7}, std::size_t{100'000}, size}) {
      if (size / piece > 100'000) continue;
      const auto taken =
          must(take_image(store(), "field.txt", in_pieces(content, piece), kMost, kNow));
      EXPECT_TRUE(is_image_id(taken.id));
      EXPECT_EQ(taken.size, static_cast<std::int64_t>(size));
      EXPECT_EQ(taken.sha256, sha256_hex(content));
      EXPECT_EQ(taken.mime_type, "image/jpeg") << "by its bytes, not its name";
      EXPECT_THAT(taken.filename, StartsWith("1795791600123-"));
      EXPECT_EQ(taken.blob_key, "fields/images/2026/11/27/" + taken.filename);
      EXPECT_EQ(get(taken.blob_key), content);
      must(store().remove(taken.blob_key));
    }
  }
  EXPECT_TRUE(keys().empty());
}

TEST_P(Intake, LeavesNothingOfWhatIsNotTaken) {
  const auto code = [&](const Pieces& pieces, std::int64_t most = kMost) {
    const auto taken = take_image(store(), "field.jpg", pieces, most, kNow);
    EXPECT_FALSE(taken);
    EXPECT_TRUE(keys().empty());
    return taken ? ErrorCode::kInternal : taken.error().code;
  };
  EXPECT_EQ(code(in_pieces("", 1)), ErrorCode::kInvalid);
  EXPECT_EQ(code(in_pieces("<html>", 3)), ErrorCode::kUnsupported);
  EXPECT_EQ(code(in_pieces("\xFF\xD8", 2)), ErrorCode::kUnsupported);
  EXPECT_EQ(code(in_pieces(jpeg_of(200'000), 1000), 199'999), ErrorCode::kTooLarge);
  const Error gone{ErrorCode::kCancelled, "The client has gone.", false, {}};
  EXPECT_EQ(code(in_pieces(jpeg_of(10'000'000), 100'000, gone)), ErrorCode::kCancelled);
  EXPECT_EQ(code(in_pieces("\xFF\xD8\xFF", 3, gone)), ErrorCode::kCancelled);
  EXPECT_TRUE(take_image(store(), "f", in_pieces(jpeg_of(200'000), 1000), 200'000, kNow));
}

INSTANTIATE_TEST_SUITE_P(Stores, Intake,
                         ::testing::Values(blob::testing::Kind::kFolder, blob::testing::Kind::kS3),
                         blob::testing::kind_name);

TEST(FileNames, AreCleanedForPeople) {
  EXPECT_EQ(clean_file_name("DJI_0001.JPG"), "DJI_0001.JPG");
  EXPECT_EQ(clean_file_name("Feld Süd.tif"), "Feld Süd.tif");
  EXPECT_EQ(clean_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(clean_file_name("C:\\flight\\a.jpg"), "a.jpg");
  EXPECT_EQ(clean_file_name(""), "image");
  EXPECT_EQ(clean_file_name("a/.."), "image");
  EXPECT_EQ(clean_file_name(std::string("a\0b\n\x7f.jpg", 9)), "a_b__.jpg");
  EXPECT_EQ(clean_file_name("\xff\xfe.jpg"), "__.jpg");
  EXPECT_EQ(clean_file_name(std::string(199, 'a') + "\xc3\xbc").size(), 199U);
}

}  // namespace
}  // namespace vedette::imagery
