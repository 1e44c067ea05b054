#include "app/text_table.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vedette::app
