// Clients that mean no good: each is answered with a 4xx or cut off, the memory stays bounded, and
// others are served all the while.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "http/test_client.hpp"

namespace vedette::http {
namespace {

using namespace std::chrono_literals;

Router router() {
  RouteOptions quick;
  quick.inline_ok = true;
  Router router;
  router.get("/hello", [](const Request&) { return text(200, "hello"); }, quick);
  router.get("/files/{path*}", [](const Request&) { return text(200, "a file"); });
  router.get("/big", [](const Request&) { return text(200, std::string(8 << 20, 'x')); });
  RouteOptions small;
  small.body_limit = 1000;
  router.post("/small", [](const Request& request) { return text(200, request.body); }, small);
  return router;
}

struct Hostile : testing::Test {
  TestServer server{router()};

  void expect_others_served() {
    RawClient other(server.port());
    EXPECT_EQ(other.get("/hello").body, "hello");
  }
};

TEST_F(Hostile, MalformedRequestsAreRefusedAndTheConnectionEnds) {
  const std::string host = "Host: localhost\r\n";
  const std::string post = "POST /small HTTP/1.1\r\nContent-Type: application/json\r\n" + host;
  const std::vector<std::string> requests = {
      "\x16\x03\x01\x02\x01\x01\xfc\x03\x03",
      "nonsense\r\n\r\n",
      "GET\r\n\r\n",
      "GET /hello\r\n\r\n",
      "GET /hello HTTP/9.9\r\n" + host + "\r\n",
      "GET /hello HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + host + "\r\n",
      "GET /hello HTTP/1.1\n" + host + "\n",
      "GET /hello HTTP/1.1\r\n" + host + "No colon\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "Space : x\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + std::string("Nul: \0x\r\n\r\n", 11),
      "GET /hello\x01 HTTP/1.1\r\n" + host + "\r\n",
      "GET  /hello HTTP/1.1\r\n" + host + "\r\n",
      "GET hello HTTP/1.1\r\n" + host + "\r\n",
      // A field that goes on in the next line.
      "GET /hello HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "X: a\r\n\tb\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "X:\r\n \r\n\r\n",
      "GET /hello HTTP/1.1\r\n X: a\r\n" + host + "\r\n",
      "GET http:///hello HTTP/1.1\r\n" + host + "\r\n",
      // Two readings of where the body ends.
      post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345",
      post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
      post + "Content-Length: 5, 5\r\n\r\n12345",
      post + "Content-Length: +5\r\n\r\n12345",
      post + "Content-Length: -1\r\n\r\n",
      post + "Content-Length: 99999999999999999999\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: identity\r\n\r\n",
      "POST /small HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
      post + "Expect: the-unexpected\r\nContent-Length: 1\r\n\r\n1",
  };
  for (const auto& request : requests) {
    RawClient client(server.port());
    client.send(request);
    client.finish_sending();
    const auto reply = client.reply();
    // What ends too early to be judged is cut off without a word.
    EXPECT_TRUE(reply.status == 0 || (reply.status >= 400 && reply.status < 500))
        << request << " got " << reply.status;
    if (reply.status != 0) {
      EXPECT_EQ(reply.field("connection"), "close") << request;
    }
    EXPECT_TRUE(client.wait_closed()) << request;
    EXPECT_EQ(client.buffer, "") << request;
  }
  expect_others_served();
}

TEST_F(Hostile, AFoldedFieldIs400AlsoInPieces) {
  RawClient client(server.port());
  for (const char c :
       std::string_view("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.reply().status, 400);
  EXPECT_TRUE(client.wait_closed());
}

TEST_F(Hostile, AnAbsoluteTargetOfAnotherHostIsRefused) {
  RawClient client(server.port());
  EXPECT_EQ(client.get("http://evil.example/hello").status, 403);
  EXPECT_EQ(client.get("http://localhost@evil.example/hello").status, 403);
  EXPECT_EQ(client.get("http://localhost/hello").body, "hello");
}

TEST_F(Hostile, LineEndsWithoutARequestAre400) {
  for (const std::string_view piece : {"\r\n", "\n", "\r", "\n\r", "\r\n\r\n "}) {
    std::string noise;
    while (noise.size() < 200'000) noise += piece;
    RawClient client(server.port());
    client.send(noise);
    EXPECT_EQ(client.reply().status, 400) << static_cast<int>(piece.front()) << " " << piece.size();
    EXPECT_TRUE(client.wait_closed());
  }
  // Few before a request are read over, as RFC 9112 wants it.
  RawClient client(server.port());
  client.send("\r\n\r\n");
  EXPECT_EQ(client.get("/hello").body, "hello");
  client.send("\r\n");
  EXPECT_EQ(client.get("/hello").body, "hello");
  expect_others_served();
}

TEST_F(Hostile, NothingClimbsOutOfAPath) {
  for (const auto* path :
       {"/../etc/passwd", "/files/../../etc/passwd", "/files/%2e%2e/etc/passwd", "/files/..%2fetc",
        "/files/%2e%2e%2fetc", "/files/..\\etc", "/files/%5c..", "/files/a%00.png",
        "/files/%c0%ae/", "/files/%zz", "/files/./a", "/files?x=%00", "/files?x=%ff"}) {
    RawClient client(server.port());
    EXPECT_EQ(client.get(path).status, 400) << path;
  }
  RawClient client(server.port());
  EXPECT_EQ(client.get("/files//a/..b").body, "a file");
}

TEST_F(Hostile, OversizedHeadsAre431) {
  const std::vector<std::string> requests = {
      "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n",
      [] {
        std::string many = "GET /hello HTTP/1.1\r\nHost: localhost\r\n";
        for (int i = 0; i < 20'000; ++i) many += "X: y\r\n";
        return many + "\r\n";
      }(),
  };
  for (const auto& request : requests) {
    RawClient client(server.port());
    client.send(request);
    EXPECT_EQ(client.reply().status, 431);
    EXPECT_TRUE(client.wait_closed());
  }
  // Just below the bound it passes.
  RawClient client(server.port());
  EXPECT_EQ(client.get("/hello", "X: " + std::string(16'000, 'a') + "\r\n").status, 200);
}

TEST_F(Hostile, WhatFramesAChunkIsBoundedAlsoWhenItComesAtOnce) {
  const std::string head =
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  const std::string much(40'000, 'a');
  for (const std::string& chunks :
       {"0\r\nX: " + much + "\r\n\r\n", "2;x=" + much + "\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0;x=" + much + "\r\n\r\n"}) {
    RawClient client(server.port());
    client.send(head + chunks);
    EXPECT_EQ(client.reply().status, 400) << chunks.substr(0, 8);
  }
  RawClient fits(server.port());
  fits.send(head + "2;x=y\r\n{}\r\n0;z\r\nX: " + much.substr(0, 1'000) + "\r\n\r\n");
  EXPECT_EQ(fits.reply().status, 200);
}

TEST_F(Hostile, OversizedBodiesAre413) {
  RawClient declared(server.port());
  EXPECT_EQ(declared.post("/small", std::string(1001, ' ')).status, 413);
  EXPECT_TRUE(declared.wait_closed());

  RawClient huge(server.port());
  huge.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 5000000000\r\n\r\n");
  EXPECT_EQ(huge.reply().status, 413);

  RawClient chunked(server.port());
  chunked.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i) chunked.send("64\r\n" + std::string(100, ' ') + "\r\n");
  EXPECT_EQ(chunked.reply().status, 413);

  RawClient expecting(server.port());
  expecting.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 2000\r\n\r\n");
  EXPECT_EQ(expecting.reply().status, 413);

  // The client still pours when the answer is there: the answer must reach it all the same.
  RawClient pouring(server.port());
  pouring.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 3000000\r\n\r\n");
  pouring.send(std::string(3'000'000, ' '));
  EXPECT_EQ(pouring.reply().status, 413);

  RawClient fits(server.port());
  EXPECT_EQ(fits.post("/small", std::string(1000, ' ')).status, 200);
  expect_others_served();
}

TEST_F(Hostile, BodiesOfTheWrongKindAre415) {
  RawClient client(server.port());
  EXPECT_EQ(client.post("/small", "{}", "Content-Type: text/plain\r\n").status, 415);
  EXPECT_EQ(
      client.post("/small", "a=1", "Content-Type: application/x-www-form-urlencoded\r\n").status,
      415);
  EXPECT_EQ(client.post("/small", "{}", "").status, 415);
  EXPECT_EQ(client.post("/small", "{}", "Content-Type: application/json; charset=utf-8\r\n").status,
            200);
  EXPECT_EQ(
      client.post("/small", "{}", "Content-Type: application/json\r\nOrigin: http://x\r\n").status,
      403);
}

ServerOptions impatient() {
  ServerOptions options;
  options.header_time = 1s;
  options.body_time = 1s;
  options.keep_alive_time = 1s;
  options.write_time = 1s;
  return options;
}

TEST(Slow, EveryPhaseHasItsEnd) {
  auto options = impatient();
  options.keep_alive_time = 60s;  // of those who speak, however late
  TestServer server(router(), options);
  TestServer idle(router(), impatient());
  RawClient silent(idle.port());
  RawClient half_head(server.port());
  half_head.send("GET /hello HTTP/1.1\r\nHost: local");
  RawClient half_body(server.port());
  half_body.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 100\r\n\r\n1234");
  RawClient no_reader(server.port(), 4096);
  no_reader.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");

  EXPECT_EQ(half_head.reply().status, 408);
  EXPECT_TRUE(half_head.wait_closed());
  EXPECT_EQ(half_body.reply().status, 408);
  EXPECT_TRUE(half_body.wait_closed());
  EXPECT_TRUE(silent.wait_closed());
  EXPECT_EQ(silent.buffer, "");
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (server.server->stats().timed_out < 3 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(server.server->stats().timed_out, 3u);
}

TEST(Slow, DropsOfABodyAreNotEnough) {
  auto options = impatient();
  options.body_min_rate = 1000;
  TestServer server(router(), options);
  RawClient dripping(server.port());
  dripping.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 1000\r\n\r\n");
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (dripping.send(" ") && !dripping.receive(100ms)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "dripped on for ten seconds";
  }
  EXPECT_EQ(dripping.reply().status, 408);
}

TEST(Slow, DropsOfAHeadAreNotEnough) {
  TestServer server(router(), impatient());
  RawClient dripping(server.port());
  dripping.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: ");
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (dripping.send("y") && !dripping.receive(100ms)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "dripped on for ten seconds";
  }
  EXPECT_EQ(dripping.reply().status, 408);
}

}  // namespace
}  // namespace vedette::http
