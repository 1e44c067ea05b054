#include "http/auth.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "http/sessions.hpp"
#include "http/test_client.hpp"

namespace vedette::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::string_view kToken = "0123456789abcdef-token";

/// A cheap hash of "correct": few iterations, so that tests are quick.
constexpr std::string_view kQuickHash =
    "pbkdf2-sha256$1000$00112233445566778899aabbccddeeff$"
    "8ffa5836060b81079c6bc6fd021d7b40754171d842b45d818860341f7ec68912";

AuthOptions exposed() {
  AuthOptions options;
  options.address = "0.0.0.0";
  options.token = kToken;
  return options;
}

Request write(std::vector<std::pair<std::string, std::string>> fields = {}) {
  auto request = make_request(Method::kPost, "/api/cameras", "{}");
  request.identity = {};
  request.headers.add("Host", "127.0.0.1:8080");
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

int status_of(const Auth& auth, Request request, RouteOptions options = {}) {
  const auto refusal = auth.check(request, &options);
  return refusal ? refusal->status : 0;
}

TEST(Exposure, IsRefusedWithoutASecret) {
  AuthOptions options;
  EXPECT_TRUE(check_exposure(options));
  for (const auto* local : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    options.address = local;
    EXPECT_TRUE(check_exposure(options)) << local;
  }
  for (const auto* open : {"0.0.0.0", "::", "192.168.1.5", "::ffff:127.0.0.1", "127.0.0.1.evil"}) {
    options.address = open;
    ASSERT_FALSE(check_exposure(options)) << open;
    EXPECT_EQ(check_exposure(options).error().code, ErrorCode::kUsage);
    EXPECT_THAT(check_exposure(options).error().message, HasSubstr(open));
  }
  options.token = kToken;
  EXPECT_TRUE(check_exposure(options));
  options.token = "short";
  EXPECT_FALSE(check_exposure(options));
  options.token.clear();
  options.password_hash = "plain text";
  EXPECT_FALSE(check_exposure(options));
  AuthOptions proxied;
  proxied.behind_tls = true;
  EXPECT_FALSE(check_exposure(proxied));
}

TEST(Password, IsHashedSlowlyAndSalted) {
  const auto hash = hash_password("correct horse");
  EXPECT_THAT(hash, testing::StartsWith("pbkdf2-sha256$600000$"));
  EXPECT_TRUE(verify_password("correct horse", hash));
  EXPECT_FALSE(verify_password("correct horsf", hash));
  EXPECT_FALSE(verify_password("", hash));
  for (const auto* broken : {"", "$$$", "pbkdf2-sha256$0$00$00", "md5$1$00$00",
                             "pbkdf2-sha256$600000$zz$00", "pbkdf2-sha256$99999999999$00$00"}) {
    EXPECT_FALSE(verify_password("x", broken)) << broken;
  }
}

TEST(Auth, LeavesLoopbackOpenButChecksHostAndOrigin) {
  const SystemClock clock;
  const Auth auth({}, clock);
  EXPECT_EQ(status_of(auth, write()), 0);
  auto request = write();
  const RouteOptions route;
  EXPECT_FALSE(auth.check(request, &route));
  EXPECT_EQ(request.identity.kind, Identity::Kind::kLocal);

  // DNS rebinding: another name that leads here.
  for (const auto* host : {"evil.example",
                           "evil.example:8080",
                           "127.0.0.1.evil.example",
                           "192.168.1.5",
                           "localhost@evil",
                           "",
                           "[::1",
                           "127.0.0.1:9403@evil",
                           "[::1]evil.com",
                           "[::1].evil.com",
                           "[::1]:80evil",
                           "[::1]:",
                           "[::1]@evil",
                           "[]",
                           "[]:80",
                           "[::1]:80:80",
                           "127.0.0.1:",
                           "127.0.0.1:+80",
                           "127.0.0.1:80 ",
                           "127.0.0.1:80x",
                           "127.0.0.1:99999",
                           "127.0.0.1:80:80",
                           "127.0.0.1.",
                           "localhost.",
                           ".localhost",
                           "::1",
                           "user@localhost",
                           "localhost/evil",
                           "localhost?evil",
                           "localhost#evil",
                           "localhost\\evil",
                           "localhost%00evil",
                           "localhost;evil",
                           "localhost,evil",
                           "[fe80::1%lo]",
                           "[127.0.0.1]",
                           "127.1",
                           "2130706433",
                           "0x7f.1",
                           "[::ffff:127.0.0.1]"}) {
    auto rebound = make_request(Method::kGet, "/api/cameras");
    rebound.headers.add("Host", host);
    EXPECT_EQ(status_of(auth, rebound), 403) << host;
  }
  for (const auto* host : {"localhost:8080", "LOCALHOST", "[::1]:8080", "127.0.0.1"}) {
    auto local = make_request(Method::kGet, "/api/cameras");
    local.headers.add("Host", host);
    EXPECT_EQ(status_of(auth, local), 0) << host;
  }
  // A target that names a host of its own must mean the same one.
  for (const auto* target :
       {"http://evil.example/api/cameras", "http://localhost@evil/api/cameras",
        "http://localhost:80/api/cameras", "https://evil.example", "http://localhost.?x"}) {
    auto absolute = make_request(Method::kGet, target);
    absolute.headers.add("Host", "localhost");
    EXPECT_EQ(status_of(auth, absolute), 403) << target;
    auto old = make_request(Method::kGet, target);
    EXPECT_EQ(status_of(auth, old),
              target == std::string_view("http://localhost:80/api/cameras") ? 0 : 403)
        << target << " without Host";
  }
  auto absolute = make_request(Method::kGet, "http://LOCALHOST/api/cameras");
  absolute.headers.add("Host", "localhost");
  EXPECT_EQ(status_of(auth, absolute), 0);
  EXPECT_EQ(make_request(Method::kGet, "http:///api/cameras").path, "");

  AuthOptions named;
  named.hosts = {"vedette.lan"};
  const Auth named_auth(named, clock);
  auto by_name = make_request(Method::kGet, "/api/cameras");
  by_name.headers.add("Host", "vedette.lan:8080");
  EXPECT_EQ(status_of(named_auth, by_name), 0);
  auto by_machine = make_request(Method::kGet, "/api/cameras");
  by_machine.headers.add("Host", "camera-1:9000");
  EXPECT_EQ(status_of(named_auth, by_machine), 403);
  named.own_name = "camera-1";
  EXPECT_EQ(status_of(Auth(named, clock), by_machine), 0);

  // A page of another site that posts here.
  EXPECT_EQ(status_of(auth, write({{"Origin", "http://evil.example"}})), 403);
  EXPECT_EQ(status_of(auth, write({{"Origin", "null"}})), 403);
  EXPECT_EQ(status_of(auth, write({{"Origin", "http://127.0.0.1:9999"}})), 403);
  EXPECT_EQ(status_of(auth, write({{"Origin", "http://127.0.0.1:8080"}})), 0);
  EXPECT_EQ(status_of(auth, write({{"Sec-Fetch-Site", "cross-site"}})), 403);
  EXPECT_EQ(status_of(auth, write({{"Sec-Fetch-Site", "same-site"}})), 403);
  EXPECT_EQ(status_of(auth, write({{"Sec-Fetch-Site", "same-origin"}})), 0);
}

TEST(Auth, WantsATokenForWritesElsewhere) {
  const SystemClock clock;
  const Auth auth(exposed(), clock);
  EXPECT_EQ(status_of(auth, write()), 401);
  EXPECT_EQ(status_of(auth, write({{"Authorization", "Bearer wrong"}})), 401);
  EXPECT_EQ(status_of(auth, write({{"Authorization", "Bearer "}})), 401);
  EXPECT_EQ(status_of(auth, write({{"Authorization", "Basic " + std::string(kToken)}})), 401);
  EXPECT_EQ(status_of(auth, write({{"Authorization", "Bearer " + std::string(kToken)}})), 0);
  EXPECT_EQ(status_of(auth, write({{"Authorization", "bearer " + std::string(kToken)}})), 0);
  RouteOptions open;
  open.open = true;
  EXPECT_EQ(status_of(auth, write(), open), 0);

  auto read = make_request(Method::kGet, "/api/cameras");
  read.headers.add("Host", "vedette.example");
  EXPECT_EQ(status_of(auth, read), 0);
  auto closed = exposed();
  closed.reads = true;
  EXPECT_EQ(status_of(Auth(closed, clock), read), 401);
}

TEST(Auth, AReadThatIsNotForEverybodyIsCheckedAsAWrite) {
  const SystemClock clock;
  const RouteOptions route{.as_write = true};
  auto read = make_request(Method::kGet, "/api/sources/files");
  read.identity = {};
  read.headers.add("Host", "127.0.0.1:8080");
  auto of_another_site = read;
  of_another_site.headers.add("Origin", "http://evil.example");
  auto known = read;
  known.headers.add("Authorization", "Bearer " + std::string(kToken));
  const Auth exposed_one(exposed(), clock);
  EXPECT_EQ(status_of(exposed_one, read, route), 401);
  EXPECT_EQ(status_of(exposed_one, known, route), 0);
  EXPECT_EQ(status_of(exposed_one, of_another_site, route), 403);
  const Auth local({}, clock);
  EXPECT_EQ(status_of(local, read, route), 0);
  EXPECT_EQ(status_of(local, of_another_site, route), 403);
}

TEST(Sessions, RunOutAndAreBounded) {
  Sessions sessions(10s, 2);
  const Instant start{};
  const auto first = sessions.begin("a", start);
  const auto second = sessions.begin("b", start + 1s);
  EXPECT_EQ(sessions.find(first, start + 9s), "a");
  EXPECT_EQ(sessions.find(second, start + 11s), std::nullopt);
  EXPECT_EQ(sessions.find(first, start + 18s), "a");
  const auto third = sessions.begin("c", start + 19s);
  const auto fourth = sessions.begin("d", start + 20s);
  EXPECT_EQ(sessions.find(first, start + 20s), std::nullopt);
  EXPECT_EQ(sessions.find(third, start + 20s), "c");
  sessions.end(fourth);
  EXPECT_EQ(sessions.find(fourth, start + 20s), std::nullopt);
}

TEST(FailedTries, AreCountedForEachUserAndAddressByTheMinute) {
  FailedTries tries(3);
  const Instant start{};
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(tries.is_over("a", "u", start)) << i;
    tries.add("a", "u", start);
  }
  EXPECT_TRUE(tries.is_over("a", "u", start + 59s));
  EXPECT_FALSE(tries.is_over("b", "u", start));
  EXPECT_FALSE(tries.is_over("a", "v", start));
  EXPECT_FALSE(tries.is_over("a", "u", start + 60s));
  tries.forgive("a", "u");
  EXPECT_FALSE(tries.is_over("a", "u", start));
  // Whoever tries one user after the other is one address all the same.
  for (int i = 0; i < 12; ++i) tries.add("a", "user" + std::to_string(i), start);
  EXPECT_TRUE(tries.is_over("a", "another", start));
}

TEST(FailedTries, AreBoundedInMemory) {
  FailedTries tries(1);
  const Instant start{};
  for (int i = 0; i < 6000; ++i) tries.add(std::to_string(i), "u", start);
  EXPECT_TRUE(tries.is_over("somebody new", "u", start));
  EXPECT_FALSE(tries.is_over("somebody new", "u", start + 61s));
}

AuthOptions with_password() {
  auto options = exposed();
  options.password_hash = kQuickHash;
  options.log_in_tries = 3;
  options.slow_lane_pace = 1ms;
  return options;
}

struct LogIn : testing::Test {
  ManualClock clock{Instant{}};

  static Request from(std::string_view remote, std::string_view forwarded = {}) {
    auto request = make_request(Method::kPost, "/api/login");
    request.remote = remote;
    if (!forwarded.empty()) request.headers.add("X-Forwarded-For", forwarded);
    return request;
  }
  /// The code of a try with the wrong password.
  static ErrorCode guess(const Auth& auth, const Request& request,
                         std::string_view user = "admin") {
    const auto result = auth.log_in(request, user, "wrong");
    return result ? ErrorCode::kInternal : result.error().code;
  }
  static void use_up(const Auth& auth, const Request& request) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(guess(auth, request), ErrorCode::kUnauthorized) << i;
    EXPECT_EQ(guess(auth, request), ErrorCode::kTooMany);
  }
};

TEST_F(LogIn, GivesASessionThatWrites) {
  const Auth auth(with_password(), clock);
  const auto cookie = auth.log_in(from("192.0.2.7"), "admin", "correct");
  ASSERT_TRUE(cookie);
  EXPECT_THAT(*cookie, HasSubstr("; HttpOnly; SameSite=Strict"));
  EXPECT_THAT(*cookie, testing::Not(HasSubstr("Secure")));
  const auto field = cookie->substr(0, cookie->find(';'));
  EXPECT_EQ(status_of(auth, write({{"Cookie", field}})), 0);
  EXPECT_EQ(status_of(auth, write({{"Cookie", field}, {"Origin", "http://evil.example"}})), 403);
  EXPECT_THAT(auth.log_out(write({{"Cookie", field}})), HasSubstr("Max-Age=0"));
  EXPECT_EQ(status_of(auth, write({{"Cookie", field}})), 401);
}

TEST_F(LogIn, GuessingIsSlowAndTheRightPasswordOpensAllTheSame) {
  const Auth auth(with_password(), clock);
  use_up(auth, from("192.0.2.7"));
  EXPECT_EQ(guess(auth, from("192.0.2.8")), ErrorCode::kUnauthorized) << "another address";
  EXPECT_TRUE(auth.log_in(from("192.0.2.7"), "admin", "correct"));
  EXPECT_EQ(guess(auth, from("192.0.2.7")), ErrorCode::kUnauthorized) << "forgiven";
  use_up(auth, from("192.0.2.9"));
  clock.advance(61s);
  EXPECT_EQ(guess(auth, from("192.0.2.9")), ErrorCode::kUnauthorized) << "a minute later";
}

TEST_F(LogIn, BehindAProxyEachClientIsItself) {
  auto options = with_password();
  options.address = "127.0.0.1";
  options.behind_tls = true;
  const Auth auth(options, clock);
  // What stands before the last address is the client's own word.
  for (int i = 0; i < 3; ++i) {
    const auto forged = "198.51.100." + std::to_string(i) + ", 203.0.113.5";
    EXPECT_EQ(guess(auth, from("127.0.0.1", forged)), ErrorCode::kUnauthorized);
  }
  EXPECT_EQ(guess(auth, from("127.0.0.1", "203.0.113.5")), ErrorCode::kTooMany);
  EXPECT_EQ(guess(auth, from("10.1.2.3", "203.0.113.5")), ErrorCode::kTooMany);
  EXPECT_EQ(guess(auth, from("127.0.0.1", "203.0.113.6")), ErrorCode::kUnauthorized);
  // One client has a whole network of IPv6 addresses.
  use_up(auth, from("127.0.0.1", "2001:db8:1:2::1"));
  EXPECT_EQ(guess(auth, from("::1", "[2001:db8:1:2:3:4:5:6]:999")), ErrorCode::kTooMany);
  EXPECT_EQ(guess(auth, from("::1", "2001:db8:1:3::1")), ErrorCode::kUnauthorized);
  // Nonsense counts as the proxy itself.
  use_up(auth, from("127.0.0.1", "1.2.3.4, unknown"));
  EXPECT_EQ(guess(auth, from("127.0.0.1")), ErrorCode::kTooMany);
}

TEST_F(LogIn, WithoutAProxyNobodyIsBelievedWhoTheyAre) {
  const Auth direct(with_password(), clock);
  use_up(direct, from("192.168.1.5", "203.0.113.5"));
  EXPECT_EQ(guess(direct, from("192.168.1.5", "203.0.113.6")), ErrorCode::kTooMany);
  auto options = with_password();
  options.behind_tls = true;
  const Auth proxied(options, clock);
  use_up(proxied, from("198.51.100.1", "203.0.113.5"));
  EXPECT_EQ(guess(proxied, from("198.51.100.1", "203.0.113.6")), ErrorCode::kTooMany)
      << "from a public address, past the proxy";
}

TEST_F(LogIn, ManyRightOnesAtOnceAllPass) {
  const Auth auth(with_password(), clock);
  std::atomic<int> passed{0};
  {
    std::vector<std::jthread> people;
    for (int i = 0; i < 12; ++i) {
      people.emplace_back([&] {
        if (auth.log_in(from("192.0.2.7"), "admin", "correct")) ++passed;
      });
    }
  }
  EXPECT_EQ(passed, 12);
}

TEST(SlowLane, LetsFewWait) {
  SlowLane lane(1ms);
  std::latch entered(1);
  std::latch go(1);
  std::jthread first([&] {
    lane.pass([&] {
      entered.count_down();
      go.wait();
      return true;
    });
  });
  entered.wait();
  std::atomic<int> refused{0};
  std::atomic<int> passed{0};
  {
    std::vector<std::jthread> others;
    for (int i = 0; i < 10; ++i) {
      others.emplace_back([&] { ++(lane.pass([] { return true; }) ? passed : refused); });
    }
    while (refused < 8) std::this_thread::yield();
    go.count_down();
  }
  EXPECT_EQ(passed, 2);
  EXPECT_EQ(refused, 8);
}

}  // namespace
}  // namespace vedette::http
