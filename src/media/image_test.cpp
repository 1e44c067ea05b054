#include "media/image.hpp"

#include <gtest/gtest.h>

namespace vedette::media {
namespace {

TEST(Image, KeepsItsBytesForSmallerPictures) {
  Image image(640, 352);
  const auto* before = image.row(0);
  image.reset(320, 240);
  EXPECT_EQ(image.row(0), before);
  EXPECT_EQ(image.width(), 320);
  EXPECT_GE(image.stride(), 320 * 3);
  image.reset(1920, 1080);
  EXPECT_EQ(image.height(), 1080);
}

TEST(Image, FillsAndCopies) {
  Image image(5, 3);
  image.fill(1, 2, 3);
  Image copy;
  image.copy_to(copy);
  image.fill(9, 9, 9);
  ASSERT_EQ(copy.width(), 5);
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 5; ++x) {
      EXPECT_EQ(copy.row(y)[x * 3], 1);
      EXPECT_EQ(copy.row(y)[x * 3 + 2], 3);
    }
  }
}

TEST(Image, IsEmptyWithoutASize) {
  Image image;
  EXPECT_TRUE(image.is_empty());
  image.reset(0, 10);
  EXPECT_TRUE(image.is_empty());
}

}  // namespace
}  // namespace vedette::media
