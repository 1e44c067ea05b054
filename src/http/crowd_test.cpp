// Many clients at once, and some that want everything: what each takes is bounded, and there is
// room for the others.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <chrono>
#include <latch>
#include <thread>

#include "base/process.hpp"
#include "http/shared_state.hpp"
#include "http/stream.hpp"
#include "http/test_client.hpp"

namespace vedette::http {
namespace {

using namespace std::chrono_literals;

Router router() {
  RouteOptions quick;
  quick.inline_ok = true;
  Router router;
  router.get("/hello", [](const Request&) { return text(200, "hello"); }, quick);
  router.get("/pool", [](const Request&) { return text(200, "pool"); });
  router.get("/big", [](const Request&) { return text(200, std::string(8 << 20, 'x')); });
  router.get("/file", [](const Request&) {
    auto self = FileBody::open(std::filesystem::read_symlink("/proc/self/exe"));
    return self ? file(*self, "application/octet-stream") : error(self.error());
  });
  return router;
}

TEST(Crowd, TwoThousandConnectionsLeaveRoomForOthers) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < 8192) GTEST_SKIP() << "needs 8,192 open files";
  files.rlim_cur = 8192;
  ::setrlimit(RLIMIT_NOFILE, &files);

  TestServer server(router());
  {
    RawClient first(server.port());
    first.get("/pool");
  }
  const auto before = resident_bytes();
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 2000; ++i) {
    auto& client = crowd.emplace_back(std::make_unique<RawClient>(server.port()));
    if (i % 2)
      client->send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(1000, 'x'));
  }
  RawClient other(server.port());
  EXPECT_EQ(other.get("/hello").body, "hello");
  EXPECT_EQ(other.get("/pool").body, "pool");
  EXPECT_GE(server.server->stats().connections, 2000u);
  const auto grown = resident_bytes() - before;
  EXPECT_LT(grown, 32 << 20);
  RecordProperty("bytes_per_connection", static_cast<int>(grown / 2000));
  // Half a head each: they go on when the rest comes.
  for (int i = 1; i < 2000; i += 2) crowd[static_cast<std::size_t>(i)]->send("\r\n\r\n");
  for (int i = 1; i < 2000; i += 2) {
    EXPECT_EQ(crowd[static_cast<std::size_t>(i)]->reply().status, 200) << i;
  }
}

TEST(Crowd, AFullHouseClosesTheLongestIdleAndNeverTheBusy) {
  std::latch entered(3);
  std::latch go(1);
  auto routes = router();
  routes.get("/wait", [&](const Request&) {
    entered.count_down();
    go.wait();
    return text(200, "waited");
  });
  ServerOptions options;
  options.connections = 3;
  TestServer server(std::move(routes), options);
  constexpr std::string_view kWait = "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";
  RawClient first(server.port());
  first.send(kWait);
  RawClient idle(server.port());
  EXPECT_EQ(idle.get("/hello").status, 200);
  RawClient second(server.port());
  second.send(kWait);
  while (server.server->stats().connections < 3) std::this_thread::yield();
  RawClient third(server.port());
  third.send(kWait);
  EXPECT_TRUE(idle.wait_closed());
  entered.wait();
  RawClient fourth(server.port());
  const auto refused = fourth.get("/hello");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("retry-after"), "5");
  go.count_down();
  for (auto* client : {&first, &second, &third}) EXPECT_EQ(client->reply().body, "waited");
}

TEST(Crowd, WhatCameAndIsNotReadYetIsNotIdle) {
  std::latch entered(1);
  std::latch go(1);
  RouteOptions on_the_io_thread;
  on_the_io_thread.inline_ok = true;
  auto routes = router();
  routes.get(
      "/hold",
      [&](const Request&) {
        entered.count_down();
        go.wait();
        return text(200, "held");
      },
      on_the_io_thread);
  ServerOptions options;
  options.connections = 4;
  TestServer server(std::move(routes), options);
  RawClient holder(server.port());
  holder.send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  entered.wait();
  // All these are accepted at once, before any is read.
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.push_back(std::make_unique<RawClient>(server.port()));
    crowd.back()->send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  go.count_down();
  EXPECT_EQ(holder.reply().body, "held");
  int answered = 0;
  for (auto& client : crowd) {
    const auto status = client->reply().status;
    EXPECT_THAT(status, testing::AnyOf(200, 503));
    if (status == 200) ++answered;
  }
  EXPECT_GE(answered, 3) << "those who came first have the places";
}

TEST(Crowd, OneAddressIsBoundedUnlessItStandsForOthers) {
  ServerOptions options;
  options.connections_per_address = 2;
  const SystemClock clock;
  AuthOptions proxied;
  proxied.behind_tls = true;
  SharedState direct(options, Router(), std::make_shared<const Auth>(AuthOptions{}, clock));
  SharedState behind(options, Router(), std::make_shared<const Auth>(proxied, clock));
  for (auto* state : {&direct, &behind}) {
    EXPECT_TRUE(state->admit("203.0.113.5"));
    EXPECT_TRUE(state->admit("203.0.113.5"));
    EXPECT_FALSE(state->admit("203.0.113.5"));
    EXPECT_TRUE(state->admit("203.0.113.6"));
    state->release("203.0.113.5");
    EXPECT_TRUE(state->admit("203.0.113.5"));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(state->admit("127.0.0.1"));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(state->admit("10.0.0.9"), i < 2 || state == &behind) << i;
  }
}

TEST(Crowd, StreamsLeaveRoomForShortRequests) {
  const auto topic = std::make_shared<FrameTopic>();
  auto routes = router();
  routes.get("/live", [&](const Request&) { return mjpeg(topic); });
  ServerOptions options;
  options.connections = 8;
  TestServer server(std::move(routes), options);
  std::vector<std::unique_ptr<RawClient>> viewers;
  for (int i = 0; i < 6; ++i) {
    auto& viewer = viewers.emplace_back(std::make_unique<RawClient>(server.port()));
    EXPECT_EQ(viewer->get("/live").status, 200) << i;
  }
  RawClient seventh(server.port());
  const auto refused = seventh.get("/live");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("retry-after"), "5");
  RawClient other(server.port());
  EXPECT_EQ(other.get("/hello").body, "hello");
  EXPECT_EQ(other.get("/pool").body, "pool");
  // A place that becomes free is taken again.
  viewers.pop_back();
  while (server.server->stats().streams > 5) std::this_thread::yield();
  RawClient next(server.port());
  EXPECT_EQ(next.get("/live").status, 200);
}

TEST(Crowd, HealthIsAnsweredWhenAllPlacesAreTaken) {
  auto routes = router();
  routes.get("/healthz", [](const Request&) { return text(200, "ok"); },
             {.is_vital = true, .inline_ok = true});
  ServerOptions options;
  options.connections = 4;
  TestServer server(std::move(routes), options);
  std::vector<std::unique_ptr<RawClient>> crowd;
  const auto begin = [&] {
    auto& client = crowd.emplace_back(std::make_unique<RawClient>(server.port()));
    client->send("GET /hello HTTP/1.1\r\nHost: local");
  };
  // Also when many more come than are taken in for a moment.
  for (int i = 0; i < 300; ++i) begin();
  // Those that are here for a moment leave by themselves: more come until all are there at once.
  while (server.server->stats().connections < 4 + 64) begin();
  for (int i = 0; i < 100; ++i) {
    begin();
    RawClient probe(server.port());
    const auto healthy = probe.get("/healthz");
    EXPECT_EQ(healthy.body, "ok") << i;
    EXPECT_EQ(healthy.field("connection"), "close");
    RawClient other(server.port());
    const auto refused = other.get("/hello");
    EXPECT_EQ(refused.status, 503) << i;
    EXPECT_EQ(refused.field("retry-after"), "5");
  }
  crowd.clear();
  while (server.server->stats().connections > 0) std::this_thread::yield();
  for (int i = 0; i < 4; ++i) {
    auto& client = crowd.emplace_back(std::make_unique<RawClient>(server.port()));
    EXPECT_EQ(client->get("/hello").field("connection"), "") << i;
  }
}

TEST(Crowd, AClientMayAskOnlySoMuch) {
  ServerOptions options;
  options.requests_per_connection = 3;
  TestServer server(router(), options);
  RawClient client(server.port());
  EXPECT_EQ(client.get("/hello").field("connection"), "");
  EXPECT_EQ(client.get("/hello").field("connection"), "");
  EXPECT_EQ(client.get("/hello").field("connection"), "close");
  EXPECT_TRUE(client.wait_closed());
}

TEST(Crowd, BodiesShareABoundedMemory) {
  std::latch entered(1);
  std::latch go(1);
  Router routes;
  routes.post("/wait", [&](const Request&) {
    entered.count_down();
    go.wait();
    return empty();
  });
  ServerOptions options;
  options.body_memory = 1000;
  TestServer server(std::move(routes), options);
  const std::string head =
      "POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  RawClient big(server.port());
  big.send(head + "Content-Length: 2000\r\n\r\n" + std::string(2000, ' '));
  entered.wait();
  RawClient small(server.port());
  small.send(head + "Content-Length: 1\r\n\r\n ");
  const auto refused = small.reply();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("retry-after"), "1");
  go.count_down();
  EXPECT_EQ(big.reply().status, 204);
}

TEST(Crowd, ClientsThatLeaveWithoutTheirAnswerHarmNobody) {
  TestServer server(router());
  for (int i = 0; i < 200; ++i) {
    RawClient rude(server.port());
    rude.send(i % 3 == 0   ? "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n"
              : i % 3 == 1 ? "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"
                           : "GET /pool HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  RawClient other(server.port());
  EXPECT_EQ(other.get("/hello").body, "hello");
}

}  // namespace
}  // namespace vedette::http
