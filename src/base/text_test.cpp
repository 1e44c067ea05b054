#include "base/text.hpp"

#include <gmock/gmock.h>

namespace vedette {
namespace {

using std::string_view_literals::operator""sv;
using testing::ElementsAre;

TEST(Text, Utf8IsWellFormedAndWithoutNul) {
  // The first and the last of each length, and what RFC 3629 calls a surrogate's neighbours.
  for (const auto clean : {""sv, "a"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv,
                           "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv,
                           "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "Zoë, Übung, 道路, 🚗"sv}) {
    EXPECT_TRUE(is_clean_utf8(clean)) << clean;
  }
  for (const auto dirty :
       {"\0"sv, "a\0b"sv, "\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xc2z"sv,
        "\xe0\x9f\xbf"sv, "\xe0\xa0"sv, "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv, "\xf0\x8f\xbf\xbf"sv,
        "\xf0\x90\x80"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv, "ok\xe2\x82"sv}) {
    EXPECT_FALSE(is_clean_utf8(dirty)) << dirty;
  }
}

TEST(Text, TrimTakesBlanksOffBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n\t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, CaseIsThatOfAsciiLetters) {
  EXPECT_EQ(to_lower("HTTP://A-Z[@`{/Ä"), "http://a-z[@`{/Ä");
  EXPECT_TRUE(equals_ignoring_case("X-Frame", "x-fRAME"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
}

TEST(Text, CutGoesFromPieceToPiece) {
  std::string_view rest = "a=b==c";
  EXPECT_EQ(cut(rest, '='), "a");
  EXPECT_EQ(rest, "b==c");
  EXPECT_EQ(cut(rest, '='), "b");
  EXPECT_EQ(cut(rest, '='), "");
  EXPECT_EQ(cut(rest, '='), "c");
  EXPECT_EQ(rest, "");
  EXPECT_EQ(cut(rest, '='), "");
}

TEST(Text, SplitGivesTrimmedWords) {
  EXPECT_THAT(split(" car, bus ,,truck,", ','), ElementsAre("car", "bus", "truck"));
  EXPECT_THAT(split(" , ", ','), ElementsAre());
  EXPECT_THAT(split("one", ','), ElementsAre("one"));
}

}  // namespace
}  // namespace vedette
