// A file or record that is gone on with behind frames that are known gives what it would have given
// anyway: the same numbers, times and pictures.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/digest.hpp"
#include "media/frame_source.hpp"
#include "media/test_clip.hpp"
#include "media/test_samples.hpp"
#include "media/video_reader.hpp"

namespace vedette::media {
namespace {

namespace fs = std::filesystem;

struct Shown {
  Frame frame;  // without its picture
  std::string picture;
};

std::unique_ptr<FrameSource> opened(const std::string& url) {
  SourceOptions options;
  options.url = url;
  auto source = open_source(options);
  EXPECT_TRUE(source) << source.error().message;
  return source ? std::move(*source) : nullptr;
}

std::string digest_of(const Frame& frame) {
  Image image;
  EXPECT_TRUE(frame.to_bgr(image));
  std::string all;
  for (int y = 0; y < image.height(); ++y) {
    all.append(reinterpret_cast<const char*>(image.row(y)),
               static_cast<std::size_t>(image.width()) * 3);
  }
  return sha256_hex(all);
}

std::vector<Shown> read_on(FrameSource& source, std::size_t most = 100'000) {
  std::vector<Shown> all;
  while (all.size() < most) {
    auto frame = source.next({});
    if (!frame && frame.error().code == ErrorCode::kCorrupt) continue;
    EXPECT_TRUE(frame) << frame.error().message;
    if (!frame || !*frame) break;
    all.push_back({**frame, digest_of(**frame)});
    all.back().frame.picture.reset();
  }
  return all;
}

// What comes behind the first `count` frames, of which `most` are looked at, is what came before.
void expect_same_behind(const std::string& url, const std::vector<Shown>& all, std::size_t count,
                        std::size_t most, std::int64_t most_decoded) {
  const auto source = opened(url);
  ASSERT_TRUE(source);
  for (std::size_t i = 0; i < count; ++i) {
    const auto passed = source->pass(all[i].frame, {});
    ASSERT_TRUE(passed) << "frame " << i << ": " << passed.error().message;
  }
  const auto rest = read_on(*source, most);
  ASSERT_EQ(rest.size(), std::min(most, all.size() - count)) << "behind " << count;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const Frame& expected = all[count + i].frame;
    const Frame& frame = rest[i].frame;
    ASSERT_EQ(frame.number, expected.number);
    ASSERT_EQ(frame.media_time, expected.media_time) << frame.number;
    ASSERT_EQ(frame.stamp, expected.stamp) << frame.number;
    ASSERT_EQ(frame.period, expected.period) << frame.number;
    ASSERT_EQ(frame.part, expected.part) << frame.number;
    ASSERT_EQ(rest[i].picture, all[count + i].picture) << frame.number << " behind " << count;
  }
  EXPECT_LE(source->stats().decoded, most_decoded);
}

// Not read from its beginning.
bool is_entered(const std::string& path, const std::vector<Shown>& all, std::size_t count) {
  auto reader = VideoReader::open(file_url(path), {}, {});
  EXPECT_TRUE(reader);
  std::vector<std::optional<Micros>> stamps;
  for (std::size_t i = 0; i < count; ++i) stamps.push_back(all[i].frame.stamp);
  Micros time{0};
  const auto is_there = (*reader)->skip(stamps, time, {});
  EXPECT_TRUE(is_there);
  EXPECT_EQ(time, all[count - 1].frame.media_time);
  return is_there && *is_there;
}

class SkipOfKind : public testing::TestWithParam<const char*> {};

TEST_P(SkipOfKind, GoesOnBehindAnyFrame) {
  const TestFolder folder;
  const auto file = (folder.path() / GetParam()).string();
  write_clip(file, {.frames = 300});
  const auto all = read_on(*opened(file));
  ASSERT_GT(all.size(), 290U);
  for (const std::size_t count : {1U, 30U, 100U, 101U, 155U, 250U, 288U}) {
    expect_same_behind(file, all, count, 40, 40);
    EXPECT_TRUE(count <= 60 || is_entered(file, all, count)) << count;
  }
  expect_same_behind(file, all, all.size() - 1, 40, 1);
  expect_same_behind(file, all, all.size(), 40, 0);
}

INSTANTIATE_TEST_SUITE_P(Skip, SkipOfKind,
                         testing::Values("a.mp4", "a.avi", "a.mkv", "a.ts", "a.mpg", "a.mov"));

class SkipOfSample : public testing::TestWithParam<const char*> {};

TEST_P(SkipOfSample, GoesOnBehindAnyFrame) {
  VEDETTE_NEED_SAMPLE(clip, GetParam());
  const auto all = read_on(*opened(clip.string()), 400);
  for (const std::size_t count : {20U, 133U, 377U}) {
    if (count + 15 > all.size()) break;
    EXPECT_TRUE(count <= 100 || is_entered(clip.string(), all, count)) << count;
    expect_same_behind(clip.string(), all, count, 15, 15);
  }
}

INSTANTIATE_TEST_SUITE_P(Skip, SkipOfSample,
                         testing::Values("traffic/street-oneway.mp4", "traffic/highway-two-way.avi",
                                         "traffic/dashcam-motorway.mp4",
                                         "traffic/car-detection.mp4"));

TEST(Skip, ARecordGoesOnInTheMiddleOfItsFiles) {
  const TestFolder folder;
  const auto clip = [&](const std::string& name, int frames, const std::string& made_at) {
    write_clip((folder.path() / name).string(), {.frames = frames, .made_at = made_at});
  };
  clip("1.mp4", 100, "2026-01-31T08:00:00Z");
  clip("2.mp4", 100, "2026-01-31T08:00:04Z");
  folder.write("3.mp4", "broken");
  clip("4.mp4", 100, "2026-01-31T08:00:09Z");
  clip("5.mp4", 100, "2026-01-31T10:00:00Z");
  clip("6.mp4", 100, "2026-01-31T10:00:03Z");
  const auto url = folder.path().string();
  const auto all = read_on(*opened(url));
  ASSERT_EQ(all.size(), 500U);
  EXPECT_EQ(all.back().frame.period, 2);
  for (const std::size_t count : {1U, 99U, 100U, 101U, 180U, 200U, 250U, 300U, 399U, 455U, 500U}) {
    expect_same_behind(url, all, count, 130, 130);
  }
}

TEST(Skip, ACutOffChapterChangesNothing) {
  const TestFolder folder;
  for (const char* name : {"GX010001.MKV", "GX020001.MKV", "GX030001.MKV"}) {
    write_clip((folder.path() / name).string(), {.frames = 240});
  }
  fs::resize_file(folder.path() / "GX020001.MKV",
                  fs::file_size(folder.path() / "GX020001.MKV") / 2);
  const auto url = folder.path().string();
  const auto all = read_on(*opened(url));
  ASSERT_GT(all.size(), 500U);
  EXPECT_EQ(all.back().frame.period, 1);
  for (const std::size_t count :
       {std::size_t{240}, std::size_t{300}, all.size() - 240, all.size() - 100}) {
    expect_same_behind(url, all, count, 300, 300);
  }
}

TEST(Skip, WhatIsNotTheSameIsTold) {
  const TestFolder folder;
  const auto path = (folder.path() / "a.mp4").string();
  write_clip(path, {.frames = 300});
  const auto all = read_on(*opened(path));
  // Another file at its place, with a picture that never came.
  write_clip(path, {.frames = 300, .is_left_out = [](int n) { return n == 60; }});
  const auto source = opened(path);
  for (std::size_t i = 0; i < 299; ++i) ASSERT_TRUE(source->pass(all[i].frame, {}));
  const auto frame = source->next({});
  // Either it is told, or it is entered behind the difference: then it goes on as before.
  if (frame) {
    ASSERT_TRUE(*frame);
    EXPECT_EQ((*frame)->media_time, all[299].frame.media_time);
  } else {
    EXPECT_EQ(frame.error().code, ErrorCode::kConflict);
  }
  // A frame that is not the next one.
  const auto other = opened(path);
  EXPECT_FALSE(other->pass(all[3].frame, {}));
}

TEST(Skip, WithoutStampsItIsReadAgain) {
  // Pictures one behind the other, without a container: the stamps are made up by their number, or
  // not there.
  const TestFolder folder;
  const auto path = (folder.path() / "a.m2v").string();
  write_clip(path, {.frames = 60});
  const auto all = read_on(*opened(path));
  ASSERT_GT(all.size(), 50U);
  expect_same_behind(path, all, 40, 10, 10);
}

}  // namespace
}  // namespace vedette::media
