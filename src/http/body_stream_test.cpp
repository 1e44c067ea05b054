// Bodies that go to their handler while they come: in order, bounded, and with every end that a
// client, a handler or a stop can make of them.
#include "http/body_stream.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "base/process.hpp"
#include "http/test_client.hpp"

namespace vedette::http {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

/// The whole body; what kept the rest away becomes the answer.
Response echo(const Request& request) {
  std::string all;
  for (;;) {
    const auto piece = request.stream->read();
    if (!piece) return error(piece.error());
    if (piece->empty()) return text(200, all);
    all += *piece;
  }
}

struct Uploads {
  explicit Uploads(Handler handler, std::uint64_t limit = 4 * kGiB, ServerOptions options = {})
      : server(routes(std::move(handler), limit), options) {}
  static Router routes(Handler handler, std::uint64_t limit) {
    Router router;
    router.put("/upload", std::move(handler), {.body_limit = limit, .body = BodyKind::kStream});
    router.get("/hello", [](const Request&) { return text(200, "hello"); });
    return router;
  }
  static std::string head(std::string_view fields) {
    return fmt::format("PUT /upload HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", fields);
  }

  TestServer server;
};

TEST(BodyStream, BringsTheWholeBodyInOrder) {
  Uploads uploads(echo);
  std::string body;
  for (int i = 0; i < 500'000; ++i) body += std::to_string(i);
  RawClient client(uploads.server.port());
  client.send(Uploads::head(fmt::format("Content-Length: {}", body.size())) + body);
  EXPECT_EQ(client.reply().body, body);
  // The connection goes on, and chunks of any size are the same body.
  client.send(Uploads::head("Transfer-Encoding: chunked"));
  std::string chunks;
  for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size % 9000 * 2 + 1) {
    const auto piece = body.substr(at, size);
    chunks += fmt::format("{:x};x=y\r\n{}\r\n", piece.size(), piece);
  }
  client.send(chunks + "0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.reply().body, body);
  client.send(Uploads::head("Content-Length: 0"));
  EXPECT_EQ(client.reply().status, 200);
  EXPECT_EQ(client.get("/hello").body, "hello");
}

TEST(BodyStream, TakesABodyInAnyPieces) {
  Uploads uploads(echo);
  RawClient client(uploads.server.port());
  for (const char c :
       Uploads::head("Transfer-Encoding: chunked") +
           "3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n") {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.reply().body, "abcd");
}

TEST(BodyStream, BeginsBeforeTheBodyIsThere) {
  std::latch begun(1);
  Uploads uploads([&](const Request& request) {
    const auto first = request.stream->read();
    EXPECT_EQ(first.value_or(""), "one");
    begun.count_down();
    return echo(request);
  });
  RawClient client(uploads.server.port());
  client.send(Uploads::head("Content-Length: 6") + "one");
  begun.wait();
  client.send("two");
  EXPECT_EQ(client.reply().body, "two");
}

TEST(BodyStream, AClientWaitsForASlowHandler) {
  std::latch go(1);
  constexpr std::size_t kSize = std::size_t{64} << 20;
  Uploads uploads([&](const Request& request) {
    std::uint64_t size = request.stream->read().value_or("").size();
    go.wait();
    for (;;) {
      const auto piece = request.stream->read();
      if (!piece || piece->empty()) return text(200, std::to_string(size));
      EXPECT_LE(piece->size(), 2u << 20);
      size += piece->size();
    }
  });
  RawClient client(uploads.server.port());
  client.send(Uploads::head(fmt::format("Content-Length: {}", kSize)));
  const std::string piece(1 << 20, 'x');
  std::size_t sent = 0;
  while (sent < kSize) {
    const auto taken = client.send_some(std::string_view(piece).substr(0, kSize - sent), 500ms);
    if (taken == 0) break;
    sent += taken;
  }
  EXPECT_LT(sent, kSize) << "somebody keeps what the handler has not asked for";
  go.count_down();
  while (sent < kSize) {
    const auto next = std::string_view(piece).substr(0, kSize - sent);
    ASSERT_TRUE(client.send(next));
    sent += next.size();
  }
  EXPECT_EQ(client.reply().body, std::to_string(kSize));
}

TEST(BodyStream, GigabytesPassInFlatMemory) {
  std::atomic<std::int64_t> grown{0};
  std::atomic<std::uint64_t> received{0};
  Uploads uploads([&](const Request& request) {
    std::int64_t before = 0;
    std::uint64_t next_look = 0;
    for (;;) {
      const auto piece = request.stream->read();
      if (!piece) return error(piece.error());
      if (piece->empty()) return empty();
      received += piece->size();
      if (received < next_look) continue;
      next_look += kGiB / 16;
      const auto now = static_cast<std::int64_t>(resident_bytes());
      if (before == 0) before = now;
      grown = std::max(grown.load(), now - before);
    }
  });
  RawClient client(uploads.server.port());
  client.send(Uploads::head(fmt::format("Content-Length: {}", 2 * kGiB)));
  const std::string piece(1 << 20, 'x');
  for (std::uint64_t sent = 0; sent < 2 * kGiB; sent += piece.size()) {
    ASSERT_TRUE(client.send(piece));
  }
  EXPECT_EQ(client.reply().status, 204);
  EXPECT_EQ(received, 2 * kGiB);
  EXPECT_LT(grown, 16 << 20);
}

TEST(BodyStream, KeepsTheRoutesLimit) {
  std::atomic<int> called{0};
  std::atomic<ErrorCode> met{ErrorCode::kInternal};
  Uploads uploads(
      [&](const Request& request) {
        ++called;
        for (;;) {
          const auto piece = request.stream->read();
          if (!piece) met = piece.error().code;
          if (!piece || piece->empty()) return text(200, "stored");
        }
      },
      1000);
  RawClient declared(uploads.server.port());
  declared.send(Uploads::head("Content-Length: 1001"));
  EXPECT_EQ(declared.reply().status, 413);
  EXPECT_EQ(called, 0);
  RawClient chunked(uploads.server.port());
  chunked.send(Uploads::head("Transfer-Encoding: chunked"));
  for (int i = 0; i < 11; ++i) chunked.send("64\r\n" + std::string(100, ' ') + "\r\n");
  EXPECT_EQ(chunked.reply().status, 413) << "also when the handler says something else";
  EXPECT_TRUE(chunked.wait_closed());
  EXPECT_EQ(met, ErrorCode::kTooLarge);
  RawClient fits(uploads.server.port());
  fits.send(Uploads::head("Content-Length: 1000") + std::string(1000, ' '));
  EXPECT_EQ(fits.reply().body, "stored");
}

TEST(BodyStream, TheServersLimitIsForBodiesThatAreCollected) {
  ServerOptions options;
  options.max_body = 10;
  Router router = Uploads::routes(echo, 20);
  router.put("/collected", [](const Request& request) { return text(200, request.body); },
             {.body_limit = 20, .body = BodyKind::kAny});
  TestServer server(std::move(router), options);
  const auto put = [&](std::string_view path, std::size_t size) {
    RawClient client(server.port());
    client.send(fmt::format("PUT {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                            path, size, std::string(size, 'x')));
    return client.reply().status;
  };
  EXPECT_EQ(put("/collected", 10), 200);
  EXPECT_EQ(put("/collected", 11), 413);
  EXPECT_EQ(put("/upload", 20), 200) << "what passes through has its route's own bound";
  EXPECT_EQ(put("/upload", 21), 413);
}

TEST(BodyStream, ABrokenFramingEndsIt) {
  Uploads uploads(echo);
  for (const auto* chunks : {"3\r\nabcdef\r\n", "-1\r\n", "zz\r\n", "fffffffffffffffffff\r\n"}) {
    RawClient client(uploads.server.port());
    client.send(Uploads::head("Transfer-Encoding: chunked") + "1\r\na\r\n" + chunks);
    EXPECT_EQ(client.reply().status, 400) << chunks;
    EXPECT_TRUE(client.wait_closed());
  }
}

/// What a handler meets that reads until something happens.
struct Met {
  std::latch begun{1};
  std::latch over{1};
  ErrorCode code = ErrorCode::kInternal;

  Response operator()(const Request& request) {
    for (;;) {
      const auto piece = request.stream->read();
      if (piece && !piece->empty()) {
        begun.count_down();
        continue;
      }
      if (!piece) {
        code = piece.error().code;
        EXPECT_EQ(request.stream->read().error().code, code) << "again and again";
      }
      over.count_down();
      return empty();
    }
  }
};

TEST(BodyStream, AClientThatLeavesIsTold) {
  Met met;
  Uploads uploads([&](const Request& request) { return met(request); });
  {
    RawClient client(uploads.server.port());
    client.send(Uploads::head("Content-Length: 100") + "x");
    met.begun.wait();
  }
  met.over.wait();
  EXPECT_EQ(met.code, ErrorCode::kCancelled);
  RawClient other(uploads.server.port());
  EXPECT_EQ(other.get("/hello").body, "hello");
}

TEST(BodyStream, ASilentClientIsCutOff) {
  Met met;
  ServerOptions options;
  options.body_time = 1s;
  Uploads uploads([&](const Request& request) { return met(request); }, kGiB, options);
  RawClient client(uploads.server.port());
  client.send(Uploads::head("Content-Length: 100") + "x");
  EXPECT_EQ(client.reply().status, 408);
  EXPECT_TRUE(client.wait_closed());
  met.over.wait();
  EXPECT_EQ(met.code, ErrorCode::kTimeout);
}

TEST(BodyStream, DropsAreNotEnough) {
  Met met;
  ServerOptions options;
  options.body_time = 1s;
  options.body_min_rate = 1000;
  Uploads uploads([&](const Request& request) { return met(request); }, kGiB, options);
  RawClient client(uploads.server.port());
  client.send(Uploads::head("Content-Length: 100000"));
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (client.send(" ") && !client.receive(100ms)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "dripped on for twenty seconds";
  }
  EXPECT_EQ(client.reply().status, 408);
}

TEST(BodyStream, AnEarlyAnswerReachesAClientThatStillPours) {
  Uploads uploads([](const Request& request) {
    if (request.header("x-read")) (void)request.stream->read();
    return text(422, "no picture");
  });
  for (const auto* field : {"X-Read: a little\r\n", ""}) {
    RawClient client(uploads.server.port());
    client.send(Uploads::head(fmt::format("{}Content-Length: 2000000", field)));
    client.send(std::string(1'500'000, 'x'));
    const auto reply = client.reply();
    EXPECT_EQ(reply.status, 422) << field;
    EXPECT_EQ(reply.field("connection"), "close");
    EXPECT_TRUE(client.wait_closed());
  }
}

TEST(BodyStream, AsksForTheBodyWhenTheHandlerReads) {
  Uploads uploads([](const Request& request) {
    return request.header("x-refuse") ? text(409, "it is there already") : echo(request);
  });
  RawClient refused(uploads.server.port());
  refused.send(Uploads::head("X-Refuse: 1\r\nExpect: 100-continue\r\nContent-Length: 2"));
  EXPECT_EQ(refused.reply().status, 409);
  RawClient client(uploads.server.port());
  client.send(Uploads::head("Expect: 100-continue\r\nContent-Length: 2"));
  EXPECT_EQ(client.reply().status, 100);
  client.send("ok");
  EXPECT_EQ(client.reply().body, "ok");
}

TEST(BodyStream, AStopEndsTheWait) {
  Met met;
  Uploads uploads([&](const Request& request) { return met(request); });
  RawClient client(uploads.server.port());
  client.send(Uploads::head("Content-Length: 100") + "x");
  met.begun.wait();
  uploads.server.server->stop(1ms);
  met.over.wait();
  EXPECT_EQ(met.code, ErrorCode::kCancelled);
  EXPECT_TRUE(client.wait_closed());
}

TEST(BodyStream, HandlersDoNotKeepOthersFromTheQuickPool) {
  std::latch go(1);
  Uploads uploads([&](const Request&) {
    go.wait();
    return empty();
  });
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 20; ++i) {
    auto& client = waiting.emplace_back(std::make_unique<RawClient>(uploads.server.port()));
    client->send(Uploads::head("Content-Length: 0"));
  }
  RawClient other(uploads.server.port());
  EXPECT_EQ(other.get("/hello").body, "hello");
  go.count_down();
  for (auto& client : waiting) EXPECT_EQ(client->reply().status, 204);
}

TEST(BodyStream, IsNeverInline) {
  Router router;
  EXPECT_THROW(router.put("/x", echo, {.body = BodyKind::kStream, .inline_ok = true}),
               std::invalid_argument);
}

}  // namespace
}  // namespace vedette::http
