#include "app/text_table.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace vedette::app {
namespace {

TEST(TextTable, PadsByCharacters) {
  EXPECT_EQ(text_table({"A", "B"}, {{"zürich", "x"}, {"bern", "y"}}),
            "A       B\nzürich  x\nbern    y\n");
}

TEST(TextTable, LongTextIsShortenedByCharacters) {
  EXPECT_EQ(shortened("zürich", 6), "zürich");
  EXPECT_EQ(shortened("zürichsee", 6), "zür...");
  EXPECT_EQ(shortened("", 6), "");
}

TEST(TextTable, TimesAreAsLongAsAPersonWantsThem) {
  using namespace std::chrono_literals;
  EXPECT_EQ(time_text(-5s), "0 s");
  EXPECT_EQ(time_text(90s), "90 s");
  EXPECT_EQ(time_text(125s), "2 min");
  EXPECT_EQ(time_text(3h + 5min), "3 h 5 min");
  EXPECT_EQ(time_text(100h), "4 days");
}

}  // namespace
}  // namespace vedette::app
