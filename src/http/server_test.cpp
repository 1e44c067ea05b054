#include "http/server.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <thread>

#include "http/stream.hpp"
#include "http/test_client.hpp"

namespace vedette::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

RouteOptions inline_route() {
  RouteOptions options;
  options.inline_ok = true;
  return options;
}

Router small_router() {
  Router router;
  router.get("/hello", [](const Request&) { return text(200, "hello"); }, inline_route());
  router.get("/slow", [](const Request&) { return text(200, "slow"); });
  router.get("/api/cameras/{id}", [](const Request& request) {
    return text(200, std::string(request.param("id")) + "|" +
                         std::string(request.query("x").value_or("none")));
  });
  router.post("/api/echo", [](const Request& request) { return json(201, request.body); });
  router.get("/throws", [](const Request&) -> Response { throw std::runtime_error("secret"); });
  return router;
}

TEST(Server, AnswersInlineAndFromThePool) {
  TestServer server(small_router());
  RawClient client(server.port());
  const auto hello = client.get("/hello");
  EXPECT_EQ(hello.status, 200);
  EXPECT_EQ(hello.body, "hello");
  EXPECT_EQ(client.get("/slow").body, "slow");
  EXPECT_EQ(client.get("/api/cameras/a%20b?x=1%2B1").body, "a b|1+1");
  const auto echo = client.post("/api/echo", R"({"a":1})");
  EXPECT_EQ(echo.status, 201);
  EXPECT_EQ(echo.body, R"({"a":1})");
}

TEST(Server, SetsSecurityFieldsOnEveryAnswer) {
  TestServer server(small_router());
  RawClient client(server.port());
  for (const auto* target : {"/hello", "/nowhere"}) {
    const auto reply = client.get(target);
    EXPECT_THAT(reply.field("content-security-policy"), HasSubstr("frame-ancestors 'none'"));
    EXPECT_EQ(reply.field("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.field("cross-origin-opener-policy"), "same-origin");
    EXPECT_THAT(reply.field("date"), HasSubstr("GMT"));
    EXPECT_EQ(reply.field("strict-transport-security"), "");
  }
}

TEST(Server, KnowsMethods) {
  TestServer server(small_router());
  RawClient client(server.port());
  EXPECT_EQ(client.get("/nowhere").status, 404);
  client.send("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto refused = client.reply();
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.field("allow"), "OPTIONS, GET, HEAD");
  client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.reply(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("content-length"), "5");
  client.send("OPTIONS /api/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto options = client.reply();
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.field("allow"), "OPTIONS, POST");
  client.send("BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.reply().status, 405);
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer server(small_router());
  RawClient client(server.port());
  std::string many;
  for (int i = 0; i < 50; ++i) {
    many += "GET " +
            std::string(i % 3 == 0   ? "/slow"
                        : i % 3 == 1 ? "/hello"
                                     : "/nowhere") +
            " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(many);
  for (int i = 0; i < 50; ++i) {
    const auto reply = client.reply();
    EXPECT_EQ(reply.status, i % 3 == 2 ? 404 : 200) << i;
    if (i % 3 != 2) {
      EXPECT_EQ(reply.body, i % 3 == 0 ? "slow" : "hello") << i;
    }
  }
}

TEST(Server, TakesRequestsInAnyPieces) {
  TestServer server(small_router());
  RawClient client(server.port());
  const std::string request =
      "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n3;x=y\r\n,3]\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char c : request) client.send({&c, 1});
  const auto reply = client.reply();
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "[1,2,3]");
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST(Server, SpeaksHttp10AndCloses) {
  TestServer server(small_router());
  RawClient client(server.port());
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.reply().body, "hello");
  EXPECT_TRUE(client.wait_closed());
  RawClient keeps(server.port());
  keeps.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(keeps.reply().field("connection"), "keep-alive");
  EXPECT_EQ(keeps.get("/hello").body, "hello");
  EXPECT_EQ(keeps.get("/hello", "Connection: close\r\n").field("connection"), "close");
  EXPECT_TRUE(keeps.wait_closed());
}

TEST(Server, SaysContinueBeforeABigBody) {
  TestServer server(small_router());
  RawClient client(server.port());
  client.send(
      "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.reply().status, 100);
  client.send("{}");
  EXPECT_EQ(client.reply().body, "{}");
}

TEST(Server, TurnsExceptionsInto500WithTheRequestId) {
  TestServer server(small_router());
  RawClient client(server.port());
  const auto reply = client.get("/throws");
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, HasSubstr("request " + reply.field("x-request-id")));
  EXPECT_THAT(reply.body, Not(HasSubstr("secret")));
  EXPECT_EQ(client.get("/hello").status, 200);
}

TEST(Server, AsksForWhatIsAtHandFirst) {
  Router router;
  RouteOptions options;
  options.at_hand = [](const Request& request) -> std::optional<Response> {
    if (request.query("throw")) throw std::runtime_error("at hand");
    if (request.query("known")) return text(200, "at hand");
    return std::nullopt;
  };
  router.get("/x", [](const Request&) { return text(200, "made"); }, options);
  TestServer server(std::move(router));
  RawClient client(server.port());
  EXPECT_EQ(client.get("/x?known").body, "at hand");
  EXPECT_EQ(client.get("/x").body, "made");
  EXPECT_EQ(client.get("/x?throw").status, 500);
}

TEST(Server, AnswersConditionalAndEncodedRequests) {
  std::string rows = "[";
  for (int i = 0; i < 1000; ++i) rows += R"({"camera":"north","n":)" + std::to_string(i) + "},";
  rows += "null]";
  const auto body = CachedBody::make("application/json", rows, "max-age=2");
  Router router;
  router.get("/rows", [body](const Request&) { return cached(body); }, inline_route());
  router.get("/named", [body](const Request&) {
    auto response = cached(body);
    response.set("Content-Disposition", "attachment");
    return response;
  });
  TestServer server(std::move(router));
  RawClient client(server.port());

  const auto plain = client.get("/rows");
  EXPECT_EQ(plain.body, rows);
  EXPECT_EQ(plain.field("vary"), "Accept-Encoding");
  EXPECT_EQ(plain.field("content-encoding"), "");
  const auto zipped = client.get("/rows", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(zipped.field("content-encoding"), "gzip");
  EXPECT_LT(zipped.body.size(), rows.size() / 4);
  const auto brotli = client.get("/rows", "Accept-Encoding: gzip, deflate, br\r\n");
  EXPECT_EQ(brotli.field("content-encoding"), "br");
  EXPECT_EQ(client.get("/rows", "Accept-Encoding: br;q=0.1, gzip\r\n").field("content-encoding"),
            "gzip");
  EXPECT_EQ(client.get("/rows", "Accept-Encoding: gzip;q=0\r\n").body, rows);
  EXPECT_NE(zipped.field("etag"), plain.field("etag"));

  const auto same = client.get("/rows", "If-None-Match: " + plain.field("etag") + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.field("etag"), plain.field("etag"));
  EXPECT_EQ(same.field("content-length"), "");
  EXPECT_EQ(client
                .get("/rows", "If-None-Match: W/" + zipped.field("etag") +
                                  ", \"x\"\r\nAccept-Encoding: gzip\r\n")
                .status,
            304);
  EXPECT_EQ(client.get("/rows", "If-None-Match: \"other\"\r\n").status, 200);

  const auto named = client.get("/named", "Accept-Encoding: br\r\n");
  EXPECT_EQ(named.field("content-disposition"), "attachment");
  EXPECT_EQ(named.body, brotli.body);
}

TEST(Server, CompressesOwnedBodiesFromThePool) {
  Router router;
  router.get("/big", [](const Request&) { return json(200, std::string(20'000, ' ')); });
  router.get("/small", [](const Request&) { return json(200, "{}"); });
  TestServer server(std::move(router));
  RawClient client(server.port());
  EXPECT_EQ(client.get("/big").body.size(), 20'000u);
  const auto packed = client.get("/big", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(packed.field("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), 1000u);
  EXPECT_EQ(client.get("/small", "Accept-Encoding: gzip\r\n").body, "{}");
}

TEST(Server, SendsFilesAndRanges) {
  const auto path =
      std::filesystem::temp_directory_path() / ("vedette-http-test-" + std::to_string(::getpid()));
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += static_cast<char>('a' + i % 23);
  std::ofstream(path, std::ios::binary) << content;
  Router router;
  router.get("/file", [path](const Request&) {
    auto body = FileBody::open(path);
    return body ? file(*body, "video/mp4") : error(body.error());
  });
  TestServer server(std::move(router));
  RawClient client(server.port());
  const auto whole = client.get("/file");
  EXPECT_EQ(whole.body, content);
  EXPECT_EQ(whole.field("accept-ranges"), "bytes");

  const auto part = client.get("/file", "Range: bytes=100000-100009\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.field("content-range"), "bytes 100000-100009/300000");
  EXPECT_EQ(part.body, content.substr(100'000, 10));
  EXPECT_EQ(client.get("/file", "Range: bytes=-5\r\n").body, content.substr(299'995));
  EXPECT_EQ(client.get("/file", "Range: bytes=0-1,5-6\r\n").status, 200);
  const auto beyond = client.get("/file", "Range: bytes=300000-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.field("content-range"), "bytes */300000");
  const auto if_same = "Range: bytes=0-0\r\nIf-Range: " + whole.field("etag") + "\r\n";
  EXPECT_EQ(client.get("/file", if_same).status, 206);
  EXPECT_EQ(client.get("/file", "Range: bytes=0-0\r\nIf-Range: \"old\"\r\n").status, 200);
  EXPECT_EQ(client.get("/file", "If-None-Match: " + whole.field("etag") + "\r\n").status, 304);
  std::filesystem::remove(path);
  EXPECT_EQ(client.get("/file").status, 404);
}

TEST(Server, RefusesWhenThePoolIsFull) {
  std::latch entered(1);
  std::latch go(1);
  Router router;
  router.get("/wait", [&](const Request&) {
    entered.count_down();
    go.wait();
    return text(200, "waited");
  });
  router.get("/quick", [](const Request&) { return text(200, "quick"); });
  ServerOptions options;
  options.pool_threads = 1;
  options.pool_queue = 1;
  TestServer server(std::move(router), options);
  RawClient waits(server.port());
  waits.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  entered.wait();
  RawClient queued(server.port());
  queued.send("GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (server.server->stats().pool_waiting == 0) std::this_thread::yield();
  RawClient refused(server.port());
  const auto reply = refused.get("/quick");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.field("retry-after"), "1");
  go.count_down();
  EXPECT_EQ(waits.reply().body, "waited");
  EXPECT_EQ(queued.reply().body, "quick");
  EXPECT_EQ(refused.get("/quick").body, "quick");
  EXPECT_EQ(server.server->stats().pool_full, 1u);
}

TEST(Server, FinishesWhatRunsWhenItStops) {
  std::latch entered(1);
  std::latch go(1);
  Router router;
  router.get("/wait", [&](const Request&) {
    entered.count_down();
    go.wait();
    return text(200, "waited");
  });
  TestServer server(std::move(router));
  RawClient idle(server.port());
  RawClient waits(server.port());
  waits.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  entered.wait();
  std::jthread stopper([&] { server.server->stop(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.wait_closed());
  go.count_down();
  const auto reply = waits.reply();
  EXPECT_EQ(reply.body, "waited");
  EXPECT_EQ(reply.field("connection"), "close");
  EXPECT_TRUE(waits.wait_closed());
}

TEST(Server, SaysWhoHasThePort) {
  TestServer first(small_router());
  ServerOptions options;
  options.port = first.port();
  Server second(options, small_router(), first.auth);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(started.error().message,
              HasSubstr("127.0.0.1:" + std::to_string(first.port()) + ": another program"));
  ServerOptions wrong;
  wrong.address = "example.org";
  Server third(wrong, small_router(), first.auth);
  EXPECT_EQ(third.start().error().code, ErrorCode::kUsage);
}

TEST(Server, CountsWhatItDoes) {
  TestServer server(small_router());
  RawClient client(server.port());
  for (int i = 0; i < 10; ++i) client.get("/hello");
  client.get("/nowhere");
  // An answer is counted after it is sent.
  while (server.server->stats().requests < 11) std::this_thread::yield();
  const auto stats = server.server->stats();
  EXPECT_EQ(stats.requests, 11u);
  EXPECT_EQ(stats.by_class[2], 10u);
  EXPECT_EQ(stats.by_class[4], 1u);
  EXPECT_EQ(stats.connections, 1u);
  EXPECT_GT(stats.quantile_s(0.99), 0);
  EXPECT_LT(stats.quantile_s(0.99), 1);
  EXPECT_THAT(server.server->url(), StartsWith("http://127.0.0.1:"));
}

TEST(Server, ServesFromSeveralThreads) {
  ServerOptions options;
  options.io_threads = 3;
  TestServer server(small_router(), options);
  std::vector<std::jthread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      RawClient client(server.port());
      for (int n = 0; n < 100; ++n) right += client.get(n % 2 ? "/hello" : "/slow").status == 200;
    });
  }
  threads.clear();
  EXPECT_EQ(right, 600);
}

}  // namespace
}  // namespace vedette::http
