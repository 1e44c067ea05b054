// Folders and lists of recordings as cards, recorders and dashcams leave them, read as one record.
#include "media/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "base/digest.hpp"
#include "media/jpeg.hpp"
#include "media/test_clip.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// 24 pictures a second.
constexpr Micros kStep{41'667};

class Folder {
 public:
  const fs::path& path() const { return folder_.path(); }
  std::string at(const std::string& name) const { return (path() / name).string(); }
  void clip(const std::string& name, Recipe recipe = {.frames = 24}) const {
    fs::create_directories((path() / name).parent_path());
    write_clip(at(name), recipe);
  }
  // A clip of one second, made at this second of a day.
  void made_at(const std::string& name, int hour, int minute, int second) const {
    char text[40];
    std::snprintf(text, sizeof text, "2026-01-31T%02d:%02d:%02d.000000Z", hour, minute, second);
    clip(name, {.frames = 24, .made_at = text});
  }
  void file(const std::string& name, std::string_view content) const {
    fs::create_directories((path() / name).parent_path());
    folder_.write(name, content);
  }

 private:
  TestFolder folder_;
};

SourceOptions options_of(const std::string& url) {
  SourceOptions options;
  options.url = url;
  return options;
}

struct Played {
  std::vector<Frame> frames;  // without pictures
  std::vector<std::string> told;
  std::vector<int> sizes;  // widths
  std::optional<Error> ended_by;
  SourceInfo info;
};

Played play(const std::string& url) {
  Played played;
  auto source = open_source(options_of(url));
  if (!source) {
    played.ended_by = source.error();
    return played;
  }
  played.info = (*source)->info();
  for (;;) {
    auto frame = (*source)->next({});
    if (!frame && frame.error().code == ErrorCode::kCorrupt) {
      played.told.push_back(frame.error().message);
      continue;
    }
    if (!frame) {
      played.ended_by = frame.error();
      break;
    }
    if (!*frame) break;
    played.sizes.push_back((*frame)->width());
    played.frames.push_back(**frame);
    played.frames.back().picture.reset();
  }
  EXPECT_EQ((*source)->stats().decoded, static_cast<std::int64_t>(played.frames.size()));
  return played;
}

std::vector<std::string> names_of(const SourceOptions& options) {
  const auto found = Recording::find(options);
  EXPECT_TRUE(found) << found.error().message;
  std::vector<std::string> names;
  if (!found) return names;
  for (const auto& file : found->files()) names.push_back(fs::path(file.path).filename().string());
  return names;
}

// Copies packets into pieces that begin with key pictures, as a camera makes chapters.
void split(const fs::path& clip, const std::vector<std::string>& pieces, int packets_each) {
  AVFormatContext* opened = nullptr;
  ASSERT_GE(avformat_open_input(&opened, clip.c_str(), nullptr, nullptr), 0);
  const AvFormatPtr in(opened);
  ASSERT_GE(avformat_find_stream_info(in.get(), nullptr), 0);
  const int video = av_find_best_stream(in.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  ASSERT_GE(video, 0);
  const AVStream* from = in->streams[video];
  std::unique_ptr<AVFormatContext, void (*)(AVFormatContext*)> out(nullptr, avformat_free_context);
  const auto finish = [&] {
    if (!out) return;
    av_write_trailer(out.get());
    avio_closep(&out->pb);
    out.reset();
  };
  std::size_t piece = 0;
  int packets = 0;
  std::int64_t start = 0;
  const AvPacketPtr packet(av_packet_alloc());
  while (av_read_frame(in.get(), packet.get()) >= 0) {
    const bool is_ours = packet->stream_index == video;
    const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (is_ours && piece < pieces.size() && (!out || (is_key && packets >= packets_each))) {
      finish();
      AVFormatContext* made = nullptr;
      ASSERT_GE(avformat_alloc_output_context2(&made, nullptr, nullptr, pieces[piece].c_str()), 0);
      out.reset(made);
      AVStream* to = avformat_new_stream(made, nullptr);
      avcodec_parameters_copy(to->codecpar, from->codecpar);
      to->codecpar->codec_tag = 0;
      to->time_base = from->time_base;
      to->avg_frame_rate = from->avg_frame_rate;
      ASSERT_GE(avio_open(&made->pb, pieces[piece].c_str(), AVIO_FLAG_WRITE), 0);
      ASSERT_GE(avformat_write_header(made, nullptr), 0);
      start = packet->dts;
      packets = 0;
      ++piece;
    }
    if (is_ours) {
      ++packets;
      packet->stream_index = 0;
      packet->pos = -1;
      packet->pts -= start;
      packet->dts -= start;
      av_packet_rescale_ts(packet.get(), from->time_base, out->streams[0]->time_base);
      ASSERT_GE(av_interleaved_write_frame(out.get(), packet.get()), 0);
    } else {
      av_packet_unref(packet.get());
    }
  }
  finish();
  ASSERT_EQ(piece, pieces.size());
}

// Numbers, times and pictures.
std::vector<std::tuple<std::int64_t, Micros, int, std::string>> all_of(const std::string& url) {
  std::vector<std::tuple<std::int64_t, Micros, int, std::string>> all;
  auto source = open_source(options_of(url));
  EXPECT_TRUE(source) << source.error().message;
  Image image;
  while (source) {
    const auto frame = (*source)->next({});
    EXPECT_TRUE(frame) << frame.error().message;
    if (!frame || !*frame || !(*frame)->to_bgr(image)) break;
    const std::string_view bytes(reinterpret_cast<const char*>(image.row(0)),
                                 static_cast<std::size_t>(image.stride() * image.height()));
    all.emplace_back((*frame)->number, (*frame)->media_time, (*frame)->period, sha256_hex(bytes));
  }
  return all;
}

TEST(Recording, ChaptersGiveWhatTheRecordingInOnePieceGives) {
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  const TestFolder folder;
  std::vector<std::string> pieces;
  for (const char* name : {"GX010042.MP4", "GX020042.MP4", "GX030042.MP4"}) {
    pieces.push_back((folder.path() / name).string());
  }
  split(clip, pieces, 100);
  const auto whole = all_of(clip.string());
  const auto chapters = all_of(folder.path().string());
  ASSERT_EQ(chapters.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    ASSERT_EQ(std::get<0>(chapters[i]), std::get<0>(whole[i]));
    ASSERT_NEAR(to_seconds(std::get<1>(chapters[i])), to_seconds(std::get<1>(whole[i])), 0.01);
    ASSERT_EQ(std::get<2>(chapters[i]), 0);
    ASSERT_EQ(std::get<3>(chapters[i]), std::get<3>(whole[i])) << "frame " << i;
  }
}

TEST(Recording, AFolderIsReadAsOneRecord) {
  const Folder folder;
  folder.clip("DCIM/100MEDIA/GX010001.MP4");
  folder.clip("DCIM/100MEDIA/GX020001.MP4");
  folder.clip("DCIM/101MEDIA/GX010002.MP4");
  for (const char* other : {"DCIM/100MEDIA/GX010001.THM", "DCIM/100MEDIA/GL010001.LRV",
                            "DCIM/.DS_Store", "DCIM/100MEDIA/._GX010001.MP4", "notes.txt",
                            "DCIM/101MEDIA/GX010003.MP4.part", "@eaDir/x.mp4"}) {
    folder.file(other, "not a video");
  }
  const auto played = play(folder.path().string());
  ASSERT_FALSE(played.ended_by) << played.ended_by->message;
  EXPECT_TRUE(played.told.empty());
  EXPECT_EQ(played.info.shown_url, folder.path().string());
  EXPECT_EQ(played.info.files, 3);
  EXPECT_EQ(played.info.order, "in the order of their names");
  EXPECT_EQ(played.info.kind, SourceKind::kFile);
  ASSERT_EQ(played.frames.size(), 72U);
  for (std::size_t i = 0; i < played.frames.size(); ++i) {
    const Frame& frame = played.frames[i];
    EXPECT_EQ(frame.number, static_cast<std::int64_t>(i));
    EXPECT_EQ(frame.part, static_cast<int>(i / 24));
    EXPECT_EQ(frame.period, 0) << "no times are known: they follow each other";
    EXPECT_NEAR(static_cast<double>(frame.media_time.count()),
                static_cast<double>(kStep.count()) * static_cast<double>(i), 100);
  }
  // The same numbers and times whenever it is read.
  const auto again = play(folder.path().string() + "/");
  ASSERT_EQ(again.frames.size(), played.frames.size());
  for (std::size_t i = 0; i < played.frames.size(); ++i) {
    EXPECT_EQ(again.frames[i].media_time, played.frames[i].media_time);
  }
}

TEST(Recording, TheContainersTimesGoBeforeNames) {
  const Folder folder;
  // The counter began anew at 0001.
  folder.made_at("DSC9998.MP4", 8, 0, 0);
  folder.made_at("DSC9999.MP4", 8, 0, 1);
  folder.made_at("DSC0001.MP4", 8, 0, 2);
  const auto found = Recording::find(options_of(folder.path().string()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->order(), "in the order of their recording times");
  EXPECT_THAT(names_of(options_of(folder.path().string())),
              ElementsAre("DSC9998.MP4", "DSC9999.MP4", "DSC0001.MP4"));
  // A clock that was never set says nothing.
  const Folder unset;
  for (const char* name : {"file2.mp4", "file10.mp4", "file1.mp4"}) unset.made_at(name, 0, 0, 0);
  EXPECT_THAT(names_of(options_of(unset.path().string())),
              ElementsAre("file1.mp4", "file2.mp4", "file10.mp4"));
  // Nor do times that only some have.
  const Folder some;
  some.made_at("file10.mp4", 1, 0, 0);
  some.made_at("file2.mp4", 2, 0, 0);
  some.clip("file3.mp4");
  EXPECT_THAT(names_of(options_of(some.path().string())),
              ElementsAre("file2.mp4", "file3.mp4", "file10.mp4"));
}

TEST(Recording, BetweenRecordingsLiesTheTimeThatPassed) {
  const Folder folder;
  folder.made_at("a.mp4", 8, 0, 0);
  folder.made_at("b.mp4", 8, 0, 1);   // follows at once
  folder.made_at("c.mp4", 8, 0, 3);   // a second late, by whole seconds: follows at once
  folder.made_at("d.mp4", 10, 0, 0);  // two hours later
  folder.made_at("e.mp4", 10, 0, 1);
  const auto played = play(folder.path().string());
  ASSERT_EQ(played.frames.size(), 120U);
  std::vector<int> periods;
  for (std::size_t i = 0; i < 120; i += 24) periods.push_back(played.frames[i].period);
  EXPECT_THAT(periods, ElementsAre(0, 0, 0, 1, 1));
  EXPECT_NEAR(to_seconds(played.frames[48].media_time), 2, 0.01);
  EXPECT_NEAR(to_seconds(played.frames[72].media_time), 7200, 0.01);
  EXPECT_NEAR(to_seconds(played.frames[96].media_time), 7201, 0.01);
}

TEST(Recording, SmallLossesBetweenPiecesDoNotAddUp) {
  const Folder folder;
  // Pieces of one second, two seconds apart.
  for (int i = 0; i < 10; ++i) folder.made_at("p" + std::to_string(i) + ".mp4", 8, 0, 2 * i);
  const auto played = play(folder.path().string());
  ASSERT_EQ(played.frames.size(), 240U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(to_seconds(played.frames[24 * i].media_time), 2.0 * static_cast<double>(i), 1.6);
  }
}

TEST(Recording, TimesOfNamesTellTheGapToo) {
  const Folder folder;
  folder.clip("20260131_080000.mp4");
  folder.clip("20260131_080001.mp4");
  folder.clip("20260131_093000.mp4");
  folder.clip("20260131_070000.mp4");
  const auto played = play(folder.path().string());
  ASSERT_EQ(played.frames.size(), 96U);
  EXPECT_NEAR(to_seconds(played.frames[24].media_time), 3600, 0.01);
  EXPECT_NEAR(to_seconds(played.frames[48].media_time), 3601, 0.01);
  EXPECT_NEAR(to_seconds(played.frames[72].media_time), 9000, 0.01);
  EXPECT_EQ(played.frames[95].period, 2);
}

TEST(Recording, AClockThatWasSetMakesNoGapOfYearsAndNoneBackwards) {
  const Folder folder;
  folder.clip("1.mp4", {.frames = 24, .made_at = "2015-01-01T00:00:10Z"});
  folder.clip("2.mp4", {.frames = 240, .made_at = "2026-01-31T08:00:00Z"});
  // Begins, by its time, in the middle of the one before.
  folder.clip("3.mp4", {.frames = 24, .made_at = "2026-01-31T08:00:05Z"});
  folder.clip("4.mp4", {.frames = 24, .made_at = "2026-01-31T08:01:00Z"});
  const auto played = play(folder.path().string());
  ASSERT_EQ(played.frames.size(), 312U);
  EXPECT_NEAR(to_seconds(played.frames[24].media_time), 1, 0.01);
  EXPECT_EQ(played.frames[24].period, 1) << "nobody knows how much later";
  EXPECT_NEAR(to_seconds(played.frames[264].media_time), 11, 0.01);
  // 55 s after the one that was put where it fits.
  EXPECT_NEAR(to_seconds(played.frames[288].media_time), 11 + 55, 0.01);
  for (std::size_t i = 1; i < played.frames.size(); ++i) {
    ASSERT_GT(played.frames[i].media_time, played.frames[i - 1].media_time);
  }
}

TEST(Recording, ChaptersFollowEachOtherWhateverTheirTimesSay) {
  const Folder folder;
  folder.made_at("GX010001.MP4", 8, 0, 0);
  folder.made_at("GX020001.MP4", 8, 0, 0);
  folder.made_at("GX030001.MP4", 9, 0, 0);
  folder.made_at("GX010002.MP4", 10, 0, 0);
  const auto played = play(folder.path().string());
  ASSERT_EQ(played.frames.size(), 96U);
  EXPECT_NEAR(to_seconds(played.frames[48].media_time), 2, 0.01);
  EXPECT_EQ(played.frames[71].period, 0);
  EXPECT_NEAR(to_seconds(played.frames[72].media_time), 7200, 0.01);
  EXPECT_EQ(played.frames[72].period, 1);
}

TEST(Recording, WhatCannotBeReadIsToldAndPassedOver) {
  const Folder folder;
  folder.file("0.mp4", "");
  folder.clip("1.mp4");
  folder.file("2.mp4", std::string(5000, 'x'));
  folder.clip("3.mkv", {.frames = 240});
  fs::resize_file(folder.path() / "3.mkv", fs::file_size(folder.path() / "3.mkv") * 6 / 10);
  folder.clip("4.mp4");
  const auto played = play(folder.path().string());
  ASSERT_FALSE(played.ended_by) << played.ended_by->message;
  ASSERT_EQ(played.told.size(), 3U);
  EXPECT_THAT(played.told[0], HasSubstr("0.mp4 is empty"));
  EXPECT_THAT(played.told[1], HasSubstr("2.mp4 is not a video"));
  EXPECT_THAT(played.told[2], HasSubstr("3.mkv"));
  EXPECT_GT(played.frames.size(), 48U);
  EXPECT_LT(played.frames.size(), 288U);
  EXPECT_EQ(played.info.files, 5);
  // Something is missing: tracks do not go over it.
  EXPECT_EQ(played.frames.front().period, 0);
  EXPECT_EQ(played.frames[24].period, 1);
  EXPECT_EQ(played.frames.back().period, 2);
  for (std::size_t i = 0; i < played.frames.size(); ++i) {
    EXPECT_EQ(played.frames[i].number, static_cast<std::int64_t>(i));
  }
}

TEST(Recording, AChangeOfSizeIsLikeOneWithinAFile) {
  const Folder folder;
  folder.clip("1.mp4");
  folder.clip("2.mp4", {.frames = 24, .width = 96, .height = 80});
  const auto played = play(folder.path().string());
  ASSERT_EQ(played.frames.size(), 48U);
  EXPECT_EQ(played.sizes[23], 64);
  EXPECT_EQ(played.sizes[24], 96);
  EXPECT_EQ(played.info.width, 64);
}

TEST(Recording, SeveralPathsAreOneRecordToo) {
  const Folder folder;
  folder.clip("b;1%.mp4");
  folder.clip("a 10.mp4");
  folder.clip("a 2.mp4");
  folder.clip("more/x.mp4");
  const std::string address = files_address(
      {folder.at("b;1%.mp4"), folder.at("a 10.mp4"), folder.at("a 2.mp4"), folder.at("more")});
  EXPECT_TRUE(is_file_source(address));
  EXPECT_THAT(names_of(options_of(address)),
              ElementsAre("a 2.mp4", "a 10.mp4", "b;1%.mp4", "x.mp4"));
  const auto played = play(address);
  EXPECT_EQ(played.frames.size(), 96U);
  EXPECT_EQ(played.info.shown_url, folder.at("a 2.mp4") + " and 3 more");
  // One that is named and not there is a mistake.
  const auto missing = play(files_address({folder.at("a 2.mp4"), folder.at("none.mp4")}));
  ASSERT_TRUE(missing.ended_by);
  EXPECT_EQ(missing.ended_by->code, ErrorCode::kNotFound);
  folder.file("empty.mp4", "");
  const auto damaged = play(files_address({folder.at("a 2.mp4"), folder.at("empty.mp4")}));
  EXPECT_EQ(damaged.frames.size(), 24U);
  EXPECT_EQ(damaged.told.size(), 1U);
  // What is named twice is read once.
  EXPECT_EQ(play(files_address({folder.at("more"), folder.at("more/x.mp4")})).frames.size(), 24U);
}

TEST(Recording, OfADashcamTheFrontCameraIsRead) {
  const Folder folder;
  for (const char* name : {"c/2026_0101_120000_001F.MP4", "c/2026_0101_120000_001R.MP4",
                           "c/2026_0101_120100_002F.MP4", "c/2026_0101_120100_002R.MP4"})
    folder.clip(name);
  EXPECT_THAT(names_of(options_of(folder.at("c"))),
              ElementsAre("2026_0101_120000_001F.MP4", "2026_0101_120100_002F.MP4"));
  const auto played = play(folder.at("c"));
  EXPECT_EQ(played.frames.size(), 48U);
  EXPECT_THAT(played.info.left_out, HasSubstr("2 files of a dashcam's other cameras are left out"));
  // By itself the rear one is as good as any.
  const auto rear = play(files_address(
      {folder.at("c/2026_0101_120000_001R.MP4"), folder.at("c/2026_0101_120100_002R.MP4")}));
  EXPECT_EQ(rear.frames.size(), 48U);
  EXPECT_EQ(rear.info.left_out, "");
}

TEST(Recording, WhatHoldsNoneOrNoneThatCanBeReadSaysSo) {
  const Folder folder;
  folder.file("notes.txt", "x");
  auto found = Recording::find(options_of(folder.path().string()));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(found.error().message, HasSubstr("holds no recordings"));
  folder.file("a.mp4", "x");
  found = Recording::find(options_of(folder.path().string()));
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("a.mp4"));
  folder.file("b.mp4", "x");
  found = Recording::find(options_of(folder.path().string()));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(found.error().message, HasSubstr("None of the 2 files"));
  EXPECT_EQ(Recording::find(options_of("rtsp://h/x")).error().code, ErrorCode::kInvalid);
}

TEST(Recording, StaysWithinTheAllowedFoldersAndItsBounds) {
  const Folder folder;
  folder.clip("in/1.mp4");
  folder.clip("out/2.mp4");
  fs::create_symlink(folder.path() / "out/2.mp4", folder.path() / "in/2.mp4");
  fs::create_symlink(folder.path() / "in/1.mp4", folder.path() / "in/latest.mp4");
  fs::create_directory_symlink(folder.path() / "out", folder.path() / "in/more");
  fs::create_directory_symlink(folder.path() / "in", folder.path() / "in/round");
  auto within = options_of(folder.at("in"));
  EXPECT_EQ(names_of(within).size(), 2U) << "a link to a file is followed, one to a folder is not";
  within.file_folders = {folder.at("in")};
  EXPECT_EQ(names_of(within).size(), 1U);
  within.url = folder.at("out");
  EXPECT_EQ(Recording::find(within).error().code, ErrorCode::kForbidden);
  within.url = files_address({folder.at("in/1.mp4"), folder.at("out/2.mp4")});
  EXPECT_EQ(Recording::find(within).error().code, ErrorCode::kForbidden);
  EXPECT_EQ(check_source(within).error().code, ErrorCode::kForbidden);
  EXPECT_EQ(open_source(within).error().code, ErrorCode::kForbidden);
  // Folders within folders without end.
  std::string deep = "deep";
  for (int i = 0; i < 12; ++i) deep += "/d";
  folder.file(deep + "/x.mp4", "x");
  EXPECT_EQ(Recording::find(options_of(folder.at("deep"))).error().code, ErrorCode::kTooLarge);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Recording::find(options_of(folder.at("in")), stop.get_token()).error().code,
            ErrorCode::kCancelled);
  auto looped = options_of(files_address({folder.at("in/1.mp4"), folder.at("out/2.mp4")}));
  looped.loop = true;
  EXPECT_EQ(check_source(looped).error().code, ErrorCode::kInvalid);
}

TEST(Recording, KnowsItsLengthBeforeItIsRead) {
  const Folder folder;
  folder.clip("1.mp4", {.frames = 48});
  folder.clip("2.avi", {.frames = 24});
  folder.clip("3.mkv", {.frames = 24});
  folder.clip("4.ts", {.frames = 24});
  folder.file("5.mp4", "broken");
  for (const char* name : {"1.mp4", "2.avi", "3.mkv", "4.ts"}) {
    const auto one = Recording::find(options_of(folder.at(name)));
    ASSERT_TRUE(one);
    const auto length = one->length();
    const double frames = name[0] == '1' ? 48 : 24;
    ASSERT_TRUE(length.frames && length.duration) << name;
    EXPECT_NEAR(static_cast<double>(*length.frames), frames, 1.5) << name;
    EXPECT_NEAR(to_seconds(*length.duration), frames / 24, 0.1) << name;
  }
  const auto all = Recording::find(options_of(folder.path().string()));
  ASSERT_TRUE(all);
  EXPECT_NEAR(static_cast<double>(all->length().frames.value_or(0)), 120, 4);
  // Single pictures without a container say nothing, and nothing is made up.
  JpegEncoder encoder;
  std::string pictures;
  for (int i = 0; i < 24; ++i) {
    Image image(64, 48);
    image.fill(static_cast<std::uint8_t>(10 * i), 100, 100);
    const auto jpeg = encoder.encode(image);
    ASSERT_TRUE(jpeg);
    pictures.append(reinterpret_cast<const char*>(jpeg->data()), jpeg->size());
  }
  folder.file("6.mjpeg", pictures);
  EXPECT_EQ(play(folder.at("6.mjpeg")).frames.size(), 24U);
  const auto raw = Recording::find(options_of(folder.at("6.mjpeg")));
  ASSERT_TRUE(raw);
  EXPECT_FALSE(raw->length().frames);
  EXPECT_FALSE(Recording::find(options_of(folder.path().string()))->length().frames);
}

TEST(Recording, IsNamedByItsContent) {
  const Folder folder;
  folder.clip("a/1.mp4");
  folder.clip("a/2.mp4", {.frames = 48});
  fs::copy(folder.path() / "a", folder.path() / "b", fs::copy_options::recursive);
  const auto identity = [&](const std::string& name) {
    const auto found = Recording::find(options_of(folder.at(name)));
    EXPECT_TRUE(found);
    return found ? found->identity().value_or("") : std::string();
  };
  const auto before = identity("a");
  EXPECT_EQ(before.size(), 32U);
  EXPECT_EQ(identity("b"), before);
  EXPECT_NE(identity("a/1.mp4"), before);
  // One byte in the middle of a small file.
  std::fstream file(folder.at("b/2.mp4"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(folder.path() / "b/2.mp4") / 2));
  file.put('\x7f');
  file.close();
  EXPECT_NE(identity("b"), before);
  fs::remove(folder.path() / "a/2.mp4");
  EXPECT_NE(identity("a"), before);
}

}  // namespace
}  // namespace vedette::media
