#include "api/traffic/pictures.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace vedette::api {
namespace {

using traffic::Variant;

TEST(PictureTopics, ForgetCamerasThatNobodyShowsOrSees) {
  PictureTopics pictures;
  const auto shown = pictures.sink("shown");
  const auto seen = pictures.topic("seen", Variant::kClean);
  for (int i = 0; i < 1000; ++i) {
    const auto sink = pictures.sink("removed " + std::to_string(i));
    sink.publish(Variant::kClean, std::make_shared<const std::string>("jpeg"));
  }
  EXPECT_LE(pictures.size(), 3u);
  EXPECT_EQ(pictures.topic("seen", Variant::kClean), seen);
}

TEST(PictureTopics, KeepWhatAnAnswerIsAboutToShow) {
  PictureTopics pictures;
  const auto answer = http::mjpeg(pictures.topic("a", Variant::kAnnotated));
  (void)pictures.topic("b", Variant::kClean);
  (void)pictures.topic("c", Variant::kClean);
  EXPECT_EQ(pictures.size(), 2u) << "a, and c which has just been made";
}

}  // namespace
}  // namespace vedette::api
