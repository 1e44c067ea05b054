// Against a real server that checks signatures: what only such a one can tell.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "blob/s3/s3_store.hpp"
#include "blob/testing/every_store.hpp"
#include "blob/testing/s3_server.hpp"

namespace vedette::blob::s3 {
namespace {

using testing::content_of;
using ::testing::HasSubstr;
using testing::must;
using testing::S3Server;
using namespace std::chrono_literals;

const SystemClock kClock;

Sink nowhere() {
  return [](std::string_view) -> Result<void> { return {}; };
}

class RealS3 : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = S3Server::shared();
    if (server_ == nullptr) GTEST_SKIP() << S3Server::how_to_get();
    server_->start();
    options_ = server_->fresh_bucket();
    store_ = open(options_);
  }
  static std::unique_ptr<Store> open(const S3Options& options, const Clock& clock = kClock) {
    return must(S3Store::make(options, clock));
  }
  static Client client_of(const S3Options& options) {
    return Client(options, make_route(options).value(), kClock);
  }
  /// Asks without any signature but the address's own.
  Result<net::HttpReply> ask(const std::string& address, net::HttpRequest request = {}) const {
    request.path = address.substr(server_->endpoint().size());
    return net::http_ask(net::parse_target(server_->endpoint()).value(), std::move(request), {});
  }
  std::size_t unfinished() const {
    return read_uploads(must(client_of(options_).ask({.query = {{"uploads", ""}}})).body)
        .value()
        .uploads.size();
  }

  S3Server* server_ = nullptr;
  S3Options options_;
  std::unique_ptr<Store> store_;
};

TEST_F(RealS3, RefusesAWrongSecretAndAnUnknownName) {
  auto wrong = options_;
  wrong.secret_key += "x";
  const auto refused = open(wrong)->put("k", from_text("x"), {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("blob.secret_key is not the one"));
  wrong.access_key = "NOBODY";
  EXPECT_THAT(open(wrong)->list("", {}).error().message, HasSubstr("blob.access_key is not known"));
  EXPECT_EQ(open(wrong)->check().front().verdict, Finding::Verdict::kBad);
}

TEST_F(RealS3, RefusesABodyThatIsNotTheOneThatWasSigned) {
  // As a proxy would that changes bytes: the signature covers the content.
  auto client = client_of(options_);
  const auto refused = client.ask({.method = "PUT",
                                   .key = "k",
                                   .headers = {{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}},
                                   .body = "content"});
  ASSERT_FALSE(refused);
  EXPECT_FALSE(must(store_->head("k")));
}

// Each row of the table of requests that signers get wrong.
TEST_F(RealS3, AcceptsEveryRequestThatSignersGetWrong) {
  auto client = client_of(options_);
  for (const auto* key : {"a=b", "a+b", "a b", "a%2Fb", "a/b", "ü", "a&b=c", "a~b*c'd(e)!"}) {
    EXPECT_TRUE(client.ask({.method = "PUT", .key = key, .body = key})) << key;
    EXPECT_EQ(must(client.ask({.key = key})).body, key);
  }
  for (const Pairs& query :
       {Pairs{{"list-type", "2"}, {"prefix", "a"}}, Pairs{{"prefix", "a"}, {"list-type", "2"}},
        Pairs{{"list-type", "2"}, {"prefix", "a/b"}}, Pairs{{"uploads", ""}},
        Pairs{{"list-type", "2"}, {"prefix", "a b+c"}}, Pairs{{"location", ""}},
        Pairs{{"list-type", "2"}, {"prefix", "ü"}, {"delimiter", "/"}}}) {
    EXPECT_TRUE(client.ask({.query = query})) << canonical_query(query);
  }
}

TEST_F(RealS3, ALinkOpensForAWhileAndForThatObjectOnly) {
  for (const auto* key : {"stills/a b+c=ü%.jpg", "plain"}) {
    must(store_->put(key, from_text("content"), {.content_type = "image/jpeg"}));
    const auto address = must(store_->link(key, {.valid_for = 60s})).value();
    const auto reply = must(ask(address));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.body, "content");
    EXPECT_EQ(reply.content_type, "image/jpeg");
    EXPECT_EQ(must(ask(address, {.headers = {{"Range", "bytes=1-2"}}})).body, "on");
    EXPECT_EQ(must(ask(address, {.method = "PUT", .body = "x"})).status, 403);
    EXPECT_EQ(must(ask(address.substr(0, address.find('?')))).status, 403);
    EXPECT_EQ(must(ask(address + "0")).status, 403);
    EXPECT_EQ(address.find("vedette/test"), std::string::npos);
  }
  const auto named =
      must(store_->link("plain", {.valid_for = 60s, .file_name = "Übersicht 1.csv"})).value();
  EXPECT_THAT(must(ask(named)).header("content-disposition").value_or(""),
              HasSubstr("attachment; filename*=UTF-8''%C3%9Cbersicht%201.csv"));
}

TEST_F(RealS3, ALinkThatHasRunOutIsClosed) {
  must(store_->put("k", from_text("content"), {}));
  // Signed an hour ago.
  const ManualClock clock(kClock.now() - 1h);
  EXPECT_EQ(must(ask(must(open(options_, clock)->link("k", {.valid_for = 60s})).value())).status,
            403);
  EXPECT_EQ(must(ask(must(open(options_, clock)->link("k", {.valid_for = 2h})).value())).status,
            200);
}

TEST_F(RealS3, ALinkCanAlsoTakeAnObject) {
  const auto route = make_route(options_).value();
  const Signable request{"PUT", route.path("new"), {}, {{"host", route.host_field()}}};
  const auto query = presigned_query({options_.access_key, options_.secret_key}, options_.region,
                                     kClock.now(), 60s, request);
  const auto reply = must(ask(server_->endpoint() + request.path + "?" + query,
                              {.method = "PUT", .body = "by anybody"}));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(must(read_all(*store_, "new", 100)), "by anybody");
}

TEST_F(RealS3, APublicBucketIsReadWithoutASignature) {
  must(client_of(options_).ask(
      {.method = "PUT", .query = {{"acl", ""}}, .headers = {{"x-amz-acl", "public-read"}}}));
  must(client_of(options_).ask({.method = "PUT",
                                .key = "radar/a b",
                                .headers = {{"x-amz-acl", "public-read"}},
                                .body = "x"}));
  auto anonymous = options_;
  anonymous.access_key.clear();
  anonymous.secret_key.clear();
  const auto store = open(anonymous);
  EXPECT_EQ(must(read_all(*store, "radar/a b", 100)), "x");
  EXPECT_EQ(must(store->list("radar/", {})).objects.size(), 1U);
  const auto refused = store->put("k", from_text("x"), {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("no key is set"));
}

TEST_F(RealS3, AClockTwentyMinutesOffDoesNotMatter) {
  for (const auto off : {20min, -20min}) {
    const ManualClock clock(kClock.now() + off);
    const auto store = open(options_, clock);
    EXPECT_EQ(must(store->put("k", from_text("x"), {})), 1U);
    EXPECT_TRUE(must(open(options_, clock)->head("k")));
    const auto findings = store->check();
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_THAT(findings[1].what, HasSubstr(off > 0min ? "ahead of" : "behind"));
  }
}

TEST_F(RealS3, WhatFailsInTheMiddleLeavesNoParts) {
  Source broken;
  broken.read = [given = std::size_t{0}](std::span<char> room) mutable -> Result<std::size_t> {
    if (given > (std::size_t{23} << 20)) return fail(ErrorCode::kTimeout, "the camera is gone");
    std::ranges::fill(room, 'x');
    given += room.size();
    return room.size();
  };
  EXPECT_EQ(store_->put("k", std::move(broken), {}).error().message, "the camera is gone");
  EXPECT_EQ(unfinished(), 0U);
  EXPECT_FALSE(must(store_->head("k")));
}

TEST_F(RealS3, PartsThatACrashLeftAreSwept) {
  auto client = client_of(options_);
  for (int i = 0; i < 3; ++i) {
    const auto key = fmt::format("big {}", i);
    const auto begun = must(client.ask({.method = "POST", .key = key, .query = {{"uploads", ""}}}));
    must(client.ask({.method = "PUT",
                     .key = key,
                     .query = {{"partNumber", "1"}, {"uploadId", must(read_upload_id(begun.body))}},
                     .body = "half"}));
  }
  EXPECT_EQ(must(store_->sweep(1h)).removed, 0) << "they may be under way";
  EXPECT_EQ(unfinished(), 3U);
  EXPECT_EQ(must(store_->sweep(-1h)).removed, 3);
  EXPECT_EQ(unfinished(), 0U);
}

TEST_F(RealS3, AnObjectOfManyPartsIsWholeInFlatMemory) {
  // 200 MiB that nobody holds at once.
  constexpr std::uint64_t kSize = std::uint64_t{200} << 20;
  Digester written(Digester::Kind::kSha256);
  Source source;
  source.read = [&, given = std::uint64_t{0}](std::span<char> room) mutable -> Result<std::size_t> {
    const auto size = std::min<std::uint64_t>(room.size(), kSize - given);
    for (std::size_t i = 0; i < size; ++i) room[i] = static_cast<char>((given + i) * 31 >> 7U);
    given += size;
    written.add({room.data(), size});
    return size;
  };
  EXPECT_EQ(must(store_->put("big", std::move(source), {})), kSize);
  Digester read(Digester::Kind::kSha256);
  std::size_t longest = 0;
  must(store_->get("big", {}, [&](std::string_view piece) -> Result<void> {
    longest = std::max(longest, piece.size());
    read.add(piece);
    return {};
  }));
  EXPECT_EQ(read.finish(), written.finish());
  EXPECT_LE(longest, std::size_t{4} << 20);
}

TEST_F(RealS3, AFileOfManyPartsIsWhole) {
  const testing::TempFolder folder;
  const auto path = folder.path() / "file";
  // Parts of four times 5 MiB: two, and a short one.
  constexpr std::uint64_t kPart = std::uint64_t{20} << 20;
  constexpr std::uint64_t kSize = 2 * kPart + 4321;
  Digester written(Digester::Kind::kSha256);
  {
    std::ofstream file(path);
    for (std::uint64_t at = 0; at < kSize;) {
      const auto piece = content_of(std::min<std::uint64_t>(1 << 20, kSize - at),
                                    static_cast<unsigned>(at >> 20U));
      file << piece;
      written.add(piece);
      at += piece.size();
    }
  }
  EXPECT_EQ(must(store_->put("big", must(from_file(path)), {.content_type = "video/mp4"})), kSize);
  Digester read(Digester::Kind::kSha256);
  const auto info = must(store_->get("big", {}, [&](std::string_view piece) -> Result<void> {
    read.add(piece);
    return {};
  }));
  EXPECT_EQ(read.finish(), written.finish());
  EXPECT_EQ(info.size, kSize);
  EXPECT_EQ(info.content_type, "video/mp4");
  EXPECT_THAT(info.tag, ::testing::EndsWith("-3"));
}

TEST_F(RealS3, AServerThatIsAwayForAMomentIsWaitedFor) {
  must(store_->put("k", from_text("before"), {}));
  auto patient = options_;
  patient.retries = 20;
  patient.longest_wait = 500ms;
  const auto store = open(patient);
  server_->stop();
  EXPECT_EQ(open([&] {
              auto hasty = options_;
              hasty.retries = 0;
              return hasty;
            }())
                ->head("k")
                .error()
                .code,
            ErrorCode::kUnavailable);
  std::jthread writer([&] { EXPECT_TRUE(store->put("k", from_text("after"), {})); });
  server_->start();
  writer.join();
  EXPECT_EQ(must(read_all(*store, "k", 100)), "after");
  EXPECT_EQ(must(read_all(*store_, "k", 100)), "after") << "also over a connection from before";
}

TEST_F(RealS3, AServerThatStandsStillIsATimeout) {
  auto hasty = options_;
  hasty.timeout = 300ms;
  hasty.retries = 0;
  const auto store = open(hasty);
  must(store->put("k", from_text("x"), {}));
  server_->freeze();
  const auto failed = store->head("k");
  server_->thaw();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(must(store_->head("k")));
}

TEST_F(RealS3, ABucketThatIsRemovedIsSaid) {
  must(store_->put("k", from_text("x"), {}));
  server_->remove_bucket(options_.bucket);
  for (const auto& error :
       {store_->put("k", from_text("x"), {}).error(), store_->head("k").error(),
        store_->get("k", {}, nowhere()).error(), store_->list("", {}).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << error.message;
    EXPECT_THAT(error.message, HasSubstr("does not exist"));
  }
  EXPECT_THAT(store_->check().front().what, HasSubstr("does not exist"));
}

TEST_F(RealS3, APrefixKeepsToItself) {
  must(store_->put("other", from_text("x"), {}));
  auto ours = options_;
  ours.prefix = "vedette/";
  const auto store = open(ours);
  must(store->put("k", from_text("y"), {}));
  EXPECT_EQ(must(store->list("", {})).objects.size(), 1U);
  EXPECT_FALSE(must(store->head("other")));
  EXPECT_EQ(must(read_all(*store_, "vedette/k", 10)), "y");
}

}  // namespace
}  // namespace vedette::blob::s3
