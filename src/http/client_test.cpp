// Our client asks our server: methods, bodies of any size, sinks.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string>

#include "http/body_stream.hpp"
#include "http/test_client.hpp"
#include "net/http_client.hpp"

namespace vedette::http {
namespace {

using net::AskOptions;
using net::BodySink;
using net::BodySource;
using net::http_ask;
using net::HttpRequest;
using net::HttpTarget;
using std::chrono::seconds;

// A server of ours that tells what it was asked.
struct Mirror {
  TestServer server{routes()};
  HttpTarget target{"127.0.0.1", std::to_string(server.port()), "", false};

  static Response tell(const Request& request) {
    std::string body;
    for (;;) {
      const auto piece = request.stream->read();
      if (!piece) return error(piece.error());
      if (piece->empty()) break;
      body += *piece;
    }
    auto response = text(200, fmt::format("{} {} {} {}", name(request.method), request.target,
                                          request.header("x-signature").value_or("-"), body));
    response.set("ETag", "\"abc\"").set("X-Empty", "");
    return response;
  }
  static Router routes() {
    Router router;
    const RouteOptions stream{.body_limit = std::uint64_t{1} << 32, .body = BodyKind::kStream};
    router.put("/{path*}", tell, stream);
    router.post("/{path*}", tell, stream);
    router.del("/{path*}", [](const Request&) { return empty(); });
    router.get("/big", [](const Request&) { return text(200, std::string(3 << 20, 'x')); });
    router.get("/missing", [](const Request&) { return text(404, "<Error>no such key</Error>"); });
    router.get("/flood", [](const Request&) { return text(404, std::string(2 << 20, 'x')); });
    router.get("/hello", [](const Request&) { return text(200, "hello"); });
    return router;
  }
};

TEST(HttpAsk, SendsAnyMethodWithItsBodyAndFields) {
  const Mirror mirror;
  const auto put = http_ask(mirror.target,
                            {.method = "PUT",
                             .path = "/a%2Fb?list-type=2&prefix=a%2fb&k=",
                             .headers = {{"X-Signature", "s"}, {"X-None", ""}},
                             .body = "content"},
                            {});
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(put->status, 400)
      << "our server takes no encoded slash, and this one was sent as it is";
  const auto plain = http_ask(
      mirror.target, {.method = "PUT", .path = "/a%20b?prefix=a%2fb&k=", .body = "content"}, {});
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->body, "PUT /a%20b?prefix=a%2fb&k= - content");
  EXPECT_EQ(plain->header("etag"), "\"abc\"");
  EXPECT_EQ(plain->header("X-EMPTY"), "");
  EXPECT_EQ(plain->header("x-other"), std::nullopt);
  EXPECT_EQ(http_ask(mirror.target, {.method = "POST", .path = "/a"}, {})->body, "POST /a - ");
  const auto removed = http_ask(mirror.target, {.method = "DELETE", .path = "/a"}, {});
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->status, 204);
  const auto head = http_ask(mirror.target, {.method = "HEAD", .path = "/hello"}, {});
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-length"), "5");
  EXPECT_EQ(head->body, "");
}

TEST(HttpAsk, TakesABodyOfAnySizeAsItIsRead) {
  const Mirror mirror;
  constexpr std::uint64_t kSize = 5'000'000;
  std::uint64_t given = 0;
  const BodySource source{kSize, [&](std::span<char> room) -> Result<std::size_t> {
                            const auto size = std::min<std::uint64_t>(room.size(), kSize - given);
                            std::fill_n(room.begin(), size, 'y');
                            given += size;
                            return size;
                          }};
  const auto reply = http_ask(mirror.target, {.method = "PUT", .path = "/a", .source = source},
                              {.timeout = seconds(60)});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->body, "PUT /a - " + std::string(kSize, 'y'));

  const BodySource broken{kSize, [](std::span<char>) -> Result<std::size_t> {
                            return fail(ErrorCode::kDiskFull, "the file cannot be read");
                          }};
  const auto failed =
      http_ask(mirror.target, {.method = "PUT", .path = "/a", .source = broken}, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kDiskFull);
}

TEST(HttpAsk, SignsWhatIsSent) {
  const Mirror mirror;
  AskOptions options;
  options.sign = [](const HttpTarget& target, HttpRequest& request) -> Result<void> {
    request.headers.emplace_back("X-Signature", request.method + target.host + request.path);
    return {};
  };
  EXPECT_EQ(http_ask(mirror.target, {.method = "PUT", .path = "/k", .body = "b"}, options)->body,
            "PUT /k PUT127.0.0.1/k b");
  options.sign = [](const HttpTarget&, HttpRequest&) -> Result<void> {
    return fail(ErrorCode::kUsage, "no secret is set");
  };
  EXPECT_EQ(http_ask(mirror.target, {}, options).error().message, "no secret is set");
}

TEST(HttpAsk, PoursAnAnswerIntoASink) {
  const Mirror mirror;
  std::uint64_t poured = 0;
  const BodySink sink = [&](std::string_view piece) -> Result<void> {
    poured += piece.size();
    return {};
  };
  const AskOptions options{.timeout = seconds(60), .most_bytes = 0};
  const auto big = http_ask(mirror.target, {.path = "/big"}, options, sink);
  ASSERT_TRUE(big) << big.error().message;
  EXPECT_EQ(big->body, "");
  EXPECT_EQ(poured, 3u << 20);
  // What is no success is not what the sink waits for.
  const auto missing = http_ask(mirror.target, {.path = "/missing"}, options, sink);
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->body, "<Error>no such key</Error>");
  EXPECT_EQ(poured, 3u << 20);
  EXPECT_EQ(http_ask(mirror.target, {.path = "/flood"}, options, sink).error().code,
            ErrorCode::kCorrupt);
  EXPECT_EQ(http_ask(mirror.target, {.path = "/big"}, {.most_bytes = 1000}, sink).error().code,
            ErrorCode::kCorrupt);
  const auto full = http_ask(
      mirror.target, {.path = "/big"}, options,
      [](std::string_view) -> Result<void> { return fail(ErrorCode::kDiskFull, "no space"); });
  EXPECT_EQ(full.error().code, ErrorCode::kDiskFull);
}

}  // namespace
}  // namespace vedette::http
