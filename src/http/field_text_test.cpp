#include "http/field_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace vedette::http {
namespace {

TEST(AcceptEncoding, ReadsQualities) {
  const auto all = parse_accept_encoding("gzip, deflate, br");
  EXPECT_EQ(all.gzip, 1000);
  EXPECT_EQ(all.brotli, 1000);
  EXPECT_GT(all.identity, 0);
  const auto mixed = parse_accept_encoding("GZIP;q=0.5 , br ; q=0.123,identity;q=0");
  EXPECT_EQ(mixed.gzip, 500);
  EXPECT_EQ(mixed.brotli, 123);
  EXPECT_EQ(mixed.identity, 0);
  const auto any = parse_accept_encoding("*;q=0.3, gzip;q=0");
  EXPECT_EQ(any.gzip, 0);
  EXPECT_EQ(any.brotli, 300);
  EXPECT_EQ(parse_accept_encoding("*;q=0").identity, 0);
  EXPECT_EQ(parse_accept_encoding("").gzip, 0);
  for (const auto* broken : {"gzip;q=2", "gzip;q=1.5", "gzip;q=0.1234", "gzip;q", "gzip;q=-1",
                             "gzip;q=0.x", ";;;", ",,,", "gzip;level=9"}) {
    EXPECT_EQ(parse_accept_encoding(broken).gzip, 0) << broken;
  }
}

TEST(AcceptEncoding, StaysInItsBoundsForAnyText) {
  EXPECT_TRUE(rc::check("qualities are 0 to 1000", [](const std::string& text) {
    const auto accepted = parse_accept_encoding(text);
    for (const int quality : {accepted.gzip, accepted.brotli, accepted.identity}) {
      RC_ASSERT(quality >= 0 && quality <= 1000);
    }
  }));
}

TEST(Cookie, FindsByExactName) {
  EXPECT_EQ(find_cookie("a=1; vedette_session=abc; b=2", "vedette_session"), "abc");
  EXPECT_EQ(find_cookie("x_vedette_session=1", "vedette_session"), std::nullopt);
  EXPECT_EQ(find_cookie("a=\"quoted\"", "a"), "quoted");
  EXPECT_EQ(find_cookie("a=b=c", "a"), "b=c");
  EXPECT_EQ(find_cookie("a", "a"), std::nullopt);
  EXPECT_EQ(find_cookie(";;=;a=", "a"), "");
}

TEST(Etag, MatchesListsWeakly) {
  EXPECT_TRUE(etag_matches("\"a\"", "\"a\""));
  EXPECT_TRUE(etag_matches("\"x\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(etag_matches(" * ", "\"a\""));
  EXPECT_FALSE(etag_matches("a", "\"a\""));
  EXPECT_FALSE(etag_matches("\"ab\", \"a", "\"a\""));
  EXPECT_FALSE(etag_matches("", "\"a\""));
}

TEST(FieldParameter, FindsQuotedAndPlain) {
  EXPECT_EQ(media_type("Application/JSON ; charset=utf-8"), "Application/JSON");
  EXPECT_EQ(field_parameter("form-data; name=\"a;b\"; filename=x.jpg", "name"), "a;b");
  EXPECT_EQ(field_parameter("form-data; name=\"a\\\";b\"; filename=x.jpg", "FileName"), "x.jpg");
  EXPECT_EQ(field_parameter("form-data", "name"), std::nullopt);
  EXPECT_EQ(field_parameter("form-data; names=x", "name"), std::nullopt);
  EXPECT_EQ(field_parameter("form-data; name=\"", "name"), "\"");
}

}  // namespace
}  // namespace vedette::http
