// What an S3 server can do to us: busy, refusing, silent, lying about time and place. Each is said
// as it is, tried again where that helps, and leaves nothing half stored.
#include "blob/s3/hostile_test.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "base/digest.hpp"

namespace vedette::blob::s3 {
namespace {

using testing::Answer;
using testing::answer;
using testing::Asked;
using testing::content_of;
using ::testing::HasSubstr;
using testing::must;
using ::testing::Not;
using testing::refuse;
using testing::ScriptedServer;
using namespace std::chrono_literals;

// "Fri, 24 May 2013 00:00:00 GMT"
std::string http_date(Instant when) {
  const auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string text(64, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  return text;
}

TEST(HostileS3, BusyIsTriedAgainAndSignedAnew) {
  std::atomic<int> count = 0;
  ScriptedServer server([&](const Asked&) {
    switch (++count) {
      case 1:
        return refuse(503, "SlowDown");
      case 2:
        return refuse(500, "InternalError");
      case 3:
        return Answer{"", Answer::Then::kReset};
      case 4:
        return answer(502, "<html>a proxy</html>");
      default:
        return answer(200);
    }
  });
  const auto store = store_at(server.options());
  EXPECT_EQ(must(store->put("k", from_text("content"), {})), 7U);
  const auto asked = server.asked();
  ASSERT_EQ(asked.size(), 5U);
  for (const auto& one : asked) {
    EXPECT_EQ(one.body, "content");
    EXPECT_EQ(one.field("x-amz-content-sha256"), sha256_hex("content"));
    EXPECT_THAT(one.field("Authorization"), HasSubstr("Credential=ACCESS/"));
  }
}

TEST(HostileS3, BusyForEverIsSaidWithTheNumberOfTries) {
  ScriptedServer server([](const Asked&) { return refuse(503, "SlowDown"); });
  const auto store = store_at(server.options());
  const auto failed = store->put("k", from_text("x"), {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(failed.error().retryable);
  EXPECT_THAT(failed.error().message, HasSubstr("(6 tries)"));
  EXPECT_THAT(failed.error().message, HasSubstr("SlowDown"));
  EXPECT_EQ(server.asked().size(), 6U);
}

TEST(HostileS3, ARefusalIsNotTriedAgain) {
  for (const auto* code : {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}) {
    ScriptedServer server([&](const Asked&) { return refuse(403, code); });
    const auto store = store_at(server.options());
    const auto failed = store->put("k", from_text("x"), {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
    EXPECT_FALSE(failed.error().retryable);
    EXPECT_THAT(failed.error().message, HasSubstr("refuses access"));
    EXPECT_THAT(failed.error().message, HasSubstr("blob."));
    EXPECT_THAT(failed.error().message, Not(HasSubstr("very-secret")));
    EXPECT_EQ(server.asked().size(), 1U);
  }
}

TEST(HostileS3, WhatIsNotThereIsAskedForOnce) {
  ScriptedServer server([](const Asked& asked) {
    if (asked.method == "HEAD") return answer(asked.target == "/bucket" ? 200 : 404);
    return refuse(404, "NoSuchKey");
  });
  const auto store = store_at(server.options());
  EXPECT_EQ(store->get("k", {}, nowhere()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(server.asked().size(), 1U);
  EXPECT_FALSE(must(store->head("k")));
  must(store->remove("k"));
}

TEST(HostileS3, ABucketThatIsGoneIsNoEmptyBucket) {
  ScriptedServer server([](const Asked& asked) {
    return asked.method == "HEAD" ? answer(404) : refuse(404, "NoSuchBucket");
  });
  const auto store = store_at(server.options());
  for (const auto& error :
       {store->get("k", {}, nowhere()).error(), store->head("k").error(),
        store->list("", {}).error(), store->put("k", from_text("x"), {}).error(),
        store->put("k", from_text(content_of(6 << 20)), {}).error(), store->remove("k").error(),
        store->sweep(1h).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_FALSE(error.retryable);
    EXPECT_THAT(error.message, HasSubstr("does not exist"));
    EXPECT_THAT(error.message, HasSubstr("the bucket bucket at 127.0.0.1"));
  }
  EXPECT_EQ(store->check().front().verdict, Finding::Verdict::kBad);
}

TEST(HostileS3, AClockTwentyMinutesOffIsPutRightOnce) {
  for (const auto off : {20min, -20min}) {
    const auto theirs = [off] { return kClock.now() + off; };
    ScriptedServer server([&](const Asked& asked) {
      const auto date = asked.field("x-amz-date");
      const auto then = from_rfc3339(
          fmt::format("{}-{}-{}T{}:{}:{}Z", date.substr(0, 4), date.substr(4, 2), date.substr(6, 2),
                      date.substr(9, 2), date.substr(11, 2), date.substr(13, 2)));
      const bool is_right = std::chrono::abs(*then - theirs()) < 15min;
      const std::vector<std::pair<std::string, std::string>> fields{{"Date", http_date(theirs())},
                                                                    {"Content-Type", "x/y"}};
      if (is_right) return answer(200, asked.method == "HEAD" ? "" : "content", fields);
      return answer(
          403, asked.method == "HEAD" ? "" : "<Error><Code>RequestTimeTooSkewed</Code></Error>",
          fields);
    });
    const auto store = store_at(server.options());
    EXPECT_EQ(must(read_all(*store, "k", 100)), "content");
    EXPECT_EQ(server.asked().size(), 2U);
    EXPECT_EQ(must(read_all(*store, "k", 100)), "content");
    EXPECT_EQ(server.asked().size(), 3U) << "it is known from then on";
    // HEAD has no body that could say why; another store finds out too.
    EXPECT_TRUE(must(store_at(server.options())->head("k")));
    EXPECT_EQ(server.asked().size(), 5U);
    EXPECT_THAT(store->link("k", {})->value(),
                HasSubstr("X-Amz-Date=" + amz_date(theirs()).substr(0, 8)));
  }
}

TEST(HostileS3, AClockThatCannotBePutRightIsSaid) {
  ScriptedServer server([](const Asked&) {
    return answer(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                  {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}});
  });
  const auto failed = store_at(server.options())->put("k", from_text("x"), {});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("clock"));
  EXPECT_EQ(server.asked().size(), 2U);
}

TEST(HostileS3, ABucketOfAnotherRegionIsSignedForIt) {
  ScriptedServer server([](const Asked& asked) {
    if (asked.field("Authorization").contains("/eu-north-7/s3/")) return answer(200);
    if (asked.method == "HEAD") return answer(400, "", {{"x-amz-bucket-region", "eu-north-7"}});
    if (asked.method == "DELETE") {
      return refuse(400, "AuthorizationHeaderMalformed", "<Region>eu-north-7</Region>");
    }
    return answer(301, "<Error><Code>PermanentRedirect</Code></Error>",
                  {{"x-amz-bucket-region", "eu-north-7"}});
  });
  const auto store = store_at(server.options());
  must(store->put("k", from_text("x"), {}));
  EXPECT_EQ(server.asked().size(), 2U);
  must(store->put("k", from_text("x"), {}));
  EXPECT_EQ(server.asked().size(), 3U) << "it is known from then on";
  EXPECT_TRUE(store_at(server.options())->head("k"));
  EXPECT_TRUE(store_at(server.options())->remove("k"));
}

TEST(HostileS3, ARedirectionIsSignedForTheNewPlace) {
  ScriptedServer there([](const Asked&) { return answer(200); });
  ScriptedServer here([&](const Asked& asked) {
    return answer(307, "",
                  {{"Location", fmt::format("http://127.0.0.1:{}{}", there.port(), asked.target)}});
  });
  const auto store = store_at(here.options());
  must(store->put("a b", from_text("x"), {}));
  ASSERT_EQ(there.asked().size(), 1U);
  const auto asked = there.asked().front();
  EXPECT_EQ(asked.target, "/bucket/a%20b");
  EXPECT_EQ(asked.field("Host"), fmt::format("127.0.0.1:{}", there.port()));
  EXPECT_THAT(asked.field("Authorization"), HasSubstr("SignedHeaders=content-type;host;"));
  EXPECT_NE(asked.field("Authorization"), here.asked().front().field("Authorization"));
}

TEST(HostileS3, ARedirectionToAStrangerOrInACircleIsNotFollowed) {
  for (const auto* location :
       {"http://169.254.169.254/latest", "http://example.org/bucket", "file:///etc/passwd", ""}) {
    ScriptedServer server([&](const Asked&) { return answer(301, "", {{"Location", location}}); });
    const auto failed = store_at(server.options())->put("k", from_text("x"), {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(failed.error().message, HasSubstr("not followed"));
    EXPECT_EQ(server.asked().size(), 1U) << location;
  }
  std::atomic<int> region = 0;
  ScriptedServer circle([&](const Asked&) {
    return answer(301, "", {{"x-amz-bucket-region", fmt::format("r-{}", ++region)}});
  });
  EXPECT_FALSE(store_at(circle.options())->put("k", from_text("x"), {}));
  EXPECT_LE(circle.asked().size(), 5U);
}

TEST(HostileS3, NobodyThereIsSaid) {
  S3Options options;
  {
    ScriptedServer gone([](const Asked&) { return answer(200); });
    options = gone.options();
  }
  const auto store = store_at(options);
  for (const auto& error :
       {store->put("k", from_text("x"), {}).error(), store->get("k", {}, nowhere()).error(),
        store->head("k").error(), store->list("", {}).error(), store->remove("k").error()}) {
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_TRUE(error.retryable);
    EXPECT_THAT(error.message, HasSubstr("nothing answers at 127.0.0.1"));
  }
}

TEST(HostileS3, AStopEndsEveryWait) {
  ScriptedServer server([](const Asked&) { return refuse(503, "SlowDown"); });
  auto options = server.options();
  options.first_wait = options.longest_wait = 1h;
  options.retries = 20;
  const auto store = store_at(options);
  std::stop_source stop;
  std::jthread stopper([&] {
    while (server.asked().empty()) {
      std::this_thread::sleep_for(1ms);
    }
    stop.request_stop();
  });
  EXPECT_EQ(store->head("k", stop.get_token()).error().code, ErrorCode::kCancelled);
}

TEST(HostileS3, WhatIsNoS3IsSaid) {
  ScriptedServer server(
      [](const Asked&) { return answer(200, "<html><body>Welcome to nginx!</body></html>"); });
  const auto store = store_at(server.options());
  EXPECT_EQ(store->list("", {}).error().code, ErrorCode::kCorrupt);
  const auto findings = store->check();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Finding::Verdict::kBad);
  EXPECT_THAT(findings[0].remedy, HasSubstr("blob.endpoint"));
}

TEST(HostileS3, AnswersAreBounded) {
  ScriptedServer server([](const Asked& asked) {
    return answer(asked.method == "GET" ? 200 : 400, std::string(std::size_t{9} << 20, 'x'));
  });
  auto options = server.options();
  options.retries = 0;
  const auto store = store_at(options);
  for (const auto& error : {store->list("", {}).error(), store->remove("k").error()}) {
    EXPECT_EQ(error.code, ErrorCode::kCorrupt);
    EXPECT_THAT(error.message, HasSubstr("more than is expected"));
  }
}

TEST(HostileS3, WithoutCredentialsNothingIsSigned) {
  ScriptedServer server([](const Asked& asked) {
    return asked.method == "GET" ? answer(200, "public") : refuse(403, "AccessDenied");
  });
  auto options = server.options();
  options.access_key.clear();
  options.secret_key.clear();
  const auto store = store_at(options);
  EXPECT_EQ(must(read_all(*store, "a b", 100)), "public");
  EXPECT_EQ(server.asked().front().field("Authorization"), "");
  EXPECT_THAT(server.asked().front().head, Not(HasSubstr("x-amz")));
  EXPECT_THAT(store->put("k", from_text("x"), {}).error().message, HasSubstr("no key is set"));
  EXPECT_EQ(must(store->link("a b", {})).value(), options.endpoint + "/bucket/a%20b");
}

TEST(HostileS3, ATokenIsSentAndSigned) {
  ScriptedServer server([](const Asked&) { return answer(200); });
  auto options = server.options();
  options.session_token = "the-token";
  must(store_at(options)->put("k", from_text("x"), {}));
  const auto asked = server.asked().front();
  EXPECT_EQ(asked.field("x-amz-security-token"), "the-token");
  EXPECT_THAT(asked.field("Authorization"), HasSubstr("x-amz-security-token"));
}

TEST(HostileS3, SettingsThatContradictEachOtherAreSaid) {
  S3Options right;
  right.bucket = "bucket";
  right.endpoint = "https://s3.example.org";
  EXPECT_TRUE(S3Store::make(right, kClock));
  const auto refused = [&](auto change) {
    auto options = right;
    change(options);
    const auto made = S3Store::make(options, kClock);
    return made ? "nothing" : made.error().message;
  };
  EXPECT_THAT(refused([](auto& o) { o.bucket = "a/b"; }), HasSubstr("blob.bucket"));
  EXPECT_THAT(refused([](auto& o) { o.bucket = "ab"; }), HasSubstr("blob.bucket"));
  EXPECT_THAT(refused([](auto& o) { o.endpoint = "s3.example.org"; }), HasSubstr("blob.endpoint"));
  EXPECT_THAT(refused([](auto& o) { o.endpoint = "https://u:p@h"; }), HasSubstr("blob.endpoint"));
  EXPECT_THAT(refused([](auto& o) { o.region = "no region"; }), HasSubstr("blob.region"));
  EXPECT_THAT(refused([](auto& o) { o.access_key = "A"; }), HasSubstr("blob.secret_key"));
  EXPECT_THAT(refused([](auto& o) { o.prefix = "a/../b"; }), HasSubstr("blob.prefix"));
  EXPECT_THAT(refused([](auto& o) {
                o.endpoint = "http://127.0.0.1:9";
                o.style = S3Options::Style::kVirtual;
              }),
              HasSubstr("blob.style"));
}

}  // namespace
}  // namespace vedette::blob::s3
