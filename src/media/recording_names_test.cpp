// Names as cameras, recorders and dashcams give them.
#include "media/recording_names.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vedette::media {
namespace {

TEST(RecordingNames, OnlyVideosAreRecordings) {
  for (const char* name : {"a.mp4", "GX010001.MP4", "00001.MTS", "x.y.Mov", "rec.ts", "1.avi"}) {
    EXPECT_TRUE(is_recording_name(name)) << name;
  }
  for (const char* name : {"GX010001.THM", "GL010001.LRV", "a.mp4.part", "notes.txt", ".DS_Store",
                           "._GX010001.MP4", "a.jpg", "mp4", ".mp4", "a.", "", "a.mp4~"}) {
    EXPECT_FALSE(is_recording_name(name)) << name;
  }
  EXPECT_TRUE(is_hidden_folder_name("@eaDir"));
  EXPECT_TRUE(is_hidden_folder_name("$RECYCLE.BIN"));
  EXPECT_TRUE(is_hidden_folder_name(".Trashes"));
  EXPECT_FALSE(is_hidden_folder_name("100MEDIA"));
}

TEST(RecordingNames, AreInTheOrderPeopleCount) {
  const std::vector<std::string> order{
      "/c/99MEDIA/DSC0001.mp4",
      "/c/100MEDIA/DSC9998.mp4",
      "/c/100MEDIA/DSC9999.mp4",
      "/c/101MEDIA/DSC0001.mp4",
      "/c/102GOPRO/GOPR0001.MP4",
      "/c/102GOPRO/GP010001.MP4",
      "/c/102GOPRO/GP020001.MP4",
      "/c/102GOPRO/GX010002.MP4",
      "/c/102GOPRO/GX020002.MP4",
      "/c/102GOPRO/GX010010.MP4",
      "/c/file2.mp4",
      "/c/File10.mp4",
      "/c/file010b.mp4",
  };
  auto sorted = order;
  std::ranges::reverse(sorted);
  std::ranges::sort(sorted, is_before);
  EXPECT_EQ(sorted, order);
}

RC_GTEST_PROP(RecordingNames, AnOrderThatCanBeSortedBy, ()) {
  const auto name = [] {
    const auto piece = rc::gen::element<std::string>("GX01", "GX02", "GOPR", "0001", "0002", "1",
                                                     "01", "a", "/", ".mp4", "x");
    std::string text;
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
    return text;
  };
  const std::string a = name();
  const std::string b = name();
  const std::string c = name();
  RC_ASSERT(!is_before(a, a));
  if (is_before(a, b)) RC_ASSERT(!is_before(b, a));
  if (is_before(a, b) && is_before(b, c)) RC_ASSERT(is_before(a, c));
  // What is neither before nor behind the other is the same.
  if (a != b) RC_ASSERT(is_before(a, b) != is_before(b, a));
}

TEST(RecordingNames, ChaptersFollowEachOther) {
  EXPECT_TRUE(is_next_chapter("/a/GX010001.MP4", "/a/GX020001.MP4"));
  EXPECT_TRUE(is_next_chapter("GOPR0007.MP4", "GP010007.MP4"));
  EXPECT_FALSE(is_next_chapter("/a/GX010001.MP4", "/a/GX030001.MP4"));
  EXPECT_FALSE(is_next_chapter("/a/GX010001.MP4", "/a/GX020002.MP4"));
  EXPECT_FALSE(is_next_chapter("/a/GX010001.MP4", "/b/GX020001.MP4"));
  EXPECT_FALSE(is_next_chapter("/a/1.MP4", "/a/2.MP4"));
}

TEST(RecordingNames, TellWhenTheyWereMade) {
  const auto is = [](std::string_view path) {
    const auto time = time_in_path(path);
    return time ? to_rfc3339(*time) : std::string();
  };
  constexpr const char* kThen = "2026-01-31T12:34:56Z";
  for (const char* path :
       {"20260131_123456.mp4", "VID_20260131_123456.mp4", "PXL_20260131_123456789.mp4",
        "2026-01-31_12-34-56.mp4", "2026-01-31 12.34.56.mov", "2026_0131_123456_0001F.MP4",
        "20260131123456.avi", "cam-00-20260131123456-20260131124000.mp4",
        "2026-01-31T12:34:56.000000Z", "/r/2026-01-31/12-34-56.mp4", "/r/20260131/123456.ts"}) {
    EXPECT_EQ(is(path), kThen) << path;
  }
  for (const char* path : {"GX010001.MP4", "20261331_123456.mp4", "20260230_123456.mp4",
                           "20260131_993456.mp4", "18990131_123456.mp4", "1202601311234561.mp4",
                           "202601311234567890.mp4", "/20260131_123456/a.mp4", "", "a"}) {
    EXPECT_EQ(is(path), "") << path;
  }
}

}  // namespace
}  // namespace vedette::media
