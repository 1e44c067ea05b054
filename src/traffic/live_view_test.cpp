#include "traffic/live_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <map>
#include <mutex>

#include "media/jpeg.hpp"
#include "work/cpu_pool.hpp"

namespace vedette::traffic {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

media::Frame drawn(int width = 320, int height = 240) {
  media::Image image;
  image.reset(width, height);
  for (int y = 0; y < height; ++y) std::fill_n(image.row(y), 3 * width, std::uint8_t{90});
  return *media::make_frame(image, 0, Micros{0});
}

Marks some_marks() {
  Marks marks;
  marks.at = *from_rfc3339("2026-11-27T08:15:00Z");
  marks.boxes = {{.box = {10, 20, 60, 80}, .track = 4206, .type = "car"},
                 {.box = {300, 200, 400, 300}, .track = 7, .type = "truck", .is_parked = true},
                 {.box = {400, 10, 500, 60}, .track = 8, .type = "bus"}};
  marks.lines = {{.name = "gate", .a = {0, 100}, .b = {319, 100}}};
  return marks;
}

// The text of the first comment segment.
std::string comment_of(std::string_view jpeg) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(jpeg[i]); };
  for (std::size_t i = 2; i + 4 <= jpeg.size() && byte(i) == 0xff;) {
    const std::size_t length = byte(i + 2) * 256U + byte(i + 3);
    if (byte(i + 1) == 0xfe) return std::string(jpeg.substr(i + 4, length - 2));
    i += 2 + length;
  }
  return {};
}

media::Image decoded(const std::string& jpeg) {
  media::Image image;
  EXPECT_TRUE(
      media::decode_jpeg({reinterpret_cast<const std::uint8_t*>(jpeg.data()), jpeg.size()}, image));
  return image;
}

TEST(LiveView, APictureIsCleanAndCarriesItsMarksInTheSourcesPixels) {
  const auto jpeg = render_picture(drawn(), some_marks(), Variant::kClean, {.max_width = 160});
  ASSERT_TRUE(jpeg);
  const auto marks = boost::json::parse(comment_of(*jpeg)).as_object();
  EXPECT_EQ(marks.at("v"), 1);
  EXPECT_EQ(marks.at("t"), "2026-11-27T08:15:00Z");
  EXPECT_EQ(marks.at("w"), 320);
  EXPECT_EQ(marks.at("h"), 240);
  const auto& boxes = marks.at("boxes").as_array();
  ASSERT_EQ(boxes.size(), 2U);  // the bus is beyond the picture's edge
  EXPECT_EQ(boost::json::serialize(boxes[0]),
            boost::json::serialize(boost::json::parse(
                R"({"x":10,"y":20,"w":50,"h":60,"id":4206,"type":"car","parked":false})")));
  EXPECT_EQ(boxes[1].at("x"), 300);
  EXPECT_EQ(boxes[1].at("w"), 20);
  EXPECT_EQ(boxes[1].at("h"), 40);
  EXPECT_EQ(boxes[1].at("parked"), true);
  const media::Image image = decoded(*jpeg);
  EXPECT_EQ(image.width(), 160);
  for (int x = 0; x < image.width() * 3; ++x) EXPECT_NEAR(image.row(50)[x], 90, 3);
}

TEST(LiveView, MarksAreBurnedInWhereAskedFor) {
  const auto jpeg = render_picture(drawn(), some_marks(), Variant::kAnnotated, {});
  ASSERT_TRUE(jpeg);
  EXPECT_THAT(comment_of(*jpeg), HasSubstr("\"id\":4206"));
  const media::Image image = decoded(*jpeg);
  int drawn_over = 0;
  for (int x = 0; x < image.width(); ++x) drawn_over += image.row(100)[3 * x + 2] > 150 ? 1 : 0;
  EXPECT_GT(drawn_over, 200);  // the line
}

TEST(LiveView, MoreBoxesThanACommentHoldsAreLeftOut) {
  Marks marks = some_marks();
  for (int i = 0; i < 2000; ++i) marks.boxes.push_back(marks.boxes.front());
  const std::string text = marks_json(marks, 320, 240);
  EXPECT_LE(text.size(), media::kMostJpegComment);
  EXPECT_GT(boost::json::parse(text).at("boxes").as_array().size(), 500U);
}

TEST(LiveView, WhatIsNoJpegTakesNoComment) {
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  EXPECT_EQ(media::with_jpeg_comment(bytes, "x").size(), 3U);
  EXPECT_EQ(media::with_jpeg_comment({}, "x").size(), 0U);
  const std::vector<std::uint8_t> cut{0xff, 0xd8, 0xff, 0xe0};  // its APP0 ends beyond the end
  EXPECT_EQ(media::with_jpeg_comment(cut, "x").size(), 4U + 5U);
}

// Viewers of each variant, and the pictures that came.
struct Audience {
  std::mutex mutex;
  std::condition_variable came;
  std::map<Variant, int> viewers;
  std::map<Variant, int> pictures;

  PictureSink sink() {
    return {[this](Variant variant) {
              const std::lock_guard lock(mutex);
              return viewers[variant];
            },
            [this](Variant variant, const std::shared_ptr<const std::string>&) {
              const std::lock_guard lock(mutex);
              ++pictures[variant];
              came.notify_all();
            },
            [] {}};
  }
};

TEST(LiveViews, EncodesOnlyTheVariantSomebodyLooksAt) {
  Audience audience;
  work::CpuPool cpu({.threads = 1});
  LiveViews views({}, cpu, [&](std::string_view) { return audience.sink(); });
  const auto view = views.view("mill");
  view->offer(drawn(), some_marks());
  {
    const std::lock_guard lock(audience.mutex);
    audience.viewers[Variant::kClean] = 1;
  }
  view->offer(drawn(), some_marks());
  std::unique_lock lock(audience.mutex);
  audience.came.wait(lock, [&] { return audience.pictures[Variant::kClean] > 0; });
  EXPECT_EQ(audience.pictures[Variant::kAnnotated], 0);
}

TEST(LiveViews, LetGoOfTheFramesOfCamerasThatAreNoLongerWatched) {
  work::CpuPool cpu({.threads = 1});
  LiveViews views({}, cpu, [](std::string_view) {
    return PictureSink{[](Variant) { return 0; }, [](Variant, const auto&) {}, [] {}};
  });
  std::vector<std::weak_ptr<const media::Picture>> pictures;
  for (int i = 0; i < 200; ++i) {
    const std::string camera = "camera-" + std::to_string(i);
    const auto view = views.view(camera);
    const media::Frame frame = drawn();
    pictures.emplace_back(frame.picture);
    view->offer(frame, some_marks());
    if (i % 2 == 0) {
      view->end();  // lost, and perhaps watched again
    } else {
      views.close(camera);
      EXPECT_EQ(views.find(camera), nullptr);
    }
    const auto still = view->snapshot(Variant::kClean);
    EXPECT_TRUE(still && !*still);
  }
  const auto alive = std::ranges::count_if(pictures, [](const auto& p) { return !p.expired(); });
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace vedette::traffic
