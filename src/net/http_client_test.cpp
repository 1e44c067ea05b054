#include "net/http_client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace vedette::net {
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

// A server for one kept connection, that sends each answer's head and body apart and, as a server
// does that did not ask otherwise, the body only when it knows that the head has come.
void answer_in_two(int listener) {
  const int client = ::accept(listener, nullptr, nullptr);
  const auto say = [&](std::string_view text) {
    (void)::send(client, text.data(), text.size(), MSG_NOSIGNAL);
  };
  char asked[4096];
  while (::recv(client, asked, sizeof asked, 0) > 0) {
    say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    say("body");
  }
  ::close(client);
}

// The kernel's wait is 40 ms at least, at nearly every answer but the first dozens of a connection.
// A quarter of them in less is enough, so that other load on the machine decides nothing.
TEST(HttpStream, TellsAtOnceWhatHasCome) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const HttpTarget target{"127.0.0.1", std::to_string(ntohs(address.sin_port)), "", false};
  const std::jthread server(answer_in_two, listener);
  Connections connections;
  int quick = 0;
  for (int i = 0; i < 230 && quick < 50; ++i) {
    const auto asked = std::chrono::steady_clock::now();
    const auto reply = http_get(target, "/", {.timeout = seconds(30), .connections = &connections});
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reply->body, "body");
    if (i >= 30 && std::chrono::steady_clock::now() - asked < milliseconds(30)) ++quick;
  }
  EXPECT_EQ(quick, 50);
  ::close(listener);
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
}  // namespace vedette::net
