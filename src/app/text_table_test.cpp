#include "app/text_table.hpp"

#include <gtest/gtest.h>

namespace vedette::app {
namespace {

TEST(TextTable, PadsByCharacters) {
  EXPECT_EQ(text_table({"A", "B"}, {{"zürich", "x"}, {"bern", "y"}}),
            "A       B\nzürich  x\nbern    y\n");
}

}  // namespace
}  // namespace vedette::app
