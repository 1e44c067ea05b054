#include "media/source_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

using testing::HasSubstr;
using testing::Not;

SourceOptions source(std::string url) {
  SourceOptions options;
  options.url = std::move(url);
  return options;
}

TEST(SourceUrl, CaseAndBlanksDoNotMatter) {
  const auto url =
      parse_source_url(source(" \tRTSP://admin:p@ss:w/rd@Cam.local/Live?a=1 \xc2\xa0\n"));
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->kind, SourceKind::kRtsp);
  EXPECT_EQ(url->open_name, "rtsp://admin:p%40ss%3Aw%2Frd@Cam.local/Live?a=1");
  EXPECT_EQ(url->shown, "rtsp://***@Cam.local/Live?a=1");
  for (const char* text : {"Http://h/x", "HTTPS://h", "rtspS://h:1/"}) {
    EXPECT_TRUE(parse_source_url(source(text))) << text;
  }
  EXPECT_EQ(parse_source_url(source("FILE:/a b.mp4"))->path, "/a b.mp4");
  EXPECT_EQ(parse_source_url(source("file:///a.mp4"))->open_name, "file:/a.mp4");
  EXPECT_EQ(parse_source_url(source("V4L2:/dev/video2"))->kind, SourceKind::kDevice);
  EXPECT_EQ(parse_source_url(source("/dev/v4l/by-id/usb-cam-1"))->kind, SourceKind::kDevice);
  EXPECT_EQ(parse_source_url(source("/media/a@b:c/x.mp4"))->kind, SourceKind::kFile);
}

TEST(SourceUrl, WhatIsNoneIsToldWhatItIs) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "name a video file"},
      {"  ", "name a video file"},
      {"file:", "name a video file"},
      {"rtsp:/cam/x", "rtsp://, with a colon and two slashes"},
      {"rtsp:cam", "two slashes"},
      {"HTTP//cam/x", "http://"},
      {"rtsp:\\\\cam\\x", "two slashes"},
      {"192.168.1.20:554/live", "lacks its beginning"},
      {"10.0.0.1/video.mjpg", "lacks its beginning"},
      {"cam:8080/x", "lacks its beginning"},
      {"admin:pw99@10.0.0.1/stream", "lacks its beginning"},
      {"localhost/x", "lacks its beginning"},
      {"gopher://h/x", "gopher:// is not a kind"},
      {"tcp://h:1", "tcp:// is not a kind"},
      {"rtmp://h/x", "rtmp:// is not a kind"},
      {"lavfi:testsrc", "\"lavfi\" is not a kind"},
      {"concat:/etc/passwd|/b", "\"concat\" is not a kind"},
      {"subfile,,start,0,end,9,,:/etc/passwd", "\"subfile\" is not a kind"},
      {"DATA:video/mp4;base64,AA", "\"data\" is not a kind"},
      {"pipe:0", "lacks its beginning"},
      {"crypto:/x", "is not a kind"},
      {"cache:http://h/x", "is not a kind"},
      {"concat:http://h/x", "is not a kind"},
      {"v4l2:/etc/passwd", "v4l2:/dev/video0"},
      {"v4l2:/dev/video0/../../etc/passwd", "v4l2:/dev/video0"},
      {"http://h/stream#pw99", "write # as %23"},
      {"http://h/s?password=se#pw99", "write # as %23"},
      {"rtsp://admin:pw99", "host"},
      {"rtsp://a:p@pw99/x@h/x", "/ as %2F"},
  };
  for (const auto& [text, words] : wrong) {
    const auto url = parse_source_url(source(text));
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalid) << text;
    EXPECT_THAT(url.error().message, HasSubstr(words)) << text;
    EXPECT_THAT(url.error().message, Not(HasSubstr("pw99"))) << text;
    EXPECT_FALSE(check_source(source(text)));
  }
}

TEST(SourceUrl, OnlyAFileIsLooped) {
  auto options = source("rtsp://h/x");
  options.loop = true;
  EXPECT_EQ(check_source(options).error().code, ErrorCode::kInvalid);
  options.url = "x.mp4";
  EXPECT_TRUE(check_source(options));
}

TEST(SourceUrl, FilesComeFromAllowedFoldersOnly) {
  const TestFolder folder;
  std::filesystem::create_directory(folder.path() / "in");
  std::filesystem::create_directory(folder.path() / "in2");
  std::filesystem::create_symlink("/etc", folder.path() / "in" / "link");
  const auto path = [&](const char* name) { return (folder.path() / name).string(); };
  const auto within = [&](std::string url) {
    SourceOptions options = source(std::move(url));
    options.file_folders = {path("in/")};
    return options;
  };
  EXPECT_TRUE(check_source(within(path("in/a.mp4"))));
  EXPECT_TRUE(check_source(within(path("in/deep/a.mp4"))));
  EXPECT_TRUE(check_source(within("rtsp://h/x")));
  for (const char* name : {"a.mp4", "in2/a.mp4", "in/../a.mp4", "in/link/passwd"}) {
    EXPECT_EQ(check_source(within(path(name))).error().code, ErrorCode::kForbidden) << name;
    EXPECT_EQ(open_source(within(path(name))).error().code, ErrorCode::kForbidden) << name;
  }
  EXPECT_TRUE(check_source(source(path("in2/a.mp4"))));
}

}  // namespace
}  // namespace vedette::media
