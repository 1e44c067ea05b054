#include "http/authority.hpp"

#include <gmock/gmock.h>

namespace vedette::http {
namespace {

TEST(Authority, ReadsHostAndPort) {
  EXPECT_EQ(parse_authority("example.org")->host, "example.org");
  EXPECT_EQ(parse_authority("example.org")->port, std::nullopt);
  EXPECT_EQ(parse_authority("camera_1.lan:8080")->host, "camera_1.lan");
  EXPECT_EQ(parse_authority("camera_1.lan:8080")->port, 8080);
  EXPECT_EQ(parse_authority("[2001:db8::1]:65535")->host, "2001:db8::1");
  EXPECT_EQ(parse_authority("[2001:db8::1]:65535")->port, 65535);
  EXPECT_EQ(parse_authority("[::1]")->host, "::1");
}

TEST(Authority, TakesNothingThatCouldBeReadTwoWays) {
  for (const auto* text :
       {"",          ":80",         "a:",       "a:+1",    "a:-1",   "a: 80",   "a:80 ",
        " a",        "a:65536",     "a:000080", "a:1:2",   "a@b",    "a:1@b",   "a/b",
        "a\\b",      "a?b",         "a#b",      "a%41",    "a..b",   ".a",      "a.",
        "[::1",      "::1",         "[::1]a",   "[::1].a", "[::1]:", "[::1]:x", "[]",
        "[1.2.3.4]", "[fe80::1%1]", "a\nb",     "\xc3\xa4"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
  EXPECT_FALSE(parse_authority(std::string(254, 'a')));
}

TEST(Forwarded, IsTheLastAddressOrNone) {
  EXPECT_EQ(last_forwarded("203.0.113.5"), "203.0.113.5");
  EXPECT_EQ(last_forwarded("1.2.3.4, 203.0.113.5 "), "203.0.113.5");
  EXPECT_EQ(last_forwarded("1.2.3.4,203.0.113.5:4711"), "203.0.113.5");
  EXPECT_EQ(last_forwarded("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(last_forwarded("[2001:db8::1]:4711"), "2001:db8::1");
  for (const auto* list :
       {"", ",", "1.2.3.4,", "unknown", "1.2.3.4, unknown", "1.2.3", "_hidden"}) {
    EXPECT_FALSE(last_forwarded(list)) << list;
  }
}

TEST(ClientNetwork, OfIPv6IsWhatOneClientOwns) {
  EXPECT_EQ(client_network("203.0.113.5"), "203.0.113.5");
  EXPECT_EQ(client_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_network("2001:db8:1:2::"), client_network("2001:db8:1:2:ffff::1"));
  EXPECT_EQ(client_network("nonsense"), "nonsense");
}

}  // namespace
}  // namespace vedette::http
