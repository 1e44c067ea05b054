#include "base/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>

namespace vedette {
namespace {

using testing::HasSubstr;
using testing::Not;

Address must_parse(std::string_view text) {
  auto address = parse_address(text);
  if (!address) {
    ADD_FAILURE() << text << ": " << address.error().message;
    return {};
  }
  return std::move(*address);
}

TEST(Address, ItsParts) {
  const auto address = must_parse("  RTSP://me:s%40fe@[fd00::9%25eth0]:554/live/1?channel=1&b#c ");
  EXPECT_EQ(address.scheme, "rtsp");
  EXPECT_EQ(address.user, "me");
  EXPECT_EQ(address.secret, "s@fe");
  EXPECT_EQ(address.host, "[fd00::9%25eth0]");
  EXPECT_EQ(address.port, "554");
  EXPECT_EQ(address.path, "/live/1");
  EXPECT_EQ(address.query, "channel=1&b");
  EXPECT_EQ(address.fragment, "c");
  EXPECT_EQ(address.text(), "rtsp://me:s%40fe@[fd00::9%25eth0]:554/live/1?channel=1&b#c");
  EXPECT_EQ(must_parse("postgresql:///traffic?host=/run/pg").path, "/traffic");
  EXPECT_EQ(must_parse("postgresql://u@a:1,b:2/x").host, "a:1,b:2");
  EXPECT_EQ(must_parse("http://TOKEN@cam/").user, "TOKEN");
}

// What people paste: special characters as they are.
TEST(Address, RawSpecialCharactersOfAPasswordWork) {
  for (const std::string secret :
       {"p@ss:w/rd", "se#cret", "se?cret", "a/b/c", "p@ss", "a b", "ké", "100%", "%zz", "a/1@b",
        "?a=1&b=2", "12#4", "@", "/", "\\", "<\">", "p@ss/word"}) {
    for (const std::string host : {"10.0.0.1", "10.0.0.1:554", "cam.example.com", "[::1]:80"}) {
      const std::string text = "rtsp://admin:" + secret + "@" + host + "/x?y=1";
      const auto address = must_parse(text);
      EXPECT_EQ(address.user, "admin") << text;
      EXPECT_EQ(address.secret, secret) << text;
      EXPECT_EQ(address.path, "/x") << text;
      const auto again = must_parse(address.text());
      EXPECT_EQ(again.secret, secret) << address.text();
      EXPECT_EQ(mask_address(text), "rtsp://***@" + host + "/x?y=1");
    }
  }
}

TEST(Address, AnAtBehindTheHostIsNoHostOnceItIsWrittenOut) {
  EXPECT_EQ(must_parse("rtsp://10.0.0.1:554/live@main").text(), "rtsp://10.0.0.1:554/live@main");
  // Raw, no host can follow this @; with its blank written as %20 one could.
  const Address odd = must_parse("http://cam/a@b c");
  EXPECT_EQ(odd.host, "cam");
  EXPECT_EQ(odd.text(), "http://cam/a%40b%20c");
  EXPECT_EQ(must_parse(odd.text()).host, "cam");
}

TEST(Address, WhatCanBeReadInTwoWaysIsNotGuessed) {
  for (const char* text : {"rtsp://admin:p@ss/word@host/x", "rtsp://admin:12/34@host/x"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(address.error().message, HasSubstr("/ as %2F"));
    EXPECT_THAT(address.error().message, HasSubstr("rtsp://***@host/x"));
  }
  for (const char* text : {"rtsp://", "rtsp:///x", "http://cam:80a/x", "http://a:b@/x", "a/b",
                           "http://cam:99999/", "http://a b/", "://x", "http://u:pw@h o/"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_THAT(address.error().message, Not(HasSubstr("pw")));
  }
}

TEST(MaskAddress, HostPortAndHarmlessPathStay) {
  for (const char* text :
       {"rtsp://10.0.0.1:554/live@main", "rtsp://cam.example.com:554/live@main", "rtsp://host/a",
        "/files/a:b@c.mp4", "clips/street.mp4", "sqlite:/a/b.db",
        "http://10.0.0.1/cgi/mjpg?user=admin&channel=1&mail=me@example.com", "",
        "http://10.0.0.1/a?frame=1&keyframes", "host=h dbname=d", "/dev/video0"}) {
    const std::string shown = mask_address(text);
    EXPECT_EQ(shown == text || std::string(text).contains("keyframes"), true) << shown;
  }
}

TEST(MaskAddress, EachForm) {
  const std::array<std::pair<const char*, const char*>, 26> forms{{
      {"rtsp://me:secret@10.0.0.9:554/a", "rtsp://***@10.0.0.9:554/a"},
      {"rtsp://me:s@cret@host/a", "rtsp://***@host/a"},
      {"http://TOKEN@host/", "http://***@host/"},
      {"http://h/s?user=a&password=b", "http://h/s?user=a&password=***"},
      {"http://h/s?user=a&Pass%57ord=b&c=1", "http://h/s?user=a&Pass%57ord=***&c=1"},
      {"http://h/s?pa%2573s=b", "http://h/s?pa%2573s=***"},
      {"rtsp://h/user=admin&password=x/y&channel=1", "rtsp://h/user=admin&password=***&channel=1"},
      {"rtsp://h:554/user=admin_password=x_channel=1.sdp", "rtsp://h:554/user=admin_password=***"},
      {"http://h/s;token=x?y=1", "http://h/s;token=***"},
      {"http://h/?access_token=a#b", "http://h/?access_token=***"},
      {"http://h/?X-Amz-Signature=a&n=1", "http://h/?X-Amz-Signature=***&n=1"},
      {"http://h/#key=a", "http://h/#key=***"},
      {"http://h/?password=a&b&c=1", "http://h/?password=***&c=1"},
      {"http://p:1984/api?src=rtsp://u:pw@cam/x", "http://p:1984/api?src=rtsp://***@cam/x"},
      {"http://p/api?src=rtsp%3A%2F%2Fu%3Apw%40cam", "http://p/api?src=***"},
      {"http://h/password%3Dabc/x", "http://h/***/x"},
      {"admin:pw@10.0.0.1/stream", "***@10.0.0.1/stream"},
      {"TOKEN@10.0.0.1/stream", "***@10.0.0.1/stream"},
      {"rtsp:/me:pw@host/x", "rtsp:/***@host/x"},
      {"rtsp:me:pw@host/x", "rtsp:***@host/x"},
      {"rtsp//me:pw@host/x", "rtsp//***@host/x"},
      {"10.0.0.1/s?pwd=x", "10.0.0.1/s?pwd=***"},
      {"rtsp://admin:secret", "rtsp://admin:***"},
      {"host=h password='p \\' q' dbname=d", "host=h password=*** dbname=d"},
      {"host=h password = p q r dbname=d", "host=h password = *** dbname=d"},
      {"postgresql://u:BAD/PW@h/x?sslpassword=a&y=1", "postgresql://***@h/x?sslpassword=***&y=1"},
  }};
  for (const auto& [text, shown] : forms) {
    EXPECT_EQ(mask_address(text), shown);
    EXPECT_EQ(mask_address(shown), shown);
  }
}

TEST(UnmaskAddress, KeepsWhatIsStillMasked) {
  const auto unmask = [](std::string_view edited, std::string_view stored) {
    const auto text = unmask_address(edited, stored);
    return text ? *text : "refused: " + text.error().message;
  };
  EXPECT_EQ(unmask("rtsp://***@h/b", "rtsp://me:pw@h/a"), "rtsp://me:pw@h/b");
  EXPECT_EQ(unmask("rtsp://you:***@h/b", "rtsp://me:pw@h/a"), "rtsp://you:pw@h/b");
  EXPECT_EQ(unmask("http://h/?n=2&pwd=***&token=***", "http://h/?token=t&pwd=p&n=1"),
            "http://h/?n=2&pwd=p&token=t");
  EXPECT_EQ(unmask("http://h/?pwd=new&token=***", "http://h/?pwd=p&token=t"),
            "http://h/?pwd=new&token=t");
  EXPECT_EQ(unmask("***@h/x", "a:b@h/x"), "a:b@h/x");
  EXPECT_EQ(unmask("clip.mp4", "rtsp://me:pw@h/a"), "clip.mp4");
  EXPECT_THAT(unmask("rtsp://***@other/a", "rtsp://me:pw@h/a"), HasSubstr("another host"));
  EXPECT_THAT(unmask("rtsp://***@h/a", "rtsp://h/a"), HasSubstr("nothing stored"));
}

rc::Gen<std::string> words(std::string_view letters, int shortest, int longest) {
  return rc::gen::mapcat(rc::gen::inRange(shortest, longest),
                         [letters = std::string(letters)](int size) {
                           return rc::gen::container<std::string>(static_cast<std::size_t>(size),
                                                                  rc::gen::elementOf(letters));
                         });
}

// Any secret, raw or encoded, in each place of any address: nothing shown holds it.
TEST(MaskAddress, NoSecretIsEverShown) {
  EXPECT_TRUE(rc::check("no secret is ever shown", [] {
    // Letters that stand nowhere else in the address, around what is special.
    const auto core = *words("QXZ789", 5, 12);
    const auto special = *words("@:/?#%&=+ ;,!'\"<>[]\\^`{}|~$*()\xc3\xa9", 0, 4);
    const auto scheme =
        *rc::gen::element<std::string>("rtsp", "rtsps", "http", "HTTPS", "postgresql");
    const auto host = *rc::gen::element<std::string>(
        "10.0.0.1", "10.0.0.1:554", "cam.example.com:80", "[fd00::1]:554", "192.168.1.20");
    const auto path = *rc::gen::element<std::string>("", "/", "/live/ch1", "/live@main", "/a?b=1",
                                                     "/cgi-bin/mjpg?channel=1&subtype=0");
    const auto name = *rc::gen::element<std::string>(
        "password", "PWD", "pass", "passwd", "Token", "key", "apikey", "api_key", "auth", "secret",
        "sig", "signature", "X-Amz-Credential", "access_token", "pa%73sword", "%70%77%64");
    const bool has_query = path.contains('?');
    std::string text;
    switch (*rc::gen::inRange(0, 6)) {
      case 0:  // the password, whatever is in it, as long as no host is
        text =
            scheme + "://admin:" + core.substr(0, 2) + special + core.substr(2) + "@" + host + path;
        break;
      case 1:
        text = scheme + "://" + core + "@" + host + path;
        break;
      case 2:
        text = scheme + "://" + host + path + (has_query ? "&" : "?") + name + "=" + core;
        break;
      case 3:
        text = scheme + "://" + host + "/user=admin&" + name + "=" + core + "&channel=1";
        break;
      case 4:
        text = scheme + "://" + host + "/x?src=rtsp://u:" + core + "@10.0.0.2/y";
        break;
      default:
        text = "host=db user=u password='" + core + "' dbname=d";
        break;
    }
    RC_LOG() << text << "\n";
    const auto shown = mask_address(text);
    const auto tail = core.substr(2);
    RC_ASSERT(!shown.contains(tail));
    RC_ASSERT(shown.contains(text.starts_with("host=") ? "host=db" : host));
    const auto address = parse_address(text);
    if (!address) {
      RC_ASSERT(!address.error().message.contains(tail));
    } else {
      RC_ASSERT(!mask_address(address->text()).contains(tail));
    }
  }));
}

}  // namespace
}  // namespace vedette
