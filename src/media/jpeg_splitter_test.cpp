#include "media/jpeg_splitter.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

#include "media/jpeg.hpp"

namespace vedette::media {
namespace {

std::vector<std::string> pictures() {
  JpegEncoder encoder;
  Image image(64, 48);
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    for (int y = 0; y < 48; ++y) {
      for (int x = 0; x < 64 * 3; ++x)
        image.row(y)[x] = static_cast<std::uint8_t>(x * (i + 3) + y * 7);
    }
    const auto jpeg = encoder.encode(image);
    if (!jpeg) return {};
    made.emplace_back(reinterpret_cast<const char*>(jpeg->data()), jpeg->size());
  }
  return made;
}

std::vector<std::string> split_in_pieces(const std::string& stream, std::size_t piece) {
  JpegSplitter splitter;
  std::vector<std::string> found;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    splitter.push(std::string_view(stream).substr(at, piece));
    while (const auto picture = splitter.next()) found.emplace_back(*picture);
  }
  return found;
}

TEST(JpegSplitter, HoweverTheCameraWritesItsParts) {
  const auto made = pictures();
  ASSERT_EQ(made.size(), 5);
  EXPECT_EQ(jpeg_size(made[0]).width, 64);
  EXPECT_EQ(jpeg_size(made[0]).height, 48);
  const auto length = [](const std::string& jpeg, int by) {
    return "Content-Length: " + std::to_string(static_cast<int>(jpeg.size()) + by);
  };
  using Part = std::function<std::string(const std::string&)>;
  const std::vector<Part> writers{
      [&](auto& p) {
        return "--b\r\nContent-Type: image/jpeg\r\n" + length(p, 0) + "\r\n\r\n" + p + "\r\n";
      },
      [&](auto& p) {
        return "Content-Type: image/jpeg\r\n" + length(p, 0) + "\r\n\r\n" + p + "\r\n--b\r\n";
      },
      [&](auto& p) { return "--b\nContent-Type: image/jpeg\n\n" + p + "\n"; },
      [&](auto& p) { return "b\r\n" + length(p, 7) + "\r\n\r\n" + p + "\r\n"; },
      [&](auto& p) { return "--b\r\n" + length(p, -40) + "\r\n\r\n" + p; },
      [&](auto& p) { return "--b\r\n\r\n" + p + "\r\njunk \xFF\xFF\xD9 between\r\n"; },
      [](auto& p) { return p; },
  };
  for (std::size_t writer = 0; writer < writers.size(); ++writer) {
    std::string stream;
    for (const auto& picture : made) stream += writers[writer](picture);
    for (const std::size_t piece : {1UL, 7UL, 1000UL, stream.size()}) {
      EXPECT_EQ(split_in_pieces(stream, piece), made) << writer << " by " << piece;
    }
  }
}

TEST(JpegSplitter, APictureThatBreaksOffIsLeftOut) {
  const auto made = pictures();
  const auto stream = made[0] + made[1].substr(0, made[1].size() / 2) + made[2] + made[3];
  EXPECT_EQ(split_in_pieces(stream, 100), (std::vector{made[0], made[2], made[3]}));
}

TEST(JpegSplitter, NoiseGivesNothingAndIsNotKept) {
  std::mt19937 random(7);
  JpegSplitter splitter;
  for (int i = 0; i < 200; ++i) {
    std::string noise(997, '\0');
    for (auto& c : noise) c = static_cast<char>(random());
    splitter.push(noise);
    while (splitter.next()) {
    }
  }
  EXPECT_LT(splitter.waiting(), 200'000);
  EXPECT_EQ(jpeg_size("\xFF\xD8\xFF").width, 0);
}

}  // namespace
}  // namespace vedette::media
