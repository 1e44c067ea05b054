// Cameras that refuse, hang, send garbage or answer with errors: small servers on loopback. And the
// looped file that stands in for one, and a real RTSP server where Debian's packages are there.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "media/draw.hpp"
#include "media/frame_source.hpp"
#include "media/jpeg.hpp"
#include "media/test_clip.hpp"
#include "media/test_listener.hpp"
#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string answer(const std::string& status, const std::string& more = "") {
  return "HTTP/1.0 " + status + "\r\n" + more + "Content-Length: 0\r\nConnection: close\r\n\r\n";
}

SourceOptions impatient(std::string url) {
  SourceOptions options;
  options.url = std::move(url);
  options.open_timeout = 700ms;
  options.read_timeout = 700ms;
  return options;
}

Error opening_error(const SourceOptions& options) {
  auto source = open_source(options);
  if (source) return fail(ErrorCode::kInternal, "it opened").error();
  return source.error();
}

TEST(Camera, RefusingIsSaid) {
  std::string url;
  {
    const Listener gone([](int) {});
    url = gone.url("rtsp");
  }
  const auto error = opening_error(impatient(url));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_TRUE(error.retryable);
  EXPECT_THAT(error.message, HasSubstr("refuses the connection"));
}

TEST(Camera, HangingIsATimeout) {
  const Listener hanging(wait_until_closed);
  for (const char* scheme : {"rtsp", "http"}) {
    const auto error = opening_error(impatient(hanging.url(scheme)));
    EXPECT_EQ(error.code, ErrorCode::kTimeout) << error.message;
    EXPECT_TRUE(error.retryable);
  }
}

TEST(Camera, HangingStopsWhenAsked) {
  std::stop_source stop;
  const Listener hanging([&](int peer) {
    stop.request_stop();
    wait_until_closed(peer);
  });
  auto options = impatient(hanging.url("rtsp"));
  options.open_timeout = 1h;
  const auto source = open_source(options, stop.get_token());
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::kCancelled);
}

TEST(Camera, ErrorsOfTheServerAreSaidWithoutThePassword) {
  struct Case {
    std::string reply;
    std::string hint;
  };
  for (const auto& [reply, hint] : std::vector<Case>{
           {answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"), "401"},
           {answer("403 Forbidden"), "403"},
           {answer("404 Not Found"), "404"},
           {answer("500 Oops"), "5xx"},
           {"", "closed the connection"}}) {
    SCOPED_TRACE(hint);
    const Listener server([&](int peer) {
      read_request(peer);
      say(peer, reply);
    });
    auto url = server.url("http");
    url.insert(std::string("http://").size(), "me:s3cret@");
    const auto error = opening_error(impatient(url));
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_THAT(error.message, HasSubstr(hint));
    EXPECT_THAT(error.message, testing::Not(HasSubstr("s3cret")));
  }
}

TEST(Camera, GarbageIsSaid) {
  const Listener garbage([](int peer) {
    read_request(peer);
    say(peer, "HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n");
    std::string noise(4'096, '\0');
    std::uint32_t state = 1;
    while (true) {
      for (auto& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
      if (!say(peer, noise)) return;
    }
  });
  const auto error = opening_error(impatient(garbage.url("http")));
  EXPECT_TRUE(error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kTimeout ||
              error.code == ErrorCode::kUnsupported)
      << error.message;
  const Listener words([](int peer) {
    read_request(peer);
    say(peer, "RTSP/1.0 hello\r\n\r\nnothing you know");
  });
  EXPECT_NE(opening_error(impatient(words.url("rtsp"))).message, "it opened");
}

// An MJPEG camera as most of them are: multipart/x-mixed-replace.
void serve_mjpeg(int peer, int frames, bool ends) {
  read_request(peer);
  say(peer, "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n");
  JpegEncoder encoder;
  Image image(64, 48);
  for (int i = 0; i < frames; ++i) {
    image.fill(static_cast<std::uint8_t>(i * 8), 90, 200);
    const auto jpeg = encoder.encode(image);
    if (!jpeg) return;
    say(peer, "--b\r\nContent-Type: image/jpeg\r\nContent-Length: " + std::to_string(jpeg->size()) +
                  "\r\n\r\n");
    say(peer, {reinterpret_cast<const char*>(jpeg->data()), jpeg->size()});
    say(peer, "\r\n");
  }
  if (!ends) wait_until_closed(peer);
}

TEST(Camera, MjpegIsReadAndItsEndIsAnError) {
  const Listener camera([](int peer) { serve_mjpeg(peer, 40, true); });
  auto source = open_source(impatient(camera.url("http")));
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().kind, SourceKind::kHttp);
  EXPECT_EQ((*source)->info().codec, "mjpeg");
  EXPECT_EQ((*source)->info().width, 64);
  std::int64_t last = -1;
  std::int64_t taken = 0;
  for (;;) {
    const auto frame = (*source)->next({});
    if (!frame) {
      EXPECT_EQ(frame.error().code, ErrorCode::kUnavailable) << frame.error().message;
      EXPECT_THAT(frame.error().message, HasSubstr("ended"));
      break;
    }
    EXPECT_GT((*frame)->number, last);
    last = (*frame)->number;
    ++taken;
  }
  const auto stats = (*source)->stats();
  EXPECT_EQ(last, stats.decoded - 1) << "the latest frame is never lost";
  EXPECT_EQ(stats.decoded, taken + stats.dropped);
  EXPECT_GE(stats.decoded, 35);
}

TEST(Camera, GoingSilentIsATimeout) {
  const Listener camera([](int peer) { serve_mjpeg(peer, 40, false); });
  auto source = open_source(impatient(camera.url("http")));
  ASSERT_TRUE(source) << source.error().message;
  Result<std::optional<Frame>> frame;
  do {
    frame = (*source)->next({});
  } while (frame);
  EXPECT_EQ(frame.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(frame.error().message, HasSubstr("has sent nothing"));
  EXPECT_FALSE((*source)->next({})) << "it stays failed";
}

TEST(Camera, ClosingOneThatHangsDoesNotWait) {
  const Listener camera([](int peer) { serve_mjpeg(peer, 40, false); });
  auto options = impatient(camera.url("http"));
  options.read_timeout = 1h;
  auto source = open_source(options);
  ASSERT_TRUE(source) << source.error().message;
  std::stop_source stop;
  stop.request_stop();
  while (const auto frame = (*source)->next(stop.get_token())) {
  }
  source->reset();  // a wait here would be an hour
}

TEST(Loop, PlaysLapAfterLapAndSaysWhich) {
  VEDETTE_NEED_SAMPLE(clip, "traffic/highway-two-way.avi");
  // A short clip: the first second of the sample, made by cutting the file.
  auto bytes = read_file(clip);
  bytes.resize(60'000);
  const TestFolder folder;
  SourceOptions options;
  options.url = folder.write("short.avi", bytes).string();
  options.loop = true;
  auto source = open_source(options);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().kind, SourceKind::kLoop);
  std::optional<Frame> last;
  for (int period = 0; period < 2;) {
    auto frame = (*source)->next({});
    ASSERT_TRUE(frame) << frame.error().message;
    if (last) {
      EXPECT_GT((*frame)->number, last->number);
      EXPECT_GT((*frame)->media_time, last->media_time);
      EXPECT_LT((*frame)->media_time - last->media_time, 2s);
      EXPECT_GE((*frame)->period, last->period);
    }
    period = (*frame)->period;
    last = std::move(**frame);
  }
  EXPECT_EQ((*source)->stats().period, last->period);
}

// One frame too many is always there for a detector that is slower than the source.
TEST(Loop, StopsWhenAskedThoughAFrameWaits) {
  const TestFolder folder;
  SourceOptions options;
  options.url = (folder.path() / "a.mp4").string();
  options.loop = true;
  write_clip(options.url, {});
  auto source = open_source(options);
  ASSERT_TRUE(source) << source.error().message;
  std::stop_source stop;
  const auto first = (*source)->next(stop.get_token());
  ASSERT_TRUE(first && *first);
  // The one that is decoded last may not be there yet.
  while ((*source)->stats().decoded < (*first)->number + 3) {
    std::this_thread::sleep_for(1ms);
  }
  stop.request_stop();
  const auto next = (*source)->next(stop.get_token());
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::kCancelled);
}

TEST(Loop, IsForFilesOnly) {
  auto options = impatient("rtsp://127.0.0.1:1/x");
  options.loop = true;
  EXPECT_EQ(opening_error(options).code, ErrorCode::kInvalid);
}

TEST(Rtsp, ARealServerIsRead) {
  VEDETTE_NEED_SAMPLE(clip, "traffic/street-oneway.mp4");
  VEDETTE_NEED_SAMPLE(server, "../tools/rtsp_server.py");
  int out[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::string arguments[] = {"/usr/bin/python3", server.string(), clip.string(), "0"};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                  arguments[3].data(), nullptr};
  pid_t child = 0;
  const int spawned = posix_spawn(&child, argv[0], &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  std::string url;
  char byte;
  while (spawned == 0 && read(out[0], &byte, 1) == 1 && byte != '\n') url += byte;
  close(out[0]);
  const auto end = [&] {
    kill(child, SIGTERM);
    waitpid(child, nullptr, 0);
  };
  if (!url.starts_with("rtsp://")) {
    if (spawned == 0) end();
    GTEST_SKIP() << "the RTSP server did not start; install gir1.2-gst-rtsp-server-1.0, python3-gi "
                    "and GStreamer's plugins";
  }
  SourceOptions options;
  options.url = url;
  auto source = open_source(options);
  if (source) {
    EXPECT_EQ((*source)->info().kind, SourceKind::kRtsp);
    EXPECT_EQ((*source)->info().width, 640);
    for (int i = 0; i < 20; ++i) {
      const auto frame = (*source)->next({});
      ASSERT_TRUE(frame && *frame) << frame.error().message;
      EXPECT_EQ((*frame)->width(), 640);
    }
    EXPECT_GE((*source)->stats().decoded, 20);
  } else {
    ADD_FAILURE() << source.error().message;
  }
  end();
  if (source) {
    // The server is gone: an error, not a hang.
    Result<std::optional<Frame>> frame;
    do {
      frame = (*source)->next({});
    } while (frame);
    EXPECT_FALSE(frame.error().message.empty());
  }
}

}  // namespace
}  // namespace vedette::media
