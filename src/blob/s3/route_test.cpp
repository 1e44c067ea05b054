#include "blob/s3/route.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vedette::blob::s3 {
namespace {

Route route_of(const S3Options& options) {
  return make_route(options).value();
}

S3Options amazon(std::string bucket = "my-bucket") {
  S3Options options;
  options.bucket = std::move(bucket);
  options.region = "eu-west-1";
  return options;
}

std::string shown(const std::optional<Route>& route) {
  if (!route) return "none";
  return route->host_field() + " " + route->region + (route->target.is_https ? "" : " plain");
}

TEST(Route, AmazonsBucketsStandInFrontOfTheHost) {
  const auto route = route_of(amazon());
  EXPECT_EQ(shown(route), "my-bucket.s3.eu-west-1.amazonaws.com eu-west-1");
  EXPECT_EQ(route.path("a b/c"), "/a%20b/c");
  EXPECT_EQ(route.path(std::nullopt), "/");
  const auto dotted = route_of(amazon("my.bucket"));
  EXPECT_EQ(dotted.host_field(), "s3.eu-west-1.amazonaws.com") << "no certificate covers the dot";
  EXPECT_EQ(dotted.path("k"), "/my.bucket/k");
  auto china = amazon();
  china.region = "cn-north-1";
  EXPECT_EQ(route_of(china).host_field(), "my-bucket.s3.cn-north-1.amazonaws.com.cn");
}

TEST(Route, AnEndpointOfOnesOwnHasThePath) {
  auto options = amazon();
  options.endpoint = "http://127.0.0.1:9000";
  EXPECT_EQ(route_of(options).host_field(), "127.0.0.1:9000");
  EXPECT_EQ(route_of(options).path("k"), "/my-bucket/k");
  options.endpoint = "https://S3.example.org:443/base/";
  EXPECT_EQ(route_of(options).host_field(), "s3.example.org");
  EXPECT_EQ(route_of(options).target.base, "/base");
  options.style = S3Options::Style::kVirtual;
  EXPECT_EQ(route_of(options).host_field(), "my-bucket.s3.example.org");
  options.endpoint = "http://[::1]:9000";
  options.style = S3Options::Style::kPath;
  EXPECT_EQ(route_of(options).host_field(), "[::1]:9000");
}

TEST(Route, FollowsABucketToItsRegionAndHost) {
  const auto options = amazon();
  const auto route = route_of(options);
  EXPECT_EQ(shown(redirected(route, options, {.region = "us-west-2"})),
            "my-bucket.s3.us-west-2.amazonaws.com us-west-2");
  EXPECT_EQ(shown(redirected(
                route, options,
                {.region = "us-west-2", .endpoint = "my-bucket.s3-us-west-2.amazonaws.com"})),
            "my-bucket.s3-us-west-2.amazonaws.com us-west-2");
  EXPECT_EQ(shown(redirected(route, options,
                             {.location = "https://my-bucket.s3.dualstack.amazonaws.com/k?x"})),
            "my-bucket.s3.dualstack.amazonaws.com eu-west-1");
  EXPECT_EQ(shown(redirected(route, options, {.region = "eu-west-1"})), "none");
  EXPECT_EQ(shown(redirected(route, options, {})), "none");

  auto own = amazon();
  own.endpoint = "https://s3.eu.example.org";
  own.style = S3Options::Style::kPath;
  const auto own_route = route_of(own);
  EXPECT_EQ(shown(redirected(own_route, own, {.endpoint = "node-2.eu.example.org"})),
            "node-2.eu.example.org eu-west-1");
  EXPECT_EQ(shown(redirected(own_route, own, {.region = "other-1"})), "s3.eu.example.org other-1");
}

TEST(Route, TlsAndThisMachineProtectWhatIsSent) {
  auto options = amazon();
  EXPECT_TRUE(is_protected(route_of(options)));
  for (const auto& [endpoint, wanted] :
       {std::pair{"http://127.0.0.1:9", true}, std::pair{"http://localhost:9", true},
        std::pair{"http://[::1]:9", true}, std::pair{"https://s3.example.org", true},
        std::pair{"http://s3.example.org", false}, std::pair{"http://10.0.0.1", false},
        std::pair{"http://localhost.example.org", false}}) {
    options.endpoint = endpoint;
    EXPECT_EQ(is_protected(route_of(options)), wanted) << endpoint;
  }
}

TEST(Route, DoesNotFollowToStrangersNorOutOfTls) {
  const auto options = amazon();
  const auto route = route_of(options);
  for (const auto* location :
       {"http://my-bucket.s3.us-west-2.amazonaws.com/", "https://evil.example/",
        "https://10.0.0.1/", "https://amazonaws.com.evil.example/", "ftp://s3.amazonaws.com/",
        "https://u@h/", "/k", ""}) {
    EXPECT_EQ(shown(redirected(route, options, {.location = location})), "none") << location;
  }
  auto own = amazon();
  own.endpoint = "https://s3.example.org";
  for (const auto* location : {"https://example.org.evil.net/", "https://other.org/",
                               "https://192.168.0.1/", "http://s3.example.org/"}) {
    EXPECT_EQ(shown(redirected(route_of(own), own, {.location = location})), "none") << location;
  }
}

}  // namespace
}  // namespace vedette::blob::s3
