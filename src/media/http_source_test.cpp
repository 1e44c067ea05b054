// What stands behind an HTTP address: cameras that write multipart their own way, files, playlists,
// and all that is no video; and where it may lead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include "media/frame_source.hpp"
#include "media/host_check.hpp"
#include "media/jpeg.hpp"
#include "media/test_clip.hpp"
#include "media/test_listener.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

SourceOptions patient(std::string url) {
  SourceOptions options;
  options.url = std::move(url);
  options.open_timeout = 5s;
  options.read_timeout = 5s;
  return options;
}

Error opening_error(const std::string& url) {
  auto source = open_source(patient(url));
  if (source) return fail(ErrorCode::kInternal, "it opened").error();
  return source.error();
}

struct Answer {
  std::string status = "200 OK";
  std::string headers = std::string();
  std::string body = std::string();
};

// Gives each path its answer, with its length, and parts of it on request.
class Pages {
 public:
  explicit Pages(std::map<std::string, Answer> pages)
      : pages_(std::move(pages)), listener_([this](int peer) { serve(peer); }) {}

  std::string url(const std::string& path) const { return listener_.url("http", path); }
  int port() const { return listener_.port(); }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(asked_mutex_);
    return asked_;
  }

 private:
  void serve(int peer) {
    const auto request = read_request(peer);
    if (request.empty()) return;
    const auto path = request.substr(4, request.find(' ', 4) - 4);
    {
      const std::lock_guard lock(asked_mutex_);
      asked_.push_back(request);
    }
    auto answer = pages_.contains(path) ? pages_.at(path) : Answer{.status = "404 Not Found"};
    const auto size = answer.body.size();
    if (const auto range = request.find("Range: bytes="); range != std::string::npos && size > 0) {
      const auto first = std::stoul(request.substr(range + 13));
      answer.status = "206 Partial Content";
      answer.headers += "Content-Range: bytes " + std::to_string(first) + "-" +
                        std::to_string(size - 1) + "/" + std::to_string(size) + "\r\n";
      answer.body.erase(0, first);
    }
    say(peer, "HTTP/1.1 " + answer.status + "\r\nConnection: close\r\nAccept-Ranges: bytes\r\n" +
                  answer.headers + "Content-Length: " + std::to_string(answer.body.size()) +
                  "\r\n\r\n" + answer.body);
  }

  std::map<std::string, Answer> pages_;
  mutable std::mutex asked_mutex_;
  std::vector<std::string> asked_;  // guarded by asked_mutex_
  Listener listener_;
};

struct Played {
  int frames = 0;
  Micros last{0};
  std::optional<Error> error;
  SourceInfo info;
};

Played play(const std::string& url) {
  Played played;
  auto source = open_source(patient(url));
  if (!source) {
    played.error = source.error();
    return played;
  }
  played.info = (*source)->info();
  for (;;) {
    auto frame = (*source)->next({});
    if (!frame) {
      played.error = frame.error();
      break;
    }
    if (!*frame) break;
    ++played.frames;
    played.last = (*frame)->media_time;
  }
  return played;
}

std::string clip(const std::string& name, const Recipe& recipe) {
  const TestFolder folder;
  const auto path = folder.path() / name;
  write_clip(path.string(), recipe);
  return read_file(path);
}

TEST(HttpSource, AFileIsReadWhole) {
  const Pages pages({{"/back.mp4", {.body = clip("a.mp4", {})}},
                     {"/front.mp4", {.body = clip("a.mp4", {.options = "faststart"})}},
                     {"/a.ts", {.body = clip("a.ts", {})}}});
  for (const char* path : {"/back.mp4", "/front.mp4", "/a.ts"}) {
    const auto played = play(pages.url(path));
    EXPECT_FALSE(played.error) << path << ": " << played.error->message;
    EXPECT_EQ(played.info.kind, SourceKind::kFile);
    EXPECT_EQ(played.frames, 110) << path;
    EXPECT_NEAR(to_seconds(played.last), 109.0 / 24, 0.1);
  }
}

TEST(HttpSource, AFinishedPlaylistIsReadWhole) {
  const auto part = clip("a.ts", {.frames = 48});
  const std::string list =
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n"
      "#EXT-X-DISCONTINUITY\n#EXTINF:2,\nb.ts\n#EXT-X-ENDLIST\n";
  const Pages pages(
      {{"/x/list", {.body = list}}, {"/x/a.ts", {.body = part}}, {"/x/b.ts", {.body = part}}});
  const auto played = play(pages.url("/x/list"));
  EXPECT_FALSE(played.error) << played.error->message;
  EXPECT_EQ(played.info.kind, SourceKind::kFile);
  EXPECT_EQ(played.frames, 96);
  EXPECT_NEAR(to_seconds(played.last), 95.0 / 24, 0.2);
}

TEST(HttpSource, APlaylistLeadsToNoOtherHost) {
  const Pages elsewhere({{"/a.ts", {.body = "x"}}});
  for (const char* host : {"localhost", "127.0.0.2", "169.254.169.254"}) {
    const std::string list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://" +
                             std::string(host) + ":" + std::to_string(elsewhere.port()) +
                             "/a.ts\n#EXT-X-ENDLIST\n";
    const Pages pages({{"/list.m3u8", {.body = list}}});
    const auto error = opening_error(pages.url("/list.m3u8"));
    EXPECT_EQ(error.code, ErrorCode::kForbidden) << error.message;
    EXPECT_THAT(error.message, HasSubstr("another host"));
  }
  EXPECT_TRUE(elsewhere.asked().empty());
}

TEST(HttpSource, RedirectsStayOnTheHostAndEnd) {
  const Pages elsewhere({{"/a", {.body = "x"}}});
  const auto to = [](const std::string& where) {
    return Answer{.status = "302 Found", .headers = "Location: " + where + "\r\n"};
  };
  const Pages pages({{"/ok", to("/a.ts")},
                     {"/a.ts", {.body = clip("a.ts", {.frames = 24})}},
                     {"/away", to("http://localhost:" + std::to_string(elsewhere.port()) + "/a")},
                     {"/circle", to("/circle2")},
                     {"/circle2", to("/circle")},
                     {"/file", to("file:///etc/passwd")},
                     {"/rtsp", to("rtsp://127.0.0.1/x?password=zQ7x")}});
  EXPECT_EQ(play(pages.url("/ok")).frames, 24);
  const std::pair<const char*, const char*> cases[] = {{"/away", "another host"},
                                                       {"/circle", "in a circle"},
                                                       {"/file", "another protocol"},
                                                       {"/rtsp", "another protocol"}};
  for (const auto& [path, words] : cases) {
    const auto error = opening_error(pages.url(path));
    EXPECT_THAT(error.message, HasSubstr(words)) << path;
    EXPECT_THAT(error.message, Not(HasSubstr("zQ7x")));
  }
  EXPECT_TRUE(elsewhere.asked().empty());
}

TEST(HttpSource, WhatIsNoVideoIsToldWhatItIs) {
  JpegEncoder encoder;
  const auto jpeg = encoder.encode(Image(32, 32));
  ASSERT_TRUE(jpeg);
  const std::string picture(reinterpret_cast<const char*>(jpeg->data()), jpeg->size());
  const Pages pages({
      {"/page",
       {.headers = "Content-Type: text/html\r\n", .body = "<html><body>Camera</body></html>"}},
      {"/page2", {.body = "\n<!DOCTYPE html><p>x"}},
      {"/snap.jpg", {.headers = "Content-Type: image/jpeg\r\n", .body = picture}},
      {"/snap.png", {.headers = "Content-Type: image/png\r\n", .body = "\x89PNG\r\n"}},
      {"/state", {.headers = "Content-Type: application/json\r\n", .body = "{\"a\": 1}"}},
      {"/x.mpd",
       {.headers = "Content-Type: application/dash+xml\r\n", .body = "<?xml?><MPD></MPD>"}},
  });
  const std::pair<const char*, const char*> cases[] = {{"/page", "web page"},
                                                       {"/page2", "web page"},
                                                       {"/snap.jpg", "single picture"},
                                                       {"/snap.png", "single picture"},
                                                       {"/state", "text (application/json)"},
                                                       {"/x.mpd", "DASH"}};
  for (const auto& [path, words] : cases) {
    EXPECT_THAT(opening_error(pages.url(path)).message, HasSubstr(words)) << path;
  }
}

TEST(HttpSource, UserAndPasswordAreSentAndNotInTheAddress) {
  const Pages pages({{"/a.ts", {.body = clip("a.ts", {.frames = 24})}}});
  auto url = pages.url("/a.ts");
  url.insert(7, "me:p@ss:w/rd@");
  EXPECT_EQ(play(url).frames, 24);
  ASSERT_FALSE(pages.asked().empty());
  EXPECT_THAT(pages.asked().front(), testing::StartsWith("GET /a.ts HTTP/1.1"));
}

TEST(HttpSource, UnknownAndForbiddenHosts) {
  for (const char* scheme : {"http", "rtsp"}) {
    const auto at = [&](const std::string& host) { return scheme + ("://" + host + "/x"); };
    EXPECT_THAT(opening_error(at("camera.invalid")).message,
                HasSubstr("No address is known for the name camera.invalid"));
    for (const char* host : {"169.254.169.254", "[fe80::1]", "[::ffff:169.254.1.1]", "0xa9fea9fe",
                             "[fd00:ec2::254]", "100.100.100.200"}) {
      const auto error = opening_error(at(host));
      EXPECT_EQ(error.code, ErrorCode::kForbidden) << host << ": " << error.message;
    }
  }
}

TEST(HttpSource, AnRtspRedirectToAnotherHostIsNotFollowed) {
  std::atomic<int> connections = 0;
  const Listener elsewhere([&](int) { ++connections; });
  const Listener camera([&](int peer) {
    for (int i = 0; i < 4; ++i) {
      const auto request = read_request(peer);
      if (request.empty()) return;
      const auto number = request.find("CSeq: ");
      const auto sequence = request.substr(number, request.find("\r\n", number) - number);
      const bool is_described = request.starts_with("DESCRIBE");
      say(peer, is_described
                    ? "RTSP/1.0 302 Moved\r\n" + sequence + "\r\nLocation: rtsp://localhost:" +
                          std::to_string(elsewhere.port()) + "/x\r\n\r\n"
                    : "RTSP/1.0 200 OK\r\n" + sequence +
                          "\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n");
    }
  });
  const auto error = opening_error(camera.url("rtsp"));
  EXPECT_EQ(error.code, ErrorCode::kForbidden) << error.message;
  EXPECT_THAT(error.message, HasSubstr("another host"));
  // Whoever came would stand before us in the queue.
  const auto asked = opening_error(elsewhere.url("http"));
  EXPECT_EQ(connections, 1) << asked.message;
}

// Segments of 2 s each that come at once: each of their frames is given, at its time.
TEST(HttpSource, ALivePlaylistLosesNoFrames) {
  const auto part = clip("a.ts", {.frames = 24});
  std::string list =
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n";
  for (int i = 0; i < 3; ++i) {
    if (i > 0) list += "#EXT-X-DISCONTINUITY\n";
    list += "#EXTINF:1,\n" + std::to_string(i) + ".ts\n";
  }
  const Pages pages({{"/l.m3u8", {.body = list}},
                     {"/0.ts", {.body = part}},
                     {"/1.ts", {.body = part}},
                     {"/2.ts", {.body = part}}});
  auto source = open_source(patient(pages.url("/l.m3u8")));
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().kind, SourceKind::kHttp);
  const auto start = std::chrono::steady_clock::now();
  std::int64_t last = -1;
  for (int i = 0; i < 70; ++i) {
    const auto frame = (*source)->next({});
    ASSERT_TRUE(frame && *frame) << frame.error().message;
    EXPECT_EQ((*frame)->number, last + 1);
    last = (*frame)->number;
  }
  EXPECT_GT(std::chrono::steady_clock::now() - start, 2s) << "at their own pace";
  EXPECT_EQ((*source)->stats().dropped, 0);
}

// An ESP32-CAM: no boundary before the first picture, 4 pictures a second.
TEST(HttpSource, MjpegTimesAreThoseOfArrival) {
  JpegEncoder encoder;
  const auto jpeg = encoder.encode(Image(32, 32));
  ASSERT_TRUE(jpeg);
  const std::string picture(reinterpret_cast<const char*>(jpeg->data()), jpeg->size());
  std::chrono::steady_clock::duration took{};
  const Listener camera([&](int peer) {
    read_request(peer);
    say(peer, "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 6; ++i) {
      if (i > 0) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable().wait_for(lock, 100ms);
      }
      took = std::chrono::steady_clock::now() - start;
      say(peer, "Content-Type: image/jpeg\r\nContent-Length: " + std::to_string(picture.size()) +
                    "\r\n\r\n" + picture + "\r\n--frame\r\n");
    }
  });
  const auto played = play(camera.url("http"));
  ASSERT_TRUE(played.error);
  EXPECT_THAT(played.error->message, HasSubstr("ended"));
  EXPECT_EQ(played.info.kind, SourceKind::kHttp);
  EXPECT_GE(played.frames, 2);
  EXPECT_NEAR(to_seconds(played.last), std::chrono::duration<double>(took).count(), 0.3);
}

}  // namespace
}  // namespace vedette::media
