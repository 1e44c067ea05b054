#include "http/router.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace vedette::http {
namespace {

Handler says(std::string text_to_say) {
  return [text_to_say](const Request& request) {
    std::string all = text_to_say;
    for (const auto& [name, value] : request.params) all += "|" + name + "=" + value;
    return text(200, all);
  };
}

std::string answer(const Router& router, Method method, std::string_view target) {
  const auto response = router.call(make_request(method, target));
  return response.status == 200 ? std::string(response.text()) : std::to_string(response.status);
}

TEST(Router, PrefersFixedSegmentsOverCaptures) {
  Router router;
  router.get("/files/{path*}", says("rest"));
  router.get("/api/cameras/{id}", says("one"));
  router.get("/api/cameras/{id}/lines", says("lines"));
  router.get("/api/cameras/new", says("new"));
  router.get("/api/{kind}/all", says("all"));
  router.get("/", says("root"));
  EXPECT_EQ(answer(router, Method::kGet, "/api/cameras/7"), "one|id=7");
  EXPECT_EQ(answer(router, Method::kGet, "/api/cameras/new"), "new");
  EXPECT_EQ(answer(router, Method::kGet, "/api/cameras/a%20b/lines"), "lines|id=a b");
  EXPECT_EQ(answer(router, Method::kGet, "/api/cameras/all"), "one|id=all");
  EXPECT_EQ(answer(router, Method::kGet, "/api/loops/all"), "all|kind=loops");
  EXPECT_EQ(answer(router, Method::kGet, "/files/a/b.png"), "rest|path=a/b.png");
  EXPECT_EQ(answer(router, Method::kGet, "/files"), "404");
  EXPECT_EQ(answer(router, Method::kGet, "/"), "root");
  EXPECT_EQ(answer(router, Method::kGet, "/api/cameras/7/lines/"), "lines|id=7");
  EXPECT_EQ(answer(router, Method::kGet, "/api/cameras"), "404");
}

TEST(Router, TellsMethodsApart) {
  Router router;
  router.get("/api/x", says("get"));
  router.put("/api/x", says("put"));
  router.del("/api/x", says("del"));
  EXPECT_EQ(answer(router, Method::kHead, "/api/x"), "get");
  EXPECT_EQ(answer(router, Method::kPut, "/api/x"), "put");
  EXPECT_EQ(answer(router, Method::kDelete, "/api/x"), "del");
  EXPECT_EQ(answer(router, Method::kPost, "/api/x"), "405");
  EXPECT_EQ(answer(router, Method::kOther, "/api/x"), "405");
  const auto response = router.call(make_request(Method::kOptions, "/api/x"));
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.header("allow"), "OPTIONS, GET, HEAD, PUT, DELETE");
}

TEST(Router, FallsBackOutsideTheApi) {
  Router router;
  router.get("/api/x", says("x"));
  router.fallback(says("page"));
  EXPECT_EQ(answer(router, Method::kGet, "/roads"), "page");
  EXPECT_EQ(answer(router, Method::kPost, "/roads"), "405");
  EXPECT_EQ(answer(router, Method::kGet, "/api/y"), "404");
  EXPECT_EQ(answer(router, Method::kGet, "/api"), "404");
  EXPECT_EQ(answer(router, Method::kGet, "/apix"), "page");
}

TEST(Router, AGuardIsAskedBeforeTheRoutesBelowItsPrefix) {
  Router router;
  bool is_open = false;
  router.get("/api/x", says("x"));
  router.get("/api/{id}/y", says("y"),
             {.at_hand = [](const Request&) { return text(200, "now"); }});
  router.get("/health", says("health"));
  router.fallback(says("page"));
  router.guard("/api/", [&](const Request&) -> std::optional<Response> {
    if (is_open) return std::nullopt;
    return text(503, "closed");
  });
  auto request = make_request(Method::kGet, "/api/1/y");
  const auto* route = router.match(request).route;
  EXPECT_EQ(answer(router, Method::kGet, "/api/x"), "503");
  EXPECT_EQ(answer(router, Method::kGet, "/api/1/y"), "503");
  EXPECT_EQ(route->options.at_hand(request)->text(), "closed");
  EXPECT_EQ(answer(router, Method::kGet, "/health"), "health");
  EXPECT_EQ(answer(router, Method::kGet, "/roads"), "page");
  is_open = true;
  EXPECT_EQ(answer(router, Method::kGet, "/api/x"), "x");
  EXPECT_EQ(route->options.at_hand(request)->text(), "now");
}

TEST(Router, RefusesDefectsAtStartUp) {
  Router router;
  router.get("/a/{id}", says("a"));
  for (const auto* pattern :
       {"", "a", "/a/", "/a//b", "/a/{}", "/a/{x", "/a/x{y}", "/{r*}/b", "/a/{id}", "/a/{other}"}) {
    EXPECT_THROW(router.get(pattern, says("b")), std::invalid_argument) << pattern;
  }
  router.post("/a/{id}", says("c"));
}

}  // namespace
}  // namespace vedette::http
