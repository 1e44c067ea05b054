#include "api/readiness.hpp"

#include <gmock/gmock.h>

#include <string>

namespace vedette::api {
namespace {

http::Response ask(const http::Router& router, const std::string& path,
                   http::Method method = http::Method::kGet) {
  return router.call(http::make_request(method, path));
}

TEST(Readiness, UntilReadyEveryRouteOfTheApiSaysWhyNot) {
  Readiness readiness;
  http::Router router;
  const auto says_ok = [](const http::Request&) { return http::text(200, "ok"); };
  router.get("/api/cameras", says_ok);
  router.post("/api/cameras/{id}/retry", says_ok);
  router.get("/api/events", says_ok, {.inline_ok = true});
  router.get("/healthz", says_ok);
  router.fallback(says_ok);
  refuse_until_ready(router, readiness);
  readiness.set_waiting("The database is away.");

  for (const auto& response :
       {ask(router, "/api/cameras"), ask(router, "/api/cameras/a/retry", http::Method::kPost),
        ask(router, "/api/events")}) {
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.header("retry-after"), "1");
    EXPECT_THAT(response.text(), testing::HasSubstr("The database is away."));
  }
  EXPECT_EQ(ask(router, "/healthz").status, 200);
  EXPECT_EQ(ask(router, "/roads").status, 200);

  readiness.set_ready({{"work", 2}});
  EXPECT_EQ(ask(router, "/api/cameras").status, 200);
  EXPECT_EQ(ask(router, "/api/events").status, 200);
  EXPECT_EQ(readiness.why(), "");
  EXPECT_EQ(readiness.tables().at("work"), 2);
}

}  // namespace
}  // namespace vedette::api
