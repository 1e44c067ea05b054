#include "http/url_text.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/text.hpp"

namespace vedette::http {
namespace {

TEST(PercentDecode, DecodesAndRefuses) {
  EXPECT_EQ(percent_decode("a%20b%C3%A9", false), "a bé");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  for (const auto* broken : {"%", "%1", "%zz", "%00", "%C3", "%C0%AF", "%ED%A0%80", "%FF"}) {
    EXPECT_EQ(percent_decode(broken, false), std::nullopt) << broken;
  }
}

TEST(ParseQuery, KeepsOrderAndRepeats) {
  const auto pairs = parse_query("types=car&types=bus&&from=2026-01-01T00%3A00%3A00Z&flag&x=");
  ASSERT_TRUE(pairs);
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(*pairs, testing::ElementsAre(Pair("types", "car"), Pair("types", "bus"),
                                           Pair("from", "2026-01-01T00:00:00Z"), Pair("flag", ""),
                                           Pair("x", "")));
  EXPECT_FALSE(parse_query("a=%"));
  std::string many;
  for (int i = 0; i < 257; ++i) many += "a&";
  EXPECT_FALSE(parse_query(many));
}

TEST(NormalisePath, NormalisesAndRefuses) {
  EXPECT_EQ(normalise_path("/"), "/");
  EXPECT_EQ(normalise_path("//a///b/"), "/a/b");
  EXPECT_EQ(normalise_path("/a%20b/..c"), "/a b/..c");
  for (const auto* bad :
       {"", "a", "*", "/../etc", "/a/..", "/a/./b", "/%2e%2e/etc", "/a/%2E%2e", "/a%2fb", "/a%5cb",
        "/a\\..\\b", "/a%00b", "/a%0ab", "/%ff", "/%", "/..%2f", "/%c0%ae%c0%ae/"}) {
    EXPECT_EQ(normalise_path(bad), std::nullopt) << bad;
  }
}

TEST(NormalisePath, NeverLetsAnythingClimb) {
  const auto piece = rc::gen::element<std::string>("/", "..", ".", "%2e", "%2F", "a", "%", "\\",
                                                   "%5c", "%00", "b", "%25", "é");
  const bool holds = rc::check("a path that passes is clean", [&] {
    std::string raw = "/";
    for (const auto& each : *rc::gen::container<std::vector<std::string>>(piece)) raw += each;
    const auto path = normalise_path(raw);
    if (!path) return;
    RC_ASSERT(path->starts_with('/'));
    RC_ASSERT(path->find("//") == std::string::npos);
    RC_ASSERT((*path + "/").find("/../") == std::string::npos);
    RC_ASSERT((*path + "/").find("/./") == std::string::npos);
    RC_ASSERT(path->find('\\') == std::string::npos);
    RC_ASSERT(std::ranges::none_of(*path, [](char c) { return c >= 0 && c < 0x20; }));
  });
  EXPECT_TRUE(holds);
}

TEST(PercentDecode, ReadsBackWhatWasEncoded) {
  const bool holds = rc::check("round trip", [](const std::string& any) {
    std::string encoded;
    for (const unsigned char c : any) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      encoded += {'%', kDigits[c >> 4], kDigits[c & 15]};
    }
    const auto decoded = percent_decode(encoded, true);
    RC_ASSERT(decoded.has_value() == is_clean_utf8(any));
    if (decoded) RC_ASSERT(*decoded == any);
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace vedette::http
