#include "http/mjpeg_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/server.hpp"
#include "http/stream.hpp"
#include "http/test_client.hpp"
#include "net/http_client.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kType = "multipart/x-mixed-replace; boundary=b";

MjpegParser parser(std::size_t most_bytes = 100) {
  return MjpegParser::make(kType, most_bytes).value();
}

std::string part(std::string_view picture) {
  return "Content-Type: image/jpeg\r\nContent-Length: " + std::to_string(picture.size()) +
         "\r\n\r\n" + std::string(picture) + "\r\n--b\r\n";
}

// Each picture that the bytes give when they come `step` at a time.
std::vector<std::string> pictures_of(std::string_view bytes, std::size_t step) {
  auto reader = parser();
  std::vector<std::string> pictures;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    auto picture = reader.take(bytes.substr(0, step));
    EXPECT_TRUE(picture) << picture.error().message;
    if (picture && *picture) pictures.push_back(std::move(**picture));
  }
  return pictures;
}

ErrorCode error_of(std::string_view bytes, std::size_t most_bytes = 100) {
  auto reader = parser(most_bytes);
  const auto taken = reader.take(bytes);
  return taken ? ErrorCode::kInternal : taken.error().code;
}

TEST(MjpegParser, GivesThePicturesWhereverTheBytesAreCut) {
  const std::string tricky = "\r\n--b\r\nContent-Length: 9\r\n\r\n";
  const auto bytes = "--b\r\n" + part("first") + part(tricky) + part("third");
  for (std::size_t step = 1; step < 60; ++step) {
    const auto pictures = pictures_of(bytes, step);
    ASSERT_FALSE(pictures.empty()) << step;
    EXPECT_EQ(pictures.back(), "third") << step;
  }
  EXPECT_EQ(pictures_of(bytes, 1), (std::vector<std::string>{"first", tricky, "third"}));
  EXPECT_EQ(pictures_of(bytes, bytes.size()), std::vector<std::string>{"third"});
}

TEST(MjpegParser, KeepsAnUnfinishedPictureBack) {
  auto reader = parser();
  const auto bytes = "--b\r\n" + part("0123456789");
  const auto cut = bytes.find("9\r\n");
  EXPECT_EQ(reader.take(bytes.substr(0, cut)).value(), std::nullopt);
  EXPECT_EQ(reader.take(bytes.substr(cut, 1)).value(), "0123456789");
}

TEST(MjpegParser, RefusesWhatIsNotThisFormat) {
  const std::string type = "Content-Type: image/jpeg\r\n";
  for (const auto& wrong : std::vector<std::string>{
           "--c\r\n" + part("x"), part("x"), "\r\n\r\n" + part("x"),
           "--b\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx",
           "--b\r\nContent-Length: 1\r\n\r\nx", "--b\r\n" + type + "\r\nx",
           "--b\r\n" + type + "Content-Length: -1\r\n\r\nx",
           "--b\r\n" + type + "Content-Length: 0\r\n\r\nx",
           "--b\r\n" + type + "Content-Length: 1 1\r\n\r\nx",
           "--b\r\n" + type + "Content-Length: 99999999999999999999999\r\n\r\nx",
           "--b\r\n" + type + "no colon\r\nContent-Length: 1\r\n\r\nx",
           "--b\r\n" + part("x") + "--b--\r\n\r\n"}) {
    EXPECT_EQ(error_of(wrong), ErrorCode::kCorrupt) << wrong;
  }
}

TEST(MjpegParser, BoundsHeadAndPicture) {
  EXPECT_EQ(error_of("--b\r\nX: " + std::string(2000, 'x')), ErrorCode::kCorrupt);
  auto slow = parser();
  Result<std::optional<std::string>> taken;
  int bytes = 0;
  while (taken && bytes < 10'000) {
    taken = slow.take("x");
    ++bytes;
  }
  EXPECT_FALSE(taken);
  EXPECT_LT(bytes, 1100);

  EXPECT_EQ(error_of("--b\r\n" + part(std::string(10, 'x')), 10), ErrorCode::kInternal);
  EXPECT_EQ(error_of("--b\r\n" + part(std::string(11, 'x')), 10), ErrorCode::kTooLarge);
  // Refused before its bytes come.
  EXPECT_EQ(error_of("--b\r\nContent-Type: image/jpeg\r\nContent-Length: 11\r\n\r\n", 10),
            ErrorCode::kTooLarge);
}

TEST(MjpegParser, WantsAStreamOfPicturesWithABoundary) {
  for (const std::string& wrong :
       {std::string("text/html"), std::string("multipart/form-data; boundary=b"),
        std::string("multipart/x-mixed-replace"),
        std::string("multipart/x-mixed-replace; boundary="),
        "multipart/x-mixed-replace; boundary=" + std::string(71, 'x'), std::string()}) {
    const auto made = MjpegParser::make(wrong, 100);
    ASSERT_FALSE(made) << wrong;
    EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
  }
}

TEST(MjpegParser, ReadsWhatOurServerSends) {
  const auto topic = std::make_shared<FrameTopic>();
  topic->publish(std::make_shared<const std::string>("one"));
  Router router;
  router.get("/live", [topic](const Request&) { return mjpeg(topic); });
  const TestServer server(std::move(router));
  auto stream = net::HttpStream::open({"127.0.0.1", std::to_string(server.port()), ""},
                                      {.path = "/live"}, {.most_bytes = 0});
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(stream->status(), 200);
  auto reader = MjpegParser::make(stream->content_type(), 100).value();
  const auto next = [&]() -> std::string {
    while (true) {
      const auto bytes = stream->read(std::chrono::seconds(10));
      if (!bytes || bytes->empty()) return "no bytes";
      const auto picture = reader.take(*bytes);
      if (!picture) return picture.error().message;
      if (*picture) return **picture;
    }
  };
  EXPECT_EQ(next(), "one");
  topic->publish(std::make_shared<const std::string>("two"));
  EXPECT_EQ(next(), "two");
  EXPECT_EQ(topic->viewers(), 1);
  topic->close();
  EXPECT_EQ(next(), "no bytes");
  EXPECT_TRUE(stream->is_over());
}

}  // namespace
}  // namespace vedette::http
