// Files of every condition: whole, cut off, damaged, empty, of the wrong kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "media/frame_source.hpp"
#include "media/test_samples.hpp"
#include "media/video_reader.hpp"

namespace vedette::media {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

// A frame without its picture: a whole clip of them would fill the memory.
struct Seen {
  std::int64_t number;
  Micros media_time;
  int period;
  int width;
  int height;
};

struct Played {
  std::vector<Seen> frames;
  std::optional<Error> error;
  SourceInfo info;
  SourceStats stats;
};

Result<Played> play(const std::filesystem::path& file) {
  SourceOptions options;
  options.url = file.string();
  VEDETTE_TRY(source, open_source(options));
  Played played;
  played.info = source->info();
  for (;;) {
    auto frame = source->next({});
    if (!frame) {
      EXPECT_FALSE(played.error) << "an error is given once";
      played.error = frame.error();
      continue;
    }
    if (!*frame) break;
    played.frames.push_back({.number = (*frame)->number,
                             .media_time = (*frame)->media_time,
                             .period = (*frame)->period,
                             .width = (*frame)->width(),
                             .height = (*frame)->height()});
  }
  played.stats = source->stats();
  return played;
}

struct Clip {
  const char* file;
  const char* codec;
  int width;
  int height;
  std::size_t frames;
  double fps;
};

class SampleClip : public testing::TestWithParam<Clip> {};

TEST_P(SampleClip, GivesEveryFrameInOrder) {
  const auto& clip = GetParam();
  VEDETTE_NEED_SAMPLE(file, clip.file);
  const auto played = play(file);
  ASSERT_TRUE(played) << played.error().message;
  EXPECT_FALSE(played->error) << played->error->message;
  EXPECT_EQ(played->info.kind, SourceKind::kFile);
  EXPECT_EQ(played->info.codec, clip.codec);
  EXPECT_NEAR(played->info.fps, clip.fps, 0.05);
  ASSERT_EQ(played->frames.size(), clip.frames);
  EXPECT_EQ(played->stats.decoded, static_cast<std::int64_t>(clip.frames));
  EXPECT_EQ(played->stats.dropped, 0);
  EXPECT_EQ(played->stats.corrupt, 0);
  EXPECT_EQ(played->frames[0].media_time, 0us);
  for (std::size_t i = 0; i < clip.frames; ++i) {
    const auto& frame = played->frames[i];
    EXPECT_EQ(frame.number, static_cast<std::int64_t>(i));
    EXPECT_EQ(frame.width, clip.width);
    EXPECT_EQ(frame.height, clip.height);
    EXPECT_EQ(frame.period, 0);
    if (i > 0) {
      EXPECT_GT(frame.media_time, played->frames[i - 1].media_time);
    }
  }
  const double seconds = to_seconds(played->frames.back().media_time);
  EXPECT_NEAR(seconds, (static_cast<double>(clip.frames) - 1) / clip.fps, 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    Files, SampleClip,
    testing::Values(Clip{"traffic/street-oneway.mp4", "h264", 640, 352, 905, 24.01},
                    Clip{"traffic/highway-two-way.avi", "mpeg4", 320, 240, 748, 25},
                    Clip{"traffic/car-detection.mp4", "h264", 768, 432, 377, 12.5},
                    Clip{"traffic/road-overhead.avi", "msmpeg4v2", 640, 360, 374, 30}));

TEST(File, TheDecodersThreadsDoNotChangeThePicture) {
  VEDETTE_NEED_SAMPLE(file, "traffic/car-detection.mp4");
  std::vector<std::string> pictures;
  for (const int threads : {1, 3}) {
    SourceOptions options;
    options.url = "file:" + file.string();
    options.decoder_threads = threads;
    auto source = open_source(options);
    ASSERT_TRUE(source);
    Image image;
    for (int i = 0; i < 40; ++i) {
      auto frame = (*source)->next({});
      ASSERT_TRUE(frame && *frame);
      if (i == 39) {
        ASSERT_TRUE((*frame)->to_bgr(image));
      }
    }
    pictures.emplace_back(reinterpret_cast<const char*>(image.row(0)),
                          static_cast<std::size_t>(image.stride()) * image.height());
  }
  EXPECT_EQ(pictures[0], pictures[1]);
}

TEST(File, GivesASmallerPictureOnRequest) {
  VEDETTE_NEED_SAMPLE(file, "traffic/street-oneway.mp4");
  SourceOptions options;
  options.url = file.string();
  auto source = open_source(options);
  ASSERT_TRUE(source);
  auto frame = (*source)->next({});
  ASSERT_TRUE(frame && *frame);
  Image image;
  ASSERT_TRUE((*frame)->to_bgr(image, 320));
  EXPECT_EQ(image.width(), 320);
  EXPECT_EQ(image.height(), 176);
  ASSERT_TRUE((*frame)->to_bgr(image, 4'000));
  EXPECT_EQ(image.width(), 640);
}

TEST(File, SaysWhatIsWrong) {
  const TestFolder folder;
  struct Case {
    std::string url;
    ErrorCode code;
    std::string hint;
  };
  const std::vector<Case> cases{
      {"", ErrorCode::kInvalid, "name a video file"},
      {"file:", ErrorCode::kInvalid, "name a video file"},
      {"v4l2:", ErrorCode::kInvalid, "name a video file"},
      {(folder.path() / "none.mp4").string(), ErrorCode::kNotFound, "check the path"},
      {folder.path().string(), ErrorCode::kCorrupt, "can be read"},
      {folder.write("empty.mp4", "").string(), ErrorCode::kCorrupt, "empty"},
      {folder.write("words.mp4", std::string(5'000, 'x')).string(), ErrorCode::kCorrupt,
       "not a video file"},
      {folder
           .write("list.m3u8",
                  "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n")
           .string(),
       ErrorCode::kUnsupported, "playlist"},
      {"gopher://x/y", ErrorCode::kInvalid, "rtsp://"},
      {"/dev/null", ErrorCode::kInvalid, "not a regular file"},
      {"/dev/video73", ErrorCode::kUnavailable, "plug it in"},
      {"v4l2:/dev/video73", ErrorCode::kUnavailable, "/dev/video*"},
      {"v4l2:/dev/null", ErrorCode::kInvalid, "v4l2:/dev/video0"},
      {"v4l2:/etc/passwd", ErrorCode::kInvalid, "v4l2:/dev/video0"},
      {"/dev/video0/../../etc/passwd", ErrorCode::kNotFound, "check the path"},
      {"none.mp4", ErrorCode::kNotFound, "if it is a camera"},
  };
  for (const auto& wrong : cases) {
    SCOPED_TRACE(wrong.url);
    SourceOptions options;
    options.url = wrong.url;
    const auto source = open_source(options);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, wrong.code) << source.error().message;
    EXPECT_THAT(source.error().message, HasSubstr(wrong.hint));
  }
}

TEST(File, WithoutPicturesIsRefused) {
  // One second of silence, 8 bits, 8 kHz: a sound file.
  std::string wav(
      "RIFF\x64\x1F\0\0WAVEfmt "
      "\x10\0\0\0\1\0\1\0\x40\x1F\0\0\x40\x1F\0\0\1\0\x08\0data\x40\x1F\0\0",
      44);
  wav.append(8'000, '\x80');
  const TestFolder folder;
  const auto played = play(folder.write("sound.wav", wav));
  ASSERT_FALSE(played);
  EXPECT_EQ(played.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(played.error().message, HasSubstr("no video"));
}

TEST(File, LargerPicturesThanAllowedAreRefused) {
  VEDETTE_NEED_SAMPLE(file, "traffic/street-oneway.mp4");
  SourceOptions options;
  options.url = file.string();
  options.max_width = 320;
  const auto source = open_source(options);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(source.error().message, HasSubstr("640x352"));
}

TEST(File, OfAnUnknownCodecIsRefused) {
  VEDETTE_NEED_SAMPLE(file, "traffic/road-overhead.avi");
  auto bytes = read_file(file);
  for (const char* code : {"MP42", "mp42"}) {
    for (auto at = bytes.find(code); at < 4'096; at = bytes.find(code))
      bytes.replace(at, 4, "Zzq9");
  }
  const TestFolder folder;
  const auto played = play(folder.write("odd.avi", bytes));
  ASSERT_FALSE(played);
  EXPECT_EQ(played.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(played.error().message, HasSubstr("convert it to H.264"));
}

TEST(File, CutOffGivesWhatIsThereAndSaysSo) {
  for (const char* clip : {"traffic/highway-two-way.avi", "traffic/car-detection.mp4"}) {
    VEDETTE_NEED_SAMPLE(file, clip);
    auto bytes = read_file(file);
    bytes.resize(bytes.size() / 2);
    const TestFolder folder;
    const auto played = play(folder.write(file.filename().string(), bytes));
    // An MP4 with its index at the end cannot be opened at all; that is said as well.
    if (!played) {
      EXPECT_EQ(played.error().code, ErrorCode::kCorrupt);
      EXPECT_THAT(played.error().message, HasSubstr("index is cut off"));
      continue;
    }
    EXPECT_GT(played->frames.size(), 100);
    ASSERT_TRUE(played->error) << clip;
    EXPECT_EQ(played->error->code, ErrorCode::kCorrupt);
    EXPECT_THAT(played->error->message, HasSubstr("cut off"));
  }
}

// Whatever bits are wrong: no crash, no hang, sound frames or a sentence.
TEST(File, DamagedNeverCrashes) {
  std::mt19937 random(20'261'122);
  const TestFolder folder;
  int opened = 0;
  for (const char* clip :
       {"traffic/highway-two-way.avi", "traffic/road-overhead.avi", "traffic/car-detection.mp4"}) {
    VEDETTE_NEED_SAMPLE(file, clip);
    auto original = read_file(file);
    original.resize(std::min<std::size_t>(original.size(), 400'000));
    for (int round = 0; round < 6; ++round) {
      auto bytes = original;
      const int flips = 1 << (2 * round);
      for (int i = 0; i < flips; ++i) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
      }
      bytes.resize(bytes.size() - random() % (bytes.size() / 2));
      const auto played = play(folder.write(file.filename().string(), bytes));
      if (!played) {
        EXPECT_FALSE(played.error().message.empty());
        continue;
      }
      ++opened;
      for (std::size_t i = 1; i < played->frames.size(); ++i) {
        EXPECT_GT(played->frames[i].media_time, played->frames[i - 1].media_time);
      }
    }
  }
  EXPECT_GT(opened, 5);
}

TEST(File, StopsWhenAsked) {
  VEDETTE_NEED_SAMPLE(file, "traffic/highway-two-way.avi");
  SourceOptions options;
  options.url = file.string();
  auto source = open_source(options);
  ASSERT_TRUE(source);
  std::stop_source stop;
  stop.request_stop();
  const auto frame = (*source)->next(stop.get_token());
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::kCancelled);
  // It can go on afterwards.
  const auto next = (*source)->next({});
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->number, 0);
}

}  // namespace
}  // namespace vedette::media
