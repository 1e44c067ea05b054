#include "api/session.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "api/answers.hpp"
#include "base/time.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A cheap hash of "correct": few iterations, so that tests are quick.
constexpr std::string_view kQuickHash =
    "pbkdf2-sha256$1000$00112233445566778899aabbccddeeff$"
    "8ffa5836060b81079c6bc6fd021d7b40754171d842b45d818860341f7ec68912";

http::AuthOptions exposed() {
  http::AuthOptions options;
  options.address = "0.0.0.0";
  options.password_hash = kQuickHash;
  options.log_in_tries = 3;
  options.slow_lane_pace = 1ms;
  return options;
}

/// The routes as a client meets them: who asks is found out before the handler is called.
struct Site {
  explicit Site(http::AuthOptions options = exposed())
      : auth(std::make_shared<const http::Auth>(std::move(options), clock)) {
    mount_session(router, auth);
  }

  http::Response ask(http::Method method, std::string_view path, std::string body = {},
                     std::string_view cookie = {}) {
    auto request = http::make_request(method, path, std::move(body));
    request.remote = "192.0.2.7";
    request.headers.add("Host", "vedette.example");
    if (!cookie.empty()) request.headers.add("Cookie", cookie);
    const auto match = router.match(request);
    if (auto refusal = auth->check(request, &match.route->options)) return *std::move(refusal);
    return match.route->handler(request);
  }
  http::Response log_in(std::string_view password, std::string_view user = "admin") {
    return ask(http::Method::kPost, "/api/login",
               to_text(json::object{{"user", user}, {"password", password}}));
  }
  std::string session(std::string_view cookie = {}) {
    return std::string(ask(http::Method::kGet, "/api/session", {}, cookie).text());
  }

  ManualClock clock{Instant{}};
  std::shared_ptr<const http::Auth> auth;
  http::Router router;
};

std::string cookie_of(const http::Response& response) {
  const std::string field(response.header("set-cookie").value_or(""));
  return field.substr(0, field.find(';'));
}

constexpr std::string_view kNobody = R"({"may_write":false,"login_required":true,"user":null})";
constexpr std::string_view kAdmin = R"({"may_write":true,"login_required":true,"user":"admin"})";

TEST(Session, IsToldInOneShapeBeforeDuringAndAfter) {
  Site site;
  EXPECT_EQ(site.session(), kNobody);
  const auto entered = site.log_in("correct");
  EXPECT_EQ(entered.status, 200);
  EXPECT_EQ(entered.text(), kAdmin);
  EXPECT_EQ(entered.header("cache-control"), "no-store");
  EXPECT_THAT(std::string(entered.header("set-cookie").value_or("")),
              HasSubstr("; HttpOnly; SameSite=Strict"));
  const auto cookie = cookie_of(entered);
  // What the page needs to show "Log out": a log-in is required here, and this is who is in.
  EXPECT_EQ(site.session(cookie), kAdmin);
  const auto left = site.ask(http::Method::kPost, "/api/logout", {}, cookie);
  EXPECT_EQ(left.status, 204);
  EXPECT_THAT(std::string(left.header("set-cookie").value_or("")), HasSubstr("Max-Age=0"));
  EXPECT_EQ(site.session(cookie), kNobody);
}

TEST(Session, IsOpenOnThisMachine) {
  http::AuthOptions options;
  options.password_hash = kQuickHash;
  Site site(options);
  auto request = http::make_request(http::Method::kGet, "/api/session");
  request.headers.add("Host", "127.0.0.1:8080");
  const auto match = site.router.match(request);
  EXPECT_FALSE(site.auth->check(request, &match.route->options));
  EXPECT_EQ(match.route->handler(request).text(),
            R"({"may_write":true,"login_required":false,"user":null})");
}

TEST(Session, BadLogInsSayWhatIsWrong) {
  Site site;
  EXPECT_EQ(site.log_in("wrong").status, 401);
  EXPECT_EQ(site.log_in("correct", "somebody").status, 401);
  EXPECT_EQ(site.ask(http::Method::kPost, "/api/login", "nonsense").status, 400);
  EXPECT_EQ(site.ask(http::Method::kPost, "/api/login", R"({"user":"admin"})").status, 400);
  EXPECT_EQ(site.ask(http::Method::kPost, "/api/login", R"({"user":1,"password":"x"})").status,
            400);
  EXPECT_EQ(site.ask(http::Method::kPost, "/api/login",
                     R"({"user":"admin","password":"correct","more":1})")
                .status,
            400);
  auto without = exposed();
  without.password_hash.clear();
  without.token = "0123456789abcdef-token";
  EXPECT_EQ(Site(without).log_in("correct").status, 404);
}

TEST(Session, TheRightPasswordOpensAlthoughTheTriesAreUsedUp) {
  Site site;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(site.log_in("wrong").status, 401) << i;
  for (int i = 0; i < 5; ++i) {
    const auto refused = site.log_in("wrong");
    EXPECT_EQ(refused.status, 429) << i;
    EXPECT_EQ(refused.header("retry-after"), "60");
  }
  EXPECT_EQ(site.log_in("correct").status, 200);
  EXPECT_EQ(site.log_in("wrong").status, 401) << "who knew the password begins anew";
}

}  // namespace
}  // namespace vedette::api
