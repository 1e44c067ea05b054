#include "http/client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "http/body_stream.hpp"
#include "http/test_client.hpp"

namespace vedette::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// A server for one connection: reads what comes first, answers these bytes, closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, bool closes = true) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    target = {"127.0.0.1", std::to_string(ntohs(address.sin_port)), ""};
    thread_ = std::jthread([this, closes, answer = std::move(answer)] {
      const int client = ::accept(listener_, nullptr, nullptr);
      std::string request(4096, '\0');
      request.resize(static_cast<std::size_t>(
          std::max<ssize_t>(0, ::recv(client, request.data(), request.size(), 0))));
      (void)::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      // Until the other side gives up.
      char byte = 0;
      if (!closes) (void)::recv(client, &byte, 1, 0);
      ::close(client);
      received.set_value(std::move(request));
    });
  }
  ~OneAnswer() {
    thread_.join();
    ::close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  HttpTarget target;
  std::promise<std::string> received;

 private:
  int listener_ = -1;
  std::jthread thread_;
};

TEST(HttpGet, AsksWithTheTokenAndReadsTheBody) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  server.target.base = "/base";
  const auto reply =
      http_get(server.target, "/api/status", {.token = "secret", .timeout = seconds(5)});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "{}");
  const auto request = server.received.get_future().get();
  EXPECT_THAT(request, testing::StartsWith("GET /base/api/status HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer secret\r\n"));
}

TEST(HttpGet, ReadsChunksAndBodiesThatEndWithTheConnection) {
  {
    OneAnswer server("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    const auto reply = http_get(server.target, "/", {.timeout = seconds(5)});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 404);
    EXPECT_EQ(reply->body, "abc");
  }
  OneAnswer server("HTTP/1.0 200 OK\r\n\r\nall of it");
  const auto reply = http_get(server.target, "/", {.timeout = seconds(5)});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->body, "all of it");
}

TEST(HttpGet, RefusesWhatIsNotHttpWhatIsCutOffAndWhatIsTooLarge) {
  for (const auto* answer :
       {"SSH-2.0-OpenSSH_9.2\r\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"}) {
    OneAnswer server(answer);
    const auto reply = http_get(server.target, "/", {.timeout = seconds(5)});
    ASSERT_FALSE(reply) << answer;
    EXPECT_EQ(reply.error().code, ErrorCode::kCorrupt) << answer;
  }
  OneAnswer endless("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'));
  EXPECT_FALSE(http_get(endless.target, "/", {.timeout = seconds(5)}));
}

TEST(HttpGet, TakesAWholeAnswerUpToItsBoundsAndNoMore) {
  const auto body_of = [](std::size_t bytes) {
    OneAnswer server("HTTP/1.0 200 OK\r\n\r\n" + std::string(bytes, 'x'));
    return http_get(server.target, "/", {.timeout = seconds(5), .most_bytes = 1000});
  };
  ASSERT_TRUE(body_of(1000));
  EXPECT_EQ(body_of(1001).error().code, ErrorCode::kCorrupt);

  const auto head_of = [](int fields) {
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (int i = 0; i < fields; ++i) answer += "X: " + std::string(995, 'x') + "\r\n";
    OneAnswer server(answer + "\r\n");
    return http_get(server.target, "/", {.timeout = seconds(5)});
  };
  ASSERT_TRUE(head_of(65));
  EXPECT_EQ(head_of(66).error().code, ErrorCode::kCorrupt);
}

TEST(HttpGet, PassesOverAnswersBeforeTheAnswerAndFollowsNone) {
  OneAnswer server(
      "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno");
  const auto reply = http_get(server.target, "/", {.timeout = seconds(5)});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 302);
  EXPECT_EQ(reply->body, "no");
}

TEST(HttpGet, SaysWhenHttpsIsNotSpoken) {
  OneAnswer server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  server.target.is_https = true;
  const auto reply = http_get(server.target, "/", {.timeout = seconds(5)});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(reply.error().message, HasSubstr("no secure connection"));
}

TEST(HttpGet, GivesUpInTime) {
  OneAnswer silent("HTTP/1.1 200 OK\r\n", false);
  const auto reply = http_get(silent.target, "/", {.timeout = milliseconds(100)});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kTimeout);
}

TEST(HttpGet, SaysWhenNobodyAnswers) {
  // A port that was free a moment ago.
  HttpTarget target;
  {
    OneAnswer gone("");
    target = gone.target;
    (void)http_get(target, "/", {.timeout = seconds(5)});
  }
  const auto reply = http_get(target, "/", {.timeout = seconds(5)});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(reply.error().message, HasSubstr("127.0.0.1:" + target.port));
}

TEST(HttpStream, GivesWhatComesAndEndsWithAStop) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Type: text/x\r\n\r\nsome", false);
  std::stop_source stop;
  {
    auto stream = HttpStream::open(server.target, {.path = "/"}, {.stop = stop.get_token()});
    ASSERT_TRUE(stream) << stream.error().message;
    EXPECT_EQ(stream->status(), 200);
    EXPECT_EQ(stream->content_type(), "text/x");
    EXPECT_EQ(stream->read(seconds(5)).value(), "some");
    EXPECT_EQ(stream->read(milliseconds(10)).value(), "");
    EXPECT_FALSE(stream->is_over());
    auto waiting = std::async(std::launch::async, [&] { return stream->read(seconds(60)); });
    stop.request_stop();
    const auto ended = waiting.get();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::kCancelled);
  }
  EXPECT_FALSE(HttpStream::open(server.target, {.path = "/"}, {.stop = stop.get_token()}));
}

TEST(ParseTarget, ReadsAddressesAsPeopleWriteThem) {
  const auto read = [](std::string_view url) {
    const auto target = parse_target(url);
    return target ? target->host + '|' + target->port + '|' + target->base : "refused";
  };
  EXPECT_EQ(read("http://127.0.0.1:8080"), "127.0.0.1|8080|");
  EXPECT_EQ(read("localhost:9000/"), "localhost|9000|");
  EXPECT_EQ(read("http://[::1]:8080/vedette/"), "::1|8080|/vedette");
  EXPECT_EQ(read("http://[::1]"), "::1|80|");
  EXPECT_EQ(read("host"), "host|80|");
  EXPECT_EQ(read("https://host/vedette"), "host|443|/vedette");
  EXPECT_EQ(to_url(parse_target("https://[::1]/vedette").value()), "https://[::1]:443/vedette");
  EXPECT_EQ(to_url(parse_target("host:81").value()), "http://host:81");
  for (const auto* wrong : {"ftp://host", "", "http://", "https://", "http://a b", "http://h:x",
                            "http://h:", "http://u@h", "http://h/\r\nX: y", "http://h:123456"}) {
    EXPECT_EQ(read(wrong), "refused") << wrong;
  }
}

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

TEST(HttpAsk, SendsNothingThatCouldBeReadAsMore) {
  const HttpTarget target{"127.0.0.1", "1", "", false};
  for (const HttpRequest& request : std::vector<HttpRequest>{
           {.method = "GET /x HTTP/1.1\r\nA:"},
           {.method = ""},
           {.path = "/a b"},
           {.path = "/a\r\nB: c"},
           {.path = "/a#b"},
           {.path = "a"},
           {.path = ""},
           {.headers = {{"A", "b\r\nC: d"}}},
           {.headers = {{"A:b", "c"}}},
           {.headers = {{"", "c"}}},
           {.headers = {{"A\n", "c"}}},
       }) {
    const auto reply = http_ask(target, request, {});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::kUsage) << reply.error().message;
  }
}

}  // namespace
}  // namespace vedette::http
