#include "http/stream.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "http/sse.hpp"
#include "http/test_client.hpp"

namespace vedette::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

RouteOptions inline_route() {
  RouteOptions options;
  options.inline_ok = true;
  return options;
}

/// Waits for a state that another thread reaches; tests fail when it does not.
template <class Condition>
bool reach(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

struct Events {
  explicit Events(SseOptions sse_options = {}, ServerOptions server_options = {})
      : hub(sse_options), server(make_router(), server_options) {}
  Router make_router() {
    Router router;
    router.get(
        "/events", [this](const Request& request) { return hub.subscribe(request); },
        inline_route());
    return router;
  }
  std::unique_ptr<RawClient> open(const std::string& query = {}, const std::string& fields = {}) {
    const int before = hub.clients();
    auto client = std::make_unique<RawClient>(server.port());
    client->send("GET /events" + query + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
    EXPECT_TRUE(client->wait_for("\n\n"));
    EXPECT_TRUE(reach([&] { return hub.clients() == before + 1; }));
    return client;
  }

  SseHub hub;
  TestServer server;
};

TEST(SseHub, SendsEventsToEverybody) {
  ServerOptions options;
  options.io_threads = 2;
  Events events({}, options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(events.open());
  events.hub.publish("traffic/cam-1", R"({"n":1})");
  events.hub.publish("loops", R"({"n":2})");
  for (auto& client : clients) {
    ASSERT_TRUE(client->wait_for("event: loops\ndata: {\"n\":2}\n\n"));
    EXPECT_THAT(client->buffer, HasSubstr("text/event-stream"));
    EXPECT_THAT(client->buffer, HasSubstr("event: traffic\ndata: {\"n\":1}\n\n"));
  }
  EXPECT_EQ(events.server.server->stats().streams, 10u);
  clients.clear();
  EXPECT_TRUE(reach([&] { return events.hub.clients() == 0; }));
}

TEST(SseHub, FiltersByTopic) {
  Events events;
  auto one = events.open("?topics=traffic/cam-1,loops");
  auto all_traffic = events.open("?topics=traffic");
  events.hub.publish("traffic/cam-2", "2");
  events.hub.publish("traffic/cam-1", "1");
  events.hub.publish("traffics", "9");
  events.hub.publish("loops", "3");
  events.hub.publish("traffic", "4");
  ASSERT_TRUE(one->wait_for("data: 3\n\n"));
  EXPECT_THAT(one->buffer, HasSubstr("data: 1\n\n"));
  EXPECT_THAT(one->buffer, Not(HasSubstr("data: 2\n\n")));
  ASSERT_TRUE(all_traffic->wait_for("data: 4\n\n"));
  EXPECT_THAT(all_traffic->buffer, HasSubstr("data: 2\n\n"));
  EXPECT_THAT(all_traffic->buffer, Not(HasSubstr("data: 9\n\n")));
  EXPECT_THAT(all_traffic->buffer, Not(HasSubstr("data: 3\n\n")));

  RawClient refused(events.server.port());
  EXPECT_EQ(refused.get("/events?topics=" + std::string(101, 'x')).status, 400);
}

TEST(SseHub, ContinuesAfterABreak) {
  Events events;
  events.hub.publish("a", "1");
  const auto id = events.hub.last_id();
  events.hub.publish("a", "2");
  events.hub.publish("b", "3");
  auto client = events.open("?topics=a", "Last-Event-ID: " + id + "\r\n");
  events.hub.publish("a", "4");
  ASSERT_TRUE(client->wait_for("data: 4\n\n"));
  EXPECT_THAT(client->buffer, HasSubstr("data: 2\n\n"));
  EXPECT_THAT(client->buffer, Not(HasSubstr("data: 1\n\n")));
  EXPECT_THAT(client->buffer, Not(HasSubstr("data: 3\n\n")));
  EXPECT_THAT(client->buffer, Not(HasSubstr("event: reset")));
  auto by_query = events.open("?last_event_id=" + id);
  EXPECT_TRUE(by_query->wait_for("data: 4\n\n"));
  EXPECT_THAT(by_query->buffer, HasSubstr("data: 3\n\n"));
}

TEST(SseHub, ResetsClientsOfAnotherProcessOrTime) {
  SseOptions options;
  options.replay_events = 4;
  Events events(options);
  const auto first = events.hub.last_id();
  for (int i = 0; i < 10; ++i) events.hub.publish("a", std::to_string(i));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (const auto& id :
       {std::string("deadbeef-3"), first, std::string("nonsense"), events.hub.last_id() + "0"}) {
    auto& client = clients.emplace_back(events.open({}, "Last-Event-ID: " + id + "\r\n"));
    EXPECT_TRUE(client->wait_for("event: reset\ndata: {\"reason\"")) << id;
    EXPECT_THAT(client->buffer, HasSubstr("id: " + events.hub.last_id() + "\n"));
  }
  auto fresh = events.open();
  events.hub.publish("a", "last");
  ASSERT_TRUE(fresh->wait_for("data: last\n\n"));
  EXPECT_THAT(fresh->buffer, Not(HasSubstr("event: reset")));
}

TEST(SseHub, KeepsQuietStreamsAlive) {
  SseOptions options;
  options.heartbeat = 1s;
  Events events(options);
  auto client = events.open();
  client->buffer.clear();
  EXPECT_TRUE(client->wait_for(":\n\n"));
}

TEST(SseHub, LetsSlowClientsMissEventsAndSaysSo) {
  SseOptions options;
  options.replay_events = 8;
  options.replay_bytes = 64 << 20;
  Events events(options);
  RawClient slow(events.server.port(), 64 * 1024);
  slow.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(reach([&] { return events.hub.clients() == 1; }));
  auto quick = events.open();
  // Far more than the kernel keeps for a client that does not read.
  const std::string big(1 << 20, 'x');
  for (int i = 0; i < 24; ++i) {
    events.hub.publish("big", big);
    ASSERT_TRUE(quick->wait_for(big + "\n\n"));
    quick->buffer.clear();
  }
  ASSERT_TRUE(slow.wait_for("event: resync\n"));
  events.hub.publish("end", "1");
  EXPECT_TRUE(slow.wait_for("event: end\n"));
  EXPECT_EQ(events.hub.resyncs(), 1u);
}

TEST(SseHub, EndsStreamsWhenItCloses) {
  Events events;
  auto client = events.open();
  events.hub.close();
  EXPECT_TRUE(client->wait_closed());
  RawClient late(events.server.port());
  EXPECT_EQ(late.get("/events").status, 503);
}

TEST(SseHub, OutlivesItsServer) {
  SseHub hub;
  Router router;
  router.get("/events", [&](const Request& request) { return hub.subscribe(request); });
  {
    TestServer server(std::move(router));
    RawClient client(server.port());
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(reach([&] { return hub.clients() == 1; }));
    server.server->stop(1s);
    EXPECT_TRUE(client.wait_closed());
  }
  EXPECT_EQ(hub.clients(), 0);
  hub.publish("a", "1");
}

struct Pictures {
  std::shared_ptr<FrameTopic> topic = std::make_shared<FrameTopic>();
  TestServer server{make_router()};

  Router make_router() {
    Router router;
    router.get("/live.mjpg", [this](const Request&) { return mjpeg(topic); }, inline_route());
    return router;
  }
};

std::shared_ptr<const std::string> picture(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

TEST(FrameTopic, SendsTheHeldFrameAtOnceAndThenEachNewOne) {
  Pictures pictures;
  EXPECT_EQ(pictures.topic->viewers(), 0);
  pictures.topic->publish(picture("first"));
  RawClient client(pictures.server.port());
  client.send("GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(client.wait_for("Content-Length: 5\r\n\r\nfirst\r\n--vedette-frame\r\n"));
  EXPECT_THAT(client.buffer, HasSubstr("multipart/x-mixed-replace; boundary=vedette-frame"));
  EXPECT_THAT(client.buffer, HasSubstr("\r\n\r\n--vedette-frame\r\nContent-Type: image/jpeg"));
  EXPECT_EQ(pictures.topic->viewers(), 1);
  pictures.topic->publish(picture("second"));
  EXPECT_TRUE(client.wait_for("second"));
  pictures.topic->close();
  EXPECT_TRUE(client.wait_closed());
  EXPECT_TRUE(reach([&] { return pictures.topic->viewers() == 0; }));
}

TEST(FrameTopic, LetsSlowViewersSkipFrames) {
  Pictures pictures;
  RawClient slow(pictures.server.port(), 64 * 1024);
  slow.send("GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(reach([&] { return pictures.topic->viewers() == 1; }));
  constexpr int kFrames = 40;
  const std::string filling(1 << 20, 'x');
  RawClient quick(pictures.server.port());
  quick.send("GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(reach([&] { return pictures.topic->viewers() == 2; }));
  for (int i = 0; i < kFrames; ++i) {
    pictures.topic->publish(picture("frame " + std::to_string(i) + ";" + filling));
    ASSERT_TRUE(quick.wait_for("frame " + std::to_string(i) + ";" + filling));
    quick.buffer.clear();
  }
  ASSERT_TRUE(slow.wait_for("frame " + std::to_string(kFrames - 1) + ";"));
  int seen = 0;
  for (int i = 0; i < kFrames; ++i) {
    seen += slow.buffer.find("frame " + std::to_string(i) + ";") != std::string::npos;
  }
  EXPECT_LT(seen, kFrames / 2);
}

TEST(FrameTopic, SaysWhyItEnds) {
  Pictures pictures;
  pictures.topic->publish(picture("only"));
  RawClient client(pictures.server.port());
  client.send("GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(client.wait_for("only\r\n--vedette-frame\r\n"));
  client.buffer.clear();
  pictures.topic->close(Error{ErrorCode::kConflict, "nobody watches it", false, {}});
  EXPECT_TRUE(client.wait_closed());
  EXPECT_EQ(client.buffer,
            "Content-Type: application/json\r\nContent-Length: 59\r\n\r\n"
            R"({"error":{"code":"conflict","message":"nobody watches it"}})"
            "\r\n--vedette-frame--\r\n");
}

TEST(FrameTopic, LivesAsLongAsItHasViewers) {
  Pictures pictures;
  RawClient client(pictures.server.port());
  client.send("GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(reach([&] { return pictures.topic->viewers() == 1; }));
  EXPECT_EQ(pictures.topic.use_count(), 2);
  client.finish_sending();
  pictures.topic->close();
  EXPECT_TRUE(reach([&] { return pictures.topic.use_count() == 1; }));
}

TEST(FrameTopic, ForgetsItsFrame) {
  Pictures pictures;
  pictures.topic->publish(picture("old"));
  pictures.topic->clear();
  RawClient client(pictures.server.port());
  client.send("GET /live.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(reach([&] { return pictures.topic->viewers() == 1; }));
  pictures.topic->publish(picture("new"));
  ASSERT_TRUE(client.wait_for("new"));
  EXPECT_THAT(client.buffer, Not(HasSubstr("old")));
}

}  // namespace
}  // namespace vedette::http
