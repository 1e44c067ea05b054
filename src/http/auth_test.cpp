#include "http/auth.hpp"

#include <gmock/gmock.h>

#include <chrono>

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
  for (const auto* host : {"evil.example", "evil.example:8080", "127.0.0.1.evil.example",
                           "192.168.1.5", "localhost@evil", "", "[::1"}) {
    auto rebound = make_request(Method::kGet, "/api/cameras");
    rebound.headers.add("Host", host);
    EXPECT_EQ(status_of(auth, rebound), 403) << host;
  }
  for (const auto* host : {"localhost:8080", "LOCALHOST", "[::1]:8080", "127.0.0.1"}) {
    auto local = make_request(Method::kGet, "/api/cameras");
    local.headers.add("Host", host);
    EXPECT_EQ(status_of(auth, local), 0) << host;
  }
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
  RouteOptions guarded;
  guarded.needs_identity = true;
  EXPECT_EQ(status_of(auth, read, guarded), 401);
  auto closed = exposed();
  closed.reads = true;
  EXPECT_EQ(status_of(Auth(closed, clock), read), 401);
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

TEST(TryLimit, CountsPerAddressAndMinute) {
  TryLimit tries(3);
  const Instant start{};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(tries.allow("a", start));
  EXPECT_FALSE(tries.allow("a", start + 59s));
  EXPECT_TRUE(tries.allow("b", start));
  EXPECT_TRUE(tries.allow("a", start + 60s));
}

struct LogIn : testing::Test {
  static AuthOptions options() {
    auto options = exposed();
    options.password_hash = kQuickHash;
    options.log_in_tries = 3;
    return options;
  }
  static Router router(const std::shared_ptr<const Auth>& auth) {
    Router router;
    Auth::mount(router, auth);
    router.post("/api/cameras",
                [](const Request& request) { return text(200, request.identity.user); });
    return router;
  }
  ManualClock clock{Instant{}};
  std::shared_ptr<const Auth> auth = std::make_shared<const Auth>(options(), clock);
  ServerOptions server_options = [] {
    ServerOptions free_port;
    free_port.port = 0;
    return free_port;
  }();
  Server server{server_options, router(auth), auth};

  void SetUp() override { ASSERT_TRUE(server.start()); }
};

TEST_F(LogIn, GivesASessionThatWrites) {
  RawClient client(server.port());
  EXPECT_EQ(client.get("/api/session").body,
            R"({"identity":"anonymous","user":null,"may_write":false,"log_in":true})");
  EXPECT_EQ(client.post("/api/cameras", "{}").status, 401);
  EXPECT_EQ(client.post("/api/login", R"({"user":"admin","password":"wrong"})").status, 401);
  EXPECT_EQ(client.post("/api/login", "nonsense").status, 400);
  const auto reply = client.post("/api/login", R"({"user":"admin","password":"correct"})");
  ASSERT_EQ(reply.status, 200);
  const auto cookie = reply.field("set-cookie");
  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict"));
  EXPECT_THAT(cookie, testing::Not(HasSubstr("Secure")));
  const auto fields =
      "Content-Type: application/json\r\nCookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  EXPECT_EQ(client.post("/api/cameras", "{}", fields).body, "admin");
  EXPECT_EQ(client.post("/api/cameras", "{}", fields + "Origin: http://evil.example\r\n").status,
            403);
  EXPECT_EQ(client.post("/api/logout", "", fields).status, 204);
  EXPECT_EQ(client.post("/api/cameras", "{}", fields).status, 401);
}

TEST_F(LogIn, EndsGuessing) {
  RawClient client(server.port());
  const std::string wrong = R"({"user":"admin","password":"wrong"})";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.post("/api/login", wrong).status, 401);
  const auto refused = client.post("/api/login", R"({"user":"admin","password":"correct"})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("retry-after"), "60");
  clock.advance(61s);
  EXPECT_EQ(client.post("/api/login", R"({"user":"admin","password":"correct"})").status, 200);
}

}  // namespace
}  // namespace vedette::http
